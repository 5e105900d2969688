"""python -m sources.cramer_mmd cramergan|mmdgan VERB ...: what both doors, sources/cramergan.py and mmdgan.py, open."""

import sys
from functools import partial

from sources.contract import command
from sources.contract.errors import BadInput

from .check import check
from .export import export
from .generate import generate
from .model import NAMES
from .published import import_published


def main(critic):
    """The command line of one of the two."""
    command.run("python -m sources.%s" % critic, "%s on PyTorch" % NAMES[critic], partial(_train, critic),
                partial(generate, critic), partial(import_published, critic), partial(export, critic),
                partial(check, critic))


def _train(critic, arguments):
    from .train import train  # late, as it loads PyTorch

    train(critic, arguments)


def _choose():
    critic = sys.argv.pop(1) if len(sys.argv) > 1 else None
    if critic not in NAMES:
        raise BadInput("python -m sources.cramer_mmd: expected %s first, found %s" % (" or ".join(NAMES), critic))
    main(critic)


if __name__ == "__main__":
    command.end(_choose)
