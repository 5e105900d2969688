"""What the importer makes of snapshots that others have written. Python 2.7 and 3."""

import collections
import os

import numpy as np
import pytest

from sources.contract import arrays, models
from sources.contract.errors import BadInput
from sources.sngan import import_

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CASE = os.path.join(ROOT, "tests", "fixtures", "parity", "sngan-128-ch4")
Arguments = collections.namedtuple("Arguments", "checkpoint out resolution")


@pytest.fixture(scope="module")
def networks():
    """{"generator" or "discriminator": {name: array}} of the parity case."""
    return dict((part, arrays.load(os.path.join(CASE, part + ".npz"))) for part in ("generator", "discriminator"))


def below(start, values):
    """Names with `start` before them."""
    return dict((start + name, value) for name, value in values.items())


def imported(tmpdir, values):
    """The weights of the model that is made of a snapshot."""
    path, out = str(tmpdir.join("snapshot.npz")), str(tmpdir.join("model"))
    arrays.save(path, values)
    import_.import_(Arguments(path, out, None))
    return models.read(out, "SNGAN")[1]


def refusal(tmpdir, values):
    with pytest.raises(BadInput) as caught:
        imported(tmpdir, values)
    assert not tmpdir.join("model").check()
    return str(caught.value)


@pytest.mark.parametrize("start", ["/", "gen/", "model/gen/", "updater/model:opt_gen/predictor/"])
def test_what_stands_before_the_names_is_taken_off(tmpdir, networks, start):
    weights = imported(tmpdir, below(start, networks["generator"]))
    assert set(weights) == set(below("generator/", networks["generator"]))
    for name, value in networks["generator"].items():
        np.testing.assert_array_equal(weights["generator/" + name], value)


@pytest.mark.parametrize("starts", [("gen/", "dis/"), ("", "dis/"), ("gen/", "")])
def test_both_networks_in_one_file(tmpdir, networks, starts):
    both = dict(below(starts[0], networks["generator"]), **below(starts[1], networks["discriminator"]))
    parts = dict(below("generator/", networks["generator"]), **below("discriminator/", networks["discriminator"]))
    assert set(imported(tmpdir, both)) == set(parts)


@pytest.mark.parametrize("names, said", [
    (["main"], "a trainer's snapshot, but its optimizers are called 'main'; SNGAN's are opt_gen and opt_dis"),
    (["gen", "dis"], "its optimizers are called 'dis', 'gen'")])
def test_a_snapshot_of_another_trainer_names_its_optimizers(tmpdir, networks, names, said):
    values = {}
    for name in names:
        values.update(below("updater/model:%s/" % name, networks["generator"]))
    assert said in refusal(tmpdir, values).replace("u'", "'")


def test_a_trainer_whose_model_is_another_one(tmpdir):
    assert "has 0 blocks" in refusal(tmpdir, {"updater/model:opt_gen/fc/W": np.zeros((2, 2), "f")})


def test_two_generators_are_one_too_many(tmpdir, networks):
    two = dict(below("gen/", networks["generator"]), **below("average/", networks["generator"]))
    said = refusal(tmpdir, two)
    assert "holds more than one generator" in said and "gen/" in said and "average/" in said


def test_what_is_no_network_shows_what_it_has(tmpdir):
    said = refusal(tmpdir, dict(("conv%d/W" % number, np.zeros(1)) for number in range(9)))
    assert "no snapshot of SNGAN" in said and "'conv0/W'" in said and said.endswith(", ...")


@pytest.mark.parametrize("dtype, given", [("f2", "float16"), ("f8", "float64"), ("i4", "int32")])
def test_weights_of_another_precision_are_refused(tmpdir, networks, dtype, given):
    values = dict((name, value.astype(dtype)) for name, value in networks["generator"].items())
    assert " is %s (" % given in refusal(tmpdir, values)


def test_a_file_whose_name_is_no_utf8(tmpdir, networks):
    name = b"caf\xe9.npz" if str is bytes else os.fsdecode(b"caf\xe9.npz")
    path, out = os.path.join(str(tmpdir), name), str(tmpdir.join("model"))
    arrays.save(path, networks["generator"])
    import_.import_(Arguments(path, out, None))
    assert models.read(out, "SNGAN")[0]["source"]["checkpoint"]["file"].startswith("caf")


def test_another_byte_order_gives_the_same_model(tmpdir, networks):
    path, out = str(tmpdir.join("swapped.npz")), str(tmpdir.join("model"))
    np.savez(path, **dict((name, value.astype(value.dtype.newbyteorder(">")))
                          for name, value in networks["generator"].items()))
    import_.import_(Arguments(path, out, None))
    assert models.read(out, "SNGAN")[1]["generator/l1/W"].tobytes() == networks["generator"]["l1/W"].tobytes()
