"""What can go wrong in a source, and the exit status it ends with; else it crashes, with a traceback."""


class ContractError(Exception):
    """An end that the contract knows. Its text is one line: what, where, how to mend it."""

    status = 1


class BadInput(ContractError):
    """Something the user can mend: a file, an argument, a setting, a full disk."""

    status = 2


class NoDevice(ContractError):
    """The device that was asked for is not there."""

    status = 3


class Stopped(ContractError):
    """SIGTERM was received and the work is safely on disk."""

    status = 143
