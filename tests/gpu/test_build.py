"""What tests/gpu/build.py finds fault with, and what its probe finds in libraries."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from orchestration.images.facts import Cuda, Ptx
from tests.gpu import build, probe
from tests.gpu.build import Ended, Look

PARTS = {"libraries": 3, "unresolved": {}, "python": "3.11.2", "cuda": "12.9", "cudnn": "9.10.2", "least": 50,
         "ptx": None}
CPU = Ended(0, json.dumps({"event": "done", "versions": {}}), "")
HOPPER = Ptx(version="8.5", capability=9.0, driver=(555, 42))
NO_GPU = Ended(3, "", "error: --device cuda: no GPU here\n")


def faults(parts=PARTS, cpu=CPU, cuda=NO_GPU, version="12", oldest=6.0, ptx=None):
    wanted = Cuda(version=version, driver=(525, 60), capability=(oldest, 9.0), otherwise="none", ptx=ptx)
    return list(build.faults(Look(parts, cpu, cuda), wanted))


def test_an_image_that_is_whole_has_no_faults():
    assert faults() == faults(version="12.9") == faults(oldest=5.0) == []
    assert faults({**PARTS, "ptx": "8.5"}, ptx=HOPPER) == []


@pytest.mark.parametrize(("changed", "words"), [
    ({"parts": {**PARTS, "unresolved": {"/opt/a.so": ["b.so", "c.so"]}}}, "/opt/a.so lacks b.so, c.so"),
    ({"parts": {**PARTS, "cudnn": None}}, "it has no cuDNN"), ({"version": "12.1"}, "CUDA 12.9 in place of 12.1"),
    ({"version": "1"}, "CUDA 12.9 in place of 1"), ({"parts": {**PARTS, "cuda": None}}, "CUDA None in place of 12"),
    ({"parts": {**PARTS, "least": 75}}, "code from sm_75 on, not for compute capability 6.0"),
    ({"parts": {**PARTS, "ptx": "8.8"}, "ptx": HOPPER}, "PTX 8.8 in place of 8.5"),
    ({"parts": {**PARTS, "ptx": "8.5"}}, "PTX 8.5 in place of None"), ({"ptx": HOPPER}, "PTX None in place of 8.5"),
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


def test_the_gpu_code_in_a_library_is_read(tmp_path):
    def code(kind, number, size, version=(8, 5)):
        return struct.pack("<HHIQ8xHHI", kind, 1, 32, size, *version[::-1], number) + bytes(size)

    def container(*codes):
        return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(b"".join(codes))) + b"".join(codes)

    ops, cnn, own = (tmp_path / name for name in (
        "libcudnn_ops.so.9", "libcudnn_cnn_infer.so.8", "libtensorflow_cc.so.2"))
    ops.write_bytes(b"\x7fELF.." + container(code(2, 50, 24), code(2, 90, 8), code(1, 120, 8)) + b"between"
                    + container(code(2, 70, 40)))
    cnn.write_bytes(container(code(2, 75, 8)))
    own.write_bytes(container(code(2, 80, 8, (1, 7)), code(1, 90, 8, (8, 3)), code(1, 90, 8, (8, 10))))
    assert {(each.kind, each.capability) for each in probe.codes(str(ops))} == {(2, 50), (2, 90), (1, 120), (2, 70)}
    assert probe.least([str(ops), str(cnn)]) == 75 and probe.least([]) is None
    assert probe.ptx([str(ops), str(own)]) == "8.10" and probe.ptx([str(ops)]) is None
