"""orchestrate.py cancel: end the jobs of a study on a cluster."""

from pathlib import Path

import click

from commands.interruption import interruptible
from commands.options import store_option
from orchestration import manifest, plan, runs
from orchestration.store import Store


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@store_option
def command(manifest_path: Path, store_path: Path) -> None:
    """End the jobs of MANIFEST's stages on a cluster; `run` goes on from their checkpoints.

    What waits in the queue is taken out of it, what runs writes its checkpoint first. A run that follows them is to
    be ended before (Ctrl-C), or it submits what else it finds to do.
    """
    from orchestration.engines import slurm_engine

    with interruptible(f"orchestrate.py cancel {manifest_path}"):
        store, engine = Store(store_path), slurm_engine.connect()
        wanted = runs.with_keys(plan.expand(manifest.read(manifest_path)), store, engine.image_id, click.echo)
        count = engine.cancel(store.root, wanted.keys.values())
        click.echo(f"cancelled: {count} job{'s' * (count != 1)}")
