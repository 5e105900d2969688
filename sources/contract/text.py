"""Text on both Pythons: on 2 the words of a command line are bytes, and those of a JSON file are not."""


def native(said):
    """An error or its text as the `str` of this Python, in UTF-8 on Python 2."""
    words = said.args[0] if isinstance(said, Exception) and said.args else said
    return words.encode("utf-8") if bytes is str and isinstance(words, type(u"")) else str(said)


def quoted(value):
    """`repr` for a person: Python 2 would show a text as u'...', and letters in it as numbers."""
    if bytes is str and isinstance(value, type(u"")):
        return u"'%s'" % value
    return repr(value)


def for_json(value):
    """`value` with every text in it in Unicode, whatever a file's name holds; what is no UTF-8 is marked."""
    if isinstance(value, dict):
        return dict((for_json(key), for_json(each)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return [for_json(each) for each in value]
    if isinstance(value, str):
        raw = value if bytes is str else value.encode("utf-8", "surrogateescape")
        return raw.decode("utf-8", "replace")
    return value
