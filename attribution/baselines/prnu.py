"""PRNU: the noise that remains of an image, correlated with the mean noise of every source.

As the sensors of cameras are identified, so Marra et al. 2019 did with GANs.
"""

from itertools import product

import numpy as np

from attribution.baselines import denoising, passes, probability, settings
from attribution.baselines.cleanups import CLEANUPS, unit
from attribution.baselines.settings import PRNU as Settings
from sources.contract import events
from sources.contract.errors import BadInput

NAME = "PRNU"


def read(path):
    """The settings, with the differences of a configuration file."""
    return settings.read(Settings, path)


def candidates(settings, resolution):
    """[(levels, sigma)], everything to choose from for images of `resolution` pixels."""
    deepest = denoising.deepest(resolution)
    levels = [level for level in settings.levels if level <= deepest]
    if not levels:
        raise BadInput(f"setting levels: images of {resolution} pixels have {deepest} at most")
    return list(product(levels, settings.sigma))


def plan(settings, sets):
    """Try all candidates on some of the images, if there are several; then take the patterns."""
    size, some = settings.batch, settings.search_images
    search = [*passes.blocks("search", sets.train, size, some),
              *passes.blocks("judge", sets.validation, size, some)]
    several = len(candidates(settings, sets.resolution)) > 1
    return [*(search if several else []),
            *passes.blocks("average", sets.train, size, settings.images),
            *passes.blocks("look", sets.validation, size)]


class Trainer(passes.Trainer):
    """Which candidate is right about most validation images; the first of equals."""

    def begin(self):
        """Sums of nothing: of every candidate, of the chosen one."""
        self._candidates = candidates(self.settings, self.resolution)
        self._cleanup = CLEANUPS[self.settings.cleanup]
        self._patterns = {}
        shape = (self.labels, 3, self.resolution, self.resolution)
        count, deepest = len(self._candidates), denoising.deepest(self.resolution)
        if max(self.settings.levels) > deepest:
            events.log(f"of levels only those up to {deepest} are tried: images have "
                       f"{self.resolution} pixels")
        return {"searched": np.zeros((count, *shape)), "searched_mass": np.zeros(shape),
                "right": np.zeros(count), "sum": np.zeros(shape), "mass": np.zeros(shape),
                "correlations": np.zeros((0, self.labels))}

    def search(self, block):
        """Add to the patterns of every candidate."""
        images, noise = self._noise(block)
        self.found["searched_mass"][block.number] += _sum(self._cleanup.mass(images))
        for place, candidate in enumerate(self._candidates):
            weighed = self._cleanup.weigh(noise.residual(*candidate), images)
            self.found["searched"][place, block.number] += _sum(weighed)

    def judge(self, block):
        """Count for which candidates validation images are attributed rightly."""
        _, noise = self._noise(block)
        for place, candidate in enumerate(self._candidates):
            if place not in self._patterns:
                self._patterns[place] = pattern(self._cleanup, self.found["searched"][place],
                                                self.found["searched_mass"])
            said = correlations(self._cleanup, noise.residual(*candidate), self._patterns[place])
            self.found["right"][place] += (said.argmax(axis=1) == block.number).sum()

    def average(self, block):
        """Add to the patterns of the chosen candidate."""
        images, noise = self._noise(block)
        self.found["mass"][block.number] += _sum(self._cleanup.mass(images))
        weighed = self._cleanup.weigh(noise.residual(*self._chosen), images)
        self.found["sum"][block.number] += _sum(weighed)

    def look(self, block):
        """Keep the correlations of validation images, for the factor of the scores."""
        if "chosen" not in self._patterns:
            self._patterns["chosen"] = pattern(self._cleanup, self.found["sum"], self.found["mass"])
        _, noise = self._noise(block)
        said = correlations(self._cleanup, noise.residual(*self._chosen), self._patterns["chosen"])
        self.append("correlations", said)

    def weights(self):
        """patterns float32 (labels, D), of mean 0 and length 1; levels, sigma, factor, camera ().

        Scores are the correlations with the patterns, times the factor.
        """
        truth, said = passes.truth(self.plan, "look"), self.found["correlations"]
        (levels, sigma), right = self._chosen, (said.argmax(axis=1) == truth).mean()
        events.log(f"{levels} levels, sigma {sigma}: {right:.1%} of the validation images are "
                   "attributed rightly")
        return {"patterns": pattern(self._cleanup, self.found["sum"], self.found["mass"]),
                "levels": np.array(levels), "sigma": np.array(float(sigma)),
                "factor": np.array(probability.factor(said, truth)),
                "camera": np.array(self.settings.cleanup == "camera")}

    @property
    def _chosen(self):
        return self._candidates[int(self.found["right"].argmax())]

    def _noise(self, block):
        images = channels_first(block.images)
        return images, denoising.Noise(images, max(level for level, _ in self._candidates))


def pattern(cleanup, weighed, mass):
    """float32 (labels, D), of mean 0 and length 1, from sums over images, (labels, 3, R, R)."""
    return unit(cleanup.finish((weighed / (mass + 1)).astype(np.float32)))


def correlations(cleanup, residuals, patterns):
    """(n, labels): of residuals, (n, 3, R, R), with patterns, (labels, D)."""
    return unit(cleanup.finish(residuals)) @ patterns.T


def scorer(weights):
    """A function: uint8 (n, R, R, 3) -> {"scores"}."""
    cleanup = CLEANUPS["camera" if weights["camera"] else "plain"]
    levels, sigma = int(weights["levels"]), float(weights["sigma"])

    def say(images):
        residuals = denoising.Noise(channels_first(images), levels).residual(levels, sigma)
        said = correlations(cleanup, residuals, weights["patterns"]) * weights["factor"]
        return {"scores": said.astype(np.float32)}
    return say


def channels_first(images):
    """uint8 (n, R, R, 3) -> float32 (n, 3, R, R)."""
    return np.ascontiguousarray(np.moveaxis(images, 3, 1), np.float32)


def _sum(values):
    return values.sum(axis=0, dtype=np.float64)
