"""Importing published checkpoints: what is kept, and what is refused."""

import copy
import json
import types

import numpy as np
import pytest

from sources.contract import models
from sources.contract.errors import BadInput
from sources.progan import import_, variables
from sources.progan.settings import Network
from tests.sources.progan.progan_files import PARITY, TINY, states_of, write_checkpoint


def arguments(checkpoint, out, resolution=None):
    """The arguments of the verb."""
    return types.SimpleNamespace(checkpoint=str(checkpoint), out=str(out), resolution=resolution)


def refusal(tmp_path, states, protocol=4):
    """The one line of a refused checkpoint, of which nothing was written."""
    path = write_checkpoint(tmp_path / "network.pkl", states, protocol)
    with pytest.raises(BadInput) as error:
        import_.import_(arguments(path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    message = str(error.value)
    assert message.startswith(str(path)) and "\n" not in message and len(message) < 400
    return message


def changed(part, key, value, network=TINY):
    """States in which `key` of network `part` (0 G, 1 D, 2 Gs) is another."""
    states = states_of(network)
    states[part][key] = value
    return states


def with_setting(name, value, parts=(0, 1, 2)):
    states = states_of(TINY)
    for part in parts:
        states[part]["static_kwargs"][name] = value
    return states


def with_variable(index, item):
    states = states_of(TINY)
    states[0]["variables"][index] = item
    return states


def test_a_checkpoint_of_another_resolution(tmp_path):
    with pytest.raises(BadInput, match="is for images of 32 pixels, the study has 128"):
        import_.import_(arguments(PARITY / "network.pkl", tmp_path / "out", 128))
    assert not (tmp_path / "out").exists()
    import_.import_(arguments(PARITY / "network.pkl", tmp_path / "out", 32))
    assert models.read(str(tmp_path / "out"), "ProGAN")[0]["resolution"] == 32


def test_the_parity_case(tmp_path, capsys):
    import_.import_(arguments(PARITY / "network.pkl", tmp_path))
    description, weights = models.read(str(tmp_path), "ProGAN")
    assert description["resolution"] == 32 and description["training"] is None
    assert description["networks"]["generator"] == Network(32, fmap_base=128, fmap_max=32)._asdict()
    assert len(weights) == 2 * 25 + 27 and weights["generator_average/lod"].shape == ()
    random = np.random.RandomState(103)  # as case.json says the third network was drawn
    np.testing.assert_array_equal(weights["generator_average/4x4/Dense/weight"], random.randn(32, 512).astype("f"))
    assert '"done"' in capsys.readouterr().out


@pytest.mark.parametrize("network", [
    Network(4, fmap_base=64, fmap_max=16), Network(16, fmap_base=100, fmap_max=12),
    TINY._replace(fused_scale=False), TINY._replace(label_size=5), TINY._replace(latent_size=7)])
def test_every_variant_keeps_its_settings_and_weights(tmp_path, network):
    given = {name: getattr(network, name) for name in ("fused_scale", "latent_size")
             if getattr(network, name) != Network._field_defaults[name]}
    states = states_of(network, **given)
    networks, weights = import_.read(str(write_checkpoint(tmp_path / "n.pkl", states)))
    assert networks == {"generator": network, "discriminator": network}
    assert len(weights) == sum(len(state["variables"]) for state in states)
    for part, state in zip(("generator", "discriminator", "generator_average"), states, strict=True):
        for name, value in state["variables"]:
            np.testing.assert_array_equal(weights["%s/%s" % (part, name)], value)


def test_a_real_number_may_stand_for_the_base_of_the_widths(tmp_path):
    path = write_checkpoint(tmp_path / "n.pkl", with_setting("fmap_base", 32.5))
    assert import_.read(str(path))[0]["generator"].fmap_base == 32.5


def test_generator_and_discriminator_may_differ_in_width(tmp_path):
    narrow = Network(8, fmap_base=32, fmap_max=4)
    states = states_of(TINY)
    states[1] = states_of(narrow)[1]
    networks, _ = import_.read(str(write_checkpoint(tmp_path / "n.pkl", states)))
    assert networks == {"generator": TINY, "discriminator": narrow}


def test_the_level_of_detail_is_kept(tmp_path):
    states = states_of(TINY)
    states[2]["variables"][0] = ("lod", np.float32(0.75))
    _, weights = import_.read(str(write_checkpoint(tmp_path / "n.pkl", states)))
    assert weights["generator_average/lod"] == np.float32(0.75) and weights["generator/lod"] == 0


def test_what_is_named_in_the_file_but_unknown_is_ignored_with_a_warning(tmp_path, capsys):
    path = write_checkpoint(tmp_path / "n.pkl", with_setting("use_magic", True))
    networks, _ = import_.read(str(path))
    assert networks["generator"] == TINY and "use_magic" in capsys.readouterr().out


def test_default_widths_are_the_published_ones(tmp_path):
    states = states_of(TINY)
    for state in states:
        del state["static_kwargs"]["fmap_base"], state["static_kwargs"]["fmap_max"]
    assert "float32 (8, 128), where float32 (512, 8192) is expected" in refusal(tmp_path, states)


@pytest.mark.parametrize("name, value", [
    ("resolution", 12), ("resolution", 2), ("resolution", 2 ** 40), ("resolution", "8"), ("resolution", True),
    pytest.param("resolution", 10 ** 5000, id="resolution-huge"),
    ("label_size", -1), ("label_size", None), ("fmap_base", float("nan")), ("fmap_base", 0),
    ("fmap_base", 1.5), ("fmap_max", [8]), ("fused_scale", 1), ("num_channels", 1), ("num_channels", True),
    ("dtype", "float16"), ("latent_size", 0), ("mbstd_group_size", 4.0)])
def test_settings_that_make_no_network(tmp_path, name, value):
    expected = "fmap_base" if value == 1.5 else name
    assert expected in refusal(tmp_path, with_setting(name, value))


@pytest.mark.parametrize("name", ["num_channels", "resolution", "label_size"])
def test_a_setting_that_is_missing(tmp_path, name):
    states = states_of(TINY)
    del states[0]["static_kwargs"][name]
    assert "the setting %s is missing" % name in refusal(tmp_path, states)


@pytest.mark.parametrize("name, value, words", [
    ("label_size", 2, "is expected"), ("resolution", 4, "belongs to no network"),
    ("fmap_max", 4, "is expected"),
    ("fused_scale", False, "belongs to no network")])
def test_settings_that_contradict_the_weights(tmp_path, name, value, words):
    assert words in refusal(tmp_path, with_setting(name, value))


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("key, value, words", [
    ("version", 3, "version 3"), ("version", "2", "version '2'"), ("build_func_name", "C_patch", "'C_patch'"),
    ("build_func_name", ["G_paper"] * 3, "a list"), ("static_kwargs", None, "no static_kwargs"),
    ("variables", {}, "no variables"), ("variables", [], "is missing"), ("variables", ["lod"], "damaged")])
def test_a_network_that_is_no_network(tmp_path, part, key, value, words):
    assert words in refusal(tmp_path, changed(part, key, value))


@pytest.mark.parametrize("index, item, words", [
    (0, ("lod", np.zeros(1, np.float32)), "lod is float32 (1,), where float32 () is expected"),
    (0, ("lod", 0.0), "lod is 0.0, where float32 ()"), (0, ("lod", np.float32("nan")), "not finite"),
    (2, ("4x4/Dense/bias", np.zeros(8)), "is float64 (8,), where float32"),
    (2, ("4x4/Dense/bias", np.zeros((8, 1), np.float32)), "is float32 (8, 1)"),
    (2, ("4x4/Dense/bias", np.full(8, np.inf, np.float32)), "not finite"), (2, ("lod", np.float32(0)), "damaged"),
    (2, ("4x4/Dense/bias", "x", "y"), "damaged"), (2, ("\x1b[2J", np.float32(0)), "belongs to no network"),
    (2, (7, np.float32(0)), "damaged")])
def test_a_variable_that_is_none(tmp_path, index, item, words):
    message = refusal(tmp_path, with_variable(index, item))
    assert words in message and "\x1b" not in message


def test_the_order_of_the_variables_does_not_matter(tmp_path):
    states = states_of(TINY)
    expected = import_.read(str(write_checkpoint(tmp_path / "a.pkl", states)))[1]
    states[1]["variables"].reverse()
    weights = import_.read(str(write_checkpoint(tmp_path / "b.pkl", states)))[1]
    assert all((weights[name] == value).all() for name, value in expected.items())


def test_other_checkpoints(tmp_path):
    states = states_of(TINY)
    assert "holds one network ('G_paper')" in refusal(tmp_path, states[0])
    assert refusal(tmp_path, changed(0, "build_func_name", "C_patch")[0]).endswith(
        "a classifier is imported by the attribution")
    assert refusal(tmp_path, changed(0, "build_func_name", "EG")).endswith(
        "a visualisation network is imported by the attribution")
    assert "found a tuple" in refusal(tmp_path, states[:2])
    assert "found a tuple" in refusal(tmp_path, [*states[:2], 3])
    assert "found 'text'" in refusal(tmp_path, "text")
    assert "'D_paper', where G_paper is expected" in refusal(tmp_path, states[::-1][1:] + [states[0]])


def test_networks_that_do_not_belong_together(tmp_path):
    states = states_of(TINY)
    assert "moving average" in refusal(tmp_path, [*states[:2], states_of(Network(8, fmap_base=32, fmap_max=4))[2]])
    assert "resolution is 8" in refusal(tmp_path, [states[0], states_of(Network(4, fmap_base=32, fmap_max=8))[1],
                                                   states[2]])


def test_a_file_of_the_theano_age(tmp_path):
    states = copy.deepcopy(states_of(TINY))
    for state in states:
        del state["version"]
    assert "Theano" in refusal(tmp_path, states)


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol(tmp_path, protocol):
    path = write_checkpoint(tmp_path / "n.pkl", states_of(TINY), protocol)
    assert import_.read(str(path))[0]["generator"] == TINY


def test_truncated_checkpoints(tmp_path):
    whole = (PARITY / "network.pkl").read_bytes()
    path = tmp_path / "network.pkl"
    for length in (0, 1, 100, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput, match="not a whole pickle" if length else "is empty"):
            import_.read(str(path))


@pytest.mark.parametrize("module", ["network", "ProGAN.tfutil", "progressive_growing_of_gans.network"])
def test_the_class_may_stand_in_another_module(tmp_path, module):
    path = write_checkpoint(tmp_path / "n.pkl", states_of(TINY), module=module)
    assert import_.read(str(path))[0]["generator"] == TINY


def test_a_stylegan_is_named(tmp_path):
    path = write_checkpoint(tmp_path / "n.pkl", states_of(TINY), module="dnnlib.tflib.network")
    with pytest.raises(BadInput, match="it is a file of StyleGAN, which is not read here"):
        import_.read(str(path))


def test_names_and_shapes_are_those_of_the_published_list(case):

    published_list = json.loads((PARITY / "case.json").read_text())["pickle"]["networks"]
    for network, shapes in zip(published_list, (variables.generator_shapes(case.network),
                                                variables.discriminator_shapes(case.network)), strict=False):
        assert [(item["name"], tuple(item["shape"])) for item in network["variables"]] == list(shapes.items())
