"""Published pickles: what is kept of them, and what is refused."""

import json
import pickle
import subprocess
import sys
import types
from types import SimpleNamespace

import numpy as np
import pytest

from attribution import networks
from attribution.import_ import import_ as import_verb
from attribution.settings import Settings
from sources.contract import models
from sources.contract.errors import BadInput
from tests.attribution import parity


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write networks, each (function, keywords, {name: array}), as the published programs do."""
    module = types.ModuleType("tfutil")
    module.Network = type("Network", (), {"__module__": "tfutil", "__getstate__": lambda self: self.state})
    monkeypatch.setitem(sys.modules, "tfutil", module)

    def save(*parts):
        records = []
        for function, keywords, variables in parts:
            record = module.Network()
            record.state = {"version": 2, "name": function, "static_kwargs": keywords, "build_module_src": "",
                            "build_func_name": function, "variables": list(variables.items())}
            records.append(record)
        path = tmp_path / "network.pkl"
        path.write_bytes(pickle.dumps(records[0] if len(records) == 1 else tuple(records), protocol=4))
        return path
    return save


def import_(path, out, resolution=None):
    import_verb(SimpleNamespace(checkpoint=str(path), resolution=resolution,
                                out=str(out)))
    return models.read(str(out), "classifier", "visnet")


def keywords(settings, resolution, labels):
    return {"num_channels": 3, "resolution": resolution, "label_size": labels, "mode": settings.mode,
            "switching_res": settings.switching_res, "latent_res": settings.latent_res,
            "fmap_base": settings.fmap_base, "fmap_max": settings.fmap_max}


def arrays(shapes):
    random = np.random.RandomState(0)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def classifier(settings, resolution=16, labels=3):
    shapes = networks.variables(networks.classifier(settings, resolution, labels))
    return "C_patch", keywords(settings, resolution, labels), arrays(shapes)


def visnet(settings, resolution=16, labels=3):
    shapes = networks.visnet_variables(settings, resolution, labels)
    encoder = ("EG", keywords(settings, resolution, labels), arrays(shapes))
    critic_keywords = {"num_channels": 3, "resolution": resolution, "latent_res": -1,
                       "fmap_base": settings.fmap_base, "fmap_max": settings.fmap_max}
    critic = ("D_patch", critic_keywords, arrays(networks.variables(networks.critic(settings, resolution))))
    return encoder, critic, encoder


SMALL = Settings(fmap_base=64, fmap_max=16)


@pytest.mark.parametrize("settings", [
    SMALL, SMALL._replace(latent_res=8), SMALL._replace(mode="predownscale", switching_res=8),
    SMALL._replace(mode="predownscale", switching_res=4, latent_res=4), Settings(fmap_base=100, fmap_max=7)])
def test_every_form_of_the_classifier(write, tmp_path, settings):
    description, weights = import_(write(classifier(settings)), tmp_path / "model")
    assert Settings(**description["settings"]) == settings
    assert (description["resolution"], description["labels"]) == (16, ["label 0", "label 1", "label 2"])
    for name, value in classifier(settings)[2].items():
        np.testing.assert_array_equal(weights[name], value)


@pytest.mark.parametrize("settings", [
    SMALL._replace(network="visnet", latent_res=size, code_width=code, moving_average=0.999)
    for size in (-1, 4, 8) for code in (0, 5)])
def test_every_form_of_the_visnet(write, tmp_path, settings):
    description, weights = import_(write(*visnet(settings)), tmp_path / "model")
    assert Settings(**description["settings"]) == settings
    assert {name.split("/")[0] for name in weights} == {"EG", "D_rec", "EGs"}


def test_what_the_file_does_not_say_is_as_published(write, tmp_path):
    function, words, variables = classifier(Settings(latent_res=-1), 8, 5)
    kept = {name: words[name] for name in ("num_channels", "resolution", "label_size", "latent_res")}
    description, _ = import_(write((function, kept, variables)), tmp_path / "model")
    assert Settings(**description["settings"]) == Settings()
    assert description["labels"] == ["real", "ProGAN", "SNGAN", "CramerGAN", "MMDGAN"]


def test_labels_of_the_eleven_way_study(write, tmp_path):
    description, _ = import_(write(classifier(SMALL, 8, 11)), tmp_path / "model")
    assert description["labels"][:2] + description["labels"][-1:] == ["real", "ProGAN seed 0", "ProGAN seed 9"]


def broken(change):
    function, words, variables = classifier(SMALL)
    change(words, variables)
    return function, words, variables


@pytest.mark.parametrize("change, words", [
    (lambda k, v: v.pop("16x16/Conv0/bias"), "16x16/Conv0/bias is missing"),
    (lambda k, v: v.update({"lod": np.zeros(1, np.float32)}), "'lod' belongs to no network"),
    (lambda k, v: v.update({"4x4/Dense2/bias": np.zeros(4, np.float32)}), r"\(4,\), where float32 \(3,\)"),
    (lambda k, v: v.update({"4x4/Dense2/bias": np.zeros(3)}), "float32"),
    (lambda k, v: v.update({"4x4/Dense2/bias": np.full(3, np.nan, np.float32)}), "not finite"),
    (lambda k, v: k.update(resolution=24), "power of two"),
    (lambda k, v: k.update(resolution="16"), "whole number"),
    (lambda k, v: k.update(mode=np.zeros(2)), "mode is .* expected a number"),
    (lambda k, v: k.update(label_size=0), "label_size"),
    (lambda k, v: k.update(label_size=10 ** 12), "is expected"),
    (lambda k, v: k.update(fmap_base=10 ** 15), "is expected"),
    (lambda k, v: k.update(fmap_base=10 ** 30), "fmap_base is .* expected a number"),
    (lambda k, v: k.update(mode="neither"), "mode"),
    (lambda k, v: k.update(fused_scale=True), "fused_scale"),
    (lambda k, v: k.update(num_channels=1), "num_channels"),
])
def test_a_classifier_that_is_refused(write, tmp_path, change, words):
    with pytest.raises(BadInput, match=words):
        import_(write(broken(change)), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_parts_that_do_not_belong_together(write, tmp_path):
    encoder, critic, _ = visnet(SMALL._replace(latent_res=4))
    other, _, _ = visnet(SMALL._replace(latent_res=8))
    with pytest.raises(BadInput, match="do not belong together"):
        import_(write(encoder, critic, other), tmp_path / "model")


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"<html>quota</html>", pickle.dumps([1, 2]),
                                     pickle.dumps((1, 2, 3)), pickle.dumps(print)])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "network.pkl").write_bytes(content)
    with pytest.raises(BadInput):
        import_(tmp_path / "network.pkl", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_model_of_another_resolution_than_the_study(tmp_path):
    path = parity.FIXTURES / "classifier-32" / "network.pkl"
    with pytest.raises(BadInput, match="of 32 pixels, the study has 64"):
        import_(path, tmp_path / "model", resolution=64)
    assert not (tmp_path / "model").exists()
    assert import_(path, tmp_path / "model", resolution=32)[0]["resolution"] == 32


def test_a_progan_is_sent_to_its_own_source(tmp_path):
    with pytest.raises(BadInput, match="ProGAN"):
        import_(parity.FIXTURES / "progan-32" / "network.pkl", tmp_path / "model")


def test_a_truncated_file_ends_with_one_line_and_status_2(tmp_path):
    whole = (parity.FIXTURES / "classifier-32" / "network.pkl").read_bytes()
    (tmp_path / "half.pkl").write_bytes(whole[:len(whole) // 2])
    ended = subprocess.run([sys.executable, "-m", "attribution", "import", "--checkpoint", str(tmp_path / "half.pkl"),
                            "--out", str(tmp_path / "model")], capture_output=True, text=True, check=False,
                           cwd=parity.FIXTURES.parents[2])
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and "half.pkl" in ended.stderr
    assert not (tmp_path / "model").exists()


def test_import_does_without_tensorflow(tmp_path):
    program = ("import sys; sys.argv[1:] = %r\nfrom attribution import __main__ as a\n"
               "try: a.main()\nexcept SystemExit as end: assert not end.code\nassert 'tensorflow' not in sys.modules"
               % ["import", "--checkpoint", str(parity.FIXTURES / "classifier-32" / "network.pkl"),
                  "--out", str(tmp_path / "model")])
    subprocess.run([sys.executable, "-c", program], check=True, cwd=parity.FIXTURES.parents[2])
    assert json.loads((tmp_path / "model" / "model.json").read_text())["architecture"] == "classifier"
