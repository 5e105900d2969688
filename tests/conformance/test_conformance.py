"""The conformance test passes an honest source, and catches each broken promise."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import conformance
from tests.conformance.callers import Container, Process
from tests.conformance.trial import NotConforming, Trial

REPOSITORY = Path(__file__).resolve().parents[2]
HONEST = [sys.executable, "-m", "examples.fifth_gan.eigenimages"]
TINY = {"steps": 500, "components": 8, "checkpoint_every": 100}


@pytest.fixture(scope="module", autouse=True)
def in_the_repository():
    """Sources are called from the root of the repository, with one thread each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """The fifth GAN under trial."""
    return Trial(Process(HONEST), tmp_path_factory.mktemp("trial"), TINY, latent_size=8)


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
def test_the_fifth_gan_conforms(check, trial):
    check(trial)


# What each does to an honest source before it runs, the check that has to notice, and what it says.
BROKEN = {
    "ignores --first": ("""
if "--first" in sys.argv: sys.argv[sys.argv.index("--first") + 1] = "0"
""", conformance.shards_equal_one_long_run,
        "differ from those of one long run"),
    "draws by the clock": ("""
if "--seed" in sys.argv and "generate" in sys.argv: sys.argv[sys.argv.index("--seed") + 1] = str(time.time_ns() % 2**32)
""", conformance.the_same_seed_gives_the_same_images,
        "the same seed gave other images"),
    "ignores --seed": ("""
if "--seed" in sys.argv: sys.argv[sys.argv.index("--seed") + 1] = "0"
""", conformance.the_same_seed_gives_the_same_images,
        "another seed gave the same images"),
    "chats on standard output": ("""
print("Welcome!", flush=True)
""", conformance.training_tells_its_progress,
        "no JSON"),
    "says nothing": ("""
events.emit = lambda event, **fields: None
""", conformance.training_tells_its_progress,
        "not done"),
    "complains in two lines": ("""
print("a banner", file=sys.stderr)
""", conformance.bad_input_is_refused_in_one_line,
        "2 lines on standard error"),
    "crashes on bad input": ("""
errors.BadInput.status = 1
""", conformance.bad_input_is_refused_in_one_line,
        "exit status 1 instead of 2"),
    "takes what it does not tell": ("""
settings.check = lambda chosen, allowed: None
""", conformance.settings_are_told,
        "exit status 0 instead of 2"),
    "tells less than it takes": ("""
settings.schema = lambda published, allowed: {"type": "object", "additionalProperties": False, "properties": {}}
""", conformance.settings_are_told,
        "does not tell of"),
    "crashes where it should tell": ("""
settings.show = lambda schemas: 1 / 0
""", conformance.settings_are_told,
        "settings ended with 1"),
    "believes any image set": ("""
read = imagesets.read
imagesets.read = lambda folder, check=True: read(folder, check=False)
""", conformance.bad_input_is_refused_in_one_line,
        "a changed image: exit status 0"),
    "takes any device": ("""
if "--device" in sys.argv: sys.argv[sys.argv.index("--device") + 1] = "cpu"
""", conformance.a_device_that_is_not_there_is_status_3,
        "--device cuda without a GPU ended with 0"),
    "dies of SIGTERM": ("""
training.Stop.__enter__ = lambda self: self
""", conformance.a_stopped_training_continues,
        "instead of 143"),
    "forgets its weights": ("""
resume = training.Training.resume
training.Training.resume = lambda self: resume(self) and None
""", conformance.a_stopped_training_continues,
        "gives other images"),
    "trains again": ("""
models.holds = lambda folder, training: False
""", conformance.a_finished_training_is_not_repeated,
        "did not leave it as it was"),
    "ignores --subset": ("""
subset = imagesets.ImageSet.subset
imagesets.ImageSet.subset = lambda self, ends: subset(self, ends) and self
""", conformance.a_subset_is_the_first_and_the_last_images,
        "trains otherwise than a set of the same images"),
    "takes the middle for the end": ("""
init = imagesets.Ends.__init__
imagesets.Ends.__init__ = lambda self, images, first, last: init(self, images[:first + last], first, last)
""", conformance.a_subset_is_the_first_and_the_last_images,
        "trains otherwise than a set of the same images"),
    "takes any subset": ("""
subset = imagesets.ImageSet.subset
imagesets.ImageSet.subset = lambda self, ends: subset(self, ends and (ends[0], min(ends[1], self.count - ends[0])))
""", conformance.a_subset_is_the_first_and_the_last_images,
        "a subset larger than the set: exit status 0"),
    "writes to its images": ("""
if "train" in sys.argv: open(sys.argv[sys.argv.index("--images") + 1] + "/cache", "w").close()
""", conformance.inputs_are_left_as_they_were,
        "now holds"),
    "numbers PNG files from 0": ("""
write = generation._write_pngs
generation._write_pngs = lambda out, first, images: write(out, 0, images)
""", conformance.png_files_show_the_images,
        "wrote \\['00000000.png'"),
}


@pytest.mark.parametrize(("change", "check", "complaint"), BROKEN.values(), ids=BROKEN)
def test_a_broken_source_is_caught(change, check, complaint, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import runpy, sys, time\nfrom sources.contract import *\n"
                      "from sources.contract import errors, events, generation, imagesets, models, settings, training\n"
                      f"{change}\nrunpy.run_module('examples.fifth_gan.eigenimages', run_name='__main__')\n")
    broken = Process([sys.executable, "-c", f"exec(open({str(script)!r}).read())"])
    trial = Trial(broken, tmp_path / "trial", TINY)
    assert trial.trained.status == 0
    with pytest.raises(NotConforming, match=complaint):
        check(trial)


def test_a_source_need_not_tell_its_settings(tmp_path):
    silent = tmp_path / "silent.py"
    silent.write_text("import runpy, sys\nfrom sources.contract import command\n"
                      "command.add_settings = lambda verbs: None\n"
                      "runpy.run_module('examples.fifth_gan.eigenimages', run_name='__main__')\n")
    conformance.settings_are_told(Trial(Process([sys.executable, "-c", f"exec(open({str(silent)!r}).read())"]),
                                        tmp_path / "trial", TINY))


def test_the_command_line_names_each_check_and_its_exit_status_tells(tmp_path):
    ended = subprocess.run([sys.executable, "-m", "tests.conformance.conformance", "--process", "--", sys.executable,
                            "-c", "print('hello')"], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "FAIL  training_tells_its_progress: NotConforming: a line on standard output is no JSON" in ended.stdout
    assert ended.stdout.count("\n") == len(conformance.CHECKS)


def test_a_container_gets_its_inputs_read_only_and_no_network(tmp_path):
    words = Container("somebody/gan").command("train", {"images": tmp_path}, tmp_path / "out", ("--seed", "1"))
    assert words[-8:] == ["somebody/gan", "train", "--images", "/in/images", "--out", "/out", "--seed", "1"]
    assert f"{tmp_path}:/in/images:ro" in words and "--read-only" in words
    assert words[words.index("--network") + 1] == "none"
