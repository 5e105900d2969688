"""python -m attribution.perception features|nearest|check|settings"""

from sources.contract import command, methods


def main():
    """Parse the command line and call its verb."""
    parser, verbs = command.new_parser("python -m attribution.perception",
                                       "What do images look like? By networks that come trained.")
    _add_features(verbs)
    _add_nearest(verbs)
    command.add_check(verbs)
    command.add_settings(verbs)
    command.obey(parser, command.by_name("attribution.perception"))


def _add_features(verbs):
    parser = command.add_verb(verbs, "features", "write general features of every image")
    methods.add_images(parser, "an image set and any name for it; repeated")
    methods.add_rows(parser, "every set")
    _add_ends(parser, "features are written")


def _add_nearest(verbs):
    parser = command.add_verb(verbs, "nearest", "say how far each image looks from the nearest "
                                                "one of a reference")
    parser.add_argument("--images", required=True, metavar="DIR", help="the image set")
    methods.add_rows(parser, "the set")
    parser.add_argument("--reference", required=True, metavar="DIR",
                        help="the image set among which neighbours are looked for")
    parser.add_argument("--reference-count", type=command.count_argument, metavar="N",
                        help="its first N images alone (default: all)")
    _add_ends(parser, "distances are written")


def _add_ends(parser, what):
    command.add_device(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help=f"where {what}")


if __name__ == "__main__":
    main()
