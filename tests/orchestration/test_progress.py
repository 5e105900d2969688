"""What a person sees of a run, with a clock that the test turns."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.progress import Lines, LiveTable, Row, display, duration
from orchestration.scheduler import Change, Failed, Finished, Reported, Skipped, Started


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(terminal: bool = False, height: int = 25) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, height=height, color_system=None)


def text(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


def progress(step: int, total: int = 100) -> Change:
    return Reported("a", {"event": "progress", "step": step, "total": total, "images_per_second": 12.4})


def test_lines_tell_of_start_and_end_and_little_else() -> None:
    clock, out = Clock(), console()
    lines = Lines(["a", "b"], out, clock)
    lines.show(Started("a", "here"))
    for step in range(1, 100):
        clock.now += 0.1
        lines.show(progress(step))
    lines.show(Finished("a"))
    lines.show(Skipped("b", "a"))
    assert text(out).splitlines() == ["a: started", "a: done in 9.9 s", "b: skipped, as a failed"]


def test_lines_tell_the_progress_every_half_minute() -> None:
    clock, out = Clock(), console()
    lines = Lines(["a"], out, clock)
    lines.show(Started("a", "here"))
    lines.show(progress(10))
    clock.now += 31
    lines.show(progress(20))
    clock.now += 1
    lines.show(progress(21))
    assert text(out).splitlines() == ["a: started", "a: step 20 of 100, 12 images/s, 4 min 08 s left"]


def test_lines_tell_warnings_at_once() -> None:
    out = console()
    lines = Lines(["a"], out)
    lines.show(Started("a", "here"))
    lines.show(Reported("a", {"event": "warning", "message": "[slow] disk"}))
    assert text(out).splitlines()[1] == "a: [slow] disk"


def test_the_time_left_counts_only_what_this_run_has_done() -> None:
    row = Row("a")
    row.take(Started("a", "here"), 0)
    row.take(progress(50), 10)  # continued from step 50
    assert row.seconds_left(10) is None
    row.take(progress(60), 20)
    assert row.seconds_left(20) == pytest.approx(40)


def test_the_table_shows_every_stage() -> None:
    clock, out = Clock(), console(terminal=True)
    table = LiveTable(["a", "b", "c"], out, clock)
    table.show(Started("a", "here"))
    table.show(progress(10))
    clock.now += 10
    table.show(progress(20))
    table.show(Started("b", "here"))
    table.show(Failed("b", RuntimeError("broken")))
    out.print(table)
    lines = text(out).splitlines()
    assert "20/100" in lines[1] and "12" in lines[1] and "1 min 20 s left" in lines[1]
    assert "failed" in lines[2] and "waiting" in lines[3]


def test_a_long_table_shows_what_runs() -> None:
    out = console(terminal=True, height=8)
    table = LiveTable([f"stage {number}" for number in range(50)], out)
    table.show(Started("stage 40", "here"))
    out.print(table)
    lines = text(out).splitlines()
    assert len(lines) == 6 and lines[1].startswith("stage 40") and lines[5] == ""


def test_what_is_done_before_the_first_stage_is_noted_below_the_table() -> None:
    out = console(terminal=True)
    table = LiveTable(["a"], out)
    table.note("building an image")
    out.print(table)
    assert text(out).splitlines()[2] == "building an image"


def test_a_pipe_gets_lines_without_control_characters() -> None:
    out = console()
    with display(["a"], out) as shown:
        shown.show(Started("a", "here"))
    assert text(out) == "a: started\n"


@pytest.mark.parametrize(("kind", "columns", "moving"), [
    ("xterm", 100, True), ("dumb", 100, False), ("unknown", 100, False), ("xterm", 20, False)])
def test_a_terminal_that_can_show_a_table_gets_one(
    kind: str, columns: int, moving: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", kind)
    ours, its = os.openpty()
    with open(ours), open(its, "w") as terminal, display(["a"], Console(file=terminal, width=columns)) as shown:
        assert isinstance(shown, LiveTable) == moving


def test_a_file_that_is_to_have_colours_is_no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with (tmp_path / "log").open("w") as log, display(["a"], Console(file=log)) as shown:
        shown.show(Started("a", "here"))
    assert (tmp_path / "log").read_text() == "a: started\n"


@pytest.mark.parametrize(
    ("seconds", "words"), [(4.24, "4.2 s"), (59.96, "60.0 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
