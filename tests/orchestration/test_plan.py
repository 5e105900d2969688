"""From a manifest to a plan."""

from pathlib import Path

import pytest

import experiments
from orchestration import manifest, plan
from orchestration.errors import UserError
from orchestration.study import Study

REPOSITORY = Path(__file__).resolve().parents[2]


def read(**changes):
    """The manifest of a small study with two GANs."""
    return manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"}, "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": {"A": {"image": "a", "seed": 7, "settings": {"width": 4}}, "B": {"image": "b"}}, **changes})


def study(**changes):
    """Its plan."""
    return plan.expand(read(**changes))


def stage(name, **changes):
    """One stage of it."""
    return next(stage for stage in study(**changes).stages if stage.name == name)


def names(expanded):
    return [stage.name for stage in expanded.stages]


def after(command, option):
    """What follows an option in a command."""
    return command[command.index(option) + 1]


def test_the_stages_of_a_study():
    assert names(study()) == [
        "data", "A/train", "A/generate", "B/train", "B/generate", "classifier/train", "classifier/attribute",
        "existence/measure", "report"]


@pytest.mark.parametrize("chosen", [{"existence": {}}, {name: {} for name in experiments.names()}])
def test_every_stage_comes_after_those_it_needs_and_sees_what_its_command_names(chosen):
    seen = set()
    for one in study(experiments=chosen).stages:
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


def test_a_source_may_learn_from_the_first_and_the_last_images_alone():
    sources = {"A": {"image": "a", "subset": {"first": 5, "last": 2}}}
    assert after(stage("A/train", sources=sources).command, "--subset") == "5+2"


def test_every_source_gives_as_many_images_as_the_methods_need():
    assert after(stage("A/generate").command, "--count") == "9"
    assert stage("data").config == {"resolution": 128, "gan": 9, "train": 4, "validation": 2, "test": 3}


def test_a_method_never_trains_on_the_rows_it_is_tested_on():
    train, attribute = stage("classifier/train").command, stage("classifier/attribute").command
    assert (after(train, "--train"), after(train, "--validation")) == ("4", "2")
    assert (after(attribute, "--first"), after(attribute, "--count")) == ("6", "3")


def test_every_method_of_the_manifest_is_measured():
    methods = {"classifier": {"image": "attribution"}, "mine": {"image": "me/mine", "settings": {"k": 3}}}
    expanded = study(methods=methods)
    assert {"mine/train", "mine/attribute"} < set(names(expanded))
    mine = next(one for one in expanded.stages if one.name == "mine/train")
    assert (mine.image, mine.config) == ("me/mine", {"k": 3})
    assert expanded.results == {"report": "report", "model": "classifier/train"}


def test_a_method_may_run_where_the_study_does_not():
    methods = {"classifier": {"image": "attribution"}, "kNN": {"image": "knn", "device": "cpu"}}
    stages = {one.name: one for one in study(device="cuda", methods=methods).stages}
    for name, device in (("kNN", "cpu"), ("classifier", "cuda")):
        for verb in ("train", "attribute"):
            stage = stages[f"{name}/{verb}"]
            assert (stage.flavour, after(stage.command, "--device")) == (device, device)
            assert stage.resources.gpus == (device == "cuda")


def test_equal_trainings_that_several_experiments_ask_for_are_one_stage():
    both = study(experiments={"existence": {}, "intervals": {}})
    assert set(names(both)) - set(names(study())) == {"intervals/measure"}


def test_trainings_that_differ_in_the_seed_share_the_one_that_the_manifest_has():
    expanded = study(experiments={"existence": {}, "seeds": {"source": "B", "count": 3}})
    fresh = [name for name in names(expanded) if name not in names(study())]
    assert fresh == ["B-seed-1/train", "B-seed-1/generate", "B-seed-2/train", "B-seed-2/generate",
                     "classifier-seeds/train", "classifier-seeds/attribute", "seeds/measure"]
    train = next(one for one in expanded.stages if one.name == "classifier-seeds/train").command
    assert [word.split("=")[0] for word in train if "=" in word] == ["real", "seed-0", "seed-1", "seed-2"]


