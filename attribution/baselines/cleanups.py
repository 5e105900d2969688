"""How residuals become a pattern, and what is taken out of it before it is compared.

"camera": the estimator of the sensor noise of a camera (Chen et al. 2008), and the clean-up that
deletes what colour filters and JPEG blocks leave: the means of rows and columns in each of the four
2x2 phases, and peaks of the spectrum. On images of GANs the same steps can delete the checkerboard
that is the fingerprint. "plain": the mean residual as it is, of all three channels.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import fft

from attribution.baselines.denoising import least_power, noise_of

_GREY = np.array([0.2989, 0.5870, 0.1140], np.float32)
_BRIGHT, _SPREAD = 252, 6  # where the response of a sensor to light begins to saturate, and how


class Cleanup(NamedTuple):
    """A pattern is finish(sum of weigh(residuals, images) / (sum of mass(images) + 1)).

    weigh, mass: (n, 3, R, R) of residuals and images, float32 from 0 to 255. finish: of patterns,
    or of the residuals of images, (n, 3, R, R), what is compared.
    """

    weigh: Callable
    mass: Callable
    finish: Callable


def unit(values):
    """(n, ...) -> (n, D) of mean 0 and length 1: their dot products are correlations."""
    flat = values.reshape(len(values), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(lengths > 0, lengths, 1)


def _camera(values):
    grey = np.einsum("...cij,c->...ij", values, _GREY)
    return _without_peaks(_without_lines(grey))


def _without_lines(values):
    """Without the means of rows and columns in each of the four 2x2 phases."""
    values = values.copy()
    for row in range(2):
        for column in range(2):
            phase = values[..., row::2, column::2]
            phase -= phase.mean(axis=-1, keepdims=True)
            phase -= phase.mean(axis=-2, keepdims=True)
    return values


def _without_peaks(values):
    """Only that part of the spectrum's magnitudes that is noise of the variance of the values."""
    spectrum = fft.fft2(values, norm="ortho")
    magnitudes = np.abs(spectrum)
    variance = values.var(axis=(-2, -1), keepdims=True)
    noise = noise_of(magnitudes, least_power(magnitudes), np.maximum(variance, 1e-30))
    kept = noise / np.where(magnitudes > 0, magnitudes, 1)
    return fft.ifft2(spectrum * kept, norm="ortho").real


def _response(images):
    """How much a pixel tells of the sensor: its intensity, less near white, 0 if saturated."""
    response = np.where(images < _BRIGHT, images / _BRIGHT,
                        np.exp(-np.square(images - _BRIGHT) / _SPREAD))
    return np.square(response * ~_saturated(images))


def _saturated(images):
    """Whether a pixel and one beside it are the brightest of their channel, from 250 on."""
    brightest = images.max(axis=(-2, -1), keepdims=True)
    there = (images == brightest) & (brightest >= 250)
    beside = [np.roll(there, step, axis) for step in (-1, 1) for axis in (-2, -1)]
    return there & np.logical_or.reduce(beside)


CLEANUPS = {
    "camera": Cleanup(np.multiply, _response, _camera),
    "plain": Cleanup(lambda residuals, images: residuals, np.ones_like, lambda values: values),
}
