"""python -m attribution train|attribute|import|export|check|settings|perturb|remove"""

from sources.contract import command, methods


def main():
    """Parse the command line and call its verb."""
    parser, verbs = methods.new_parser("python -m attribution",
                                       "Which source made an image? On TensorFlow.", start=True)
    verbs.choices["attribute"].add_argument(
        "--fingerprints", action="store_true",
        help="write the fingerprints of images and sources too, of a visnet; they are large")
    _add_perturb(verbs)
    _add_remove(verbs)
    command.obey(parser, command.by_name("attribution"))


def _add_perturb(verbs):
    parser = command.add_verb(verbs, "perturb", "write a perturbed copy of an image set")
    parser.add_argument("--images", required=True, metavar="DIR", help="the image set")
    _add_change(parser)


def _add_remove(verbs):
    parser = command.add_verb(verbs, "remove", "write images as an attacker of a model would")
    command.add_model(parser)
    parser.add_argument("--images", required=True, type=methods.named_folder, metavar="LABEL=DIR",
                        help="an image set, and who made it: a label of the model")
    _add_change(parser)
    command.add_device(parser)


def _add_change(parser):
    parser.add_argument("--config", required=True, metavar="FILE",
                        help="JSON: what happens to it, where that differs from the published")
    methods.add_rows(parser, "the set")
    parser.add_argument("--seed", required=True, type=command.seed_argument, metavar="N",
                        help="of everything that is drawn")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the copy is written")


if __name__ == "__main__":
    main()
