"""The conformance test of docs/contract.md: any source can be put through it, ours or a stranger's.

    python -m tests.conformance.conformance --image REFERENCE --config tiny.json
    python -m tests.conformance.conformance --config tiny.json --process -- python -m sources.progan

The configuration has to make the training tiny, but long enough to be stopped in its middle: a second, say.
Needs NumPy and Pillow, and uses nothing of sources/contract: that is a convenience, not the definition.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conformance.callers import Container, Process, call, stop_in_the_middle
from tests.conformance.told_settings import settings_are_told
from tests.conformance.trial import NotConforming, Trial, check_events, expect, last, refused, sha256, spoilt


def training_tells_its_progress(trial):
    """train ends with 0; its events are JSON lines; the last progress is the whole; the last event is done."""
    expect(trial.model.is_dir(), "train wrote nothing")
    check_events(trial.trained)
    progress = [event for event in trial.trained.events if event["event"] == "progress"]
    expect(progress and progress[-1]["step"] == progress[-1]["total"], "train did not tell its progress to the end")


def a_finished_training_is_not_repeated(trial):
    """The same train command again ends with done, and no file is written anew."""
    before = times(trial.model)
    again = call(*trial.training("model"))
    expect(again.status == 0, f"train in a folder with its own finished model ended with {again.status}")
    check_events(again)
    expect(before == times(trial.model), "train in a folder with its own finished model did not leave it as it was")


def times(folder):
    """When each file below `folder` was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def the_same_seed_gives_the_same_images(trial):
    """Twice the same generate command gives the same bits, another seed other images."""
    once, again = trial.sample("once", 3, 0, 12), trial.sample("again", 3, 0, 12)
    expect(np.array_equal(once, again), "the same seed gave other images")
    expect(not np.array_equal(once, trial.sample("other", 4, 0, 12)), "another seed gave the same images")


