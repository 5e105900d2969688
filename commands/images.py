"""orchestrate.py images: build container images."""

from __future__ import annotations

import click

from commands.interruption import interruptible
from orchestration import images, recipes
from orchestration.engines import docker_engine
from orchestration.errors import UserError


@click.command()
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@click.option("--flavour", type=click.Choice(["cpu", "cuda"]), default="cpu", help="(default: cpu)")
def command(names: tuple[str, ...], flavour: str) -> None:
    """Build every image of containers/ (or each IMAGE) that is missing or out of date, several at once.

    A failed one does not stop the others.
    """
    with interruptible("orchestrate.py images"):
        wanted = _wanted(names, flavour)
        images.build(docker_engine.connect().client, wanted, lambda event: click.echo(event["message"]))
        click.echo(f"ready: {', '.join(recipes.reference(*pair) for pair in wanted)}")


def _wanted(names: tuple[str, ...], flavour: str) -> list[tuple[str, str]]:
    """Pairs of image and flavour; of all images, those that have the flavour."""
    if names:
        return [(recipes.recipe(name, flavour).image, flavour) for name in names]
    pairs = []
    for name in recipes.names():
        try:
            pairs.append((recipes.recipe(name, flavour).image, flavour))
        except UserError:  # an image without it, such as the one that reads data, in which nothing needs a GPU
            continue
    return pairs
