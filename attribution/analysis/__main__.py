"""python -m attribution.analysis measure|report|overview|check|settings"""

from sources.contract import command


def main():
    """Parse the command line and call its verb."""
    parser, verbs = command.new_parser("python -m attribution.analysis",
                                       "What do finished stages show? Measures, and the report.")
    measure = command.add_verb(verbs, "measure", "measure what an experiment is about")
    measure.add_argument("experiment", metavar="EXPERIMENT", help="its name")
    _add_folders(measure, "its settings, and which folder holds what")
    _add_folders(command.add_verb(verbs, "report", "make the page of a study"),
                 "which folder holds what")
    _add_overview(verbs)
    command.add_check(verbs)
    command.add_settings(verbs)
    command.obey(parser, command.by_name("attribution.analysis"))


def _add_overview(verbs):
    parser = command.add_verb(verbs, "overview", "draw fingerprints of images, and the responses")
    parser.add_argument("--answer", required=True, metavar="DIR",
                        help="what `attribute --fingerprints` wrote of them")
    parser.add_argument("--images", required=True, metavar="DIR", help="the images, an image set")
    parser.add_argument("--config", required=True, metavar="FILE", help="JSON: the names of all")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the pictures are written")


def _add_folders(parser, config):
    parser.add_argument("--config", required=True, metavar="FILE", help=f"JSON: {config}")
    parser.add_argument("--inputs", required=True, metavar="DIR",
                        help="the folder of the finished stages")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the result is written")


if __name__ == "__main__":
    main()
