"""orchestrate.py images: build container images, keep them in a file, take them from it."""

from collections.abc import Sequence
from pathlib import Path

import click

from commands.interruption import interruptible
from orchestration import images
from orchestration.engines import docker_engine
from orchestration.events import Event
from orchestration.images import Recipe, build, exported, frameworks, recipes, saved

_flavour = click.option("--flavour", type=click.Choice(["cpu", "cuda"]), default="cpu", help="(default: cpu)")
_file = click.argument("file", type=click.Path(path_type=Path))


class _BuildUnlessTold(click.Group):
    """`images progan` is `images build progan`."""

    def parse_args(self, context: click.Context, words: list[str]) -> list[str]:
        told = words and words[0] in (*self.commands, *self.get_help_option_names(context))
        return super().parse_args(context, words if told else ["build", *words])


@click.group(cls=_BuildUnlessTold)
def command() -> None:
    """Build container images, keep them in a file, or take them from it. Without a verb: build."""


@command.command("build")
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@_flavour
def _build(names: Sequence[str], flavour: str) -> None:
    """Build every image of containers/ (or each IMAGE) that is missing, several at once.

    A failed one does not stop the others.
    """
    with interruptible("orchestrate.py images"):
        wanted = [images.recipe(name, flavour) for name in names] or _all(flavour)
        build.build(docker_engine.connect().client, wanted, lambda event: click.echo(event["message"]))
        click.echo(f"ready: {', '.join(recipe.reference for recipe in wanted)}")


@command.command("export")
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@_flavour
def _export(names: Sequence[str], flavour: str) -> None:
    """Put every image of containers/ (or each IMAGE, made elsewhere too) into .images, for --engine slurm.

    What is missing is built first.
    """
    with interruptible("orchestrate.py images export"), docker_engine.answers():
        ours = [images.recipe(name, flavour) for name in names if name in images.names()]
        wanted = ours if names else _all(flavour)
        engine = docker_engine.connect()
        build.build(engine.client, wanted, _tell)
        others = [name for name in names if name not in images.names()]
        for reference in (*(recipe.reference for recipe in wanted), *others):
            engine.image_id(reference)
            click.echo(f"exported: {reference}, {exported.export(engine.client, reference, _tell).id}")


@command.command("save")
@click.argument("names", metavar="IMAGE...", nargs=-1, required=True)
@_file
@_flavour
def _save(names: Sequence[str], file: Path, flavour: str) -> None:
    """Keep each IMAGE, with what it stands on, in a new FILE: for when it cannot be built any more."""
    with interruptible("orchestrate.py images save"), docker_engine.answers():
        wanted = [images.recipe(name, flavour) for name in names]
        kept = saved.save(docker_engine.connect().client, wanted, file)
        click.echo(f"saved: {', '.join(kept)}")


@command.command("load")
@_file
def _load(file: Path) -> None:
    """Take the images of FILE, which `save` wrote; what runs then need not be built."""
    with interruptible("orchestrate.py images load"), docker_engine.answers():
        taken = saved.load(docker_engine.connect().client, file)
        click.echo(f"loaded: {', '.join(taken)}")


def _tell(event: Event) -> None:
    click.echo(event["message"])


def _all(flavour: str) -> list[Recipe]:
    """Those that have the flavour: the one that reads data has nothing that needs a GPU."""
    names = [name for name in images.names()
             if frameworks.has(recipes.framework_name(name), flavour)]
    return [images.recipe(name, flavour) for name in names]
