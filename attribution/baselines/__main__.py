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
    parser, _ = methods.new_parser(f"python -m attribution.baselines {name}",
                                   f"Which source made an image? By {name}.")
    parser.set_defaults(name=name)
    command.obey(parser, _find, sys.argv[2:])


def _find(verb):
    """A verb, which gets the module of the method; `settings` does not: it needs no library."""
    obey = command.by_name("attribution.baselines")(verb)

    def with_method(arguments):
        arguments.method = importlib.import_module(f"attribution.baselines.{arguments.name}")
        obey(arguments)
    return obey if verb == "settings" else with_method


if __name__ == "__main__":
    command.end(main)
