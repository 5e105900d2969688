"""orchestrate.py doctor: is this machine ready, and what would mend it?"""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from commands.options import engine_option, store_option
from orchestration import manifest, plan
from orchestration.doctor import Finding, engine, graphics, machine
from orchestration.engines.docker_engine import DockerEngine
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan
from orchestration.text import printable

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("problem", "red")}


@click.command()
@click.argument("manifest_path", metavar="[MANIFEST]", required=False, type=click.Path(path_type=Path))
@engine_option
@store_option
def command(manifest_path: Path | None, engine: str | None, store_path: Path) -> None:
    """Check engine, disk, memory, GPUs, drivers and data sets: for MANIFEST, or for those of manifests/.

    With --engine slurm, tiny jobs look at the nodes of the cluster. Exit status 1 if something blocks the study of
    MANIFEST; every finding comes with its mend.
    """
    paths = [manifest_path] if manifest_path else sorted((REPOSITORY / "manifests").glob("*.yaml"))
    plans = {path.name: plan.expand(manifest.read(path)) for path in paths}
    asked = manifest_path is not None
    findings = _of_cluster(plans, store_path, asked) if engine == "slurm" else _findings(
        engine, plans, store_path, asked)
    for finding in findings:
        _show(finding)
    if any(finding.level == "problem" for finding in findings):
        sys.exit(1)


def _of_cluster(plans: Mapping[str, Plan], store: Path, asked: bool) -> list[Finding]:
    """The same of a cluster, whose GPUs and drivers are those of its nodes."""
    from orchestration.doctor import slurm
    from orchestration.engines import slurm_engine

    found = slurm_engine.connect()
    return [*slurm.find(found, machine.existing(store), plans), *machine.disks(store, None),
            *machine.room(plans, store), *machine.fits(plans, found.nodes()[:1], asked),
            *machine.datasets(plans, asked)]


def _findings(name: str | None, plans: Mapping[str, Plan], store: Path, asked: bool) -> list[Finding]:
    """asked: whether the user named the study, so that whatever keeps it from running blocks."""
    found, findings = engine.find(name)
    info = found.info if isinstance(found, DockerEngine) else None
    needs_gpu = asked and any(stage.resources.gpus for each in plans.values() for stage in each.stages)
    nodes = found.nodes()
    return [*findings, *([] if info is None else engine.judge(info)),
            *engine.tried(found, machine.existing(store), plans),
            *machine.disks(store, Path(info["DockerRootDir"]) if info else None),
            *machine.room(plans, store), *machine.fits(plans, nodes, asked), *graphics.find(info, needs_gpu),
            *graphics.shares(plans, nodes), *machine.datasets(plans, asked)]


def _show(finding: Finding) -> None:
    word, colour = _MARKS[finding.level]
    click.echo(f"{click.style(f'{word:8}', fg=colour)} {printable(f'{finding.subject}: {finding.text}')}")
    if finding.mend:
        click.echo(f"{'':8} -> {printable(finding.mend)}")
