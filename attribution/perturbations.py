"""What can happen to an image on its way: noise, blur, crop, JPEG, relighting, and all together.

The ranges are those of the study (Yu, Davis and Fritz 2019), as later re-implementations state
them. Where they differ, the reading is a setting. What happens to an image depends on the seed and
on its number alone. Images are uint8 (R, R, 3), and so is what becomes of them.
"""

import io
import math
from typing import NamedTuple

import numpy as np
from PIL import Image

from sources.contract.batches import random_at
from sources.contract.settings import OneOf, Range, change, check

NOISE = (5, 20)           # variance, in squares of a step of 0..255; uniform
BLUR = (1, 3, 5, 7, 9)    # pixels of the kernel; each as likely
CROP = (0.05, 0.20)       # of the side; uniform
JPEG = (10, 75)           # quality, both included; uniform
AMBIENT = (0.3, 0.7)      # share of the new light that comes from everywhere; uniform; ours

ORDER = ("relighting", "crop", "blur", "jpeg", "noise")  # in which a combination applies them
ALLOWED = {"kind": OneOf([*ORDER, "combination"]), "noise_scale": OneOf(["variance", "deviation"]),
           "blur_deviation": OneOf(["kernel", "four"]), "crop_share": OneOf(["edge", "total"]),
           "combination": OneOf(["each", "turn"]), "strength": Range(least=0, most=2),
           "probability": Range(least=0, most=1), "quality": Range(least=0, most=100)}
_CHANCE = 0.5             # of each perturbation in a combination
_HAPPENS, _DRAWN = 1, 2   # streams of random numbers; of _DRAWN on, one for each perturbation
_LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue, Rec. 601
_RELIEF = 0.5             # height of white above black, in sides of the image
_DARKEST = 0.02           # shading, of 1, that nothing is divided by less of
_BRIGHTER = 4             # times at most that relighting brightens or darkens a pixel
_RIDGE = 1e-3             # of the fit of a light, so that even a flat image has one


class Settings(NamedTuple):
    """What happens to the images of a set."""

    kind: str = "combination"      # one of ORDER, or "combination" of them
    strength: float = 1.0          # 0 to 2, times the range: nothing, as published, twice as far
    probability: float = 1.0       # that anything happens to an image; 0.5 in one re-implementation
    noise_scale: str = "variance"  # what is drawn from NOISE; or "deviation": one re-implementation
    blur_deviation: str = "kernel"  # 0.3 (size / 2 - 1.5) + 0.8 pixels, as OpenCV has it; or "four"
                                   # pixels, whatever the size: the same re-implementation
    crop_share: str = "edge"       # what CROP is cut off from: each edge; or "total", both together
    combination: str = "each"      # each by chance, one after the other: recalled, no code known;
                                   # or "turn": one an image, in turn, by chance
    quality: int = 0               # of JPEG, 1 to 100, the same for every image; 0: drawn from JPEG


def from_config(differences):
    """The published Settings with these differences. Raises BadInput for what is none."""
    settings = change(Settings(), differences)
    check(settings, ALLOWED)
    return settings


def perturb(image, number, seed, settings):
    """What becomes of image `number` of a set, from 0."""
    if settings.strength == 0:
        return image
    for kind in _happening(random_at(seed, _HAPPENS, number), number, settings):
        random = random_at(seed, _DRAWN + ORDER.index(kind), number)
        image = _DRAW[kind](image, random, settings)
    return image


def noise(image, deviation, random):
    """Add Gaussian noise to every value. deviation: steps of 0..255. random: a RandomState."""
    return _to_8_bit(image + deviation * random.standard_normal(image.shape))


