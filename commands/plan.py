"""`orchestrate.py plan`: what a manifest would run, and what is wrong with its settings and its data."""

import dataclasses
import json
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import click

from commands.interruption import interruptible
from commands.options import experiment_option
from commands.table import table
from orchestration import data, manifest, plan, settings
from orchestration.engines import Engine, choice
from orchestration.stage import Plan, Stage
from orchestration.text import printable


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@experiment_option
@click.option("--json", "as_json", is_flag=True, help="for machines")
def command(manifest_path: Path, only: tuple[str, ...], as_json: bool) -> None:
    """Print every stage that MANIFEST expands to: image, command, settings, inputs, resources."""
    stated = manifest.read(manifest_path)
    study = plan.expand(stated, only)
    with interruptible("orchestrate.py plan"):
        unchecked = settings.check(manifest_path, stated, study, _engine)
    for line in unchecked:
        click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(study), indent=1))
        return
    troubles = _troubles(study)
    for stage in study.stages:
        click.echo(_describe(stage, troubles))
    click.echo(table(_shares(study, stated.budget)) + "\n")
    click.echo(_total(study))


@cache
def _engine() -> Engine:
    """Whatever engine answers, to ask about images made elsewhere."""
    return choice.choose(None, lambda line: None)


def _troubles(study: Plan) -> dict[str, str]:
    """What keeps data from being used, by path; what is in it is looked at where a glance finds nothing."""
    found = data.problems(study)
    return found | data.flaws(stage for stage in study.stages if not found.keys() & set(stage.files.values()))


def _describe(stage: Stage, troubles: Mapping[str, str]) -> str:
    needs = stage.resources
    lines = [
        click.style(stage.name, bold=True),
        f"  image     {stage.image}, {stage.flavour}",
        f"  command   {shlex.join(stage.command)}",
        *(f"  setting   {name}: {json.dumps(value)}" for name, value in stage.config.items() if stage.name != "report"),
        *(f"  file      {printable(path)}{_note(troubles.get(path))}" for path in stage.files.values()),
        f"  after     {', '.join(stage.inputs.values()) or 'nothing'}",
        f"  needs     {_gpus(needs.gpus)}{needs.cores} core{'s' * (needs.cores > 1)}, {needs.memory / (1 << 30):g} GiB",
    ]
    return "\n".join(lines) + "\n"


def _note(trouble: str | None) -> str:
    return f"  ({printable(trouble)})" if trouble else ""


def _shares(study: Plan, budget: Mapping[str, float]) -> list[tuple[str, ...]]:
    """What each experiment adds to those before it, and the minutes that it may take."""
    rows: list[tuple[str, ...]] = [("experiment", "adds stages")]
    rows += [(name, str(count)) for name, count in study.shares.items()]
    if not any(name in budget for name in study.shares):
        return rows
    minutes = [budget.get(name) for name in study.shares]
    rows.append(("all, with the report", str(len(study.stages))))
    known = sum(value for value in minutes if value is not None)
    return [(*row, told) for row, told in zip(
        rows, ("minutes", *("" if value is None else f"{value:g}" for value in minutes), f"{known:g}"), strict=True)]


def _gpus(count: int) -> str:
    return f"{count} GPU, " if count else ""


def _total(study: Plan) -> str:
    images = sorted({f"{stage.image} ({stage.flavour})" for stage in study.stages})
    return f"{study.study}: {len(study.stages)} stages in {len(images)} images: {', '.join(images)}"
