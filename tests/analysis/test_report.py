"""The report: one page and the same figures as JSON, from the folders that the stages of a study leave behind."""

import csv
import html
import json
import re
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from attribution.analysis.metrics import metrics
from attribution.analysis.report import curves, findings, report, rows
from experiments import parts
from experiments.parts import Headline, Section
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
        {"name": "classifier", "all": [0.9, 0.95, 0.98], "labels": [["real", 0.8, 0.9, 1.0]]}], "trainings": [0.95]})
    write_json(tmp_path / "config.json", {
        "study": "demo & more", "resolution": 32, "dataset": "photos", "manifest": {"study": "demo", "é": "\udce9"},
        "images": [["real", "data/attribution"], ["ProGAN", "ProGAN-generate"], ["SNGAN", "SNGAN-generate"]],
        "trainings": [["ProGAN", "ProGAN-train"], ["classifier", "classifier-train"]],
        "experiments": [["existence", "existence-measure"], ["intervals", "intervals-measure"]]})
    return SimpleNamespace(config=str(tmp_path / "config.json"), inputs=str(inputs), out=str(tmp_path / "out"))


PARTS = ["Lines", "Bars", "Heatmap", "Points", "Picture", "Table", "Confusion", "Intervals"]


class Gallery(types.ModuleType):
    """An experiment whose section has a part of every kind."""

    class Settings(NamedTuple):
        draws: int = 10000
        same: int = 1

    def section(self, result, figures):
        return Section("Gallery", "All of them.", Headline("0.5", "is shown."), [
            parts.Lines("Lines", "x", "y", [("a", [(1, .4, .5, .6), (2, .4, .5, .6)])], "a <note>"),
            parts.Bars("Bars", "y", [("b", 2.0, 2.5, 3.0)]),
            parts.Heatmap("Heatmap", ["d"], ["e"], [[-3]]), parts.Points("Points", [("a", [(0, 1)])]),
            parts.Picture("Picture", "iVBORw0=", "what it shows"),
            parts.Table("Table", ["", "number", "words"], [["f", "5", "none"]]),
            parts.Confusion("Confusion", ["g"], [[5]]),
            parts.Intervals("Intervals", [("c", .8, .9, 1.0)])])


@pytest.fixture
def gallery(study, tmp_path, monkeypatch):
    """The study with the experiment of that name in place of intervals."""
    monkeypatch.setitem(sys.modules, "experiments.gallery", Gallery("experiments.gallery"))
    write_json(tmp_path / "in" / "gallery-measure" / "result.json", {})
    config = json.loads((tmp_path / "config.json").read_text())
    config["experiments"][1] = ["gallery", "gallery-measure"]
    write_json(tmp_path / "config.json", config)
    return study


def test_the_manifest_is_shown_as_people_write_it(study, tmp_path):
    report(study)
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert '"é": "\\udce9"' in html.unescape(page)  # the latter is of a path that is no text


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


