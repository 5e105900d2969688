"""python -m attribution train|attribute|measure|report|import|export|check"""

import argparse
import importlib

from sources.contract import command


def _verb(name):
    def call(arguments):
        module = {"import": "import_"}.get(name, name)
        getattr(importlib.import_module(f"attribution.{module}"), module)(arguments)
    return call


def _named_folder(text):
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise argparse.ArgumentTypeError(f"expected NAME=DIR, found {text!r}")
    return name, folder


def _add_train(verbs):
    parser = command.add_verb(verbs, "train", _verb("train"),
                              "train on image sets; continues from its own last checkpoint")
    _add_images(parser, "a label and its image set; repeated, in the order of the labels")
    parser.add_argument("--train", required=True, type=command.count_argument, metavar="N",
                        help="learn from the first N images of every set")
    parser.add_argument("--validation", required=True, type=command.count_argument, metavar="N",
                        help="watch the training on the N images after them")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the model is written")
    parser.add_argument("--seed", type=command.seed_argument, default=0, help="training seed (default: 0)")
    parser.add_argument("--config", metavar="FILE",
                        help="JSON: the settings that differ from the published ones")


def _add_attribute(verbs):
    parser = command.add_verb(verbs, "attribute", _verb("attribute"),
                              "say which source made each image of some sets")
    parser.add_argument("--model", required=True, metavar="DIR",
                        help="a model, as train or import wrote it")
    _add_images(parser, "an image set, and a name for it; repeated")
    parser.add_argument("--first", type=command.seed_argument, default=0, metavar="N",
                        help="start at image N of every set (default: 0)")
    parser.add_argument("--count", type=command.count_argument, metavar="N",
                        help="how many images of every set (default: the rest)")
    parser.add_argument("--out", required=True, metavar="DIR", help="where scores are written")


def _add_measure(verbs):
    parser = verbs.add_parser("measure", help="measure an experiment", description="measure an experiment")
    parser.set_defaults(call=_verb("measure"))
    parser.add_argument("experiment", metavar="EXPERIMENT", help="its name")
    _add_stages(parser, "its settings, and which folder holds what", "its results are written")


def _add_report(verbs):
    parser = verbs.add_parser("report", help="make the page of a study", description="make the page of a study")
    parser.set_defaults(call=_verb("report"))
    _add_stages(parser, "which folder holds what", "index.html and results.json are written")


def _add_images(parser, help_text):
    parser.add_argument("--images", required=True, action="append", type=_named_folder,
                        metavar="NAME=DIR", help=help_text)


def _add_stages(parser, config, out):
    parser.add_argument("--config", required=True, metavar="FILE", help=f"JSON: {config}")
    parser.add_argument("--inputs", required=True, metavar="DIR", help="the folder of the finished stages")
    parser.add_argument("--out", required=True, metavar="DIR", help=f"where {out}")


def main():
    """Parse the command line and call its verb."""
    parser, verbs = command.new_parser("python -m attribution", "Which source made an image? On TensorFlow.")
    for add in (_add_train, _add_attribute, _add_measure, _add_report):
        add(verbs)
    command.add_import(verbs, _verb("import"))
    command.add_export(verbs, _verb("export"))
    command.add_check(verbs, _verb("check"))
    command.obey(parser)


if __name__ == "__main__":
    main()
