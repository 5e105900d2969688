"""Every room's trainer keeps the protocol of training.run, as read from the source."""

import ast
import glob
import os
import sys

import pytest

if sys.version_info < (3,):
    pytest.skip("Python 2.7 cannot read the files of Python 3", allow_module_level=True)

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ("sources/*", "examples/*", "attribution", "attribution/baselines")
CONSTRUCTOR = ["self", "settings", "resolution", "seed", "device"]
METHODS = {
    "images_in": ["self", "number"],
    "step": ["self", "number", "batches"],
    "state": ["self"],
    "restore": ["self", "state"],
    "weights": ["self"],
}
PREVIEW = {"preview": ["self", "count"]}  # asked for by settings with preview_every


def parsed(path):
    """The syntax tree of a file of the repository."""
    with open(path, "rb") as stream:
        return ast.parse(stream.read(), path)


def names(function):
    """The names of the arguments of a function."""
    return [
        getattr(argument, "arg", getattr(argument, "id", None)) for argument in function.args.args
    ]


def methods(definition, classes):
    """{name: names of the arguments} of a class and its bases in `classes`; `state = weights` counts."""
    found = {}
    for base in definition.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found.update(methods(classes[base.id], classes))
    found.update(
        (item.name, names(item)) for item in definition.body if isinstance(item, ast.FunctionDef)
    )
    for item in definition.body:
        if (
            isinstance(item, ast.Assign)
            and isinstance(item.value, ast.Name)
            and item.value.id in found
        ):
            found[item.targets[0].id] = found[item.value.id]
    return found


def trainers():
    """[(file, methods)] of every class that can do a step and can be restored."""
    paths = [path for folder in FOLDERS for path in glob.glob(os.path.join(ROOT, folder, "*.py"))]
    found = []
    for path in sorted(paths):
        classes = dict(
            (item.name, item) for item in parsed(path).body if isinstance(item, ast.ClassDef)
        )
        found += [
            (os.path.relpath(path, ROOT), methods(item, classes))
            for _, item in sorted(classes.items())
        ]
    return [(path, item) for path, item in found if "step" in item and "restore" in item]


def test_every_room_has_one():
    rooms = set(os.path.dirname(path) for path, _ in trainers())
    assert (
        set(["sources/progan", "sources/sngan", "sources/cramer_mmd", "examples/fifth_gan"])
        <= rooms
    )


@pytest.mark.parametrize("path,found", trainers())
def test_a_trainer_keeps_the_protocol(path, found):
    assert found["__init__"][: len(CONSTRUCTOR)] == CONSTRUCTOR
    is_source = not path.startswith(("attribution", "examples/own_method"))  # has previews
    expected = dict(METHODS, **PREVIEW) if is_source else METHODS
    assert dict((name, found.get(name)) for name in expected) == expected


def calls(path):
    """The dotted names of what a file calls."""
    return set(
        "%s.%s" % (node.func.value.id, node.func.attr)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    )


@pytest.mark.parametrize("room", ["progan", "sngan", "cramer_mmd"])
def test_a_rooms_train_is_the_contracts_and_loads_its_framework_late(room):
    path = os.path.join(ROOT, "sources", room, "train.py")
    assert "training.run" in calls(path)
    imported = [
        alias.name
        for item in parsed(path).body
        if isinstance(item, ast.ImportFrom)
        for alias in item.names
    ]
    assert not set(["device", "trainer", "Trainer", "networks"]) & set(imported)
