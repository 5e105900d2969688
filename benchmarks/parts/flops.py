"""Operations of the published networks, counted from the shapes of their layers.

A multiplication and an addition are two. Counted are convolutions and dense layers as the published
code computes them: a cheaper formulation of the same arithmetic counts as if it were none.
"""

import math
import re
from collections.abc import Callable, Mapping

from attribution import networks
from attribution.settings import Settings
from sources.cramer_mmd import variables as cramer_mmd
from sources.progan import variables as progan
from sources.progan.settings import Network
from sources.sngan import variables as sngan

Shapes = Mapping[str, tuple[int, ...]]

# What is taken of a network, in forward passes: with a gradient of its inputs; with that of its
# weights too; with the gradient of the norm of a gradient, which goes through all of it twice.
FORWARD, THROUGH, TRAINED, PENALTY = 1, 2, 3, 6


def counted(shapes: Shapes, side: Callable[[str], float]) -> float:
    """Operations of one forward pass.

    side: {name: pixels of the side of the square at which it is used}; 0 for what is no weight.
    """
    return sum(2 * math.prod(shape) * side(name) ** 2 for name, shape in shapes.items())


def classifier(resolution: int, labels: int = 5) -> float:
    """The published classifier, of one image."""
    layers = networks.classifier(Settings(), resolution, labels)
    return counted(networks.variables(layers), lambda name: _stage(name, resolution))


def progan_networks(resolution: int, fmap_base: int = 8192, fmap_max: int = 512) -> tuple[float, float]:
    """Generator and discriminator with fused layers, grown to `resolution`."""
    network = Network(resolution, fmap_base=fmap_base, fmap_max=fmap_max, latent_size=512)
    return (counted(progan.generator_shapes(network), lambda name: _stage(name, resolution)),
            counted(progan.discriminator_shapes(network), lambda name: _stage(name, resolution)))


def cramer_mmd_networks(resolution: int, width: int, features: int) -> tuple[float, float]:
    """Generator and discriminator; CramerGAN and MMDGAN differ in their number of features."""
    def generator(name: str) -> float:
        if block := re.match(r"g_res(\d).*Filters", name):
            return resolution // 32 * 2 ** int(block[1])
        return {"g_h0_lin/Matrix": 1, "g_h5/w": resolution // 2}.get(name, 0)  # from there to twice

    def discriminator(name: str) -> float:
        layer = re.match(r"d_h(\d)_conv/w", name)
        return resolution // 2 ** (int(layer[1]) + 1) if layer else name == "d_h6_lin/Matrix"

    return (counted(cramer_mmd.generator_shapes(resolution, width, 100), generator),
            counted(cramer_mmd.discriminator_shapes(resolution, width, features), discriminator))


def sngan_networks(resolution: int, width: int) -> tuple[float, float]:
    """Generator and discriminator."""
    def generator(name: str) -> float:
        if block := re.match(r"block(\d)/c.*/W", name):
            return 2 * 2 ** int(block[1])
        return {"l1/W": 1, f"l{len(sngan.UP[resolution]) + 2}/W": resolution}.get(name, 0)

    def discriminator(name: str) -> float:
        if block := re.match(r"block(\d)/c.*/W", name):
            return resolution // 2 ** (int(block[1]) - 1) // (2 if name == "block1/c_sc/W" else 1)
        return bool(re.match(r"l\d/W", name))

    return (counted(sngan.generator_shapes(resolution, width, 128, 1, 4), generator),
            counted(sngan.discriminator_shapes(resolution, width, 1), discriminator))


def _stage(name: str, resolution: int) -> float:
    """The side at which ProGAN or the classifier uses a weight."""
    stage = re.match(r"(\d+)x\d+/(\w+)/weight", name)
    if stage is None:  # of the layers from and to colours, those of the other resolutions rest
        return resolution if re.match(r"(To|From)RGB_lod0/weight", name) else 0
    if stage[2].startswith("Dense"):
        return 1
    if stage[2] in ("Conv0_up", "Conv1_down"):  # kernels of 4x4 that are stored as 3x3, at half the side
        return int(stage[1]) / 2 * 4 / 3
    return int(stage[1])
