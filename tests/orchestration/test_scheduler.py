"""The scheduler, with strings and lambdas: no container, no process, no clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import pytest

from orchestration.errors import NoDevice, OrchestrationError, UserError
from orchestration.events import Tell
from orchestration.scheduler import Change, Failed, Finished, Reported, Skipped, Started, Task, schedule
from orchestration.stage import Node, Resources

NODE = Node("here", Resources(gpus=0, cores=2, memory=100))
SMALL = Resources(gpus=0, cores=1, memory=10)


def task(name: str, *needs: str, wish: Resources = SMALL) -> Task:
    return Task(name, needs, wish)


def run(tasks: list[Task], work: Callable[[str], object], *nodes: Node) -> list[Change]:
    return list(schedule(tasks, nodes or [NODE], lambda name, node, tell: work(name), stop=lambda: None))


def kinds(events: list[Change], kind: type[Change]) -> list[str]:
    return [event.task for event in events if isinstance(event, kind)]


def test_a_task_runs_after_those_it_needs() -> None:
    ran: list[str] = []
    run([task("a"), task("b", "a"), task("c", "b"), task("d", "a", "c")], ran.append)
    assert ran == ["a", "b", "c", "d"]


def test_what_the_longest_chain_waits_for_starts_first_else_what_is_named_first() -> None:
    whole = Resources(gpus=0, cores=4, memory=10)
    tasks = [task("a", wish=whole), task("b", wish=whole), task("c", "b", wish=whole), task("d", wish=whole),
             task("e", "d", wish=whole), task("f", "e", wish=whole)]
    large = Node("large", Resources(gpus=0, cores=4, memory=10))
    assert kinds(run(tasks, lambda name: None, large), Started) == ["d", "b", "e", "a", "c", "f"]


def test_a_name_that_is_no_task_counts_as_done() -> None:
    assert kinds(run([task("b", "a")], lambda name: None), Finished) == ["b"]


def test_nothing_to_do_has_no_events() -> None:
    assert run([], lambda name: None) == []


def test_two_tasks_run_at_once_where_there_is_enough_for_two() -> None:
    together = threading.Barrier(2)
    events = run([task("a"), task("b")], lambda name: together.wait(timeout=10))
    assert sorted(kinds(events, Finished)) == ["a", "b"]


def test_two_tasks_share_the_cores_that_each_of_them_may_use() -> None:
    together, three = threading.Barrier(2), threading.Semaphore(2)

    def work(name: str) -> None:
        assert three.acquire(blocking=False), "three ran at once"
        together.wait(timeout=10)
        three.release()

    events = run([task(name, wish=Resources(0, 2, 10)) for name in "abcd"], work)
    assert sorted(kinds(events, Finished)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("wish", [Resources(0, 3, 10), Resources(0, 1, 51), Resources(1, 1, 10)])
def test_never_more_runs_than_there_is_enough_for(wish: Resources) -> None:
    busy = threading.Lock()

    def work(name: str) -> None:
        assert busy.acquire(blocking=False), "two tasks ran at once"
        threading.Event().wait(0.02)
        busy.release()

    events = run([task(name, wish=wish) for name in "abc"], work, Node("here", Resources(gpus=1, cores=3, memory=100)))
    assert sorted(kinds(events, Finished)) == ["a", "b", "c"]


def test_a_task_runs_on_a_node_that_has_enough_for_it() -> None:
    nodes = [Node("small", Resources(0, 2, 50)), Node("gpus", Resources(2, 8, 100))]
    together, ran = threading.Barrier(4), {}

    def work(name: str, node: Node, tell: Tell) -> None:
        ran[name] = node.name
        together.wait(timeout=10)

    wishes = {"a": Resources(1, 1, 1), "b": Resources(1, 1, 1), "c": Resources(0, 2, 50), "d": Resources(0, 3, 9)}
    changes = list(schedule([task(name, wish=wish) for name, wish in wishes.items()], nodes, work, lambda: None))
    assert ran == {"a": "gpus", "b": "gpus", "c": "small", "d": "gpus"}
    assert Started("c", "small") in changes


def test_two_nodes_are_not_one_large_one() -> None:
    nodes = [Node("one", Resources(1, 2, 100)), Node("two", Resources(0, 8, 50))]
    with pytest.raises(UserError, match="a: asks for 4 cores, the machine that fits it best has 2"):
        run([task("a", wish=Resources(1, 4, 40))], lambda name: None, *nodes)
    with pytest.raises(UserError, match="a: asks for 60 bytes of memory, the machine that fits it best has 50"):
        run([task("a", wish=Resources(0, 4, 60))], lambda name: None, *reversed(nodes))
    with pytest.raises(NoDevice, match="a: asks for 2 GPU"):
        run([task("a", wish=Resources(2, 1, 1))], lambda name: None, *nodes)


def test_dependents_of_a_failure_are_skipped_and_others_go_on() -> None:
    def work(name: str) -> None:
        if name == "a":
            raise RuntimeError("broken")

    events = run([task("a"), task("b", "a"), task("c", "b"), task("d")], work)
    failures = [event for event in events if isinstance(event, Failed)]
    assert [(failure.task, str(failure.error)) for failure in failures] == [("a", "broken")]
    assert [event for event in events if isinstance(event, Skipped)] == [Skipped("b", "a"), Skipped("c", "a")]
    assert kinds(events, Finished) == ["d"]


def test_a_failure_gives_back_what_it_had() -> None:
    wish = Resources(gpus=0, cores=2, memory=100)
    events = run([task("a", wish=wish), task("b", wish=wish)], lambda name: 1 // (name != "a"))
    assert (kinds(events, Failed), kinds(events, Finished)) == (["a"], ["b"])


def test_reports_come_between_start_and_end() -> None:
    def work(name: str, node: Node, tell: Tell) -> None:
        tell({"event": "progress", "step": 1})

    events = list(schedule([task("a")], [NODE], work, stop=lambda: None))
    assert events == [Started("a", "here"), Reported("a", {"event": "progress", "step": 1}), Finished("a")]


@pytest.mark.parametrize(
    ("wish", "kind", "words"),
    [
        (Resources(0, 3, 10), UserError, "b: asks for 3 cores, this machine has 2"),
        (Resources(0, 1, 101), UserError, "b: asks for 101 bytes of memory, this machine has 100"),
        (Resources(1, 1, 10), NoDevice, "b: asks for 1 GPU.*could not select device driver"),
    ],
)
def test_a_task_that_never_fits_is_refused_before_anything_runs(
    wish: Resources, kind: type[OrchestrationError], words: str
) -> None:
    ran: list[str] = []
    with pytest.raises(kind, match=words):
        run([task("a"), task("b", wish=wish)], ran.append)
    assert ran == []


def test_closing_stops_what_runs_and_waits_for_it() -> None:
    stopping, ended = threading.Event(), []

    def work(name: str, node: Node, tell: Tell) -> None:
        stopping.wait(timeout=10)
        ended.append(name)

    with closing(schedule([task("a"), task("b", "a")], [NODE], work, stop=stopping.set)) as events:
        assert next(events) == Started("a", "here")
    assert ended == ["a"]
