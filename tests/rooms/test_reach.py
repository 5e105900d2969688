"""What Python loads in a container is what the keys say it reaches: every verb, on tiny inputs.

Each verb runs in its image with every Python file of the image, so that one that code.reach missed
is loaded and seen; of the other files only those are there that it says are reached.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from orchestration import images
from orchestration.images import build, code
from tests.conformance.trial import image_set
from tests.experiments import answers
from tests.sources.real.real_archives import celeba_zip, encoded, face, lsun_lmdb, photograph

PARITY = Path(__file__).resolve().parents[1] / "fixtures" / "parity"
CRITIC = {"generator_width": 4, "discriminator_width": 4, "features": 8, "rounds": 2,
          "minibatch": 4, "latent_size": 8, "discriminator_steps": 1,
          "first_discriminator_steps": 1, "checkpoint_every": 1, "preview_every": 1}
SNGAN = {"width": 4, "latent_size": 8, "minibatch": 4, "iterations": 2, "discriminator_steps": 1,
         "checkpoint_every": 1, "preview_every": 1}
SETTINGS = {
    "real": {"resolution": 32, "gan": 4, "train": 3, "validation": 1, "test": 2},
    "progan": {"fmap_base": 64, "fmap_max": 8, "latent_size": 8, "minibatch": 4, "total_kimg": 0.02,
               "stable_kimg": 0.004, "fade_kimg": 0.004, "checkpoint_every": 2, "preview_every": 2},
    "sngan": SNGAN, "cramergan": CRITIC, "mmdgan": CRITIC,
    "attribution": {"fmap_base": 32, "fmap_max": 8, "images": 16, "minibatch": 4,
                    "validate_every": 2, "checkpoint_every": 2},
    "knn": {}, "eigenface": {"classifier": "svm"}, "prnu": {"levels": [1], "sigma": [1, 5]},
    "analysis": {}, "perception": {},
}
BASELINES = ("knn", "eigenface", "prnu")  # nothing was published of them that could be imported
CHECKPOINTS = {
    "progan": "progan-32/network.pkl",
    "sngan": "sngan-128-ch4/generator.npz",
    "cramergan": "cramergan-32/MMDGAN.model-12000.index",
    "mmdgan": "mmdgan-32/MMDGAN.model-23000.index",
    "attribution": "classifier-32/network.pkl",
}
TRAIN = "train --images /tiny/images --config /tiny/config.json --out /tiny/model"
IMPORT = "import --checkpoint /parity/{} --out /tiny/imported"
GENERATE = "generate --model /tiny/model --count 4 --png --out /tiny/fakes"
SETS = "--images a=/tiny/images --images b=/tiny/images"
METHOD = [f"train {SETS} --train 8 --validation 4 --config /tiny/config.json --out /tiny/model",
          f"attribute --model /tiny/model {SETS} --out /tiny/scores"]
COMMANDS = {  # in this order; each may read what those before it wrote
    "real": ["celeba --archive /tiny/celeba.zip --config /tiny/config.json --out /tiny/celeba",
             "lsun --archive /tiny/lsun --config /tiny/config.json --out /tiny/bedrooms",
             "photos --config /tiny/config.json --out /tiny/photos",
             "photos --archive /tiny/album --config /tiny/config.json --out /tiny/own",
             "join --images /tiny/images --images /tiny/images --out /tiny/joined"],
    **dict.fromkeys(BASELINES, METHOD),
    "attribution": [*METHOD, "perturb --images /tiny/images --config /tiny/perturb.json --seed 0 "
                             "--out /tiny/perturbed",
                    "remove --model /tiny/model --images a=/tiny/images --config /tiny/remove.json "
                    "--seed 0 --out /tiny/removed"],
    "analysis": ["measure existence --config /tiny/measure.json --inputs /tiny "
                 "--out /tiny/existence",
                 "report --config /tiny/report.json --inputs /tiny --out /tiny/page",
                 "overview --answer /tiny/said --images /tiny/images --config /tiny/names.json "
                 "--out /tiny/overview"],
    "perception": [f"features {SETS} --count 2 --out /tiny/features",
                   "nearest --images /tiny/images --reference /tiny/images --out /tiny/nearest"],
}
EXPERIMENTS = {"measure": ("experiments.existence",), "report": ("experiments.existence",)}
MEASURE = {"settings": {}, "inputs": [["classifier", "said"]], "rows": {"test": [0, 16]}}
REPORT = {"study": "tiny", "dataset": "gradients", "resolution": 32, "manifest": {},
          "images": [["a", "images"]], "trainings": [],
          "experiments": [["existence", "existence"]]}
EVERYWHERE = ["export --model /tiny/model --out /tiny/exported", "check", "settings"]

pytestmark = pytest.mark.docker


def commands(image):
    """Every verb of an image, as it is typed."""
    if image in ("real", "analysis", "perception"):  # which make no model
        return [*COMMANDS[image], *EVERYWHERE[1:]]
    own = COMMANDS.get(image, [TRAIN, GENERATE])
    imports = [IMPORT.format(CHECKPOINTS[image])] if image in CHECKPOINTS else []
    return [*own, *imports, *EVERYWHERE]


@pytest.fixture
def work(tmp_path):
    """A folder of tiny inputs."""
    folder = tmp_path / "work"
    image_set(folder / "images", 32, 16)
    answers.write(folder / "said", ["a", "b"], {"a": 8, "b": 8}, np.eye(2).repeat(8, axis=0))
    for name, count in (("fingerprints", 16), ("model_fingerprints", 2)):
        np.save(folder / "said" / f"{name}.npy", np.zeros((count, 3, 32, 32), np.float32))
    celeba_zip(folder / "celeba.zip", 16)
    (folder / "album").mkdir()
    for number in range(4):
        photograph(folder / f"album/{number}.png", 64, 96, seed=number)
    lsun_lmdb(folder / "lsun", {b"%040x" % number: encoded(face(number), "WEBP")
                                for number in range(16)})
    return folder


def app(recipe, reached, folder):
    """What the container sees as /app: all Python files and, of the others, what is reached."""
    for file in recipe.files:
        if file.endswith(".py") or file in reached:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(recipe.read(file))
    return folder


def loaded(recipe, command, folder, work):
    """Run a command that must end well; the files below /app that Python says it loads."""
    mounts = {folder: "/app:ro", work: "/tiny", PARITY: "/parity:ro"}
    ended = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", "--user", f"{os.getuid()}:{os.getgid()}",
         *(word for path, place in mounts.items() for word in ("--volume", f"{path}:{place}")),
         "--env", "PYTHONVERBOSE=1", "--env", "OMP_NUM_THREADS=1",
         recipe.reference, *command.split()],
        capture_output=True, text=True, errors="replace", timeout=600, check=False)
    said = [line for line in ended.stderr.splitlines() if not line.startswith(("#", "import "))]
    assert ended.returncode == 0, "\n".join([command, *said[-20:]])
    return set(re.findall(r"(?<![\w/])/app/([\w/.-]+\.py)\b", ended.stderr))


def verbs(recipe):
    """The verbs that a command line offers."""
    ended = subprocess.run(["docker", "run", "--rm", recipe.reference, "--help"],
                           capture_output=True, text=True, check=True)
    return set(re.findall(r"^    ([a-z]+)\b", ended.stdout, re.MULTILINE))


@pytest.mark.parametrize("image", images.names())
def test_what_a_verb_loads_is_what_its_key_holds(image, docker_engine, work, tmp_path):
    recipe = images.recipe(image, "cpu")
    build.build(docker_engine.client, [recipe], lambda event: None)
    configs = {"config": SETTINGS[image], "measure": MEASURE, "report": REPORT,
               "perturb": {"kind": "noise"}, "remove": {"steps": 1},
               "names": {"names": [str(number) for number in range(16)]}}
    for name, config in configs.items():
        (work / f"{name}.json").write_text(json.dumps(config))
    refused = {"import"} if image in BASELINES else set()
    assert verbs(recipe) - refused == {command.split()[0] for command in commands(image)}
    for number, command in enumerate(commands(image)):
        words = command.split()
        reached = set(code.reach(recipe, words, EXPERIMENTS.get(words[0], ())))
        found = loaded(recipe, command, app(recipe, reached, tmp_path / str(number)), work)
        assert found, f"{command}: Python did not say what it loads"
        assert found <= reached, f"{image} {command}: the key misses {sorted(found - reached)}"
