"""Growing, by the clock of real images."""

import numpy as np
import pytest

from sources.progan.schedule import lod_at, same_layers
from sources.progan.settings import PUBLISHED, Network


@pytest.mark.parametrize("kimg, lod", [
    (0, 5), (599, 5), (900, 4.5), (1200, 4), (1799, 4), (2100, 3.5), (5400 + 300, 0.5), (6000, 0), (11999, 0)])
def test_published_growth_to_128(kimg, lod):
    """4x4 alone for 600,000 images, 600,000 more while 8x8 fades in, and so on."""
    assert lod_at(kimg * 1000 // 16, PUBLISHED, Network(128)) == pytest.approx(lod, abs=1e-3)


def test_the_schedule_is_looked_at_every_fourth_step():
    settings = PUBLISHED._replace(minibatch=10, stable_kimg=0.0, fade_kimg=0.4)
    lods = [lod_at(step, settings, Network(8)) for step in range(9)]
    assert lods == pytest.approx([1.0] * 4 + [0.9] * 4 + [0.8])


def test_a_small_network_is_grown_from_the_start():
    assert lod_at(0, PUBLISHED, Network(4)) == 0


@pytest.mark.parametrize("one, other, same", [(3, 3, True), (3, 2.9, False), (2.9, 2.1, True), (2.1, 2, False),
                                              (2, 1.99, False), (0.01, 0, False), (0, 0, True)])
def test_same_layers(one, other, same):
    assert same_layers(np.float32(one), np.float32(other)) == same
