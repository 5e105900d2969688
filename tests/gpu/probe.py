"""Runs inside an image, by its Python 2.7 or 3: which of its libraries lack another one, and which CUDA they are of.

Prints one JSON object: {"libraries": how many, "unresolved": {path of a library: [what it lacks]}, "python": version,
"cuda": version, "cudnn": version, "least": capability, "ptx": version}, the latter four null where there are none: the
versions as the libraries themselves say; the least compute capability, times ten, that all of cuDNN has code for; the
newest PTX among the framework's own code, which a driver has to know where it is all that there is for a GPU.
"""

import ctypes
import json
import mmap
import os
import platform
import re
import struct
import subprocess
import sys
from collections import namedtuple

OF_THE_DRIVER = ("libcuda.so.1", "libnvidia-ml.so.1")  # come with the GPU, from the host
# Plugins for networks of several machines and for developers of Triton, which nothing here loads.
NEVER_LOADED = re.compile("libcufile_rdma|nvshmem_(bootstrap|transport)_|triton/plugins/")
FATBIN = b"\x50\xed\x55\xba"  # how GPU code in a library begins
PTX, MACHINE = 1, 2  # what can follow
Code = namedtuple("Code", "kind version capability")  # version: of PTX, a pair; capability: times ten


def libraries(folder):
    """The paths of all ELF libraries in a folder."""
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names if ".so" in name):
            if not os.path.islink(path):
                with open(path, "rb") as stream:
                    if stream.read(4) == b"\x7fELF":
                        yield path


def lacking(path):
    """What the dynamic linker does not find for a library, beside those of the driver.

    Its own folder is looked through too: whoever loads it has told the linker of that.
    """
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(path))
    said = subprocess.Popen(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env=environment).communicate()[0].decode("utf-8", "replace")
    missing = {line.split()[0] for line in said.splitlines() if line.endswith("not found")}
    return sorted(missing.difference(OF_THE_DRIVER))


def cuda(found):
    """The version of CUDA's compiler among these libraries, such as "12.9": the runtime wants a driver to say its."""
    for path in _named(found, r"libnvrtc\.so\.[\d.]+"):
        major, minor = ctypes.c_int(), ctypes.c_int()
        ctypes.CDLL(path).nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        return "%d.%d" % (major.value, minor.value)
    return None


def cudnn(found):
    """The version of cuDNN among these libraries, such as "9.28.0"; since 9 it counts in ten thousands."""
    for path in _named(found, r"libcudnn\.so\.\d+"):
        number = ctypes.CDLL(path).cudnnGetVersion()
        large = 10000 if number >= 90000 else 1000
        return "%d.%d.%d" % (number // large, number % large // 100, number % 100)
    return None


def least(found):
    """The least compute capability, times ten, that each of cuDNN's libraries of kernels has machine code for."""
    parts = [[each.capability for each in codes(path) if each.kind == MACHINE]
             for path in _named(found, r"libcudnn_(ops|cnn)(_infer)?\.so\.\d+")]
    return max(min(part) for part in parts) if parts else None


def ptx(found):
    """The newest version of PTX in the framework's own library, such as "8.5"."""
    versions = [each.version for path in _named(found, r"lib(tensorflow_cc|torch_cuda)\.so(\.\d+)?")
                for each in codes(path) if each.kind == PTX]
    return "%d.%d" % max(versions) if versions else None


def codes(path):
    """The kinds of GPU code that a library has, a set of Code."""
    with open(path, "rb") as stream:
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    found, place = set(), data.find(FATBIN)
    while place >= 0:
        header, size = struct.unpack("<6xHQ", data[place:place + 16])
        place, end = place + header, place + header + size
        while place < end:
            kind, header, size, minor, major, capability = struct.unpack("<HxxIQ8xHHI", data[place:place + 32])
            if kind not in (PTX, MACHINE):  # it only looked like a beginning
                break
            found.add(Code(kind, (major, minor), capability))
            place += header + size
        place = data.find(FATBIN, place)
    data.close()
    return found


def _named(paths, pattern):
    return [path for path in paths if re.match(pattern + "$", os.path.basename(path))]


def main(folders):
    """Look at all libraries of these folders."""
    found = sorted(path for folder in folders for path in libraries(folder))
    lacks = {path: lacking(path) for path in found if not NEVER_LOADED.search(path)}
    print(json.dumps({"libraries": len(lacks), "unresolved": {path: lacks[path] for path in lacks if lacks[path]},
                      "python": platform.python_version(), "cuda": cuda(found), "cudnn": cudnn(found),
                      "least": least(found), "ptx": ptx(found)}))


if __name__ == "__main__":
    main(sys.argv[1:])
