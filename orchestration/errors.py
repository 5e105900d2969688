"""What can go wrong, and the exit status of `orchestrate.py` for it."""


class OrchestrationError(Exception):
    """An end that the user is told about in one line: what, where, how to mend it."""

    status = 1


class UserError(OrchestrationError):
    """The manifest, an argument, a missing file, a full disk: the user can mend it."""

    status = 2


class NoDevice(OrchestrationError):
    """A GPU was asked for and the engine has none."""

    status = 3


class NoEngine(OrchestrationError):
    """The engine that was asked for cannot be reached."""

    status = 4


class StageFailed(OrchestrationError):
    """A stage ended badly; the others went on."""


class BuildFailed(OrchestrationError):
    """An image or an environment could not be built."""


class Stopped(OrchestrationError):
    """Ctrl-C or SIGTERM; what is done is kept, the same command continues."""

    status = 130