def shards_equal_one_long_run(trial):
    """Image i depends on (model, seed, i div block) alone, wherever a shard begins."""
    block, total = trial.block, 2 * trial.block + 3
    whole = trial.sample("whole", 5, 0, total)
    for what, cuts in (("aligned", [0, block, total]), ("unaligned", [0, block // 2 + 1, block + block // 2, total])):
        for start, end in zip(cuts[:-1], cuts[1:], strict=True):
            shard = trial.sample(f"{what}-{start}", 5, start, end - start) if end > start else whole[:0]
            expect(np.array_equal(shard, whole[start:end]),
                   f"images {start} to {end - 1} ({what} with blocks of {block}) differ from those of one long run")


def png_files_show_the_images(trial):
    """--png writes png/00000000.png and so on, numbered as the images are."""
    images = trial.sample("with-png", 3, 2, 3, "--png")
    names = sorted(path.name for path in (trial.folder / "with-png/png").iterdir())
    expect(names == [f"{number:08d}.png" for number in (2, 3, 4)], f"--png --first 2 --count 3 wrote {names}")
    for name, image in zip(names, images, strict=True):
        shown = np.asarray(Image.open(trial.folder / "with-png/png" / name).convert("RGB"))
        expect(np.array_equal(shown, image), f"{name} does not show its image")


def quantize_can_be_chosen(trial):
    """--quantize published is what the verb does unless told otherwise; round is known too."""
    usual = trial.sample("usual", 3, 0, 4)
    expect(np.array_equal(usual, trial.sample("published", 3, 0, 4, "--quantize", "published")),
           "--quantize published is not the default")
    expect(trial.sample("round", 3, 0, 4, "--quantize", "round").shape == usual.shape, "--quantize round fails")


def latents_give_their_images(trial):
    """--latents gives an image for each row, the same ones each time; rows of a wrong width are refused."""
    if trial.latent_size is None:
        return
    latents = np.random.RandomState(0).randn(trial.block + 3, trial.latent_size).astype(np.float32)
    np.save(trial.folder / "latents.npy", latents)
    images = trial.generate("latent-images", latents=trial.folder / "latents.npy")
    expect(len(images) == len(latents), f"{len(latents)} rows of latents gave {len(images)} images")
    expect(np.array_equal(images, trial.generate("latent-again", latents=trial.folder / "latents.npy")),
           "the same latents gave other images")
    np.save(trial.folder / "wide.npy", np.pad(latents, ((0, 0), (0, 1))))
    refused(trial, "latents of a wrong width", "generate",
            {"model": trial.model, "latents": trial.folder / "wide.npy"})


def a_subset_is_the_first_and_the_last_images(trial):
    """--subset of all is all; of a part, as a set of these very images; of more it is refused."""
    count = trial.count
    whole = trial.sample("whole-set", 9, 0, 8)
    for name, subset in (("all", f"{count}+0"), ("ends", f"{count // 2}+{count - count // 2}")):
        found = trial.sample(f"of-{name}", 9, 0, 8, model=trial.train_on(name, "--subset", subset))
        expect(np.array_equal(found, whole),
               f"--subset {subset} of {count} images trains otherwise than all of them")
    first, last = count // 2, count // 4
    trained = trial.train_on("part", "--subset", f"{first}+{last}")
    part = trial.sample("of-part", 9, 0, 8, model=trained)
    trained = trial.train_on("same", images=trial.ends(first, last))
    same = trial.sample("of-same", 9, 0, 8, model=trained)
    expect(np.array_equal(part, same), "--subset trains otherwise than a set of the same images")
    expect(not np.array_equal(part, whole), "--subset of a part trains as on all of the images")
    reads = {"images": trial.images, "config": trial.config}
    refused(trial, "a subset larger than the set", "train", reads, ("--subset", f"{count}+1"))
    refused(trial, "a subset that is none", "train", reads, ("--subset", "all"))


def bad_input_is_refused_in_one_line(trial):
    """Exit status 2, exactly one line on standard error, and nothing finished in --out."""
    (trial.folder / "empty").mkdir()
    images, empty, config = trial.images, trial.folder / "empty", trial.config
    count = ("--count", "4")
    refused(trial, "an empty folder for images", "train", {"images": empty, "config": config})
    changed = spoilt(trial, "changed", lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    refused(trial, "a changed image", "train", {"images": changed, "config": config})
    truncated = spoilt(trial, "truncated", lambda data: data[:2 * len(data) // 3])
    refused(trial, "a truncated set", "train", {"images": truncated, "config": config})
    refused(trial, "an unknown setting", "train",
            {"images": images, "config": trial.write("unknown.json", '{"no_such_setting": 1}')})
    refused(trial, "a configuration that is no JSON", "train",
            {"images": images, "config": trial.write("broken.json", '{"steps": ')})
    refused(trial, "an unknown argument", "train", {"images": images}, ("--no-such-argument",))
    refused(trial, "an unknown verb", "no-such-verb", {})
    refused(trial, "an empty folder for a model", "generate", {"model": empty}, count)
    refused(trial, "no count", "generate", {"model": trial.model})
    refused(trial, "a count of 0", "generate", {"model": trial.model}, ("--count", "0"))


def a_device_that_is_not_there_is_status_3(trial):
    """--device cuda without a GPU ends with 3, in one line. Not tried where a process may find one."""
    if isinstance(trial.source, Process) and Path("/dev/nvidiactl").exists():
        return
    ended = call(*trial.training("cuda")[:4], ("--device", "cuda"))
    expect(ended.status == 3, f"--device cuda without a GPU ended with {ended.status}: {last(ended.errors)}")
    expect(len(ended.errors) == 1, f"--device cuda without a GPU wrote {len(ended.errors)} lines: {ended.errors}")


def a_stopped_training_continues(trial):
    """SIGTERM ends a training with 143; the same command then gives the same model as if nothing had happened."""
    undisturbed = trial.sample("undisturbed", 9, 0, 8)
    stopped = stop_in_the_middle(*trial.training("stopped"))
    expect(stopped.status != 0, "the training ended before it could be stopped; give a --config that takes longer")
    expect(stopped.status == 143, f"SIGTERM ended it with {stopped.status} instead of 143: {last(stopped.errors)}")
    check_events(stopped, finished=False)
    expect(not (trial.folder / "stopped/model.json").exists(), "a stopped training left a finished model")
    continued = call(*trial.training("stopped"))
    expect(continued.status == 0, f"the same command after SIGTERM ended with {continued.status}: "
                                  f"{last(continued.errors)}")
    images = trial.sample("continued", 9, 0, 8, model=trial.folder / "stopped")
    expect(np.array_equal(images, undisturbed), "a stopped and continued training gives other images")


def inputs_are_left_as_they_were(trial):
    """Nothing is written beside --out."""
    names = sorted(path.name for path in trial.images.iterdir())
    expect(names == ["images.npy", "imageset.json"], f"the folder of the images now holds {names}")
    index = json.loads((trial.images / "imageset.json").read_text())
    expect(index["sha256"] == sha256(trial.images / "images.npy"), "the images were changed")


CHECKS = (training_tells_its_progress, a_finished_training_is_not_repeated, the_same_seed_gives_the_same_images,
          shards_equal_one_long_run, png_files_show_the_images, quantize_can_be_chosen, latents_give_their_images,
          a_subset_is_the_first_and_the_last_images, bad_input_is_refused_in_one_line, settings_are_told,
          a_device_that_is_not_there_is_status_3, a_stopped_training_continues,
          inputs_are_left_as_they_were)


def main():
    """Put one source through all checks; exit status 1 if it fails one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--image", metavar="REFERENCE", help="an image of the local Docker Engine")
    which.add_argument("--process", action="store_true", help="the command that follows --")
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON: the settings of a tiny training")
    parser.add_argument("--resolution", type=int, default=32, help="of the real images (default: 32)")
    parser.add_argument("--latent-size", type=int, help="width of --latents, if the source takes them")
    parser.add_argument("prefix", nargs="*", metavar="WORD", help="with --process: the command")
    arguments = parser.parse_args()
    config = json.loads(arguments.config.read_text()) if arguments.config else {}
    source = Container(arguments.image) if arguments.image else Process(arguments.prefix)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(source, folder, config, arguments.resolution, latent_size=arguments.latent_size)
        passed = [passes(check, trial) for check in CHECKS]
    sys.exit(0 if all(passed) else 1)


def passes(check, trial):
    """Whether a check passes; says so."""
    try:
        check(trial)
    except (NotConforming, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"FAIL  {check.__name__}: {type(error).__name__}: {error}", flush=True)
        return False
    print(f"ok    {check.__name__}", flush=True)
    return True


if __name__ == "__main__":
    main()
