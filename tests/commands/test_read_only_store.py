"""A store that may only be read, as its disk is mounted so: looking is answered, writing refused in a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import images, keys, manifest, plan
from orchestration.leases import PATIENCE_SECONDS

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = """
study: mine
resolution: 32
device: cpu
dataset: {kind: photos}
images: {gan: 4, train: 3, validation: 1, test: 2}
sources: {A: {image: progan}}
"""
MOUNTED = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


@pytest.fixture
def looked_at(tmp_path: Path):
    """Asks a verb about a store in a folder that may only be read."""
    (tmp_path / "m.yaml").write_text(MANIFEST)
    (tmp_path / "store/.run").mkdir(parents=True)
    mounted = ["unshare", "--mount", "--map-root-user", "sh", "-c", MOUNTED, str(tmp_path / "store")]
    if subprocess.run([*mounted, "true"], capture_output=True).returncode:
        pytest.skip("this user may not mount anything")

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*mounted, sys.executable, str(REPOSITORY / "orchestrate.py"), *words, "--store", "store"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return ask


def data_is(status: subprocess.CompletedProcess[str]) -> list[str]:
    """Words of the line about the stage `data`."""
    (line,) = [line for line in status.stdout.splitlines() if line.startswith("data ")]
    return line.split()


def test_its_stages_and_whose_lease_has_run_out_are_told(looked_at, tmp_path: Path) -> None:
    wanted = plan.expand(manifest.read(tmp_path / "m.yaml"))
    key = keys.keyed(wanted, lambda name, flavour: images.find(name, flavour, str), lambda path, kind: "").keys["data"]
    (tmp_path / f"store/{key}.partial").mkdir()
    lease = tmp_path / f"store/.run/{key}.lease.1"
    lease.write_text(json.dumps({"boot": "another", "space": "host", "processes": [[1, 1]]}))
    assert data_is(looked_at("status", "m.yaml"))[1] == "running"
    long_ago = lease.stat().st_mtime - PATIENCE_SECONDS - 60
    os.utime(lease, (long_ago, long_ago))
    told = looked_at("status", "m.yaml")
    assert data_is(told)[1] == "begun" and (told.returncode, told.stderr) == (0, "")


def test_a_run_is_refused_in_a_line(looked_at, tmp_path: Path) -> None:
    told = looked_at("run", "m.yaml", "--engine", "process")
    assert told.returncode == 2 and told.stderr.count("\n") == 1
    assert told.stderr.startswith(f"error: {tmp_path}/store: Read-only file system; ")


def test_the_doctor_says_so_among_all_else(looked_at) -> None:
    told = looked_at("doctor", "m.yaml")
    assert told.returncode == 1 and told.stderr == ""
    assert "store: the store cannot be written there" in told.stdout and "\nok       data: " in told.stdout
