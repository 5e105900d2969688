"""The verbs of a source's command line, and the one place where errors become a line and an exit status."""

import argparse
import errno
import importlib
import keyword
import os
import platform
import re
import signal
import sys

from .errors import BadInput, ContractError, Stopped
from .text import native

_DEVICES = ("auto", "cpu", "cuda")
_MENDABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR,
             errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG, errno.EIO, errno.ESTALE)
_QUANTIZE = ("published", "round")


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message):
        raise BadInput("%s: %s; --help lists the arguments" % (self.prog, message))


def run(program, description, find, words=None, **more):
    """Parse the command line of a source, call its verb, end the process with its exit status.

    find: function name of a verb -> the verb, a function of one argument, the parsed arguments:
        train     images, subset ((first, last) or None), out, seed, config (path or None), device
        generate  model, out, count, seed, first, latents, quantize, png, device
        import    checkpoint, resolution (or None), out
        export    model, out
        check     device; raises or writes an event that names the versions it found
        settings  nothing; prints what a configuration may hold, see settings.show
    words: the command line, unless it is that of the process. more: further arguments for every
    verb.
    """
    parser, verbs = new_parser(program, description)
    _add_train(verbs)
    _add_generate(verbs)
    add_common(verbs)
    parser.set_defaults(**more)
    obey(parser, find, words)


def by_name(package):
    """The verbs of a package, to be found: VERB is the function of this name in PACKAGE.VERB.

    Only the verb that is asked for is imported. A keyword of Python has an underscore behind it:
    import_.
    """
    def find(verb):
        name = verb + "_" if keyword.iskeyword(verb) else verb
        return getattr(importlib.import_module("%s.%s" % (package, name)), name)
    return find


def new_parser(program, description):
    """A parser that complains in one line, and its empty set of verbs."""
    parser = _Parser(prog=program, description=description)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    verbs.required = True
    return parser, verbs


def obey(parser, find, words=None):
    """Parse the command line, call the verb that `find` finds, end with its exit status."""
    def work():
        arguments = parser.parse_args(words)
        find(arguments.verb)(arguments)
    end(work)


def end(work):
    """Do `work()` and end the process: 0, or the status of a ContractError or of Ctrl-C after its one line."""
    try:
        work()
    except Stopped as error:
        _stop(error)
    except KeyboardInterrupt:  # before there was anything to bring to disk
        _stop(Stopped("stopped; the same command begins again"))
    except ContractError as error:
        _say(error)
        sys.exit(error.status)
    except EnvironmentError as error:
        if error.errno not in _MENDABLE:
            raise
        place, reason = error.filename or "--out", os.strerror(error.errno)
        _say("%s: %s; %s, then run the same command again" % (place, reason, _mend(error)))
        sys.exit(BadInput.status)
    sys.exit(0)


def made_by(**versions):
    """What makes something in this process: image digest, versions, platform and command, for an index."""
    return {"image": os.environ.get("GANFP_IMAGE"), "command": sys.argv,
            "versions": dict(versions, python=platform.python_version())}


def add_verb(verbs, name, help_text):
    """Add a verb; returns its parser, for its arguments."""
    return verbs.add_parser(name, help=help_text, description=help_text)


def add_device(parser):
    """Add --device; `auto` takes CUDA where there is one."""
    parser.add_argument("--device", choices=_DEVICES, default="auto",
                        help="where to compute; auto: CUDA where there is a GPU (default: auto)")


def add_common(verbs):
    """Add the verbs that sources and attribution methods share: import, export and check."""
    parser = add_verb(verbs, "import", "make a model from a published checkpoint")
    parser.add_argument("--checkpoint", required=True, metavar="FILE", help="the file as it was published")
    parser.add_argument("--resolution", type=count_argument, metavar="N",
                        help="pixels that its images have to have (default: any)")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the model is written")

    parser = add_verb(verbs, "export", "write a model's weights in an open format")
    add_model(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="where the files are written")
    add_check(verbs)
    add_settings(verbs)


