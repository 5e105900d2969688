"""Interruptions, once and more often: an orderly end, never a traceback."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from orchestration.repository import REPOSITORY

_PROGRAM = """
import signal, sys, time
from commands import interruption
from orchestration.errors import Stopped
interruption._ONE_WISH_SECONDS = 0.4
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
try:
    with interruption.interruptible("again"):
        try:
            print("begun", flush=True)
            time.sleep(60)
        finally:
            print("ending", flush=True)
            time.sleep(1.5)
            print("in order", flush=True)
except Stopped as stopped:
    print(stopped, flush=True)
    time.sleep(1.0)
    sys.exit(stopped.status)
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", _PROGRAM]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY) as begun:
        assert begun.stdout is not None and begun.stdout.readline() == "begun\n"
        yield begun
        begun.kill()


@pytest.mark.parametrize("numbers", [
    (signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGTERM), (signal.SIGHUP, signal.SIGINT)])
def test_a_signal_that_comes_twice_at_once_is_one(program: subprocess.Popen[str], numbers: tuple[int, ...]) -> None:
    for number in numbers:
        program.send_signal(number)
        time.sleep(0.02)
    told, _ = program.communicate(timeout=60)
    assert (program.returncode, told) == (
        130, "ending\nin order\nstopped; what is done is kept, and this continues it: again\n")


def test_a_second_one_that_is_meant_does_not_wait_and_others_change_nothing(program: subprocess.Popen[str]) -> None:
    assert program.stdout is not None
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline() == "ending\n"
    time.sleep(0.6)
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline() == "stopped; what is done is kept, and this continues it: again\n"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) * 3:
        program.send_signal(number)
        time.sleep(0.02)
    told, _ = program.communicate(timeout=60)
    assert (program.returncode, told) == (130, "")
