"""The verbs of a source's command line, and the one place where errors become a line and an exit status."""

import argparse
import errno
import os
import platform
import sys

from .errors import BadInput, ContractError
from .generation import QUANTIZE

_DEVICES = ("auto", "cpu", "cuda")


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message):
        raise BadInput("%s: %s; --help lists the arguments" % (self.prog, message))


def run(program, description, train, generate, import_published, export, check):
    """Parse the command line, call the verb with its arguments, end the process with its exit status.

    Each verb is a function of one argument, the parsed arguments:
        train             images, out, seed, config (path or None), device
        generate          model, out, count, seed, first, latents, quantize, png, device
        import_published  checkpoint, out
        export            model, out
        check             device; raises or writes an event that names the versions it found
    """
    parser, verbs = new_parser(program, description)
    _add_train(verbs, train)
    _add_generate(verbs, generate)
    add_import(verbs, import_published)
    add_export(verbs, export)
    add_check(verbs, check)
    obey(parser)


def new_parser(program, description):
    """A parser that complains in one line, and its empty set of verbs."""
    parser = _Parser(prog=program, description=description)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    verbs.required = True
    return parser, verbs


def obey(parser):
    """Parse the command line, call its verb, end the process with its exit status."""
    end(lambda: _call(parser))


def end(work):
    """Do `work()` and end the process: 0, or the status of a ContractError after its one line."""
    try:
        work()
    except ContractError as error:
        _say(error)
        sys.exit(error.status)
    except EnvironmentError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        _say("%s: %s; make room or choose another folder, then run the same command again"
             % (error.filename or "--out", os.strerror(error.errno)))
        sys.exit(BadInput.status)
    sys.exit(0)


def made_by(**versions):
    """What makes something in this process: image digest, versions, platform and command, for an index."""
    return {"image": os.environ.get("GANFP_IMAGE"), "command": sys.argv,
            "versions": dict(versions, python=platform.python_version())}


def add_verb(verbs, name, call, help_text):
    """Add a verb that computes, with --device; returns its parser, for its other arguments."""
    parser = verbs.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(call=call)
    add_device(parser)
    return parser


def add_device(parser):
    """Add --device; `auto` takes CUDA where there is one."""
    parser.add_argument("--device", choices=_DEVICES, default="auto",
                        help="where to compute; auto: CUDA where there is a GPU (default: auto)")


def add_import(verbs, call):
    """Add the verb `import`."""
    parser = verbs.add_parser("import", help="make a model from a published checkpoint",
                              description="make a model from a published checkpoint")
    parser.set_defaults(call=call)
    parser.add_argument("--checkpoint", required=True, metavar="FILE", help="the file as it was published")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the model is written")


def add_export(verbs, call):
    """Add the verb `export`."""
    parser = verbs.add_parser("export", help="write a model's weights in an open format",
                              description="write a model's weights in an open format")
    parser.set_defaults(call=call)
    parser.add_argument("--model", required=True, metavar="DIR", help="a model, as train or import wrote it")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the files are written")


def add_check(verbs, call):
    """Add the verb `check`."""
    add_verb(verbs, "check", call, "import the framework, run a small network, say the versions")


def count_argument(text):
    """An argument that is a whole number, 1 or more."""
    return _whole(text, 1)


def seed_argument(text):
    """An argument that is a whole number from 0 to 2**32 - 1."""
    return _whole(text, 0)


def _call(parser):
    arguments = parser.parse_args()
    arguments.call(arguments)


def _say(error):
    sys.stderr.write("error: %s\n" % " ".join(str(error).split()))


def _whole(text, least):
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not least <= number < 2 ** 32:
        raise argparse.ArgumentTypeError("expected a whole number from %d to 2**32 - 1, found %r" % (least, text))
    return number


def _add_train(verbs, call):
    parser = add_verb(verbs, "train", call, "train on an image set; continues from its own last checkpoint")
    parser.add_argument("--images", required=True, metavar="DIR", help="image set of real images")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the model is written")
    parser.add_argument("--seed", type=seed_argument, default=0, help="training seed (default: 0)")
    parser.add_argument("--config", metavar="FILE", help="JSON: the settings that differ from the published ones")


def _add_generate(verbs, call):
    parser = add_verb(verbs, "generate", call, "make an image set from a model")
    parser.add_argument("--model", required=True, metavar="DIR", help="a model, as train or import wrote it")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the image set is written")
    parser.add_argument("--count", type=count_argument, metavar="N", help="how many images")
    parser.add_argument("--seed", type=seed_argument, default=0, help="seed of the latents (default: 0)")
    parser.add_argument("--first", type=seed_argument, default=0, metavar="N", help="start at image N (default: 0)")
    parser.add_argument("--latents", metavar="FILE.npy", help="explicit latents instead of a seed: row i gives image i")
    parser.add_argument("--quantize", choices=QUANTIZE, default=QUANTIZE[0],
                        help="how values become 8-bit: as the published code did, or to the nearest "
                             "(default: published)")
    parser.add_argument("--png", action="store_true", help="PNG files too: png/00000000.png")
