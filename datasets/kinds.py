"""The kinds of data sets, by the names that a manifest gives them.

path: as the user names it. A complaint is the rest of a line that begins with the path.
"""

import importlib
from pathlib import Path
from typing import Protocol, cast

from datasets import Asked


class Kind(Protocol):
    """What is known of a kind of data sets: a module of this folder."""

    def name(self, path: Path) -> str:
        """What people call it; looks at no file."""

    def files(self, path: Path) -> list[Path]:
        """Those files at `path` that are its data. Whatever else lies there is none."""

    def form(self, path: Path) -> str | None:
        """What is wrong with it at a glance: it is missing, something else, or not whole."""

    def content(self, path: Path, asked: Asked) -> str | None:
        """What is wrong with what is in it, where its form is right. It may take seconds."""


def load(name: str) -> Kind:
    """The kind "celeba", "lsun" or "photos", of which only this one's libraries are loaded."""
    return cast(Kind, importlib.import_module(f"datasets.{name}"))
