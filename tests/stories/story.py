"""Stories: what a person types, what is answered. A story is a text file:

    $ orchestrate.py plan study.yaml
    study: 8 stages in ...
    [status 2]

    -- study.yaml --
    study: tiny

Lines after a command are its whole output, standard error included; `...` stands for anything, over lines too. A
status other than 0 is told. Files of the story follow the commands.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Step:
    """A command and what it should answer."""

    command: str
    expected: str


def parse(text):
    """([Step], {file name: content}) of a story."""
    commands, *files = re.split(r"(?m)^-- (\S+) --\n", text)
    parts = re.split(r"(?m)^\$ (.+)\n", commands)[1:]
    steps = [Step(command, answer.strip("\n")) for command, answer in zip(parts[::2], parts[1::2], strict=True)]
    return steps, dict(zip(files[::2], files[1::2], strict=True))


def tell(text, folder):
    """Act a story out in `folder`. Raises AssertionError that shows what was answered instead."""
    steps, files = parse(text)
    for name, content in files.items():
        (folder / name).write_text(content)
    for step in steps:
        answer = run(step.command, folder)
        assert matches(step.expected, answer), f"$ {step.command}\n--- expected\n{step.expected}\n--- found\n{answer}"


def run(command, folder):
    """The answer to a command, with its status if that is not 0. `orchestrate.py` is this repository's."""
    program = f"{sys.executable} {REPOSITORY / 'orchestrate.py'}"
    words = command.replace(".venv/bin/python ", "").replace("orchestrate.py", program)
    done = subprocess.run(words, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}, check=False, timeout=600)
    status = f"\n[status {done.returncode}]" if done.returncode else ""
    return (done.stdout.rstrip() + status).strip("\n")


def matches(expected, answer):
    """Whether an answer is what was expected, `...` being anything."""
    pattern = ".*".join(re.escape(part) for part in re.split(r"\.\.\.", expected))
    return re.fullmatch(pattern, answer, re.DOTALL) is not None
