"""The restricted unpickler: what it builds, and what it refuses. Runs under Python 2.7 and 3."""

import os
import pickle
import struct
import sys
import time

import numpy as np
import pytest

from sources.contract import pickled, unpickling
from sources.contract.errors import BadInput

ARRAYS = min(4, pickle.HIGHEST_PROTOCOL)  # the protocol that the published checkpoints use
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
BY_PYTHON_2 = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\n"
    b"U\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00\xc0tb.")
RECORD = b"\x80\x02ctfutil\nNetwork\n)\x81}(U\x07versionK\x02U\x04listK\x01K\x02\x86ub."


def load(tmp_path, content, allowed=("tfutil.Network",)):
    path = tmp_path / "some.pkl"
    path.write_bytes(content)
    return unpickling.load(str(path), allowed)


def refusal(tmp_path, content):
    with pytest.raises(BadInput) as error:
        load(tmp_path, content)
    message = str(error.value)
    assert message.startswith(str(tmp_path)) and len(message) < 400 and "\n" not in message
    return message


@pytest.mark.parametrize("protocol", [0, 1, 2, ARRAYS])
def test_plain_values_come_back(tmp_path, protocol):
    value = {"a": [1, -2.5, None, True, False], "b": (u"text", 2 ** 70, ()), 3: {}, "c": [[], ["x", "y"]]}
    assert load(tmp_path, pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i8", "|u1", "|b1"])
def test_arrays_and_scalars_come_back_with_their_type(tmp_path, dtype, protocol):
    array = np.arange(24).reshape(3, 2, 4).astype(dtype)
    for given in (array, np.asfortranarray(array), array.transpose(1, 0, 2), array[:, ::2], array[1, 1, 2]):
        back = load(tmp_path, pickle.dumps(given, protocol))
        assert back.dtype == given.dtype and back.shape == given.shape
        np.testing.assert_array_equal(back, given)


def test_an_array_that_python_2_wrote(tmp_path):
    back = load(tmp_path, BY_PYTHON_2)
    assert back.dtype == np.float32 and back.tolist() == [1.0, -2.0]


def test_an_array_in_two_places_is_one_array(tmp_path):
    array = np.ones(3, np.float32)
    first, second = load(tmp_path, pickle.dumps((array, [array]), ARRAYS))
    assert first is second[0]


def test_an_allowed_class_becomes_a_record(tmp_path):
    record = load(tmp_path, RECORD)
    assert isinstance(record, unpickling.Record) and record.name == "tfutil.Network"
    assert record.state == {"version": 2, "list": (1, 2)}


OF_A_PACKAGE = RECORD.replace(b"ctfutil", b"cProGAN.tfutil")
MAKERS = {
    "a new object": RECORD,
    "an object of protocol 0": RECORD.replace(
        b"ctfutil\nNetwork\n)\x81", b"ccopy_reg\n_reconstructor\n(ctfutil\nNetwork\nc__builtin__\nobject\nNtR"),
    "an old class of Python 2": RECORD.replace(b"ctfutil\nNetwork\n)\x81", b"(itfutil\nNetwork\n"),
    "the same, in protocol 1": RECORD.replace(b"ctfutil\nNetwork\n)\x81", b"(ctfutil\nNetwork\no"),
    "a package": OF_A_PACKAGE,
}


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_every_way_to_write_an_object(tmp_path, kind):
    record = load(tmp_path, MAKERS[kind])
    assert record.name.endswith("tfutil.Network") and record.state["version"] == 2


@pytest.mark.parametrize("module, said", [
    (b"mytfutil", "can run code"), (b"tfutil.x", "can run code"), (b"dnnlib.tfutil", "a file of StyleGAN"),
    (b"torch._utils", "a file of PyTorch")])
def test_a_module_that_only_looks_alike(tmp_path, module, said):
    assert said in refusal(tmp_path, RECORD.replace(b"ctfutil", b"c" + module))


@pytest.mark.parametrize("protocol", [ARRAYS, pickle.HIGHEST_PROTOCOL])
def test_every_truncation_is_refused(tmp_path, protocol):
    whole = pickle.dumps([np.arange(5, dtype=np.float32), {"a": (1, u"b")}], protocol)
    for length in range(len(whole)):
        refusal(tmp_path, whole[:length])


class Command(object):
    """Pickles as a call of os.system."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, ("touch %s" % self.path,)


@pytest.mark.parametrize("protocol", [0, 1, 2, ARRAYS])
def test_a_command_is_refused_and_not_run(tmp_path, protocol):
    victim = tmp_path / "victim"
    assert "can run code" in refusal(tmp_path, pickle.dumps([1, Command(victim)], protocol))
    assert not victim.exists()


RUNS_CODE = {
    "a builtin": b"c__builtin__\neval\n(S'1'\ntR.",
    "a submodule": b"cnumpy\nf2py.os.system\n(S'true'\ntR.",
    "numpy's own loader": b"cnumpy\nload\n(S'x.npy'\ntR.",
    "an instance": b"(S'true'\nios\nsystem\n.",
    "an object": b"(cos\nsystem\nS'true'\no.",
    "a class that is not allowed": b"\x80\x02cother\nNetwork\n)\x81}b.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent name": b"Pname\n.",
    "an object of another class": b"ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
    "another codec": b"c_codecs\ndecode\n(S'x'\nS'zip'\ntR.",
    "an array of objects": BY_PYTHON_2.replace(b"U\x02f4", b"U\x02O8"),
}


@pytest.mark.parametrize("kind", sorted(RUNS_CODE))
def test_what_could_run_code_is_refused(tmp_path, kind):
    message = refusal(tmp_path, RUNS_CODE[kind])
    assert "refused" in message or "class" in message or "no array of numbers" in message


WRONG = {
    "nothing": b"",
    "a web page": b"<!DOCTYPE html><html><body>quota exceeded</body></html>",
    "no value": b".",
    "a mark": b"(.",
    "a bare name": b"cnumpy\nndarray\n.",
    "an array without data": b"cnumpy.core.multiarray\n_reconstruct\n(tR.",
    "an array as a constructor": b"cnumpy\nndarray\n(I4\ntR.",
    "a name from nowhere": b"h\x07.",
    "a number as a name": b"\x80\x04K\x01K\x02\x93.",
    "a state for a list": b"](tb.",
    "fewer values than the shape": BY_PYTHON_2.replace(b"K\x01K\x02\x85", b"K\x01K\x03\x85"),
    "a huge shape": BY_PYTHON_2.replace(b"K\x02\x85", b"\x8a\x09" + b"\x7f" * 9 + b"\x85"),
    "a negative shape": BY_PYTHON_2.replace(b"K\x02\x85", b"J\xfe\xff\xff\xff\x85"),
    "a byte order from nowhere": BY_PYTHON_2.replace(b"U\x01<", b"U\x01x"),
    "a state of wrong length": b"cnumpy.core.multiarray\n_reconstruct\n(tR(K\x01tb.",
    "a key that is a tuple": b"}(K\x01\x85K\x01u.",
    "a key that is a huge number": b"}(\x8a\x20" + b"\x11" * 32 + b"K\x01u.",
    "bytes by another codec": b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
    "an array of protocol 5 without axes": (
        b"cnumpy.core.numeric\n_frombuffer\n(Vabcd\ncnumpy\ndtype\n(Vf4\ntR(K\x01tVK\ntR."),
    "an array of protocol 5 with axes of nowhere": (
        b"cnumpy.core.numeric\n_frombuffer\n(Vabcd\ncnumpy\ndtype\n(Vf4\ntR(K\x01tVK\n(K\x07ttR."),
    "a line of 64 KiB": b"V" + b"a" * (1 << 16) + b"\n.",
    "a tuple within itself": b"]q\x00(h\x00tq\x01ah\x01.",
    "a list of 100,000 levels": b"]" * 100000 + b"a" * 99999 + b".",
    "a name of 1 MiB": b"c" + b"a" * (1 << 20) + b"\nb\n.",
    "a number of 1 MiB": b"I" + b"9" * (1 << 20) + b"\n.",
}


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_what_is_no_whole_pickle_is_refused(tmp_path, kind):
    refusal(tmp_path, WRONG[kind])


LENGTHS = {"BINSTRING": b"T" + struct.pack("<i", 2 ** 31 - 1), "BINUNICODE": b"X" + struct.pack("<I", 2 ** 32 - 1),
           "LONG4": b"\x8b" + struct.pack("<i", 2 ** 31 - 1)}
if sys.version_info[0] > 2:
    LENGTHS.update({"BINBYTES": b"B" + struct.pack("<I", 2 ** 32 - 1),
                    "BINBYTES8": b"\x8e" + struct.pack("<Q", 2 ** 62),
                    "BINUNICODE8": b"\x8d" + struct.pack("<Q", 2 ** 40),
                    "FRAME": b"\x80\x04\x95" + struct.pack("<Q", 2 ** 62)})


@pytest.mark.parametrize("opcode", sorted(LENGTHS))
def test_a_length_beyond_the_file_is_refused_at_once(tmp_path, opcode):
    refusal(tmp_path, LENGTHS[opcode] + b"abc")


def test_a_huge_place_in_the_memo_takes_no_room(tmp_path):
    assert load(tmp_path, b"K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff.") == 7


def test_ten_million_opcodes_are_too_many(tmp_path):
    began = time.time()
    assert "opcodes" in refusal(tmp_path, b"N0" * 5000000 + b"N.")
    assert time.time() - began < 60


def test_arrays_cannot_outgrow_the_file(tmp_path):
    """One long text, used as the data of array after array."""
    size = 1 << 16
    text = b"X" + struct.pack("<I", size) + b"a" * size + b"q\x00"
    dtype = b"cnumpy\ndtype\n(U\x02u1tRq\x01"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(tR(K\x01J" + struct.pack("<i", size) + b"\x85h\x01\x89h\x00tb0"
    assert "larger than the file" in refusal(tmp_path, b"\x80\x02" + text + dtype + array * 50 + b"N.")


def test_neither_can_bytes_nor_arrays_of_protocol_5(tmp_path):
    text = b"X" + struct.pack("<I", 1 << 16) + b"a" * (1 << 16) + b"q\x00"
    assert "texts are larger" in refusal(
        tmp_path, b"\x80\x02" + text + b"c_codecs\nencode\n(h\x00Vlatin1\ntR0" * 50 + b"N.")
    array = b"cnumpy.core.numeric\n_frombuffer\n(h\x00cnumpy\ndtype\n(Vu1\ntR(J\0\0\1\0tVC\ntR0"
    assert "arrays are larger" in refusal(tmp_path, b"\x80\x02" + text + array * 50 + b"N.")


def test_a_bomb_of_lists_is_harmless(tmp_path):
    """2^200 leaves if it were printed or compared."""
    level = b"(h\x00h\x00lq\x00"
    value = load(tmp_path, b"]q\x00" + level * 200 + b".")
    assert pickled.describe(value) == "a list"


@pytest.mark.parametrize("value, text", [
    (True, "True"), (None, "None"), (3, "3"), (0.5, "0.5"), ([1], "a list"), ({}, "a dict")])
def test_describe(value, text):
    assert pickled.describe(value) == text


def test_describe_does_not_print_a_huge_number():
    assert pickled.describe(2 ** 100000) in ("a int", "a long")


def test_describe_shows_only_the_beginning_of_a_text():
    assert len(pickled.describe("\x1b[31m" * 1000)) < 300 and "\x1b" not in pickled.describe("\x1b[31m")


def test_no_file(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        unpickling.load(str(tmp_path / "missing.pkl"), ())