def add_check(verbs):
    """Add the verb `check`."""
    add_device(add_verb(verbs, "check", "import the framework, try it, say the versions"))


def add_settings(verbs):
    """Add the verb `settings`."""
    add_verb(verbs, "settings", "print what --config may hold, as JSON Schema by verb; loads no framework")


def add_training(parser):
    """Add what every training takes but its images: --out, --seed, --config, --device."""
    parser.add_argument("--out", required=True, metavar="DIR", help="where the model is written")
    parser.add_argument("--seed", type=seed_argument, default=0, help="training seed (default: 0)")
    parser.add_argument("--config", metavar="FILE",
                        help="JSON: the settings that differ from the published ones")
    add_device(parser)


def count_argument(text):
    """An argument that is a whole number, 1 or more."""
    return _whole(text, 1)


def seed_argument(text):
    """An argument that is a whole number from 0 to 2**32 - 1."""
    return _whole(text, 0)


def _stop(error):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # what is stopped already is not killed in its last moments
    _say(error)
    sys.exit(error.status)


def _mend(error):
    """What helps against a disk that is full or may not be written, or a file that may not be read."""
    if error.errno != errno.EACCES or not error.filename:
        return "make room or choose another folder"
    there = os.path.abspath(error.filename)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    status, user = os.lstat(there), os.geteuid()
    whose = "%s belongs to user %d (mode %04o), and this runs as user %d" % (
        there, status.st_uid, status.st_mode & 0o7777, user)
    if status.st_uid == user:
        return whose + ": where SELinux is what keeps it out, docker run --security-opt label=disable"
    if os.path.isdir(there):
        return whose + ": make the folder yourself (mkdir -p), before the engine makes it as root"
    return whose + ": let others read it (chmod o+r), or run as its owner"


def _say(error):
    sys.stderr.write("error: %s\n" % " ".join(native(error).split()))


def _whole(text, least):
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not least <= number < 2 ** 32:
        raise argparse.ArgumentTypeError("expected a whole number from %d to 2**32 - 1, found %r" % (least, text))
    return number


def _ends(text):
    """FIRST+LAST, two whole numbers that are not both 0."""
    match = re.match(r"(\d{1,9})\+(\d{1,9})$", text)
    ends = tuple(map(int, match.groups())) if match else (0, 0)
    if not any(ends):
        raise argparse.ArgumentTypeError("expected FIRST+LAST, such as 99000+1000, found %r" % text)
    return ends


def _add_train(verbs):
    parser = add_verb(verbs, "train", "train on an image set; goes on from its last checkpoint")
    parser.add_argument("--images", required=True, metavar="DIR", help="image set of real images")
    parser.add_argument("--subset", type=_ends, metavar="FIRST+LAST",
                        help="train on its first FIRST and its last LAST images (default: all)")
    add_training(parser)


def _add_generate(verbs):
    parser = add_verb(verbs, "generate", "make an image set from a model")
    add_model(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="where the image set is written")
    parser.add_argument("--count", type=count_argument, metavar="N", help="how many images")
    parser.add_argument("--seed", type=seed_argument, default=0, help="seed of the latents (default: 0)")
    parser.add_argument("--first", type=seed_argument, default=0, metavar="N",
                        help="start at image N (default: 0)")
    parser.add_argument("--latents", metavar="FILE.npy",
                        help="explicit latents instead of a seed: row i gives image i")
    parser.add_argument("--quantize", choices=_QUANTIZE, default=_QUANTIZE[0],
                        help="how values become 8-bit: as the published code did, or to the nearest "
                             "(default: published)")
    parser.add_argument("--png", action="store_true", help="PNG files too: png/00000000.png")
    add_device(parser)


def add_model(parser):
    """Add --model."""
    parser.add_argument("--model", required=True, metavar="DIR",
                        help="a model, as train or import wrote it")
