"""The robustness experiment from its steps to its section, each stage done at once."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from attribution.attribute import attribute
from attribution.perturb import perturb
from attribution.train import train
from experiments import robustness
from tests.attribution.conftest import write_set

TRAIN, VALIDATION, TEST, SIDE = 192, 32, 96, 16
LEARNING = {"images": 14400, "fmap_base": 64, "fmap_max": 16, "minibatch": 24, "learning_rate": 0.01,
            "beta1": 0.9, "validate_every": 1000, "checkpoint_every": 1000, "mirror": False}


class DoneAtOnce:
    """A study whose stages are done as soon as they are asked for; handles are names of folders."""

    methods = ("classifier",)

    def __init__(self, folder, sets):
        self.folder, self._sets, self._done = folder, sets, {}

    def every_source(self):
        return self._sets

    def settings(self, method):
        return LEARNING

    def perturbed(self, images, kind, *, tests=None, **settings):
        first, count = (0, None) if tests is None else (TRAIN + VALIDATION, min(tests, TEST))
        return self._do(perturb, {"kind": kind, **settings}, images=str(self.folder / images),
                        first=first, count=count, seed=0)

    def trained(self, method, sets, name="", *, settings=None, start=None):
        return self._do(train, {**LEARNING, **(settings or {})},
                        images=self._named(sets), train=TRAIN, validation=VALIDATION, seed=0,
                        device="cpu", start=start and str(self.folder / start))

    def scores(self, model, sets, rows="test"):
        first, count = (0, None) if rows == "all" else (TRAIN + VALIDATION, TEST)
        return self._do(attribute, {}, model=str(self.folder / model), images=self._named(sets),
                        first=first, count=count, device="cpu", fingerprints=False)

    def _named(self, sets):
        return [(label, str(self.folder / place)) for label, place in sets.items()]

    def _do(self, verb, config, **arguments):
        asked = json.dumps([verb.__name__, config, arguments])
        if asked not in self._done:
            name = f"{len(self._done)}-{verb.__name__}"
            (self.folder / f"{name}.json").write_text(json.dumps(config))
            verb(SimpleNamespace(**arguments, config=str(self.folder / f"{name}.json"),
                                 out=str(self.folder / name)))
            self._done[asked] = name
        return self._done[asked]


@pytest.fixture
def study(tmp_path):
    """Three sources that differ in a faint pattern: none, stripes, a chessboard."""
    random, places = np.random.RandomState(0), np.arange(SIDE)
    signs = {"real": 0 * places[:, None], "stripes": 1 - places[:, None] % 2 * 2,
             "chess": 1 - (places[:, None] + places) % 2 * 2}
    for name, pattern in signs.items():
        smooth = random.uniform(60, 190, (TRAIN + VALIDATION + TEST, 1, 1, 3))
        grain = random.standard_normal((len(smooth), SIDE, SIDE, 3))
        images = smooth + 7 * pattern[..., None] + grain
        write_set(tmp_path / name, np.rint(images).astype(np.uint8))
    return DoneAtOnce(tmp_path, {name: name for name in signs})


def test_finetuning_on_perturbed_images_raises_the_accuracy_on_them(study):
    settings = robustness.Settings(kinds=["noise"], noise_scale="deviation", strengths=[0.5],
                                  finetuning=0.7, curve_images=50)
    lab = Lab(study.folder, robustness.steps(study, settings))
    found = robustness.measure(lab, settings)
    (noise,) = found["kinds"]
    before, after = ([point[2] for point in noise[when]] for when in ("before", "after"))
    assert found["images"] == 3 * TEST and found["chance"] == pytest.approx(1 / 3)
    assert before[0] > 0.95  # unperturbed
    assert before[0] > before[2] + 0.1 and after[2] > before[2] + 0.1  # at the published range
    assert before[1] >= before[2]  # half as strong, less bad
    assert robustness.section(found, []).headline.value.endswith("%")
