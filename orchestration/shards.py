"""One long generation as several stages: by the contract their images, put together, are those of the one."""

from dataclasses import replace

from orchestration.stage import Stage

CUT = 1024  # images: every published block divides it, and to make fewer is not worth a start


def split(whole: Stage, most: int) -> list[Stage]:
    """The stages that make the images of `whole`, which has --count: `most` at most; itself, where one is enough.

    They begin at multiples of CUT, and each makes CUT images or more, about as many as any other.
    """
    cut = _cut(whole.images, most)
    return [whole] if len(cut) == 1 else [
        replace(whole, name=f"{whole.name}-{number}of{len(cut)}", command=_some(whole.command, *rows), images=rows[1])
        for number, rows in enumerate(cut, 1)]


def _cut(count: int, most: int) -> list[tuple[int, int]]:
    """The first image of each part, and how many it has."""
    pieces = max(count // CUT, 1)
    parts = min(most, pieces)
    ends = [*(pieces * number // parts * CUT for number in range(parts)), count]
    return [(first, end - first) for first, end in zip(ends, ends[1:], strict=False)]


def _some(command: tuple[str, ...], first: int, count: int) -> tuple[str, ...]:
    """The command for some of the images that `command` makes."""
    place = command.index("--count")
    return (*command[:place], "--first", str(first), "--count", str(count), *command[place + 2:])
