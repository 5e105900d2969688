"""From a manifest to a plan."""

from pathlib import Path

import pytest

from orchestration import manifest, plan

REPOSITORY = Path(__file__).resolve().parents[2]


def study(**changes):
    """The plan of a small study with two GANs."""
    return plan.expand(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"}, "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": {"A": {"image": "a", "seed": 7, "settings": {"width": 4}}, "B": {"image": "b"}}, **changes}))


def stage(name, **changes):
    """One stage of it."""
    return next(stage for stage in study(**changes).stages if stage.name == name)


def test_the_stages_of_a_study():
    assert [stage.name for stage in study().stages] == [
        "data", "A/train", "A/generate", "B/train", "B/generate", "attribution/train", "attribution/evaluate", "report"]


def test_every_stage_comes_after_those_it_needs_and_sees_what_its_command_names():
    seen = set()
    for one in study().stages:
        assert set(one.inputs.values()) <= seen
        named = {word.split("{in}/")[1].split("/")[0] for word in one.command if "{in}/" in word}
        assert named <= set(one.inputs) | set(one.files)
        seen.add(one.name)


def test_a_manifest_expands_to_the_same_plan_every_time():
    assert study() == study()


def test_a_source_is_trained_on_the_real_images_with_its_own_seed_and_settings():
    train = stage("A/train")
    assert train.command == ("train", "--images", "{in}/data/gan", "--config", "{config}", "--seed", "7",
                             "--device", "cuda", "--out", "{out}")
    assert (train.config, train.inputs) == ({"width": 4}, {"data": "data"})


def test_every_source_gives_as_many_images_as_the_classifier_needs():
    command = stage("A/generate").command
    assert command[command.index("--count") + 1] == "9"
    assert stage("data").config == {"resolution": 128, "gan": 9, "train": 4, "validation": 2, "test": 3}


def test_the_classifier_never_trains_on_the_rows_it_is_tested_on():
    assert stage("attribution/train").config == {"train": 4, "validation": 2}
    evaluate = stage("attribution/evaluate").command
    assert evaluate[evaluate.index("--first"):][:4] == ("--first", "6", "--count", "3")


def test_a_published_checkpoint_takes_the_place_of_training():
    sources = {"A": {"image": "a", "checkpoint": "published/MMDGAN.model-150000"}}
    names = [one.name for one in study(sources=sources).stages]
    assert names[:3] == ["data", "A/import", "A/generate"]
    imported = stage("A/import", sources=sources)
    assert imported.files == {"checkpoint": "published"}
    assert "{in}/checkpoint/MMDGAN.model-150000" in imported.command


@pytest.mark.parametrize(("device", "gpus"), [("cuda", 1), ("cpu", 0)])
def test_only_work_that_a_gpu_speeds_up_asks_for_one(device, gpus):
    asked = {one.name: one.resources.gpus for one in study(device=device).stages}
    assert asked == {"data": 0, "A/train": gpus, "A/generate": gpus, "B/train": gpus, "B/generate": gpus,
                     "attribution/train": gpus, "attribution/evaluate": gpus, "report": 0}


def test_stated_resources_come_before_the_usual_ones():
    assert stage("A/train", resources={"train": {"cores": 3, "memory": "1GiB"}}).resources.memory == 2**30
    assert stage("A/train").resources.memory == 8 * 2**30


def test_the_published_studies_are_planned_at_the_published_size():
    celeba = manifest.read(REPOSITORY / "manifests/celeba.yaml")
    assert sum(celeba.images.model_dump().values()) == 202_599
    assert celeba.resolution == 128
    assert [one.image for one in plan.expand(celeba).stages if one.name.endswith("/train")] == [
        "progan", "sngan", "cramergan", "mmdgan", "attribution"]
    lsun = manifest.read(REPOSITORY / "manifests/lsun.yaml")
    assert sum(lsun.images.model_dump().values()) == 200_000
