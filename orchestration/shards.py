"""One long generation as several stages: by the contract their images, put together, are those of the one."""

from dataclasses import replace

from orchestration.stage import Stage

LEAST = 1024  # images of a shard: to make fewer is not worth a start
STEP = 128  # images, at whose multiples shards begin: every published block divides it


def split(whole: Stage, most: int) -> list[Stage]:
    """The stages that make the images of `whole`, which has --count: `most` at most; itself, where one is enough.

    They begin at multiples of STEP, and each makes LEAST images or more, about as many as any other.
    """
    cut = _cut(whole.images, most)
    return [whole] if len(cut) == 1 else [
        replace(whole, name=f"{whole.name}-{number}of{len(cut)}", command=_some(whole.command, *rows), images=rows[1])
        for number, rows in enumerate(cut, 1)]


def _cut(count: int, most: int) -> list[tuple[int, int]]:
    """The first image of each part, and how many it has."""
    parts = max(min(most, count // LEAST), 1)
    ends = [*(count * number // parts // STEP * STEP for number in range(parts)), count]
    return [(first, end - first) for first, end in zip(ends, ends[1:], strict=False)]


def _some(command: tuple[str, ...], first: int, count: int) -> tuple[str, ...]:
    """The command for some of the images that `command` makes."""
    place = command.index("--count")
    return (*command[:place], "--first", str(first), "--count", str(count), *command[place + 2:])
