"""python -m attribution train|evaluate|attribute|report|import|export|check"""

import argparse

from attribution.check import check
from attribution.export import export
from attribution.published import import_published
from sources.contract import command


def _train(arguments):
    from attribution.train import train  # late, as are the others: they load TensorFlow

    train(arguments)


def _evaluate(arguments):
    from attribution.evaluate import evaluate

    evaluate(arguments)


def _attribute(arguments):
    from attribution.attribute import attribute

    attribute(arguments)


def _report(arguments):
    from attribution.report.page import report

    report(arguments)


def _named_folder(text):
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise argparse.ArgumentTypeError(f"expected NAME=DIR, found {text!r}")
    return name, folder


def _add_train(verbs):
    parser = command.add_verb(verbs, "train", _train, "train on image sets; continues from its own last checkpoint")
    _add_classes(parser, "a class and its image set; repeated, in the order of the labels")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the model is written")
    parser.add_argument("--seed", type=command.seed_argument, default=0, help="training seed (default: 0)")
    parser.add_argument("--config", metavar="FILE", help="JSON: the settings that differ from the published ones")


def _add_evaluate(verbs):
    parser = command.add_verb(verbs, "evaluate", _evaluate, "measure how often a model is right")
    parser.add_argument("--model", required=True, metavar="DIR", help="a model, as train or import wrote it")
    _add_classes(parser, "a class of the model and its image set; repeated")
    parser.add_argument("--first", type=command.seed_argument, default=0, metavar="N",
                        help="start at image N of every set (default: 0)")
    parser.add_argument("--count", type=command.count_argument, metavar="N",
                        help="how many images of every set (default: the rest)")
    parser.add_argument("--out", required=True, metavar="DIR", help="where evaluation.json is written")


def _add_attribute(verbs):
    parser = command.add_verb(verbs, "attribute", _attribute, "say which source made each image of a set")
    parser.add_argument("--model", required=True, metavar="DIR", help="a model, as train or import wrote it")
    parser.add_argument("--images", required=True, metavar="DIR", help="image set")
    parser.add_argument("--out", required=True, metavar="DIR", help="where scores are written")


def _add_report(verbs):
    parser = verbs.add_parser("report", help="make the page of a study", description="make the page of a study")
    parser.set_defaults(call=_report)
    parser.add_argument("--config", required=True, metavar="FILE", help="JSON: which folder holds what")
    parser.add_argument("--inputs", required=True, metavar="DIR", help="the folder of the finished stages")
    parser.add_argument("--out", required=True, metavar="DIR", help="where index.html and results.json are written")


def _add_classes(parser, help_text):
    parser.add_argument("--images", required=True, action="append", type=_named_folder, metavar="NAME=DIR",
                        help=help_text)


def main():
    """Parse the command line and call its verb."""
    parser, verbs = command.new_parser("python -m attribution", "Which source made an image? On TensorFlow.")
    for add in (_add_train, _add_evaluate, _add_attribute, _add_report):
        add(verbs)
    command.add_import(verbs, import_published)
    command.add_export(verbs, export)
    command.add_check(verbs, check)
    command.obey(parser)


if __name__ == "__main__":
    main()
