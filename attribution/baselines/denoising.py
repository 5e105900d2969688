"""The noise of images: what a wavelet denoiser takes away (Mihcak et al. 1999, as PRNU uses it)."""

import numpy as np
import pywt
from scipy.ndimage import uniform_filter

_WAVELET = "db4"
_WINDOWS = (3, 5, 7, 9)  # sides of the neighbourhoods whose least power counts


def deepest(resolution):
    """How many levels images of this side can be taken apart into."""
    return pywt.dwt_max_level(resolution, _WAVELET)


class Noise:
    """Images taken apart once, for the residuals of several settings.

    images: float32 (n, 3, R, R), from 0 to 255. levels: the most that a residual will ask for.
    """

    def __init__(self, images, levels):
        self._side = images.shape[-1]
        _, *details = pywt.wavedec2(images, _WAVELET, level=levels, axes=(-2, -1))
        self._details = [[(band, least_power(band)) for band in level] for level in details]

    def residual(self, levels, sigma):
        """float32 (n, 3, R, R): the noise. sigma: its expected deviation, from 0 to 255.

        Of every detail band of `levels` levels that part stays which an adaptive Wiener filter
        holds to be noise; the approximation, of which the images' content is, goes.
        """
        details = [tuple(noise_of(*band, sigma ** 2) for band in level)
                   for level in self._details[-levels:]]
        approximation = np.zeros_like(details[0][0])
        whole = pywt.waverec2([approximation, *details], _WAVELET, axes=(-2, -1))
        return whole[..., :self._side, :self._side]


def least_power(values):
    """The least mean of the squares of the last two axes, over windows around each value."""
    squares = np.square(values)
    around = (1,) * (values.ndim - 2)
    return np.minimum.reduce([uniform_filter(squares, (*around, side, side)) for side in _WINDOWS])


def noise_of(values, power, variance):
    """The part of `values` that is noise of this variance, where `power` is their mean square."""
    signal = np.maximum(power - variance, 0)
    return values * (variance / (signal + variance))
