"""orchestrate.py images: build container images."""

import click

from commands.interruption import interruptible
from orchestration import images
from orchestration.engines import docker_engine
from orchestration.images import Recipe, build, frameworks, recipes


@click.command()
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@click.option("--flavour", type=click.Choice(["cpu", "cuda"]), default="cpu", help="(default: cpu)")
def command(names: tuple[str, ...], flavour: str) -> None:
    """Build every image of containers/ (or each IMAGE) that is missing, several at once.

    A failed one does not stop the others.
    """
    with interruptible("orchestrate.py images"):
        wanted = [images.recipe(name, flavour) for name in names] or _all(flavour)
        build.build(docker_engine.connect().client, wanted, lambda event: click.echo(event["message"]))
        click.echo(f"ready: {', '.join(recipe.reference for recipe in wanted)}")


def _all(flavour: str) -> list[Recipe]:
    """Those that have the flavour: the one that reads data has nothing that needs a GPU."""
    names = [name for name in images.names()
             if frameworks.has(recipes.framework_name(name), flavour)]
    return [images.recipe(name, flavour) for name in names]
