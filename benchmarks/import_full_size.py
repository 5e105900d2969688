"""The import of SNGAN and CramerGAN checkpoints of full size: both networks at 128x128 with the published widths.

python benchmarks/import_full_size.py

It needs numpy and google-crc32c. The files are written in the published formats, with random weights, and imported as
a user does it. Fails if an import takes more than LIMIT_SECONDS or LIMIT_BYTES of memory.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LIMIT_SECONDS = 10
LIMIT_BYTES = 1 << 30
RESULTS = Path(__file__).parent / "results" / "import_full_size.json"


def main():
    """Write, import, print, keep, judge."""
    results = {"sngan": measure(["sources.sngan"], "checkpoint.npz", write_sngan),
               "cramergan": measure(["sources.cramer_mmd", "cramergan"], "MMDGAN.model-1",
                                    write_cramergan)}
    print(json.dumps(results))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    if any(result["status"] or result["seconds"] > LIMIT_SECONDS or result["peak_memory_bytes"] > LIMIT_BYTES
           for result in results.values()):
        sys.exit(f"beyond {LIMIT_SECONDS} s or {LIMIT_BYTES} bytes, or failed")


def measure(words, name, write):
    """What the import of the checkpoint `name` takes, by the verb of `python -m WORDS`."""
    with tempfile.TemporaryDirectory() as folder:
        writer = multiprocessing.get_context("spawn").Process(target=write, args=(Path(folder),))
        writer.start()  # in a process of its own: a child's peak memory begins with its parent's
        writer.join()
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", *words, "import", "--checkpoint",
                                    f"{folder}/{name}", "--out", f"{folder}/model"], cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        return {"checkpoint_bytes": size, "seconds": round(time.monotonic() - began, 2), "status": status,
                "peak_memory_bytes": usage.ru_maxrss * 1024}


def write_sngan(folder):
    """A trainer's snapshot of full size, compressed as Chainer does."""
    from sources.sngan import variables

    shapes = {f"updater/model:opt_gen/{key}": shape
              for key, shape in variables.generator_shapes(128, 64, 128, 1, 4).items()}
    shapes |= {f"updater/model:opt_dis/{key}": shape
               for key, shape in variables.discriminator_shapes(128, 64, 1).items()}
    np.savez_compressed(folder / "checkpoint.npz", **_random(shapes))


def write_cramergan(folder):
    """A TensorFlow checkpoint of full size."""
    from sources.cramer_mmd import variables
    from tests.fuzz import tensorbundles

    shapes = {f"generator/{name}": shape for name, shape in variables.generator_shapes(128, 64, 100).items()}
    shapes |= {f"discriminator/{name}": shape for name, shape in variables.discriminator_shapes(128, 64, 256).items()}
    index, data = tensorbundles.pack(_random(shapes))
    (folder / "MMDGAN.model-1.index").write_bytes(index)
    (folder / "MMDGAN.model-1.data-00000-of-00001").write_bytes(data)


def _random(shapes):
    """{name: array}, small enough that a network with these weights overflows nowhere."""
    random = np.random.default_rng(0)
    values = {name: random.standard_normal(shape, np.float32) * np.float32(0.02) for name, shape in shapes.items()}
    values |= {name: np.abs(value) for name, value in values.items() if name.endswith("avg_var")}
    return values | {name: np.array(1) for name in values if name.endswith("/N")}


if __name__ == "__main__":
    main()
