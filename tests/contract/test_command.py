"""The command line of a source: one line and the right exit status for everything a user can mend."""

import errno
import os

import pytest

from sources.contract import atomic, command
from sources.contract.errors import BadInput, NoDevice, Stopped


def ending(work, capsys):
    """(exit status, standard error) of a piece of work."""
    with pytest.raises(SystemExit) as caught:
        command.end(work)
    return caught.value.code, capsys.readouterr().err


def test_ctrl_c_is_one_line(capsys):
    assert ending(raising(KeyboardInterrupt()), capsys) == (143, "error: stopped; the same command begins again\n")


def raising(error):
    """Work that fails."""
    def work():
        raise error
    return work


@pytest.mark.parametrize("error,status", [
    (BadInput("a\nb  c"), 2), (NoDevice("a b c"), 3), (Stopped("a b c"), 143)])
def test_known_ends_are_one_line_and_a_status(capsys, error, status):
    assert ending(raising(error), capsys) == (status, "error: a b c\n")


def test_a_full_disk_is_something_the_user_can_mend(capsys):
    status, said = ending(raising(IOError(errno.ENOSPC, "No space left on device", "/out/images.npy")), capsys)
    assert status == 2 and said.startswith("error: /out/images.npy: No space left on device; make room")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_disk_that_is_really_full(capsys):
    def work():
        with open("/dev/full", "wb", 0) as stream:
            stream.write(b"x")
    status, said = ending(work, capsys)
    assert status == 2 and "No space left on device" in said and said.count("\n") == 1


@pytest.mark.parametrize("mode,mend", [(None, "make the folder yourself (mkdir -p)"), (0o600, "chmod o+r")])
def test_a_place_that_is_another_users_is_said_to_be(mode, mend, tmpdir, capsys, monkeypatch):
    place = tmpdir.join("out")
    if mode is not None:
        place.write("")
        place.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    status, said = ending(raising(IOError(errno.EACCES, "Permission denied", str(place))), capsys)
    there = tmpdir if mode is None else place
    owner = os.stat(str(there)).st_uid
    assert status == 2 and said.count("\n") == 1 and mend in said
    assert "%s belongs to user %d (mode 0" % (there, owner) in said and "this runs as user 12345" in said


@pytest.mark.parametrize("name", ["a file", "a file/below", "x" * 300])
def test_a_place_that_can_be_no_folder_is_one_line(tmpdir, capsys, name):
    tmpdir.join("a file").write("")
    status, said = ending(lambda: atomic.make_folder(str(tmpdir.join(name))), capsys)
    assert status == 2 and said.count("\n") == 1 and "choose another folder" in said


def test_bugs_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        command.end(raising(ZeroDivisionError()))


def call(words, monkeypatch, capsys):
    """Run a source whose verbs note what they are given: (status, standard error, what generate got)."""
    got = []
    verb = got.append
    monkeypatch.setattr("sys.argv", ["source"] + words)
    with pytest.raises(SystemExit) as caught:
        command.run("source", "a source", lambda name: verb)
    return caught.value.code, capsys.readouterr().err, got


def test_the_arguments_of_generate(monkeypatch, capsys):
    status, _, got = call(["generate", "--model", "m", "--out", "o", "--count", "3"], monkeypatch, capsys)
    assert status == 0
    assert vars(got[0]) == dict(vars(got[0]), model="m", out="o", count=3, seed=0, first=0, latents=None,
                                quantize="published", png=False, device="auto")


@pytest.mark.parametrize("text,ends", [
    ("99000+1000", (99000, 1000)), ("0+5", (0, 5)), ("5+0", (5, 0))])
def test_a_subset_is_its_first_and_its_last_images(monkeypatch, capsys, text, ends):
    words = ["train", "--images", "i", "--out", "o", "--subset", text]
    _, _, got = call(words, monkeypatch, capsys)
    assert got[0].subset == ends


@pytest.mark.parametrize("text", [
    "0+0", "5", "5+", "+5", "-5+5", "5+5+5", "5 + 5", "1e3+0", "9999999999+1"])
def test_what_is_no_subset(monkeypatch, capsys, text):
    words = ["train", "--images", "i", "--out", "o", "--subset=" + text]
    status, error, got = call(words, monkeypatch, capsys)
    assert (status, got) == (2, []) and "expected FIRST+LAST, such as 99000+1000" in error


@pytest.fixture
def package(tmpdir, monkeypatch):
    """A package of verbs: export, import, a keyword, and check, which must not be imported."""
    tmpdir.mkdir("room_of_verbs")
    for name, text in (("__init__", ""),
                       ("export", "def export(arguments): arguments.got.append('export')"),
                       ("import_", "def import_(arguments): arguments.got.append('import')"),
                       ("check", "raise RuntimeError('nobody asked for this')")):
        tmpdir.join("room_of_verbs", name + ".py").write(text)
    monkeypatch.syspath_prepend(str(tmpdir))
    return "room_of_verbs"


@pytest.mark.parametrize("words,expected", [
    (["export", "--model", "m", "--out", "o"], "export"),
    (["import", "--checkpoint", "c", "--out", "o"], "import")])
def test_a_verb_is_the_function_of_its_name_in_the_module_of_its_name(package, words, expected):
    got = []
    with pytest.raises(SystemExit):
        command.run("source", "a source", command.by_name(package), words, got=got)
    assert got == [expected]


@pytest.mark.parametrize("words,said", [
    (["paint"], "paint"), (["generate", "--model", "m", "--out", "o", "--count", "0"], "from 1"),
    (["generate", "--model", "m", "--out", "o", "--seed", "-1"], "--seed"),
    (["train", "--out", "o"], "--images"), (["train", "--images", "i", "--out", "o", "--device", "tpu"], "tpu")])
def test_wrong_arguments_are_one_line(monkeypatch, capsys, words, said):
    status, error, got = call(words, monkeypatch, capsys)
    assert (status, got) == (2, []) and error.count("\n") == 1
    assert said in error
