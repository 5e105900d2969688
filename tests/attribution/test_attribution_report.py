"""The report: one page and the same figures as JSON, from the folders that the stages of a study leave behind."""

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.metrics import metrics
from attribution.report import curves, report
from sources.contract import imagesets
from sources.contract.errors import BadInput

CREDIT = "Bridge.jpg: Jane <Doe>, 2018, CC-BY-SA-4.0"


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def image_set(folder, source):
    images = np.random.RandomState(0).randint(0, 256, (70, 32, 32, 3)).astype(np.uint8)
    with imagesets.Writer(str(folder), 70, 32) as writer:
        writer.append(images)
        writer.finish("test", source, {"versions": {"numpy": "2.4"}})


def stage(folder, name, started):
    write_json(folder / "stage.json", {
        "format": 1, "key": "0123456789abcdef", "name": name, "image": "progan", "content": "sha256:feedbeef0123456789",
        "image_id": None, "flavour": "cpu", "command": [], "config": {}, "inputs": {}, "resources": {},
        "engine": "process", "started": started, "seconds": 75.2})


def said(inputs, confusion):
    found = metrics(["real", "ProGAN", "SNGAN"], np.array(confusion))
    write_json(inputs / "existence-measure" / "result.json", {"methods": [{"name": "classifier", **found}]})


@pytest.fixture
def study(tmp_path):
    """The arguments of the verb for a study of real images, one trained GAN and one imported GAN."""
    inputs = tmp_path / "in"
    image_set(inputs / "data" / "attribution", {"architecture": "real", "credits": [CREDIT]})
    for name in ("ProGAN", "SNGAN"):
        image_set(inputs / f"{name}-generate", {"architecture": name, "seed": 7})
    curve = [{"step": step, "losses": {"generator": 1 / step, "critic": float(step)}} for step in range(1, 50)]
    write_json(inputs / "ProGAN-train" / "training.json", {"total": 49, "curve": curve})
    write_json(inputs / "classifier-train" / "training.json", {"total": 49, "curve": curve})
    stage(inputs / "SNGAN-generate", "SNGAN/generate", "2026-11-23T06:20:00")
    stage(inputs / "ProGAN-train", "ProGAN/train", "2026-11-23T06:01:00")
    said(inputs, [[18, 2, 0], [0, 20, 0], [1, 0, 19]])
    write_json(inputs / "intervals-measure" / "result.json", {"level": 0.95, "methods": [
        {"name": "classifier", "all": [0.9, 0.95, 0.98], "labels": [["real", 0.8, 0.9, 1.0]]}]})
    write_json(tmp_path / "config.json", {
        "study": "demo & more", "resolution": 32, "dataset": "photos", "manifest": {"study": "demo"},
        "images": [["real", "data/attribution"], ["ProGAN", "ProGAN-generate"], ["SNGAN", "SNGAN-generate"]],
        "trainings": [["ProGAN", "ProGAN-train"], ["classifier", "classifier-train"]],
        "experiments": [["existence", "existence-measure"], ["intervals", "intervals-measure"]]})
    return SimpleNamespace(config=str(tmp_path / "config.json"), inputs=str(inputs), out=str(tmp_path / "out"))


def test_results_for_machines(study, tmp_path):
    report(study)
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    existence = found["experiments"]["existence"]
    assert existence["headline"] == "95.0 %"
    assert existence["result"]["methods"][0]["accuracy"] == 57 / 60
    assert existence["result"]["methods"][0]["confusion"][2] == [1, 0, 19]
    assert found["experiments"]["intervals"]["headline"] == "90.0 % to 98.0 %"
    assert list(found["sources"]) == ["ProGAN", "SNGAN", "real"]
    assert found["sources"]["SNGAN"]["images"] == 70 and found["sources"]["SNGAN"]["source"]["seed"] == 7
    assert [stage["name"] for stage in found["stages"]] == ["ProGAN/train", "SNGAN/generate"]
    assert not any(figure["verified"] for figure in found["published"]["figures"])


def test_the_page_says_it_all(study, tmp_path):
    report(study)
    page = (tmp_path / "out" / "index.html").read_text()
    text = " ".join(re.sub("<[^>]*>", " ", page.split("</style>")[1]).split())
    for words in ("95.0 % of 60 images", "among the 3 sources would be right 33.3 % of the time", "demo &amp; more",
                  "99.4 % *", "Jane &lt;Doe&gt;, 2018", "2 stages, 2 min 30 s of work", "feedbeef0123", "numpy 2.4",
                  "90.0 % to 98.0 % is where the accuracy of the classifier, 95.0 %, lies"):
        assert words in text, words
    assert page.count("data:image/png;base64,") == 3
    assert page.count("<polyline") == 4  # two losses of ProGAN, two of the classifier, none of the imported SNGAN


def test_the_page_needs_nothing_else(study, tmp_path):
    report(study)
    page = (tmp_path / "out" / "index.html").read_text()
    addresses = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: addresses.extend(
        value for name, value in attributes if name in ("src", "href", "action", "data"))
    parser.feed(page)
    assert addresses and all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "url(" not in page and "@import" not in page and "<script" not in page


def test_a_class_that_was_never_predicted_has_no_precision(study, tmp_path):
    said(tmp_path / "in", [[20, 0, 0], [20, 0, 0], [0, 0, 20]])
    report(study)
    assert "<td class=\"margin\">–</td>" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize("missing", ["existence-measure/result.json", "SNGAN-generate/imageset.json"])
def test_a_folder_that_lacks_something_is_named(study, tmp_path, missing):
    (tmp_path / "in" / missing).unlink()
    with pytest.raises(BadInput, match=missing):
        report(study)
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_lacks_something(study, tmp_path):
    write_json(tmp_path / "config.json", {"study": "demo"})
    with pytest.raises(BadInput, match="'dataset' is missing"):
        report(study)


def test_a_curve_fills_its_box():
    line, = curves.draw([{"step": step, "losses": {"loss": 10.0 - step}} for step in range(11)])
    points = [tuple(map(float, point.split(","))) for point in line["points"].split()]
    assert points[0] == (0, curves.MARGIN) and points[-1] == (curves.WIDTH, curves.HEIGHT - curves.MARGIN)
    assert (line["low"], line["high"], line["last"]) == (0, 10, 0)


def test_an_outlier_does_not_flatten_a_curve():
    line, = curves.draw([{"step": step, "losses": {"loss": 1e9 if step == 1 else step % 2}} for step in range(100)])
    assert (line["low"], line["high"]) == (0, 1)


def test_curves_leave_out_what_is_not_finite():
    line, = curves.draw([{"step": step, "losses": {"loss": float("nan") if step == 2 else 1.0, "b": float("inf")}}
                         for step in range(4)])
    assert line["name"] == "loss" and len(line["points"].split()) == 3
    assert curves.draw([]) == []
