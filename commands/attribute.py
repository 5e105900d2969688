"""orchestrate.py attribute: which source made a picture?"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

from commands import asking, folders, imageset
from commands.interruption import interruptible
from commands.options import here_option, store_option
from datasets import pictures
from orchestration.text import printable


@click.command()
@click.argument("place", metavar="FILE-or-FOLDER", type=click.Path(path_type=Path))
@click.option("--run", "name", default="demo", metavar="STUDY", help="a study that was run here (default: demo)")
@click.option("--model", type=click.Path(path_type=Path), metavar="DIR", help="a model, in place of a study's")
@click.option("--fingerprints", type=click.Path(path_type=Path), metavar="DIR",
              help="by a visualisation network, which shows in DIR what it sees")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@here_option
@store_option
def command(place: Path, name: str, model: Path | None, fingerprints: Path | None, as_json: bool,
            engine: str | None, store_path: Path) -> None:
    """Say, for a picture or each picture of a folder, which source made it and with what probability.

    The sources are those that the model was trained to tell apart. A picture that is unlike all of them is told
    to be from none of these; published models cannot tell. A picture of another size than the model's is cropped
    to its centre and resized, which may wash its fingerprint away, as a JPEG does.
    """
    wanted = "fingerprints" if fingerprints else "model"
    with interruptible("orchestrate.py attribute"), tempfile.TemporaryDirectory(prefix="ganfp-") as scratch:
        if fingerprints:
            folders.check_new(fingerprints, "--fingerprints ")
        asked = asking.described(model or asking.of_study(name, wanted, store_path), wanted)
        files = pictures.found(place)
        asking.require_space(Path(scratch), len(files) * 3 * asked.resolution ** 2)
        remarks: list[str] = []
        imageset.write(files, Path(scratch, "images"), asked.resolution, place.name, remarks.append)
        doubts = [pictures.doubts(file, asked.resolution) for file in files]
        answer = asking.ask(asked, Path(scratch), engine, [file.name for file in files] if fingerprints else None)
        if answer.drawn and fingerprints:
            _keep(answer.drawn, fingerprints)
    rows = [{"file": str(file), **prediction, **doubt}
            for file, prediction, doubt in zip(files, answer.predictions, doubts, strict=True)]
    click.echo(json.dumps(rows, indent=1) if as_json else "\n".join(
        f"{printable(row['file'])}: {_told(row)}" for row in rows))
    if fingerprints and not as_json:
        click.echo(f"fingerprints and responses: {fingerprints / asking.DRAWN[0]}")
    for caution in filter(None, (_caution(rows), *pictures.told(remarks))):
        click.echo(caution, err=True)


def _told(row: dict[str, Any]) -> str:
    """A prediction in words."""
    label = printable(row["label"])
    if row.get("known", True):
        return f"{label} ({row['probability']:.1%})"
    return f"none of these (nearest: {label}, {row['probability']:.1%})"


def _caution(rows: list[dict[str, Any]]) -> str:
    """One line of doubt, if there is reason for it."""
    counts = {"were resized": sum(row["resized"] for row in rows), "are JPEG files": sum(row["lossy"] for row in rows)}
    reasons = ", ".join(f"{count} of {len(rows)} {what}" for what, count in counts.items() if count)
    return f"pictures whose fingerprints may be gone: {reasons}" if reasons else ""


def _keep(drawn: Path, folder: Path) -> None:
    with folders.new(folder) as beside:
        for name in asking.DRAWN:
            shutil.copy(drawn / name, beside / name)
