"""The start of orchestrate.py, whatever it is started on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestration.repository import REPOSITORY

PRINT = r"""
import orchestrate
from rich.console import Console
orchestrate._write_what_can_be_written()
Console(width=80).print("gr\xf6\xdfe caf\udce9", markup=False)
"""
ELSEWHERE = """
import runpy, sys
sys.platform, sys.argv = "darwin", ["orchestrate.py", "run", "study.yaml"]
runpy.run_path("orchestrate.py", run_name="__main__")
"""


CLOSED = """
import runpy, sys
from orchestration import data
def refuse(plan):
    raise PermissionError(13, "Permission denied", "/closed/data.zip")
data.problems, sys.argv = refuse, ["orchestrate.py", "status", "manifests/demo.yaml"]
runpy.run_path("orchestrate.py", run_name="__main__")
"""


def started(program: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, check=False,
                          env={**os.environ, **variables})


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", rb"gr\xf6\xdfe caf\udce9"),
                                                 ("latin-1", "größe".encode("latin-1") + rb" caf\udce9"),
                                                 ("utf-8", "größe".encode() + rb" caf\udce9")])
def test_a_name_that_the_terminal_cannot_show_has_escapes(encoding: str, shown: bytes) -> None:
    done = started(PRINT, PYTHONIOENCODING=encoding)
    assert (done.stdout, done.stderr) == (shown + b"\n", b"")


def test_a_place_that_nobody_may_look_into_is_one_line() -> None:
    done = started(CLOSED)
    assert done.returncode == 2 and done.stderr.startswith(b"error: /closed/data.zip: Permission denied; ")
    assert done.stderr.count(b"\n") == 1


def test_on_another_system_than_linux_it_says_so_in_one_line() -> None:
    done = started(ELSEWHERE)
    assert done.returncode == 2 and done.stderr.startswith(b"error: orchestrate.py runs on Linux only")
    assert done.stderr.count(b"\n") == 1 and done.stdout == b""
