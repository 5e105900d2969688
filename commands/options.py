"""Options that several verbs share."""

from pathlib import Path

import click

from orchestration.engines import ENGINES, HERE
from orchestration.repository import REPOSITORY

engine_option = click.option("--engine", type=click.Choice(list(ENGINES)),
                             help="what runs the stages (default: docker, or process where none answers)")
here_option = click.option("--engine", type=click.Choice(list(HERE)),
                           help="what runs the stages (default: the first that answers)")
store_option = click.option("--store", "store_path", type=click.Path(path_type=Path),
                            default=REPOSITORY / "store", metavar="DIR",
                            help="where stages are kept (default: store/)")
experiment_option = click.option("--experiment", "only", multiple=True, metavar="NAME",
                                 help="this one of the manifest's, and what it needs; repeatable")
