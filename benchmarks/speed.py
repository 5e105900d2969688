"""How near each work comes to what the machine can do, through the images.

python benchmarks/speed.py [WORK ...]         (such as "ProGAN training, 64"; else all of them)

The peak is PyTorch's 3x3 convolution in float32, measured before and after each work: a share of
the mean of both tells more than a rate where others use the machine too. Trainings in bfloat16,
where the processor has that, have the same peak and goals. Operations are those of
the published formulation, so that a cheaper one of the same arithmetic counts as faster than it is.
Time is that between events of one container, when everything is compiled; memory is the most that
its process held. Goals are told, and none fails the command. What all works found is kept, in a
file named after the processor.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.parts import containers, inputs  # noqa: E402
from benchmarks.parts.works import Work, in_bfloat16, works  # noqa: E402

RESULTS = Path(__file__).parent / "results"
_PEAK_IMAGE = "cramergan"


def main() -> None:
    """Measure, print, keep."""
    known, chosen = works() | in_bfloat16(), sys.argv[1:]
    if unknown := sorted(set(chosen) - set(known)):
        sys.exit(f"{unknown[0]}: there is no such work; there are\n" + "\n".join(known))
    references = containers.built(sorted({known[name].image for name in chosen or known} | {_PEAK_IMAGE}))
    peaks = [containers.peaks(references[_PEAK_IMAGE])]
    print(said(peaks[0]))
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen or [*works(), *(in_bfloat16() if peaks[0]["bfloat16_convolution"] else ())]:
            found = measured(known[name], Path(folder), references[known[name].image])
            peaks.append(containers.peaks(references[_PEAK_IMAGE]))
            rows[name] = row(known[name], found, [one["float32_convolution"] for one in peaks[-2:]])
            print(line(name, known[name], rows[name]), flush=True)
    if not chosen:
        keep({"processor": processor(), "cores": containers.CORES, "peaks": peaks[0], "works": rows})


def measured(work: Work, folder: Path, reference: str) -> dict[str, float]:
    """Units a second, and the peak memory in bytes."""
    provide(work, folder, reference)
    (folder / "config.json").write_text(json.dumps(work.config))
    steps, memory = [], 0
    for seconds, event in containers.events(reference, work.words, folder):
        if event["event"] == "progress" and event["step"] >= work.warm:
            steps.append((seconds, event["step"]))
        memory = event.get("bytes", memory)
    shutil.rmtree(folder / "out")
    (began, first), (ended, last) = steps[0], steps[-1]
    return {"rate": (last - first) * work.units / (ended - began), "memory_bytes": memory}


def provide(work: Work, folder: Path, reference: str) -> None:
    """What the work reads."""
    for resolution in (64, 128):
        if not (folder / f"images{resolution}").exists():
            inputs.images(folder / f"images{resolution}", resolution)
    if "--model" in work.words:
        inputs.model(folder, work.image, reference)


def row(work: Work, found: dict[str, float], peaks: list[float]) -> dict[str, Any]:
    """What is kept of a work."""
    peak = sum(peaks) / len(peaks)
    return {"rate": float(f"{found['rate']:.3g}"), "unit": f"{work.unit}/s",
            "operations": round(work.operations), "peak_flops": round(peak),
            "share": round(found["rate"] * work.operations / peak, 3), "goal": work.goal,
            "memory_bytes": found["memory_bytes"]}


def said(peaks: dict[str, float | None]) -> str:
    """The peaks in words, and the head of the table."""
    rates = {name: f"{rate / 1e9:.0f} G" if rate else "none" for name, rate in peaks.items()}
    return (f"{processor()}, {containers.CORES} cores; a second: "
            + ", ".join(f"{name} {rate}" for name, rate in rates.items())
            + f"\n{'':34}{'rate':>8} {'':14}{'of the peak':>12}{'goal':>8}{'memory':>11}")


def line(name: str, work: Work, found: dict[str, Any]) -> str:
    """A row in words."""
    return (f"{name:34}{found['rate']:8} {found['unit']:14}{found['share']:12.0%}{work.goal:8.0%}"
            f"{found['memory_bytes'] >> 20:7} MiB")


def keep(results: dict[str, Any]) -> None:
    """Write them, with the processor's name."""
    name = re.sub(r"[^a-z0-9]+", "-", results["processor"].lower()).strip("-")
    (RESULTS / f"speed-{name}.json").write_text(json.dumps(results, indent=1) + "\n")


def processor() -> str:
    """Its name, as the kernel tells it."""
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else "unknown"


if __name__ == "__main__":
    main()
