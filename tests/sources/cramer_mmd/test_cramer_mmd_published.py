"""What the importer makes of a checkpoint, and what it refuses."""

import json
import types

import numpy as np
import pytest

from sources.contract.errors import BadInput
from sources.cramer_mmd import cramergan, import_, mmdgan
from tests.fuzz import fuzz_tensorbundle, tensorbundles


@pytest.fixture
def tensors():
    """A whole checkpoint: 32 pixels, width 1, 3 latents, 2 features."""
    return fuzz_tensorbundle.tensors()


def write(folder, tensors):
    """Write a checkpoint; returns its prefix."""
    index, data = tensorbundles.pack(tensors)
    (folder / "model.index").write_bytes(index)
    (folder / "model.data-00000-of-00001").write_bytes(data)
    return folder / "model"


def importing(checkpoint, out, gan=mmdgan, resolution=None):
    """Import, and read what describes the model."""
    import_.import_(types.SimpleNamespace(
        checkpoint=str(checkpoint), out=str(out), gan=gan, resolution=resolution))
    return json.loads((out / "model.json").read_text())


def refusal(checkpoint, out, gan=mmdgan, resolution=None):
    """What the importer says of a path that it refuses. Nothing is written."""
    with pytest.raises(BadInput) as caught:
        importing(checkpoint, out, gan, resolution)
    assert not out.exists()
    return str(caught.value)


def test_shapes_become_settings(tensors, tmp_path):
    settings = importing(write(tmp_path, tensors), tmp_path / "out")["settings"]
    assert [settings[name] for name in ("generator_width", "discriminator_width", "latent_size", "features")] \
        == [1, 1, 3, 2]
    assert (settings["learning_rate"], settings["penalty"], settings["l2_penalty"]) == (1e-4, 1, 1)


def test_numbers_of_the_training_become_settings_and_the_rest_is_left_out(tensors, tmp_path):
    tensors.update({"generator/g_h4.moving_mean": np.zeros(1, "<f4"), "lr": np.array(3e-4, "<f4"),
                    "global_step": np.array(8, "<i4"), "loss/gradient_penalty": np.array(2.5, "<f4")})
    description = importing(write(tmp_path, tensors), tmp_path / "out")
    assert (description["settings"]["learning_rate"], description["settings"]["penalty"]) == (3e-4, 2.5)
    assert description["source"]["checkpoint"]["steps"] == 8
    with np.load(tmp_path / "out" / "weights.npz") as weights:
        assert sorted(weights.files) == sorted(fuzz_tensorbundle.tensors())


def test_a_checkpoint_of_cramergan_goes_through_its_own_door(tensors, tmp_path):
    tensors.update({"loss/gradient_penalty": np.array(1, "<f4"), "loss/gradient_penalty_1": np.array(7, "<f4")})
    prefix = write(tmp_path, tensors)
    assert "only CramerGAN has" in refusal(prefix, tmp_path / "out")
    assert importing(prefix, tmp_path / "out", cramergan)["settings"]["penalty"] == 7


def test_a_checkpoint_of_another_resolution(tensors, tmp_path):
    prefix = write(tmp_path, tensors)
    said = refusal(prefix, tmp_path / "out", resolution=128)
    assert "is for images of 32 pixels, the study has 128" in said
    assert importing(prefix, tmp_path / "out", resolution=32)["resolution"] == 32


@pytest.mark.parametrize("change, said", [
    ({"generator/new": np.zeros(1, "<f4")}, "'generator/new' belongs to no network"),
    ({"generator/g_h4.scale": np.zeros(2, "<f4")}, "g_h4.scale is float32 (2,), where float32 (1,) is expected"),
    ({"generator/g_h4.scale": np.zeros(1, "<f8")}, "g_h4.scale is float64 (1,), where float32 (1,) is expected"),
    ({"generator/g_h4.scale": np.full(1, np.nan, "<f4")}, "not finite"),
    ({"generator/g_h5/w": np.zeros((5, 5, 3, 9), "<f4")}, "make no network"),
    ({"generator/g_h5/w": np.zeros(5, "<f4")}, "has the shape (5,)"),
    ({"lr": np.ones(2, "<f4")}, "lr is no finite number"), ({"lr": np.array(np.inf, "<f4")}, "lr is no finite number")])
def test_what_fits_no_network(tensors, tmp_path, change, said):
    assert said in refusal(write(tmp_path, {**tensors, **change}), tmp_path / "out")


@pytest.mark.parametrize("name", ["generator/g_h5/w", "generator/g_h5/biases", "discriminator/d_h6_lin/Matrix"])
def test_a_variable_that_is_missing(tensors, tmp_path, name):
    del tensors[name]
    assert f"{name} is missing" in refusal(write(tmp_path, tensors), tmp_path / "out")


def test_a_checkpoint_is_found_by_any_of_its_files_and_by_its_folder(tensors, tmp_path):
    prefix = write(tmp_path, tensors)
    for place in ("model", "/moved/since/model", "C:\\\\gans\\\\model"):  # as a text of protocol buffers has it
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{place}"\n')
        for path in (prefix, f"{prefix}.index", f"{prefix}.meta", f"{prefix}.data-00000-of-00001", tmp_path,
                     tmp_path / "checkpoint"):
            assert import_.find(str(path)) == str(prefix)


def test_the_file_checkpoint_of_the_current_folder(tensors, tmp_path, monkeypatch):
    write(tmp_path, tensors)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model"\n')
    monkeypatch.chdir(tmp_path)
    assert importing("checkpoint", tmp_path / "out")["resolution"] == 32


@pytest.mark.parametrize("note, said", [
    (b"", "names one"), (b"\xff\xfe", "names one"), (b'model_checkpoint_path: "../../a\0b"', "names one"),
    (b'model_checkpoint_path: ".."', "no such file"), (b'model_checkpoint_path: "../"', "no such file")])
def test_a_folder_whose_note_leads_nowhere(tmp_path, note, said):
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "names one" in refusal(folder, tmp_path / "out")
    (folder / "checkpoint").write_bytes(note)
    assert said in refusal(folder, tmp_path / "out")
