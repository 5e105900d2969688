"""What can go wrong, and the exit status of `orchestrate.py` for it.

OrchestrationError
 |- UserError      2    the manifest, an argument, a missing file, a full disk: the user can mend it
 |- NoDevice       3    a GPU was asked for and the engine has none
 |- NoEngine       4    the engine that was asked for cannot be reached
 |- StageFailed    1    a stage ended badly; the others went on
 |- BuildFailed    1    an image or an environment could not be built
 '- Stopped        130  Ctrl-C or SIGTERM; the same command continues
"""


class OrchestrationError(Exception):
    """An end that the user is told about in one line: what, where, how to mend it."""

    status = 1


class UserError(OrchestrationError):
    """Something the user can mend before anything runs."""

    status = 2


class NoDevice(OrchestrationError):
    """A GPU was asked for and the engine has none."""

    status = 3


class NoEngine(OrchestrationError):
    """The engine that was asked for cannot be reached."""

    status = 4


class StageFailed(OrchestrationError):
    """A stage ended badly."""


class BuildFailed(OrchestrationError):
    """An image or an environment could not be built."""


class Stopped(OrchestrationError):
    """The user stopped the run; what is done is kept."""

    status = 130
