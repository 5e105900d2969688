"""The import of a ProGAN checkpoint of full size: three networks at 128x128 with the published widths.

python benchmarks/import_progan.py

It needs numpy alone. The file is written in the published format, with random weights, and imported as a user
does it. Fails if that takes more than LIMIT_SECONDS or LIMIT_BYTES of memory.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sources.progan.settings import Network  # noqa: E402
from tests.sources.progan.progan_files import ROOT, states_of, words, write_checkpoint  # noqa: E402

LIMIT_SECONDS = 10
LIMIT_BYTES = 1 << 30
RESULTS = Path(__file__).parent / "results" / "import_progan.json"


def main():
    """Write, import, print, keep, judge."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.pkl"
        writer = multiprocessing.get_context("spawn").Process(target=write, args=(path,))
        writer.start()  # in a process of its own: a child's peak memory begins with its parent's
        writer.join()
        size = path.stat().st_size
        began = time.monotonic()
        process = subprocess.Popen(words("import", "--checkpoint", path, "--out", Path(folder) / "model"), cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = round(time.monotonic() - began, 2)
    result = {"checkpoint_bytes": size, "seconds": seconds, "peak_memory_bytes": usage.ru_maxrss * 1024}
    print(json.dumps(result))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    if status or seconds > LIMIT_SECONDS or result["peak_memory_bytes"] > LIMIT_BYTES:
        sys.exit(f"beyond {LIMIT_SECONDS} s or {LIMIT_BYTES} bytes, or failed with status {status}")


def write(path):
    """A checkpoint of full size with random weights."""
    write_checkpoint(path, states_of(Network(128, latent_size=512)))


if __name__ == "__main__":
    main()
