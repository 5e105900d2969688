"""The published settings of ProGAN: what fixes its two networks, and how they are trained."""

import math
from typing import NamedTuple, Optional

from sources.contract import settings as contract_settings
from sources.contract.errors import BadInput
from sources.contract.settings import POSITIVE, PRECISION, SHARE

LARGEST = 1024  # pixels, the paper's largest resolution


class Network(NamedTuple):
    """What fixes the variables and the arithmetic of a generator or a discriminator."""

    resolution: int  # pixels, a power of two
    label_size: int = 0  # classes; 0: no labels
    fmap_base: float = 8192  # feature maps of stage s: min(trunc(fmap_base / 2^(s fmap_decay)), fmap_max)
    fmap_decay: float = 1.0
    fmap_max: int = 512
    fused_scale: bool = True  # up- and downscaling as part of a 4x4 convolution of stride 2
    use_wscale: bool = True  # equalised learning rate (section 4.1)
    # of the generator
    latent_size: Optional[int] = None  # None: the width of stage 0
    normalize_latents: bool = True
    use_pixelnorm: bool = True  # section 4.2
    pixelnorm_epsilon: float = 1e-8
    use_leakyrelu: bool = True  # slope 0.2; else ReLU
    # of the discriminator
    mbstd_group_size: int = 4  # images whose standard deviation is taken together (section 3)


class Settings(NamedTuple):
    """A training. The resolution is that of the images. Sections are those of the paper."""

    fmap_base: int = 8192  # feature maps, see Network; Table 2
    fmap_max: int = 512  # most feature maps of a stage; Table 2
    latent_size: int = 512  # numbers, standard normal; Table 2
    fused_scale: bool = True  # up- and downscaling as part of a 4x4 convolution of stride 2
    minibatch: int = 16  # images; 16 from 4x4 to 128x128 (appendix A.1)
    learning_rate: float = 0.001  # of both networks, at every resolution (appendix A.1)
    beta1: float = 0.0  # Adam (appendix A.1)
    beta2: float = 0.99  # Adam (appendix A.1)
    epsilon: float = 1e-8  # Adam (appendix A.1)
    penalty: float = 10.0  # weight of the gradient penalty, WGAN-GP's lambda (appendix A.1)
    drift: float = 0.001  # weight of the squared scores of real images (appendix A.1)
    average: float = 0.999  # decay per step of the generator's moving average (appendix A.1)
    precision: str = "float32"  # of what is larger than 4x4 while training; "tf32" and "bfloat16" are faster where the
                                # device has them
    stable_kimg: float = 600.0  # thousands of real images shown at each resolution before the next fades in
    fade_kimg: float = 600.0  # thousands of real images shown while a resolution fades in
    total_kimg: float = 12000.0  # thousands of real images shown in all
    checkpoint_every: int = 5000  # steps
    preview_every: int = 5000  # steps

    @property
    def steps(self) -> int:
        """Steps, each one of the discriminator and one of the generator."""
        return math.ceil(self.total_kimg * 1000 / self.minibatch)


PUBLISHED = Settings()
_ALLOWED = {**dict.fromkeys(("fmap_base", "fmap_max", "latent_size", "minibatch", "fade_kimg",
                            "total_kimg", "checkpoint_every", "preview_every"), POSITIVE),
            **dict.fromkeys(("beta1", "beta2"), SHARE),
            "precision": PRECISION}


def settings(arguments):
    """The verb settings."""
    contract_settings.show({"train": contract_settings.schema(PUBLISHED, _ALLOWED)})


def read(path, resolution):
    """The published settings with what the JSON file `path` (or None) changes, checked for `resolution`."""
    settings = contract_settings.read(PUBLISHED, _ALLOWED, path)
    network = network_of(settings, resolution)
    check(network)
    if settings.minibatch > network.mbstd_group_size and settings.minibatch % network.mbstd_group_size:
        raise BadInput("setting minibatch: expected a multiple of %d (the groups of the minibatch standard "
                       "deviation), found %d" % (network.mbstd_group_size, settings.minibatch))
    return settings


def network_of(settings, resolution):
    """The Network that `settings` trains at `resolution`; generator and discriminator share its widths."""
    return Network(resolution, fmap_base=settings.fmap_base, fmap_max=settings.fmap_max,
                   latent_size=settings.latent_size, fused_scale=settings.fused_scale)


def check(network):
    """Raise BadInput unless `network` can be built."""
    resolution = network.resolution
    if not 4 <= resolution <= LARGEST or resolution & (resolution - 1):
        raise BadInput("resolution: expected a power of two from 4 to %d, found %d" % (LARGEST, resolution))
    stages = int(math.log2(resolution))
    if width(network, stages - 1) < 1:
        raise BadInput("fmap_base: %g is too small for %d pixels: the last stage would have no feature maps"
                       % (network.fmap_base, resolution))


def width(network, stage):
    """Feature maps of stage `stage`; a layer at resolution 2^r uses stage r - 1. Truncated, not rounded."""
    return min(int(network.fmap_base / 2.0 ** (stage * network.fmap_decay)), network.fmap_max)


def latent_size(network):
    """Length of a latent vector."""
    return width(network, 0) if network.latent_size is None else network.latent_size
