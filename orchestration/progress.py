"""What a person sees of a run: a live table on a terminal, quiet lines elsewhere."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestration.events import Event
from orchestration.scheduler import Change, Failed, Finished, Reported, Skipped, Started

Clock = Callable[[], float]
_LINE_SECONDS = 30.0
_TABLE_COLUMNS = 60  # fewer would leave nothing of the names
_SPOKEN = ("log", "warning")
_STYLES = {"waiting": "dim", "done": "green", "failed": "bold red", "skipped": "yellow"}


@dataclass
class Row:
    """One stage as it is shown. state: waiting, running, done, failed or skipped."""

    name: str
    state: str = "waiting"
    began: float = 0.0
    took: float = 0.0
    step: int = 0
    total: int = 0
    images_per_second: float | None = None
    message: str = ""
    spoke: float = 0.0
    first: tuple[float, int] | None = field(default=None, repr=False)

    def take(self, change: Change, now: float) -> None:
        """Become what `change` says."""
        if isinstance(change, Started):
            self.state, self.began = "running", now
        elif isinstance(change, Reported):
            self._take_event(change.event, now)
        else:
            self.state = {Finished: "done", Failed: "failed", Skipped: "skipped"}[type(change)]
            self.took = now - self.began if self.began else 0.0

    def seconds_left(self, now: float) -> float | None:
        """The time left at the pace since the first progress of this run; None while there is none to judge by."""
        if self.first is None or self.step <= self.first[1]:
            return None
        began, first_step = self.first
        return (self.total - self.step) * (now - began) / (self.step - first_step)

    def _take_event(self, event: Event, now: float) -> None:
        if event["event"] == "progress":
            self.step, self.total = int(event.get("step", 0)), int(event.get("total", 0))
            self.images_per_second = event.get("images_per_second")
            self.first = self.first or (now, self.step)
        elif event["event"] in _SPOKEN:
            self.message = str(event.get("message", ""))


class Display(ABC):
    """Shows a run of the stages `names` while it goes on."""

    def __init__(self, names: list[str], console: Console, clock: Clock = time.monotonic) -> None:
        self._rows = {name: Row(name) for name in names}
        self._console, self._clock = console, clock

    @abstractmethod
    def show(self, change: Change) -> None:
        """Take in what happened to a stage."""

    def say(self, line: str) -> None:
        """Print what concerns the whole run."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def note(self, line: str) -> None:
        """Say what is being done before the first stage begins."""
        self.say(line)


class Lines(Display):
    """One line when a stage begins and ends, and its progress now and then."""

    def show(self, change: Change) -> None:
        """Print a line if there is something to say."""
        now = self._clock()
        row = self._rows[change.task]
        row.take(change, now)
        words = self._words(change, row, now)
        if words:
            row.spoke = now
            self.say(f"{row.name}: {words}")

    def _words(self, change: Change, row: Row, now: float) -> str:
        if isinstance(change, Started):
            return "started"
        if isinstance(change, Finished):
            return f"done in {duration(row.took)}"
        if isinstance(change, Failed):
            return "failed"
        if isinstance(change, Skipped):
            return f"skipped, as {change.failed} failed"
        if change.event["event"] in _SPOKEN:
            return row.message
        due = change.event["event"] == "progress" and now - row.spoke >= _LINE_SECONDS
        return pace(row, now) if due else ""


class LiveTable(Display):
    """A table with a row per stage, drawn again and again. Lines that are said scroll by above it."""

    _note = ""

    def show(self, change: Change) -> None:
        """Take in what happened; the next drawing shows it."""
        self._note = ""
        row = self._rows[change.task]
        row.take(change, self._clock())
        if isinstance(change, Reported) and change.event["event"] == "warning":
            self.say(f"{row.name}: {row.message}")

    def note(self, line: str) -> None:
        """Show a line below the table, until the next one."""
        self._note = line

    def __rich__(self) -> Group:
        return Group(self._table(), Text(self._note, style="dim", no_wrap=True, overflow="ellipsis"))

    def _table(self) -> Table:
        now = self._clock()
        table = Table(box=None, pad_edge=False)
        for title in ("stage", "", "step", "images/s", "time"):
            table.add_column(title, justify="left" if title in ("stage", "") else "right", no_wrap=True)
        for row in self._visible():
            table.add_row(*_cells(row, now))
        return table

    def _visible(self) -> list[Row]:
        """All rows where they fit the terminal; else those that run or failed, and as many waiting ones as fit."""
        rows, height = list(self._rows.values()), max(self._console.height - 4, 1)
        if len(rows) <= height:
            return rows
        telling = [row for row in rows if row.state in ("running", "failed")]
        return (telling + [row for row in rows if row.state == "waiting"])[:height]


@contextmanager
def display(names: list[str], console: Console) -> Iterator[Display]:
    """The display that fits `console`, while a run of the stages `names` goes on."""
    if not _moves(console):
        yield Lines(names, console)
        return
    table = LiveTable(names, console)
    with Live(get_renderable=table.__rich__, console=console, refresh_per_second=4):
        yield table


def _moves(console: Console) -> bool:
    """Whether a table can be drawn over itself: FORCE_COLOR colours a file, and makes no terminal of it."""
    return console.file.isatty() and not console.is_dumb_terminal and console.width >= _TABLE_COLUMNS


def duration(seconds: float) -> str:
    """Seconds as a person says them: 4.2 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def pace(row: Row, now: float) -> str:
    """Step, speed and time left of a stage that runs, in words."""
    words = [f"step {row.step} of {row.total}"]
    if row.images_per_second is not None:
        words.append(f"{row.images_per_second:.0f} images/s")
    left = row.seconds_left(now)
    if left is not None:
        words.append(f"{duration(left)} left")
    return ", ".join(words)


def _cells(row: Row, now: float) -> tuple[RenderableType, ...]:
    name = Text(row.name)
    if row.state != "running":
        took = duration(row.took) if row.took else ""
        return name, Text(row.state, style=_STYLES[row.state]), "", "", took
    if not row.total:
        return name, Text(row.message or "running", style="cyan"), "", "", duration(now - row.began)
    left = row.seconds_left(now)
    return (name, ProgressBar(total=row.total, completed=row.step, width=24),
            f"{row.step}/{row.total}",
            "" if row.images_per_second is None else f"{row.images_per_second:.0f}",
            "" if left is None else f"{duration(left)} left")
