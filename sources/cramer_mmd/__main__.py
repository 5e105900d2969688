"""python -m sources.cramer_mmd cramergan|mmdgan VERB: verbs get the module of the GAN as `gan`."""

import importlib
import sys

from sources.contract import command
from sources.contract.errors import BadInput

_GANS = ("cramergan", "mmdgan")


def main():
    """The command line of one of the two."""
    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name not in _GANS:
        raise BadInput("python -m sources.cramer_mmd: expected %s first, found %s"
                       % (" or ".join(_GANS), name))
    gan = importlib.import_module("sources.cramer_mmd." + name)
    command.run("python -m sources.cramer_mmd " + name, "%s on PyTorch" % gan.NAME,
                command.by_name("sources.cramer_mmd"), sys.argv[2:], gan=gan)


if __name__ == "__main__":
    command.end(main)
