"""Fingerprints, their pictures and the experiment, on images in which fingerprints were planted."""

import base64
import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from attribution.analysis import fingerprints as answers
from attribution.analysis.lab import Lab
from attribution.analysis.overview import overview
from experiments import fingerprints
from sources.contract import imagesets
from sources.contract.errors import BadInput

LABELS = ["real", "A", "B"]
EACH, SIDE = 4, 8
ORTHOGONAL = np.linalg.qr(np.random.RandomState(0).standard_normal((SIDE * SIDE * 3, 3)))[0].T


@pytest.fixture
def planted(tmp_path):
    """The folder of image sets and answers; every image has the fingerprint of its source, and noise."""
    random = np.random.RandomState(1)
    models = (20 * ORTHOGONAL).reshape(3, 3, SIDE, SIDE).astype(np.float32)
    images = models.repeat(EACH, axis=0) + random.normal(0, 0.05, (3 * EACH, 3, SIDE, SIDE)).astype(np.float32)
    scores = np.einsum("nchw,lchw->nl", images, models)
    folder = tmp_path / "seen"
    folder.mkdir()
    for name, values in (("model_fingerprints", models), ("fingerprints", images), ("scores", scores)):
        np.save(folder / f"{name}.npy", values.astype(np.float32))
    index = [{"name": label, "first": 0, "count": EACH} for label in LABELS]
    (folder / "attribution.json").write_text(json.dumps({"labels": LABELS, "sets": index}))
    for label in LABELS:
        with imagesets.Writer(str(tmp_path / label), EACH, SIDE) as writer:
            writer.append(random.randint(0, 256, (EACH, SIDE, SIDE, 3)).astype(np.uint8))
            writer.finish("test", {}, {"versions": {}})
    return tmp_path


@pytest.fixture
def lab(planted):
    names = {"scores": "seen", "fingerprints": "seen", "beside/classifier": "seen"}
    return Lab(planted, names | {f"images/{label}": label for label in LABELS}, {"test": [0, EACH]})


def test_responses_add_up_to_the_scores(planted):
    found = answers.read(planted / "seen")
    for place, scores in enumerate(found.scores):
        np.testing.assert_allclose(found.responses(place).sum(axis=(1, 2)), scores, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(found.probabilities().sum(axis=1), 1, rtol=1e-6)


def test_every_source_responds_most_to_its_own_fingerprint(lab):
    result = fingerprints.measure(lab, fingerprints.Settings())
    assert np.argmax(result["responses"], axis=1).tolist() == [0, 1, 2]
    assert np.allclose(result["correlation"], np.eye(3), atol=0.05)
    assert result["accuracy"][1] == 1 and result["beside"] == [["classifier", 1]]
    shown = fingerprints.section(result, [])
    assert "3 of 3 sources respond most to the fingerprint of their own" in shown.parts[0].alt
    assert Image.open(io.BytesIO(base64.b64decode(result["picture"]))).format == "PNG"


def test_the_same_picture_every_time(lab):
    once, again = (fingerprints.measure(lab, fingerprints.Settings())["picture"] for _ in range(2))
    assert once == again


def test_an_overview_of_pictures(planted):
    single = planted / "B"
    keep = [place for place, name in enumerate(np.repeat(LABELS, EACH)) if name == "B"]
    for name in ("fingerprints", "scores"):
        np.save(planted / "seen" / f"{name}.npy", np.load(planted / "seen" / f"{name}.npy")[keep])
    index = {"labels": LABELS, "sets": [{"name": "pictures", "first": 0, "count": EACH}]}
    (planted / "seen/attribution.json").write_text(json.dumps(index))
    (planted / "names.json").write_text(json.dumps({"names": [f"{number}.png" for number in range(EACH)]}))
    request = SimpleNamespace(answer=str(planted / "seen"), images=str(single), out=str(planted / "out"),
                              config=str(planted / "names.json"))
    overview(request)
    rows = list(csv.DictReader(io.StringIO((planted / "out/responses.csv").read_text())))
    assert [row["file"] for row in rows] == ["0.png", "1.png", "2.png", "3.png"]
    assert {row["label"] for row in rows} == {"B"} and all(float(row["probability B"]) > 0.99 for row in rows)
    assert json.loads((planted / "out/responses.json").read_text())[0]["responses"]["B"] == pytest.approx(
        float(rows[0]["response B"]))
    with Image.open(planted / "out/overview.gif") as moving, Image.open(planted / "out/overview.png") as table:
        assert moving.n_frames == EACH and moving.info["duration"] == 5000 and table.width > 400


def test_an_answer_without_fingerprints_is_named(planted):
    (planted / "seen/fingerprints.npy").unlink()
    with pytest.raises(BadInput, match="no fingerprints .*attribute --fingerprints"):
        answers.read(planted / "seen")


@pytest.mark.parametrize(("methods", "complaint"), [
    ({"classifier": {}}, "the manifest has no method visNet; add one"),
    ({"classifier": {}, "visNet": {}}, "its settings need `network: visnet`")])
def test_a_method_that_shows_none_is_refused(methods, complaint):
    study = SimpleNamespace(methods=tuple(methods), settings=methods.__getitem__)
    with pytest.raises(ValueError, match=complaint):
        fingerprints.steps(study, fingerprints.Settings())