def test_one_experiment_and_what_it_needs():
    both = read(experiments={"existence": {}, "seeds": {"count": 2}})
    assert names(plan.expand(both, ["existence"])) == names(study())
    assert "existence/measure" not in names(plan.expand(both, ["seeds"]))
    with pytest.raises(UserError, match="--experiment sedes: the manifest has existence, seeds"):
        plan.expand(both, ["sedes"])


def test_an_experiment_may_ask_for_other_images_of_the_same_model():
    asked = Study(read())
    usual, other = asked.images("A"), asked.images("A", sampling_seed=1, count=50, quantize="round")
    assert (usual.stage, other.stage) == ("A/generate", "A/generate-2")
    assert [one.name for one in asked.stages] == ["data", "A/train", "A/generate", "A/generate-2"]
    assert asked.images("A", quantize="published") == usual


def test_an_experiment_cannot_train_what_was_imported():
    sources = {"A": {"image": "a", "checkpoint": "a.pkl"}}
    with pytest.raises(UserError, match="experiments.seeds: sources.A: is a published checkpoint"):
        study(sources=sources, experiments={"seeds": {}})
    with pytest.raises(UserError, match="experiments.seeds: there is no source C; the manifest has A, B"):
        study(experiments={"seeds": {"source": "C"}})


def test_an_experiment_of_ones_own_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from typing import NamedTuple\nclass Settings(NamedTuple):\n    share: float = 0.5\n"
        "def steps(study, settings):\n    return {'pictures': study.real()}\n")
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    (measure,) = [one for one in study(experiments={"mine": {"share": 0.1}}).stages if one.name == "mine/measure"]
    assert measure.config == {"settings": {"share": 0.1}, "inputs": [["pictures", "data/attribution"]],
                              "rows": {"train": (0, 4), "validation": (4, 2), "test": (6, 3)}}
    assert (measure.inputs, measure.modules) == ({"data": "data"}, ("experiments.mine",))


def test_a_published_checkpoint_takes_the_place_of_training():
    sources = {"A": {"image": "a", "checkpoint": "published/MMDGAN.model-150000.index"}}
    assert names(study(sources=sources))[:3] == ["data", "A/import", "A/generate"]
    imported = stage("A/import", sources=sources)
    assert imported.files == {"checkpoint/MMDGAN.model-150000": "published/MMDGAN.model-150000"}
    assert "{in}/checkpoint/MMDGAN.model-150000" in imported.command
    assert after(imported.command, "--resolution") == "128"


@pytest.mark.parametrize(("device", "gpus"), [("cuda", 1), ("cpu", 0)])
def test_only_work_that_a_gpu_speeds_up_asks_for_one(device, gpus):
    asked = {one.name: one.resources.gpus for one in study(device=device).stages}
    assert asked == {"data": 0, "A/train": gpus, "A/generate": gpus, "B/train": gpus, "B/generate": gpus,
                     "classifier/train": gpus, "classifier/attribute": gpus, "existence/measure": 0, "report": 0}


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


def test_the_published_studies_name_different_checkpoints():
    named = {name: {line.split("checkpoint: ")[1] for line in (REPOSITORY / f"manifests/{name}.yaml").read_text(
        ).splitlines() if "#checkpoint: " in line} for name in ("celeba", "lsun")}
    assert len(named["celeba"]) == len(named["lsun"]) == 4 and not named["celeba"] & named["lsun"]


@pytest.mark.parametrize("name", ["celeba", "lsun"])
def test_a_checkpoint_is_named_by_taking_away_the_hash_sign(name, tmp_path):
    text = (REPOSITORY / f"manifests/{name}.yaml").read_text()
    (tmp_path / "m.yaml").write_text(text.replace("    #checkpoint:", "    checkpoint:"))
    sources = manifest.read(tmp_path / "m.yaml").sources
    assert all(source.checkpoint for source in sources.values())

