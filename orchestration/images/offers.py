"""What the host's pip can have. Asked once: the answer is part of what an image is made of."""

import platform
import re
import subprocess
import sys
import uuid
from pathlib import Path

from orchestration.errors import UserError
from orchestration.hashing import digest
from orchestration.images import pip_settings
from orchestration.repository import REPOSITORY

_ANSWERS = REPOSITORY / ".builds" / "offers"
_NO_ANSWER = "Retrying ("  # what pip says of an index that it does not reach


def has(project: str, version: str, python: str) -> bool:
    """Whether the host's pip has this version of a project, for Linux and `python`, such as 3.11.

    The answer is kept as long as pip's settings are the same. Raises UserError if there is none.
    """
    answer = _answer(project, version, python)
    if not answer.exists():
        _write(answer, "yes" if _ask(project, version, python) else "no")
    return answer.read_text() == "yes"


def is_known(project: str, version: str, python: str) -> bool:
    """Whether the answer is kept."""
    return _answer(project, version, python).exists()


def learn(project: str, version: str, python: str, offered: bool) -> None:
    """Keep an answer that something else than pip gave."""
    _write(_answer(project, version, python), "yes" if offered else "no")


def forget(project: str, version: str, python: str) -> None:
    """Let pip be asked again."""
    _answer(project, version, python).unlink(missing_ok=True)


def _answer(project: str, version: str, python: str) -> Path:
    asked = [project, version, python, platform.machine(), pip_settings.fingerprint()]
    return _ANSWERS / digest(asked)


def _ask(project: str, version: str, python: str) -> bool:
    machine = platform.machine()
    platforms = ("--platform", f"manylinux_2_28_{machine}", "--platform", f"linux_{machine}")
    command = [sys.executable, "-m", "pip", "index", "versions", project, "--retries", "1",
               "--python-version", python, "--only-binary", ":all:", *platforms]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if version in re.split(r"[\s,]+", done.stdout):
        return True
    if done.returncode or _NO_ANSWER in done.stderr:
        raise UserError(f"{project} {version}: pip reaches no package index that says whether it "
                        "has it; connect this machine, or name a folder with the wheel in "
                        "PIP_FIND_LINKS")
    return False


def _write(path: Path, text: str) -> None:
    """By rename, from a name of its own: others, threads of this process too, may ask at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    new.write_text(text)
    new.replace(path)
