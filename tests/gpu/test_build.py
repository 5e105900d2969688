"""What tests/gpu/build.py finds fault with, and what its probe finds in libraries."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.gpu import build, probe
from tests.gpu.build import Ended, Look

PARTS = {"libraries": 3, "unresolved": {}, "python": "3.11.2", "cuda": "12.9", "cudnn": "9.28.0"}
CPU = Ended(0, json.dumps({"event": "done", "versions": {}}), "")
NO_GPU = Ended(3, "", "error: --device cuda: no GPU here\n")


def faults(parts=PARTS, cpu=CPU, cuda=NO_GPU, version="12"):
    return list(build.faults(Look(parts, cpu, cuda), version))


def test_an_image_that_is_whole_has_no_faults():
    assert faults() == faults(version="12.9") == []


@pytest.mark.parametrize(("changed", "words"), [
    ({"parts": {**PARTS, "unresolved": {"/opt/a.so": ["b.so", "c.so"]}}}, "/opt/a.so lacks b.so, c.so"),
    ({"parts": {**PARTS, "cudnn": None}}, "it has no cuDNN"), ({"version": "12.1"}, "CUDA 12.9 in place of 12.1"),
    ({"version": "1"}, "CUDA 12.9 in place of 1"), ({"parts": {**PARTS, "cuda": None}}, "CUDA None in place of 12"),
    ({"cpu": Ended(1, "", "Traceback")}, "check --device cpu ended with 1: Traceback"),
    ({"cuda": CPU}, "ended with 0"),
    ({"cuda": Ended(3, "", "a banner\nerror: no GPU\n")}, "ended with 3, and 2 lines")])
def test_each_fault_is_told(changed, words):
    fault, = faults(**changed)
    assert words in fault


def test_a_library_that_was_taken_from_its_place_lacks_what_lies_there(tmp_path, capsys):
    """NumPy's own, which has its linear algebra in a folder beside it."""
    place = Path(np.__file__).parent
    core, = (place / "_core").glob("_multiarray_umath*.so")
    assert probe.lacking(str(core)) == []
    shutil.copy(core, tmp_path)
    (tmp_path / "text.so").write_text("no library")
    (tmp_path / "other.so").symlink_to(core)
    probe.main([str(tmp_path)])
    said = json.loads(capsys.readouterr().out)
    (path, missing), = said["unresolved"].items()
    assert path == str(tmp_path / core.name) and any("openblas" in name for name in missing)
    assert (said["libraries"], said["cuda"], said["cudnn"]) == (1, None, None)
