"""`orchestrate.py plan`: what a manifest would run. Needs neither Docker nor data."""

import dataclasses
import json
import shlex
from pathlib import Path

import click

from commands.options import experiment_option
from orchestration import manifest, plan
from orchestration.stage import Plan, Stage


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@experiment_option
@click.option("--json", "as_json", is_flag=True, help="for machines")
def command(manifest_path: Path, only: tuple[str, ...], as_json: bool) -> None:
    """Print every stage that MANIFEST expands to: image, command, settings, inputs, resources."""
    study = plan.expand(manifest.read(manifest_path), only)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(study), indent=1))
        return
    for stage in study.stages:
        click.echo(_describe(stage))
    click.echo(_total(study))


def _describe(stage: Stage) -> str:
    needs = stage.resources
    lines = [
        click.style(stage.name, bold=True),
        f"  image     {stage.image}, {stage.flavour}",
        f"  command   {shlex.join(stage.command)}",
        *(f"  setting   {name}: {json.dumps(value)}" for name, value in stage.config.items() if stage.name != "report"),
        *(f"  file      {path}{'' if Path(path).exists() else '  (not there yet)'}" for path in stage.files.values()),
        f"  after     {', '.join(stage.inputs.values()) or 'nothing'}",
        f"  needs     {_gpus(needs.gpus)}{needs.cores} core{'s' * (needs.cores > 1)}, {needs.memory / (1 << 30):g} GiB",
    ]
    return "\n".join(lines) + "\n"


def _gpus(count: int) -> str:
    return f"{count} GPU, " if count else ""


def _total(study: Plan) -> str:
    images = sorted({f"{stage.image} ({stage.flavour})" for stage in study.stages})
    return f"{study.study}: {len(study.stages)} stages in {len(images)} images: {', '.join(images)}"
