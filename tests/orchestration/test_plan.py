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


@pytest.mark.parametrize(("kind", "archive", "shown", "name"), [
    ("photos", "my/album", "archive", "own photographs"), ("celeba", "a.zip", "archive", "CelebA"),
    ("lsun", "data/bedroom_train_lmdb", "archive/bedroom", "LSUN bedroom"),
    ("lsun", "/big/church_outdoor_val_lmdb/", "archive/church_outdoor", "LSUN church outdoor"),
    ("lsun", "..", "archive/LSUN", "LSUN"), ("lsun", "{out}", "archive/LSUN", "LSUN")])
def test_a_data_set_is_shown_as_what_it_is(kind, archive, shown, name):
    dataset = {"kind": kind, "archive": archive}
    data, report = stage("data", dataset=dataset), stage("report", dataset=dataset)
    assert after(data.command, "--archive") == f"{{in}}/{shown}"
    assert (data.files, data.kinds) == ({shown: archive}, {shown: kind})
    assert report.config["dataset"] == name


def test_the_bytes_of_all_image_sets_are_added_up():
    """Real images for the GANs and the methods, and of both GANs for the methods; each is 32x32 RGB."""
    assert study(resolution=32).written == (9 + 9 + 2 * 9) * 32 * 32 * 3
    more = study(resolution=32, experiments={"robustness": {}})
    perturbed = [one for one in more.stages if one.command[0] == "perturb"]
    assert perturbed and more.written == (36 + sum(one.images for one in perturbed)) * 32 * 32 * 3
    assert all(one.images in (3, 9) for one in perturbed)


SUBSETS = {"base": 5, "replaced": [1, 4]}  # of the nine images of the small study
EVERYTHING = {name: SUBSETS if name == "subsets" else {} for name in experiments.names()}


@pytest.mark.parametrize("chosen", [{"existence": {}}, EVERYTHING])
def test_every_stage_comes_after_those_it_needs_and_sees_what_its_command_names(chosen):
    seen = set()
    methods = {"classifier": {"image": "attribution"},
               "visNet": {"image": "attribution", "settings": {"network": "visnet"}}}
    for one in study(experiments=chosen, methods=methods).stages:
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


def fresh(**chosen):
    """The stages that experiments add to those of existence."""
    expanded = study(experiments={"existence": {}, **chosen}).stages
    return [one for one in expanded if one.name not in names(study())]


def test_subsets_are_nested_and_share_with_the_base_what_is_not_replaced():
    stages = fresh(subsets={"source": "B", **SUBSETS})
    assert [one.name for one in stages] == [
        "B-5+0/train", "B-5+0/generate", "B-4+1/train", "B-4+1/generate", "B-1+4/train", "B-1+4/generate",
        "classifier-subsets/train", "classifier-subsets/attribute", "subsets/measure"]
    learnt = [{*range(first), *range(9 - last, 9)} for first, last in (
        map(int, after(one.command, "--subset").split("+")) for one in stages if "--subset" in one.command)]
    base, little, much = learnt
    assert [len(base & one) for one in (little, much)] == [4, 1]
    assert all(len(one) == 5 for one in learnt) and little - base < much - base
    labels = [word.split("=")[0] for word in stages[6].command if "=" in word]
    assert labels == ["real", "base", "replaced-1", "replaced-4"]


@pytest.mark.parametrize(("changes", "said"), [
    ({"replaced": [6]}, "replaced: expected different numbers from 1 to base, which is 5, found"),
    ({"replaced": [0, 1]}, "replaced: expected different"), ({"replaced": [1, 1]}, "replaced: expected different"),
    ({"replaced": []}, "replaced: expected different"),
    ({"replaced": [5]}, "base 5 with 5 of them replaced needs 10 images .* images.gan is 9"),
    ({"base": 100, "replaced": [1]}, "base 100 with 1 of them replaced needs 101 images")])
