"""orchestrate.py images: build container images."""

import click

from commands.interruption import interruptible
from orchestration import images
from orchestration.engines import docker_engine
from orchestration.events import Event
from orchestration.images import Recipe, build, exported, frameworks, recipes


@click.command()
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@click.option("--flavour", type=click.Choice(["cpu", "cuda"]), default="cpu", help="(default: cpu)")
@click.option("--export", is_flag=True, help="put them into .images too, from where --engine slurm runs them")
def command(names: tuple[str, ...], flavour: str, export: bool) -> None:
    """Build every image of containers/ (or each IMAGE) that is missing, several at once.

    A failed one does not stop the others. With --export, an IMAGE may also be one made elsewhere.
    """
    with interruptible("orchestrate.py images"):
        ours = [name for name in names if name in images.names() or not export]
        wanted = [images.recipe(name, flavour) for name in ours] or ([] if names else _all(flavour))
        engine = docker_engine.connect()
        build.build(engine.client, wanted, _tell)
        references = [*(recipe.reference for recipe in wanted), *(name for name in names if name not in ours)]
        for reference in references if export else ():
            engine.image_id(reference)
            exported.export(engine.client, reference, _tell)
        click.echo(f"ready: {', '.join(references)}")


def _tell(event: Event) -> None:
    click.echo(event["message"])


def _all(flavour: str) -> list[Recipe]:
    """Those that have the flavour: the one that reads data has nothing that needs a GPU."""
    names = [name for name in images.names()
             if frameworks.has(recipes.framework_name(name), flavour)]
    return [images.recipe(name, flavour) for name in names]
