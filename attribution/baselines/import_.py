"""The verb import: there is nothing to import."""

from sources.contract.errors import BadInput


def import_(arguments):
    """Refuse."""
    raise BadInput(f"--checkpoint {arguments.checkpoint}: no checkpoints of "
                   f"{arguments.method.NAME} were ever published; train it")
