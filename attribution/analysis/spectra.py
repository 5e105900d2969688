"""What repeats in the noise of images: a denoiser's residuals, their spectra and correlations.

Residuals and not images, as what an image shows would outweigh all else (Marra et al. 2019; Corvi
et al. 2023). Frequencies are in cycles per pixel, 0 to 0.5 in each direction; images count as
periodic.
"""

import numpy as np
from scipy import ndimage

_WINDOW = 5     # pixels of a side that the denoiser looks at
_DEVIATION = 5  # of the noise that it expects, of values from 0 to 255


def residuals(images):
    """What a denoiser takes from images (N, R, R, 3), values 0 to 255: float64, of that shape.

    It is the local Wiener filter (Lee 1980): each value goes to the mean of its window, all the
    way where the window varies no more than noise would, and the less the more it varies. Unlike a
    median it leaves no pattern of period 2 in the image.
    """
    images = np.asarray(images, float)
    mean, square = (ndimage.uniform_filter(values, (1, _WINDOW, _WINDOW, 1), mode="mirror")
                    for values in (images, images ** 2))
    noise = _DEVIATION ** 2
    return (images - mean) * (noise / np.maximum(square - mean ** 2, noise))


def power(residual):
    """Power spectra (N, R, R), frequency 0 first, of (N, R, R, C): the mean over channels.

    White noise has its variance at every frequency.
    """
    waves = np.fft.fft2(residual, axes=(1, 2))
    return (np.abs(waves) ** 2).mean(axis=3) / residual[0, ..., 0].size


def centred(spectrum):
    """A spectrum or autocorrelation (R, R) with frequency or lag 0 at row and column R // 2."""
    return np.fft.fftshift(spectrum)


def autocorrelation(spectrum):
    """The correlation of values as far apart as row and column say, (R, R), of a power spectrum.

    Lag 0 comes first, and is 1. The mean, which has frequency 0, is left out.
    """
    without_mean = spectrum.copy()
    without_mean[0, 0] = 0
    found = np.fft.ifft2(without_mean).real
    return found / (found[0, 0] or 1)


def radial(spectra):
    """Means over rings around frequency 0: (N, rings) of spectra (N, R, R).

    Ring k is of frequencies around k / R. The last ones, above 0.5, are diagonal frequencies alone.
    """
    ring = _radius(spectra.shape[1]).round().astype(int).ravel()
    sums = np.stack([np.bincount(ring, spectrum.ravel()) for spectrum in spectra])
    return sums / np.bincount(ring)


def strongest_lag(correlation, beyond):
    """(rows, columns, correlation) of the shift at which an autocorrelation (R, R) is largest.

    Of shifts of more than `beyond` pixels in one direction at least; of equal ones the shortest.
    """
    size = len(correlation)
    rows, columns = (lag.ravel() for lag in np.indices((size, size)))
    down, right = (np.minimum(lag, size - lag) for lag in (rows, columns))
    values = np.where(np.maximum(down, right) > beyond, correlation.ravel(), -np.inf)
    best = np.lexsort((np.hypot(down, right), -values.round(6)))[0]
    return int(down[best]), int(right[best]), float(values[best])


def _radius(size):
    """The distance of every frequency from 0, (R, R), in steps of 1 / R."""
    steps = np.fft.fftfreq(size, 1 / size)
    return np.hypot(steps[:, None], steps)
