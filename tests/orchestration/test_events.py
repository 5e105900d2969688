"""Events of programs that nobody vouches for."""

from __future__ import annotations

import pytest

from orchestration.engines import logs
from orchestration.engines.logs import Log
from orchestration.events import Event, Throttle, parsed
from orchestration.text import printable


@pytest.mark.parametrize(("line", "event"), [
    (b'{"event": "progress", "step": 3, "total": 4, "losses": {"a": null}}',
     {"event": "progress", "step": 3, "total": 4}),
    (b'{"event": "progress", "step": 1, "total": 2, "images_per_second": 410.2}',
     {"event": "progress", "step": 1, "total": 2, "images_per_second": 410.2}),
    (b'{"event": "progress", "step": 1, "total": 2, "images_per_second": NaN}',
     {"event": "progress", "step": 1, "total": 2}),
    (b'{"event": "progress", "step": 1, "total": 2, "images_per_second": 1' + b"0" * 400 + b"}",
     {"event": "progress", "step": 1, "total": 2}),
    (b'{"event": "warning", "message": "a\\u001b]0;x\\u0007\\n\\ud800 \\u202eb"}',
     {"event": "warning", "message": r"a\x1b]0;x\x07\n\ud800 \u202eb"}),
    (b'{"event": "log"}', {"event": "log", "message": ""}),
    (b'{"event": "done", "peak_memory": 512, "cpu_seconds": 1.5, "model": "/out"}',
     {"event": "done", "peak_memory": 512, "cpu_seconds": 1.5}),
    (b'{"event": "done", "peak_memory": "512", "cpu_seconds": NaN}', {"event": "done"}),
    (b'{"event": "done", "model": "/out"}', {"event": "done"})])
def test_an_event_has_what_a_display_reads_and_no_more(line: bytes, event: Event) -> None:
    assert parsed(line) == event


@pytest.mark.parametrize("line", [
    b"text", b"{", b'{"event": 3}', b'{"event": ["progress"]}', b'{"event": "party"}',
    b'{"event": "log", "message": 3}', b'{"event": "progress"}', b'{"event": "progress", "step": null, "total": null}',
    b'{"event": "progress", "step": NaN, "total": 5}', b'{"event": "progress", "step": 1, "total": Infinity}',
    b'{"event": "progress", "step": "1", "total": "5"}', b'{"event": "progress", "step": -1, "total": 5}',
    b'{"event": "progress", "step": 6, "total": 5}', b'{"event": "progress", "step": true, "total": true}',
    b'{"event": "progress", "step": 1, "total": 1' + b"0" * 99 + b"}", b'{"event": "done", "a": 1' + b"0" * 5000 + b"}",
    b'{"event": "done", "a": ' + b"[" * 20000, b'{"event": "done", "a": "\xff"}'])
def test_anything_else_is_no_event(line: bytes) -> None:
    assert parsed(line) is None


def test_what_people_write_is_printable() -> None:
    assert printable("größe\t3 \N{SNOWMAN} 写真 \N{NO-BREAK SPACE}") == "größe\t3 \N{SNOWMAN} 写真 \N{NO-BREAK SPACE}"


def test_what_is_long_is_cut() -> None:
    assert printable("\x1b" * 9, 2) == r"\x1b\x1b..."


def test_a_flood_of_events_is_told_in_part() -> None:
    now = [1.0]
    throttle = Throttle(lambda: now[0])
    assert sum(throttle.passes() for _ in range(1000)) == 50
    now[0] += 1
    assert throttle.passes()


@pytest.fixture
def log(tmp_path):
    with Log(tmp_path / "stage.log") as opened:
        yield opened


def test_a_line_without_end_is_cut(log: Log, tmp_path) -> None:
    for _ in range(100):
        log.errors(b"x" * 65000)
    log.errors(b"\nnext\n")
    first, second = (tmp_path / "stage.log").read_text().splitlines()
    assert len(first) < 66000 and first.endswith("x ... (a line of more than 65536 bytes, cut)") and second == "next"
    assert [len(line) for line in log.last_lines()] == [1003, 4]


def test_lines_come_however_they_are_cut(log: Log) -> None:
    told = [event for byte in b'{"event": "done"}\n\n{"event": "done"}' for event in log.output(bytes([byte]))]
    assert [*told, *log.end()] == [{"event": "done"}] * 2


def test_a_log_without_end_is_ended(log: Log, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_room", 100)
    for number in range(100):
        log.errors(b"line %d\n" % number)
    lines = (tmp_path / "stage.log").read_text().splitlines()
    assert lines[-1] == logs._FULL.decode().strip() and len(lines) < 20
    assert log.last_lines()[-1] == "line 99"


def test_a_log_is_text_that_does_nothing(log: Log, tmp_path) -> None:
    log.errors(b"\x1b[2J\xff\xc3\xbc 5%\r6%\n")
    assert (tmp_path / "stage.log").read_text() == "\\x1b[2J\\xff\u00fc 5%\\r6%\n"
