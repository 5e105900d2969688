"""What a stage finds around it, alike on every engine: command, variables, what it may read."""

from __future__ import annotations

from pathlib import Path

from orchestration.engines import Job


def command(job: Job, inputs: str, out: str, config: str) -> list[str]:
    """The command with its placeholders replaced by paths."""
    places = {"{in}": inputs, "{out}": out, "{config}": config}
    words = list(job.stage.command)
    for placeholder, place in places.items():
        words = [word.replace(placeholder, place) for word in words]
    return words


def variables(job: Job, image_id: str, home: str) -> dict[str, str]:
    """Variables of its own, beside those of the engine."""
    cores = str(job.stage.resources.cores)
    return {"GANFP_IMAGE": image_id, "HOME": home, "OMP_NUM_THREADS": cores}


def shown(job: Job, inputs: str, config: str) -> dict[str, Path]:
    """{place: file or folder of this host} of all that it may read and not write."""
    return {f"{inputs}/{name}": path for name, path in job.inputs.items()} | {config: job.config}
