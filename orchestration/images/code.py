"""Which files of an image a command reaches: so that a change elsewhere does not concern it.

The rule: all that import statements name, wherever in a file they stand, from the entry modules on,
with every package around it; and of the other files beside a reached module those whose name stands
in it as a string. What is imported by other means than this is not seen.
"""

import ast
import keyword
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import NamedTuple

from orchestration.errors import UserError
from orchestration.images.recipes import Recipe


def reach(recipe: Recipe, words: Sequence[str], modules: Sequence[str] = ()) -> dict[str, str]:
    """The files that a command reaches, {path: sha256}.

    words: of the command, without those of the entrypoint. The entry modules are PACKAGE.__main__,
    those that the leading words of the whole command name, and `modules`. Raises UserError if one
    of them is not in the image.
    """
    entries = (f"{recipe.package}.__main__", *_named(recipe, words), *modules)
    for entry in entries:
        if not _is_module(recipe, entry):
            raise UserError(f"image {recipe.name}: has no module {entry}")
    return {file: recipe.files[file] for file in _reached(recipe, entries)}


@cache  # the stages of a study have few entries between them
def _reached(recipe: Recipe, entries: tuple[str, ...]) -> tuple[str, ...]:
    pending, found = [file for entry in entries for file in _files(recipe, entry)], set[str]()
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            pending += _next(recipe, file)
    return tuple(sorted(found))


def _named(recipe: Recipe, words: Sequence[str]) -> Iterator[str]:
    """The modules that the leading words name: cramergan, import (whose module is import_)."""
    for word in (*recipe.words, *words):
        name = f"{recipe.package}.{word}{'_' * keyword.iskeyword(word)}"
        if not _is_module(recipe, name):
            return
        yield name


def _is_module(recipe: Recipe, name: str) -> bool:
    return any(file in recipe.files for file in _places(name))


def _files(recipe: Recipe, name: str) -> Iterator[str]:
    """The files of a module and of every package around it; none for what is not ours."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield from (file for file in _places(".".join(parts[:count])) if file in recipe.files)


def _places(name: str) -> tuple[str, str]:
    path = name.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"


def _next(recipe: Recipe, file: str) -> Iterator[str]:
    if not file.endswith(".py"):
        return
    folder, mentions = PurePosixPath(file).parent, _mentions(recipe.read(file))
    for level, name in mentions.imports:
        around = folder.parts[:len(folder.parts) + 1 - level] if level else ()
        yield from _files(recipe, ".".join((*around, *([name] if name else []))))
    beside = (f"{folder}/{text}" for text in mentions.texts if not text.endswith(".py"))
    yield from (path for path in beside if path in recipe.files)


class _Mentions(NamedTuple):
    """imports: pairs of a number of leading dots and a name. texts: string literals."""

    imports: tuple[tuple[int, str], ...]
    texts: frozenset[str]


@cache
def _mentions(source: bytes) -> _Mentions:
    nodes = list(ast.walk(ast.parse(source)))
    imports = tuple(found for node in nodes for found in _imports(node))
    values = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return _Mentions(imports, frozenset(value for value in values if isinstance(value, str)))


def _imports(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        yield from ((0, name.name) for name in node.names)
    elif isinstance(node, ast.ImportFrom):  # each name may be a module or something in one
        before = f"{node.module}." if node.module else ""
        yield from ((node.level, f"{before}{name.name}") for name in node.names)
