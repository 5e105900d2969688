"""python -m attribution.baselines knn|eigenface|prnu VERB: verbs get the method's module."""

import importlib
import sys

from sources.contract import command, methods
from sources.contract.errors import BadInput

_METHODS = ("knn", "eigenface", "prnu")


def main():
    """The command line of one of the methods."""
    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name not in _METHODS:
        raise BadInput("python -m attribution.baselines: expected one of "
                       f"{', '.join(_METHODS)} first, found {name}")
    method = importlib.import_module(f"attribution.baselines.{name}")
    parser, _ = methods.new_parser(f"python -m attribution.baselines {name}",
                                   f"Which source made an image? {method.NAME}.")
    parser.set_defaults(method=method)
    command.obey(parser, command.by_name("attribution.baselines"), sys.argv[2:])


if __name__ == "__main__":
    command.end(main)
