"""python -m sources.real celeba|lsun|photos|join|check|settings: image sets of real images, and of parts."""

from pathlib import Path

from sources.contract import command

_CONFIG = "JSON: the settings that differ: resolution, gan, train, validation, test"


def main():
    """Parse the command line, call the verb, end the process with its exit status."""
    parser, verbs = command.new_parser("python -m sources.real", "image sets of real images")
    _add(verbs, "celeba", "faces from img_align_celeba.zip").add_argument(
        "--archive", dest="path", type=Path, required=True, metavar="FILE.zip", help="as it was downloaded")
    _add(verbs, "lsun", "the first images of a category, from CATEGORY_train_lmdb").add_argument(
        "--archive", dest="path", type=Path, required=True, metavar="DIR", help="the folder")
    _add(verbs, "photos", "a folder of photographs").add_argument(
        "--archive", dest="path", type=Path, metavar="DIR",
        help="the folder (default: those that two Debian packages ship as wallpapers, in crops)")
    join = command.add_verb(verbs, "join", "put image sets that continue one another together")
    join.add_argument("--images", action="append", required=True, metavar="DIR", help="a part, in their order")
    join.add_argument("--out", required=True, metavar="DIR", help="where the whole is written")
    command.add_check(verbs)
    command.add_settings(verbs)
    command.obey(parser, command.by_name("sources.real"))


def _add(verbs, name, help_text):
    parser = command.add_verb(verbs, name, help_text)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where gan/ and attribution/ appear")
    parser.add_argument("--seed", type=command.seed_argument, default=0, help="seed of what goes where (default: 0)")
    parser.add_argument("--config", metavar="FILE", help=_CONFIG)
    return parser


if __name__ == "__main__":
    main()
