"""What images answer to the verb `settings` of docs/contract.md, asked once and kept in .builds/settings.

One of ours is asked by this Python: the verb loads no framework, so that nothing has to be built for it.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from orchestration.hashing import digest
from orchestration.images import recipes
from orchestration.images.recipes import Program
from orchestration.repository import REPOSITORY
from orchestration.schemas import Schema
from orchestration.store import write_json

Schemas = Mapping[str, Schema]  # by verb
Said = tuple[int, bytes]        # exit status, standard output

_KEPT = REPOSITORY / ".builds" / "settings"
_SECONDS = 60
_HAS_NOT = 2  # the exit status for an unknown verb


def of_ours(name: str) -> Schemas | None:
    """What the image that containers/NAME makes takes; None if it does not say."""
    program = recipes.program(name)
    return _kept([program.package, program.words, program.files], lambda: _run(program))


def of_another(image_id: str, ask: Callable[[str, str], Said]) -> Schemas | None:
    """What an image made elsewhere takes; None if it does not say. ask: (id, verb) -> its answer."""
    return _kept([image_id], lambda: ask(image_id, "settings"))


def _kept(identity: Any, ask: Callable[[], Said]) -> Schemas | None:
    place = _KEPT / f"{digest(identity)}.json"
    with contextlib.suppress(OSError, ValueError):  # not asked yet, or what was kept is damaged
        return _schemas(json.loads(place.read_bytes()))
    status, output = ask()
    said = _said(output) if status == 0 else None
    if status in (0, _HAS_NOT):
        with contextlib.suppress(OSError):  # a checkout that may not be written
            place.parent.mkdir(parents=True, exist_ok=True)
            write_json(place, said)
    return said


def _said(output: bytes) -> Schemas | None:
    try:
        return _schemas(json.loads(output))
    except (ValueError, RecursionError):  # a stranger prints what he likes
        return None


def _schemas(said: Any) -> Schemas | None:
    fits = isinstance(said, dict) and all(isinstance(schema, dict) for schema in said.values())
    return said if fits else None


def _run(program: Program) -> Said:
    command = [sys.executable, "-m", program.package, *program.words, "settings"]
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    try:
        done = subprocess.run(command, cwd=REPOSITORY, env=variables, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return 1, b""
    return done.returncode, done.stdout
