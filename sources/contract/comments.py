"""Comments as descriptions: what stands beside the fields of a named tuple, in its source."""

import inspect
import re

_FIELD = re.compile(r'\s+"?(\w+)"?[:,]')


def beside_fields(record):
    """{field: the comment beside it} of a class; lines below that begin in the same column go on with it.

    Empty where the source of the class is not there to be read.
    """
    try:
        lines = inspect.getsource(record).splitlines()
    except (IOError, OSError, TypeError):  # made by hand, or without a file
        return {}
    found, name, column = {}, None, None
    for line in lines:
        place, field = line.find("# "), _FIELD.match(line)
        if place < 0:
            name = None
        elif field and field.end() < place:
            name, column = field.group(1), place
            found[name] = line[place + 2:].strip()
        elif name and place == column and not line[:place].strip():
            found[name] += " " + line[place + 2:].strip()
    return found
