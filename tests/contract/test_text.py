# coding: utf-8
"""Letters beyond ASCII, on both Pythons: in settings, in names of files, in what is said of them."""

import io
import json
import os
import subprocess
import sys
from collections import namedtuple

import pytest

from sources.contract import atomic
from sources.contract.errors import BadInput
from sources.contract.settings import change
from sources.contract.text import native, quoted

LATIN = b"caf\xe9.npz" if bytes is str else os.fsdecode(b"caf\xe9.npz")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
END = u"""
from sources.contract import command
from sources.contract.errors import BadInput
def work():
    raise BadInput(u"setting gr\\xf6\\xdfe: no such setting")
command.end(work)
"""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_an_error_in_any_letters_is_one_line(encoding):
    program = subprocess.Popen(
        [sys.executable, "-c", END], cwd=ROOT, stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONIOENCODING=encoding, PYTHONPATH=ROOT))
    said = program.communicate()[1]
    assert program.returncode == 2 and said.startswith(b"error: setting gr") and said.count(b"\n") == 1
    assert encoding == "ascii" or said.decode("utf-8") == u"error: setting gr\xf6\xdfe: no such setting\n"


def test_a_value_is_quoted_as_it_was_written():
    assert quoted(u"drei\u2603") == u"'drei\u2603'" and quoted(3.5) == "3.5"
    with pytest.raises(BadInput) as caught:
        change(namedtuple("Settings", "count")(3), {"count": u"drei\u2603"})
    assert native(caught.value) == native(u"setting count: expected a value like 3, found 'drei\u2603'")


def test_a_name_that_is_no_utf8_is_written_and_read(tmpdir):
    path = str(tmpdir.join("model.json"))
    atomic.write_json(path, {"file": LATIN, "all": [LATIN, 1]})
    assert atomic.read_json(path) == {"file": u"caf\ufffd.npz", "all": [u"caf\ufffd.npz", 1]}
    with io.open(path, encoding="ascii") as stream:
        json.load(stream)
