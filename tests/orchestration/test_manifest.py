"""Manifests: read whole, checked whole, every complaint with file, line and key."""

import textwrap
from pathlib import Path

import pytest

from orchestration import manifest
from orchestration.errors import UserError

REPOSITORY = Path(__file__).resolve().parents[2]
SMALLEST = """
study: tiny
dataset: {kind: photos}
images: {gan: 8, train: 4, validation: 2, test: 2}
sources: {GAN: {image: my/gan:1}}
"""


@pytest.fixture
def read(tmp_path):
    """Read a manifest from its text."""
    def read_text(text):
        path = tmp_path / "m.yaml"
        path.write_text(textwrap.dedent(text))
        return manifest.read(path)
    return read_text


@pytest.fixture
def complaints(read, tmp_path):
    """What is said of a manifest that is wrong, a list of lines without the file's path."""
    def of(text):
        with pytest.raises(UserError) as caught:
            read(text)
        return [line.removeprefix(f"{tmp_path}/m.yaml") for line in str(caught.value).splitlines()]
    return of


@pytest.mark.parametrize("path", sorted((REPOSITORY / "manifests").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_manifest_of_ours_is_good(path):
    assert manifest.read(path).study == path.stem


def test_the_published_values_are_the_defaults(read):
    study = read(SMALLEST)
    assert (study.resolution, study.device, study.seed, study.quantize) == (128, "cuda", 0, "published")


def test_an_experiment_has_the_published_settings_where_the_manifest_says_nothing(read):
    study = read(SMALLEST + "experiments: {intervals: {level: 0.9}, existence: {}}")
    stated = manifest.experiment_settings(study)
    assert list(stated) == ["intervals", "existence"]
    assert stated["intervals"]._asdict() == {"level": 0.9, "draws": 10_000, "seed": 0, "trainings": 1}


def test_memory_is_read_as_bytes(read):
    assert read(SMALLEST + "resources: {train: {memory: 3GiB}}").resources.train.memory == 3 * 2**30


def test_every_complaint_is_made_at_once_each_with_its_line_and_key(complaints):
    assert complaints("""\
        study: tiny
        resolutoin: 32
        device: gpu
        dataset: {kind: photos}
        images: {gan: none, train: 4, validation: 2, test: 0}
        sources:
          SNGAN:
            imag: sngan
        """) == [
        ":2: resolutoin: there is no such key; did you mean resolution?",
        ":3: device: expected 'cpu' or 'cuda', found 'gpu'",
        ":5: images.gan: should be a valid integer, found 'none'",
        ":5: images.test: should be greater than or equal to 1, found 0",
        ":7: sources.SNGAN.image: this key is missing",
        ":8: sources.SNGAN.imag: there is no such key; did you mean image?"]


@pytest.mark.parametrize(("text", "said"), [
    ("study: [a", ":1: not YAML (expected ',' or ']', but got '<stream end>')"),
    ("", ": the file is empty"),
    ("- study", ":1: a manifest is a set of keys, such as `study: demo`"),
    ("study: a\nstudy: b", ":2: study: stands here again, first in line 1"),
    (SMALLEST.replace("photos", "celeba"),
     ":3: dataset: celeba needs the key archive: the path of what you downloaded"),
    (SMALLEST.replace("GAN:", "real:"),
     ":5: sources.real: the name real is taken: it means something else in every study, found 'real'"),
    (SMALLEST.replace("GAN:", "report:"),
     ":5: sources.report: the name report is taken: it means something else in every study, found 'report'"),
    (SMALLEST.replace("gan:1}", "gan:1, checkpoint: a.pkl, seed: 5, settings: {width: 3}}"),
     ":5: sources.GAN: seed, settings beside checkpoint: what is imported has been trained; take one away"),
    (SMALLEST.replace("gan:1}", "gan:1, checkpoint: a.pkl, settings: {}}"),
     ":5: sources.GAN: settings beside checkpoint: what is imported has been trained; take one away"),
    *((SMALLEST.replace("gan:1}", f"gan:1, checkpoint: {nothing}}}"),
       ":5: sources.GAN.checkpoint: expected the path of a file or folder; without one, take the line away, "
       f"found {found}") for nothing, found in (("", None), ("~", None), ("''", "''"))),
    (SMALLEST.replace("gan:1}", "gan:1, checkpoint: 'https://drive.google.com/uc?id=1'}"),
     ":5: sources.GAN.checkpoint: this is an address; download what is there, and give the path where it lies, "
     "found 'https://drive.google.com/uc?id=1'"),
    (SMALLEST.replace("{kind: photos}", "{kind: celeba, archive: $HOME/a.zip}"),
     ":3: dataset.archive: variables are not expanded here, only ~ is; write the path out, found '$HOME/a.zip'"),
    (SMALLEST.replace("my/gan:1", "Progan"),
     ":5: sources.GAN.image: images have names in small letters; did you mean progan?, found 'Progan'"),
    *((SMALLEST.replace("my/gan:1", name), f":5: sources.GAN.image: expected the name of an image, found {shown}")
      for name, shown in (("''", "''"), ("-rf", "'-rf'"), ('"a\\e[2J"', r"'a\x1b[2J'"))),
    (SMALLEST.replace("study: tiny", "study: " + "x" * 101),
     f":2: study: a name has at most 100 characters, as files are called by it, found '{'x' * 101}'"),
    (SMALLEST.replace("gan: 8", "gan: 1" + "0" * 30),
     ":4: images.gan: should be less than or equal to 10000000, found 1" + "0" * 30),
    (SMALLEST.replace("gan:1}", 'gan:1, checkpoint: "a\\0b"}'),
     ":5: sources.GAN.checkpoint: no file has such a path: they have up to 4095 characters, NUL not among them, "
     r"found 'a\x00b'"),
    ("# " + "x" * 1_000_000 + SMALLEST, ": not YAML (more than 1,000,000 bytes)"),
    (SMALLEST + "x-base: &base {image: progan}",
     ":6: x-base: there is no such key; an anchor can stand where it is first used"),
    (SMALLEST + "seed: 1\n  device: cpu",
     ":7: not YAML (mapping values are not allowed here; is this line indented deeper than the one above?)"),
    (SMALLEST + "\tseed: 1", ":6: not YAML (found character '\\t' that cannot start any token; "
                             "indent with blanks, not with tabs)"),
    (SMALLEST.replace("gan: 8", "gan: 1e3"), ":4: images.gan: should be a valid integer, found 1000.0"),
    (SMALLEST + "methods: {GAN: {image: mine}}",
     ":1: GAN: sources, methods and experiments have different names"),
    (SMALLEST.replace("gan:1", "gan:1, subset: {first: 8, lats: 1}"),
     ":5: sources.GAN.subset.lats: there is no such key; did you mean last?"),
    (SMALLEST + "resources: {train: {core: 1}}",
     ":6: resources.train.core: there is no such key; did you mean cores?"),
    (SMALLEST + "experiments: {existense: {}}",
     ":6: experiments.existense: there is no such key; did you mean existence?"),
    (SMALLEST + "experiments: {seeds: {cuont: 3}}",
     ":6: experiments.seeds.cuont: there is no such key; did you mean count?"),
    (SMALLEST + "experiments: {existence: {cuont: 3}}",
     ":6: experiments.existence.cuont: there is no such key; there are none here"),
    (SMALLEST + "experiments: {seeds: {count: many}}",
     ":6: experiments.seeds.count: should be a valid integer, found 'many'"),
    (SMALLEST + "experiments: {seeds: 3}",
     ":6: experiments.seeds: should be a valid dictionary, found 3"),
    (SMALLEST + "resources: {train: {memory: 3}}",
     ":6: resources.train.memory: expected a size such as 512MiB or 4GiB, found 3"),
    (SMALLEST.replace("gan:1}", "gan:1, settings: {width: {a: 1}}}"),
     ":5: sources.GAN.settings.width: a setting is a number, a text, true, false or a list of these"),
    (SMALLEST.replace("GAN:", "no:"), ":5: sources.no: this key is true or false in YAML; quote it"),
    (SMALLEST.replace("GAN:", "123:"), ":5: sources.123: this key is a number in YAML; quote it"),
    (SMALLEST.replace("study: tiny", "study: {{ name }}"),
     ":2: study: a key is a text; is something in braces or brackets not quoted?"),
    (SMALLEST + "seed: 010", ":6: seed: 010 is another number in YAML; write it plainly"),
    (SMALLEST + "seed: 1:30", ":6: seed: 1:30 is another number in YAML; write it plainly"),
    ("a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
                                             for old, new in zip("abcdefgh", "bcdefghi", strict=True)),
     ": not YAML (more than 10,000 entries; are there aliases within aliases?)"),
    ("a: &a [*a]", ": not YAML that is read here (nested too deep, or an alias within itself)"),
    ("[" * 5000, ": not YAML that is read here (nested too deep, or an alias within itself)"),
])
def test_bad_manifests_are_refused_in_one_line(complaints, text, said):
    assert complaints(text) == [said]


def test_what_editors_of_other_systems_write_is_read(tmp_path):
    """A byte order mark, other ends of lines, an anchor at its first use; UTF-16 is refused."""
    text = SMALLEST.replace("gan:1}", "gan:1, settings: &own {a: 1}}, B: {image: b, settings: {<<: *own, b: 2}}")
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert manifest.read(path).sources["B"].settings == {"a": 1, "b": 2}
    path.write_text(text, "utf-16")
    with pytest.raises(UserError, match=r"m\.yaml: not YAML \('utf-8' codec"):
        manifest.read(path)


def test_the_home_of_the_user_is_expanded(read, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    study = read(SMALLEST.replace("{kind: photos}", "{kind: celeba, archive: ~/a.zip}")
                 .replace("gan:1}", "gan:1, checkpoint: ~/b.pkl}"))
    assert study.dataset.archive == "/home/me/a.zip" and study.sources["GAN"].checkpoint == "/home/me/b.pkl"


@pytest.mark.parametrize(("written", "meant"), [
    ("ganfp/progan", "progan"), ("ganfp/progan:cpu", "ganfp/progan:cpu"), ("ganfp/mine", "ganfp/mine"),
    ("localhost:5000/gan:V1", "localhost:5000/gan:V1"), ("gan@sha256:0a", "gan@sha256:0a")])
def test_an_image_of_ours_may_be_called_by_its_whole_name(read, written, meant):
    assert read(SMALLEST.replace("my/gan:1", f"'{written}'")).sources["GAN"].image == meant


def test_numbers_may_be_written_with_and_without_a_point(read):
    settings = read(SMALLEST.replace("gan:1}", "gan:1, settings: {a: 1e-4, b: 2E3, c: -1e+2}}")).sources["GAN"].settings
    assert settings == {"a": 0.0001, "b": 2000.0, "c": -100.0}
    assert repr(read(SMALLEST + "resolution: 32.0").resolution) == "32"


def test_a_manifest_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: No such file or directory"):
        manifest.read(tmp_path / "none.yaml")
