"""python -m sources.real celeba|lsun|photos|check: image sets of real images."""

from pathlib import Path

from sources.contract import command, events
from sources.contract.settings import change, read_config

from . import celeba, check, lsun, photos, writing
from .settings import Settings, checked

_CONFIG = "JSON: the settings that differ: resolution, gan, train, validation, test"


def main():
    """Parse the command line, call the verb, end the process with its exit status."""
    parser, verbs = command.new_parser("python -m sources.real", "image sets of real images")
    _add(verbs, celeba, "celeba", "faces from img_align_celeba.zip").add_argument(
        "--archive", dest="path", type=Path, required=True, metavar="FILE.zip", help="as it was downloaded")
    _add(verbs, lsun, "lsun", "the first 200,000 bedrooms from bedroom_train_lmdb").add_argument(
        "--archive", dest="path", type=Path, required=True, metavar="DIR", help="the folder bedroom_train_lmdb")
    _add(verbs, photos, "photos", "crops of photographs").add_argument(
        "--photos", dest="path", type=Path, metavar="DIR",
        help="a folder of photographs (default: those that two Debian packages ship as wallpapers)")
    command.add_check(verbs, check.check)
    command.obey(parser)


def _add(verbs, room, name, help_text):
    parser = verbs.add_parser(name, help=help_text, description=help_text)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where gan/ and attribution/ appear")
    parser.add_argument("--seed", type=command.seed_argument, default=0, help="seed of what goes where (default: 0)")
    parser.add_argument("--config", metavar="FILE", help=_CONFIG)
    parser.set_defaults(call=lambda arguments: _make(room, arguments))
    return parser


def _make(room, arguments):
    settings = checked(change(Settings(), read_config(arguments.config)))
    dataset = room.open_dataset(arguments.path, settings, arguments.seed)
    writing.write(arguments.out, dataset, settings, arguments.seed)
    events.done(images=settings.gan + settings.attribution)


if __name__ == "__main__":
    main()
