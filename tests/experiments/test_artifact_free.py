"""Without visible artefacts: which images are kept, and numbers that are known before they are measured."""

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from experiments import artifact_free, parts, seeds
from orchestration import manifest
from orchestration.study import Study
from sources.contract.errors import BadInput
from tests.experiments import answers

LABELS = ["real", "seed-0"]
IMAGES = 50  # of each


def study():
    return Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"},
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3}, "sources": {"A": {"image": "a"}}}))


def stages(**changes):
    """{name: stage} of what the experiment asks for, and what it looks at."""
    planned = study()
    handles = artifact_free.steps(planned, artifact_free.Settings(**changes))
    return {one.name: one for one in planned.stages}, handles


def after(stage, option):
    return stage.command[stage.command.index(option) + 1]


def test_the_trainings_are_those_of_seeds_and_nothing_is_trained_again():
    planned = study()
    seeds.steps(planned, seeds.Settings(count=2))
    before = {one.name for one in planned.stages}
    handles = artifact_free.steps(planned, artifact_free.Settings(count=2))
    fresh = [one.name for one in planned.stages if one.name not in before]
    assert fresh == ["real/nearest", "A/nearest", "A-seed-1/nearest"]
    assert list(handles) == ["scores", "real", "seed-0", "seed-1"]


def test_test_images_are_compared_with_training_images_of_real_ones():
    found, _ = stages(count=1)
    for name in ("real/nearest", "A/nearest"):
        assert (after(found[name], "--first"), after(found[name], "--count")) == ("6", "3")
        assert (after(found[name], "--reference"), after(found[name], "--reference-count")) == (
            "{in}/data/attribution", "4")
    limited, _ = stages(count=1, reference=2)
    assert after(limited["A/nearest"], "--reference-count") == "2"
    more, _ = stages(count=1, reference=100)  # than there are
    assert after(more["A/nearest"], "--reference-count") == "4"


@pytest.mark.parametrize(("changes", "said"), [
    ({"share": 0.0}, "share: expected a number above 0"), ({"share": 1.5}, "share: expected"),
    ({"reference": -1}, "reference: expected 0 or more")])
def test_settings_that_make_no_sense(changes, said):
    with pytest.raises(ValueError, match=said):
        stages(**changes)


@pytest.fixture
def measure(tmp_path):
    """A function of settings. The method is right about the nearest fifth of each class, and no other."""
    random, scores = np.random.RandomState(0), []
    for place, label in enumerate(LABELS):
        ranks = random.permutation(IMAGES)
        distances, right = ranks / IMAGES + place, ranks < IMAGES / 5
        (tmp_path / label).mkdir()
        np.save(tmp_path / label / "distances.npy", distances.astype(np.float32))
        scores.append(np.eye(2)[np.where(right, place, 1 - place)])
    answers.write(tmp_path / "said", LABELS, dict.fromkeys(LABELS, IMAGES), np.concatenate(scores))
    lab = Lab(tmp_path, {"scores": "said", **{label: label for label in LABELS}})
    return lambda **changes: artifact_free.measure(lab, artifact_free.Settings(**changes))


def test_the_nearest_of_every_class_are_kept(measure):
    found = measure(share=0.2)
    assert found["kept"]["confusion"] == [[10, 0], [0, 10]] and found["kept"]["accuracy"] == 1
    assert found["all"]["accuracy"] == pytest.approx(0.2) and found["all"]["images"] == 100
    (_, _, median, _, largest), (_, _, other, _, _) = found["distances"]
    assert largest == pytest.approx(0.18) and other == pytest.approx(median + 1)


def test_as_the_share_grows_so_do_images_until_all_are_kept(measure):
    found = [measure(share=share)["kept"] for share in (0.001, 0.4, 1.0)]
    assert [one["images"] for one in found] == [2, 40, 100]
    assert [one["accuracy"] for one in found] == [1, 0.5, pytest.approx(0.2)]
    assert measure(share=1.0)["kept"] == measure(share=1.0)["all"]


def test_distances_that_are_not_there_are_named(tmp_path, measure):
    (tmp_path / "seed-0" / "distances.npy").unlink()
    with pytest.raises(BadInput, match="seed-0/distances.npy: no distances"):
        measure()


def test_the_section_shows_what_was_measured(measure):
    shown = artifact_free.section(measure(share=0.4), [])
    assert shown.headline.value == "50.0 %" and "40 images" in shown.headline.text
    accuracies, confusion, distances = shown.parts
    assert [row[:3] for row in accuracies.rows] == [
        ("those kept", "40", "50.0 %"), ("all test images", "100", "20.0 %")]
    assert confusion.counts == [[10, 10], [10, 10]]
    assert isinstance(distances, parts.Bars) and [row[0] for row in distances.rows] == LABELS