def blur(image, size, deviation):
    """A Gaussian filter, edges reflected. size: odd, pixels of the kernel. deviation: pixels."""
    return _to_8_bit(_smooth(image, size // 2, deviation))


def crop(image, pixels):
    """Cut `pixels` off at every edge, and resize what is left to the old size, bicubic."""
    side = len(image)
    if not pixels:
        return image
    cut = Image.fromarray(image[pixels:side - pixels, pixels:side - pixels])
    return np.asarray(cut.resize((side, side), Image.Resampling.BICUBIC))


def jpeg(image, quality):
    """What a JPEG file of this quality, 1 to 100, shows of an image."""
    return np.asarray(Image.open(io.BytesIO(jpeg_file(image, quality)), formats=("JPEG",)))


def jpeg_file(image, quality):
    """The bytes of a JPEG file; colours at half the resolution, as most programs write them."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    return stream.getvalue()


def relight(image, light, strength=1.0):
    """An image as it might look under another light: an approximation, not the paper's network.

    Normals are those of a relief whose height is the smoothed luminance; the light that fits this
    luminance best is replaced. light: (9,), coefficients of `harmonics`, of any scale: the mean
    shading stays. strength: from 0, the old light, over 1, `light`, on. The same light gives the
    same image.
    """
    basis, old = _fitted(image)
    new = light * (basis @ old).mean() / (basis @ light).mean()
    before, after = (np.maximum(basis @ coefficients, _DARKEST)
                     for coefficients in (old, old + strength * (new - old)))
    ratio = np.clip(after / before, 1 / _BRIGHTER, _BRIGHTER)
    return _to_8_bit(image * ratio.reshape(*image.shape[:2], 1))


def light_of(image):
    """The light that an image seems to be under: (9,), coefficients of `harmonics`."""
    return _fitted(image)[1]


def harmonics(normals):
    """The nine real spherical harmonics up to degree 2: (N, 9), of unit vectors (N, 3)."""
    x, y, z = normals.T
    values = np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    return values.T * np.sqrt(np.array((1, 3, 3, 3, 15, 15, 5 / 4, 15, 15 / 4)) / (4 * math.pi))


def lamp(direction, ambient):
    """The light of a lamp far away, as a matt surface shows it: (9,). ambient: 0 to 1, a share.

    Ramamoorthi and Hanrahan 2001: degrees 0, 1 and 2 times pi, 2 pi / 3 and pi / 4.
    """
    falloff = np.repeat((math.pi, 2 * math.pi / 3, math.pi / 4), (1, 3, 5))
    light = (1 - ambient) * falloff * harmonics(np.asarray(direction, float)[None])[0]
    light[0] += ambient * falloff[0] / math.sqrt(4 * math.pi)
    return light


def _happening(random, number, settings):
    """The kinds that happen to an image, in their order."""
    if random.random_sample() >= settings.probability:
        return ()
    if settings.kind != "combination":
        return (settings.kind,)
    chances = random.random_sample(len(ORDER)) < _CHANCE
    return [kind for place, kind in enumerate(ORDER) if chances[place]
            and (settings.combination == "each" or place == number % len(ORDER))]


def _draw_noise(image, random, settings):
    drawn = settings.strength * random.uniform(*NOISE)
    return noise(image, drawn if settings.noise_scale == "deviation" else math.sqrt(drawn), random)


def _draw_blur(image, random, settings):
    radius = round(settings.strength * (BLUR[random.randint(len(BLUR))] // 2))
    deviation = 4 if settings.blur_deviation == "four" else 0.3 * (radius - 1) + 0.8
    return blur(image, 2 * radius + 1, deviation)


def _draw_crop(image, random, settings):
    share = settings.strength * random.uniform(*CROP) / (2 if settings.crop_share == "total" else 1)
    return crop(image, min(round(len(image) * share), (len(image) - 1) // 2))


def _draw_jpeg(image, random, settings):
    if settings.quality:
        return jpeg(image, settings.quality)
    lost = settings.strength * (100 - random.randint(JPEG[0], JPEG[1] + 1))
    return jpeg(image, max(round(100 - lost), 1))


def _draw_relighting(image, random, settings):
    direction = random.standard_normal(3)  # after the next line: uniform on the viewer's side
    direction[2] = abs(direction[2])
    new = lamp(direction / np.linalg.norm(direction), random.uniform(*AMBIENT))
    return relight(image, new, settings.strength)


_DRAW = {"noise": _draw_noise, "blur": _draw_blur, "crop": _draw_crop, "jpeg": _draw_jpeg,
         "relighting": _draw_relighting}


def _fitted(image):
    """The harmonics at every pixel, (R * R, 9), and the light, (9,), that fits its luminance."""
    side = len(image)
    luminance = _smooth(image @ np.array(_LUMINANCE) / 255, side // 8, side / 16)
    down, right = np.gradient(_RELIEF * side * luminance)
    slopes = np.stack([-right, down, np.ones_like(down)], axis=-1).reshape(-1, 3)  # y is up
    basis = harmonics(slopes / np.linalg.norm(slopes, axis=1, keepdims=True))
    ridge = _RIDGE * len(basis) * np.eye(9)
    return basis, np.linalg.solve(basis.T @ basis + ridge, basis.T @ luminance.ravel())


def _smooth(values, radius, deviation):
    """A Gaussian filter of the first two axes, float64; kernel 2 * radius + 1, edges reflected."""
    if not radius:
        return values.astype(float)
    taps = np.exp(-np.arange(-radius, radius + 1) ** 2 / (2 * deviation ** 2))
    for _ in range(2):  # down, then across
        padded = np.pad(values, [(radius, radius), *[(0, 0)] * (values.ndim - 1)], "reflect")
        values = sum(tap * padded[place:place + len(values)]
                     for place, tap in enumerate(taps / taps.sum())).swapaxes(0, 1)
    return values


def _to_8_bit(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
