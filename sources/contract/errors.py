"""What can go wrong in a source, and the exit status it ends with.

ContractError
 |- BadInput   2    arguments, files or a full disk: the user can mend it
 |- NoDevice   3    the device that was asked for is not there
 '- Stopped    143  SIGTERM: a checkpoint was written

Anything else that ends a source is a crash, and keeps its traceback.
"""


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
