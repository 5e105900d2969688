"""Data sets that users bring: what they look like, and what is wrong with one before anything is made of it.

`orchestrate.py` asks before it hashes or builds anything, sources/real before it reads: of the same modules.
Neither Docker nor frameworks; Pillow for pictures.
"""

from typing import NamedTuple


class Unusable(Exception):
    """Something that a user brought cannot be used. Its text is one line: what, where, how to mend it."""

    status = 2


class Asked(NamedTuple):
    """What a study asks of a data set. resolution: pixels. The others: images, none of them in two splits."""

    resolution: int
    gan: int
    train: int
    validation: int
    test: int

    @property
    def splits(self) -> tuple[int, int, int, int]:
        """Images of each split."""
        return self.gan, self.train, self.validation, self.test

    def of(self, available: int) -> str | None:
        """What is wrong with a data set of so many images."""
        if available >= sum(self.splits):
            return None
        return (f"has {available} images, and {sum(self.splits)} are asked for (gan {self.gan}, train {self.train}, "
                f"validation {self.validation}, test {self.test}, no image in two of them); ask for fewer")