def attributes(page, *names):
    """What elements of a page say in attributes of these names."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.extend(
        value for name, value in attributes if name in names)
    parser.feed(page)
    return found


def test_the_page_needs_nothing_else(gallery, tmp_path):
    report(gallery)
    page = (tmp_path / "out" / "index.html").read_text()
    addresses = attributes(page, "src", "href", "xlink:href", "action", "data", "srcset", "poster")
    assert addresses and all(address.startswith(("data:image/png;base64,", "#"))
                             for address in addresses)
    assert not re.search(r"url\(|@import|https?:|fetch|XMLHttp", page)


def test_what_is_pointed_to_is_there_once(gallery, tmp_path):
    report(gallery)
    page = (tmp_path / "out" / "index.html").read_text()
    ids = attributes(page, "id")
    assert len(set(ids)) == len(ids)
    assert {address[1:] for address in attributes(page, "href") if address.startswith("#")} <= set(ids)


def test_every_part_of_a_section_is_drawn(gallery, tmp_path):
    report(gallery)
    page = (tmp_path / "out" / "index.html").read_text()
    section = page.split('<section id="gallery">')[1].split("</section>")[0]
    for title in PARTS:
        assert f"<h3>{title}</h3>" in section, title
    assert section.count('role="img"') == 5 and section.count("<table") == 3
    assert 'alt="what it shows"' in section and "a &lt;note&gt;" in section


def test_contents_have_every_section_with_its_figure(gallery, tmp_path):
    report(gallery)
    contents = (tmp_path / "out" / "index.html").read_text().split("<nav")[1].split("</nav>")[0]
    assert re.findall(r"#([\w-]+)", contents) == ["existence", "gallery", "sources", "trainings", "made-by"]
    assert re.findall("<span>(.*)</span>", contents) == ["95.0 %", "0.5"]


def test_every_experiment_says_its_scale(gallery, tmp_path):
    config = json.loads((tmp_path / "config.json").read_text())
    config["manifest"] = {"images": {"train": 2500, "validation": 250, "test": 1000},
                          "experiments": {"gallery": {"draws": 3, "same": 1}},
                          "sources": {"ProGAN": {"settings": {"width": 4}}, "SNGAN": {"settings": {}}}}
    write_json(tmp_path / "config.json", config)
    report(gallery)
    page = (tmp_path / "out" / "index.html").read_text().replace("\u00a0", " ")
    scale = ("Run at 32 × 32 pixels with 2,500 images of each source to learn from and 1,000 to be tested "
             "on; the paper: 128 × 128 pixels, 100,000 and 10,000.")
    assert page.count(scale) == 2 and f"{scale} Settings: draws 3, by default 10,000." in page
    assert re.search(r"Settings that are not the published ones:\s+1 of ProGAN\.", page)
    found = json.loads((tmp_path / "out" / "results.json").read_text())["experiments"]["gallery"]
    assert found["settings"] == {"draws": 3, "same": 1} and found["changed_settings"] == {"draws": 10000}


def test_a_row_for_every_figure(gallery, tmp_path):
    report(gallery)
    written = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
    known = {(row["experiment"], row["kind"], row["row"], row["column"]):
             [row[name] for name in ("value", "low", "high", "text")] for row in written}
    assert len(known) == len(written)
    assert known["existence", "headline", "", ""][0] == "0.95"
    assert known["existence", "confusion", "SNGAN", "real"] == ["1", "", "", ""]
    assert known["existence", "table", "paper, CelebA", "accuracy"] == ["0.994", "", "", "99.4 % *"]
    assert known["gallery", "lines", "a", "1"] == ["0.5", "0.4", "0.6", ""]
    assert known["gallery", "bars", "b", ""] == ["2.5", "2.0", "3.0", ""]
    assert known["gallery", "intervals", "c", ""] == ["0.9", "0.8", "1.0", ""]
    assert known["gallery", "heatmap", "d", "e"] == ["-3", "", "", ""]
    assert known["gallery", "table", "f", "words"] == ["", "", "", "none"]
    assert known["sources", "source", "real", "mean pixel deviation"][0] > "70"
    assert not {"points", "picture"} & {row["kind"] for row in written}


def test_the_same_study_gives_the_same_bytes(gallery, tmp_path):
    def made():
        report(gallery)
        return [(tmp_path / "out" / name).read_bytes()
                for name in ("index.html", "results.json", "results.csv")]
    assert made() == made()


@pytest.mark.parametrize("text, value", [
    ("95.0 %", .95), ("99.4 % *", .994), ("1,234", 1234), ("−0.5", -.5), ("2.5e-03", .0025), ("–", ""),
    ("97.2 % to 98.0 %", ""), ("seed-1", ""), ("3 of 4", "")])
def test_the_number_in_a_text(text, value):
    assert rows.number(text) == value


def test_a_collapsed_gan_shows_as_a_small_number(study, tmp_path):
    images = np.full((70, 32, 32, 3), 7, np.uint8)
    images[::2, :16] = 9
    with imagesets.Writer(str(tmp_path / "collapsed"), 70, 32) as writer:
        writer.append(images)
        writer.finish("test", {"architecture": "SNGAN"}, {"versions": {}})
    config = json.loads((tmp_path / "config.json").read_text())
    config["images"][2] = ["SNGAN", "../collapsed"]
    write_json(tmp_path / "config.json", config)
    report(study)
    sources = json.loads((tmp_path / "out" / "results.json").read_text())["sources"]
    assert sources["SNGAN"]["pixel_deviation"] == .5
    assert sources["ProGAN"]["pixel_deviation"] == pytest.approx(73.9, abs=1)  # of uniform noise
    assert "pixels differ by 0.5<" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(("made", "expected"), [
    ([{"versions": {"chainer": "6.7"}}, {"versions": {"chainer": "6.8"}}], {"chainer": "6.7"}),
    ([], {"numpy": "2.4"}), (7, {"numpy": "2.4"}), ([None], {}), ([{"versions": 7}], {})])
def test_images_that_were_put_together_are_made_with_what_made_the_first(made, expected):
    index = {"made_by": {"versions": {"numpy": "2.4"}, "parts": made}}
    assert findings.Source("A", SimpleNamespace(index=index)).versions == expected


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


@pytest.mark.parametrize("text", [
    "null", "[]", '{"curve": 3}', '{"curve": [null, {}, {"step": null, "losses": null}]}',
    '{"curve": [{"step": 1, "losses": {"a": null, "b": NaN, "c": 1e999, "d": [1]}}, {"step": 1, "losses": {"a": 1}}]}',
    '{"curve": [{"step": 5, "losses": {"a": 1}}, {"step": 5, "losses": {"a": 2}}]}',
    '{"curve": [{"step": 1' + "0" * 400 + ', "losses": {"a": 1' + "0" * 400 + "}}]}"])
def test_a_curve_that_is_none_harms_no_report(study, text):
    Path(study.inputs, "ProGAN-train", "training.json").write_text(text)
    report(study)
    assert "nan" not in Path(study.out, "index.html").read_text()


def test_a_file_without_end_or_bottom_is_named(study):
    Path(study.inputs, "ProGAN-train", "training.json").write_text("[" * 100_000)
    with pytest.raises(BadInput, match="training.json: nested too deeply"):
        report(study)