def test_subsets_that_cannot_be(changes, said):
    with pytest.raises(UserError, match=f"experiments.subsets: {said}"):
        study(experiments={"subsets": {**SUBSETS, **changes}})


def test_disjoint_halves_may_be_all_the_images_there_are():
    both = fresh(subsets={"base": 4, "replaced": [4]})
    assert [after(one.command, "--subset") for one in both if "--subset" in one.command] == ["4+0", "0+4"]


def configs(stages, prefix):
    return {one.name: one.config for one in stages if one.name.startswith(prefix) and one.name.endswith("/train")}


def test_every_frequency_network_is_trained_once_and_the_usual_one_is_that_of_existence():
    trained = configs(fresh(frequency={}), "classifier-")
    assert len(trained) == 3 * 6 - 2
    assert trained["classifier-predownscale-4/train"] == {"mode": "predownscale", "switching_res": 4}
    assert trained["classifier-predownscale_residual-128/train"] == {
        "mode": "predownscale_residual", "switching_res": 128}
    assert "classifier-predownscale-128/train" not in trained and "classifier-postpool-4/train" not in trained
    measured = fresh(frequency={})[-1].config["inputs"]
    assert dict(measured)["post-pooling/4"] == dict(measured)["pre-downsampling/128"] == "classifier-attribute"


def test_a_shorter_training_is_not_the_one_of_existence():
    stages = fresh(frequency={"images": 7, "resolutions": [4, 128]}, patches={"images": 7, "resolutions": [8]},
                   seeds={"images": 7, "count": 1})
    assert {name: config["images"] for name, config in configs(stages, "classifier").items()} == {
        f"classifier-{what}/train": 7 for what in (
            "predownscale-128", "predownscale-4", "predownscale_residual-128", "predownscale_residual-4",
            "postpool-128", "map-8", "seeds")}
    own = study(experiments={"frequency": {"images": 7}}, methods={"mine": {"image": "i", "settings": {"images": 9}}})
    assert own.results == {"report": "report"}  # a short training is not the model of the study


def test_patches_are_a_fully_convolutional_training_for_every_resolution():
    trained = configs(fresh(patches={}), "classifier-map")
    assert [config["latent_res"] for config in trained.values()] == [128, 64, 32, 16, 8, 4]
    assert {config["head_width"] for config in trained.values()} == {512}
    assert [what for what, _ in fresh(patches={})[-1].config["inputs"]] == [
        "128/3", "64/10", "32/24", "16/52", "8/108", "4/128"]
    assert len(configs(fresh(patches={"head_width": 0, "resolutions": [8]}), "classifier-map")) == 1


@pytest.mark.parametrize("name", ["frequency", "patches"])
@pytest.mark.parametrize("stated", [[2], [12], [256], [0]])
def test_resolutions_that_the_study_does_not_have(name, stated):
    with pytest.raises(UserError, match=rf"experiments.{name}: resolutions: expected some of \[128, 64"):
        study(experiments={name: {"resolutions": stated}})


def test_settings_of_nothing_are_the_manifest_s():
    asked = Study(read())
    sets = asked.every_source()
    assert asked.trained("classifier", sets, settings={"images": None}) == asked.trained("classifier", sets)


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
    sources["A"]["checkpoint"] = "published//other/../MMDGAN.model-150000.index/"
    assert stage("A/import", sources=sources) == imported
    assert "{in}/checkpoint/MMDGAN.model-150000" in imported.command


@pytest.mark.parametrize(("path", "folder"), [("published/MMDGAN/checkpoint", "published/MMDGAN"), ("checkpoint", ".")])
def test_the_note_of_tensorflow_means_its_folder(path, folder):
    imported = stage("A/import", sources={"A": {"image": "a", "checkpoint": path}})
    assert imported.files == {"checkpoint": folder}
    assert after(imported.command, "--checkpoint") == "{in}/checkpoint/checkpoint"
    assert after(imported.command, "--resolution") == "128"


@pytest.mark.parametrize(("device", "gpus"), [("cuda", 1), ("cpu", 0)])
def test_only_work_that_a_gpu_speeds_up_asks_for_one(device, gpus):
    asked = {one.name: one.resources.gpus for one in study(device=device).stages}
    assert asked == {"data": 0, "A/train": gpus, "A/generate": gpus, "B/train": gpus, "B/generate": gpus,
                     "classifier/train": gpus, "classifier/attribute": gpus, "existence/measure": 0, "report": 0}


def test_stated_resources_come_before_the_usual_ones():
    assert stage("A/train", resources={"train": {"cores": 3, "memory": "1GiB"}}).resources.memory == 2**30
    assert stage("A/train").resources.memory == 8 * 2**30


def test_what_general_networks_see_is_asked_of_test_images():
    planned = Study(read())
    planned.perceived(planned.every_source())
    planned.nearest(planned.images("A"), planned.real(), tests=2)
    seen, near = planned.stages[-2:]
    for one, count in ((seen, "3"), (near, "2")):
        assert (one.image, one.flavour, one.resources.gpus) == ("perception", "cuda", 1)
        assert (after(one.command, "--first"), after(one.command, "--count")) == ("6", count)
    assert [word.split("=")[0] for word in seen.command if "=" in word] == ["real", "A", "B"]
    assert (seen.name, near.name) == ("perception/features", "A/nearest")


def test_fingerprints_are_asked_of_a_visualisation_network_for_the_first_test_images():
    visnet = {"visNet": {"image": "attribution", "settings": {"network": "visnet"}}}
    both = study(methods={"classifier": {"image": "attribution"}, **visnet}, experiments={"fingerprints": {"tests": 2}})
    assert both.results["fingerprints"] == "visNet/train" and "classifier/attribute" in names(both)
    (command,) = [one.command for one in both.stages if "--fingerprints" in one.command]
    assert (after(command, "--first"), after(command, "--count")) == ("6", "2")
    alone = study(methods=visnet, experiments={"fingerprints": {}})
    assert {name.split("/")[0] for name in names(alone)} == {"data", "A", "B", "visNet", "fingerprints", "report"}


def test_the_published_studies_are_planned_at_the_published_size():
    celeba = manifest.read(REPOSITORY / "manifests/celeba.yaml")
    assert sum(celeba.images.model_dump().values()) == 202_599
    assert celeba.resolution == 128
    assert [one.image for one in plan.expand(celeba, ["existence"]).stages if one.name.endswith("/train")] == [
        "progan", "sngan", "cramergan", "mmdgan", "attribution", "knn", "eigenface",
        "eigenface", "prnu", "prnu", "attribution"]
    lsun = manifest.read(REPOSITORY / "manifests/lsun.yaml")
    assert lsun.images.gan == 200_000 and {one.subset.first for one in lsun.sources.values()} == {100_000}
    assert set(lsun.experiments) == set(celeba.experiments) == set(experiments.names())


def test_the_published_studies_name_different_checkpoints():
    named = {name: {line.split("checkpoint: ")[1] for line in (REPOSITORY / f"manifests/{name}.yaml").read_text(
        ).splitlines() if "#checkpoint: " in line} for name in ("celeba", "lsun")}
    assert len(named["celeba"]) == len(named["lsun"]) == 4 and not named["celeba"] & named["lsun"]


@pytest.mark.parametrize("name", ["celeba", "lsun"])
def test_a_checkpoint_is_named_by_taking_away_the_hash_sign(name, tmp_path):
    text = (REPOSITORY / f"manifests/{name}.yaml").read_text()
    text = text.replace("    subset: {first: 100000}\n", "").replace("    #checkpoint:", "    checkpoint:")
    (tmp_path / "m.yaml").write_text(text)
    sources = manifest.read(tmp_path / "m.yaml").sources
    assert all(source.checkpoint for source in sources.values())

