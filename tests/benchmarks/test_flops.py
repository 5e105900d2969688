"""Operations against counts by hand."""

import pytest

from benchmarks.parts import flops


def test_a_convolution_and_a_dense_layer():
    shapes = {"convolution": (3, 3, 2, 5), "dense": (7, 11), "bias": (11,)}
    found = flops.counted(shapes, {"convolution": 4, "dense": 1, "bias": 0}.get)
    assert found == 2 * 9 * 2 * 5 * 16 + 2 * 7 * 11


def test_cramergan_at_32_pixels():
    generator, discriminator = flops.cramer_mmd_networks(32, 1, 4)
    blocks = sum(side ** 2 * (10 * into * out + 9 * out * out) for side, into, out in (
        (2, 16, 8), (4, 8, 4), (8, 4, 2), (16, 2, 1)))
    assert generator == 2 * (100 * 16 + blocks + 25 * 3 * 16 ** 2)
    convolutions = 25 * (16 ** 2 * 3 + 8 ** 2 * 2 + 4 ** 2 * 8 + 2 ** 2 * 32 + 128)
    assert discriminator == 2 * (convolutions + 16 * 4)


def test_sngan_at_32_pixels():
    generator, discriminator = flops.sngan_networks(32, 1)
    blocks = sum(side ** 2 * (10 * into * out + 9 * out * out) for side, into, out in (
        (8, 8, 4), (16, 4, 2), (32, 2, 1)))
    assert generator == 2 * (128 * 8 * 16 + blocks + 9 * 3 * 32 ** 2)
    first = 32 ** 2 * 9 * (3 + 1) + 16 ** 2 * 3
    others = sum(side ** 2 * (9 * into * into + 10 * into * out) for side, into, out in (
        (16, 1, 2), (8, 2, 4), (4, 4, 8)))
    assert discriminator == 2 * (first + others + 8)


def test_progan_at_8_pixels():
    generator, discriminator = flops.progan_networks(8, fmap_base=8, fmap_max=4)
    # 512 latents; 4 channels at 4x4, 2 at 8x8; from one to the other 4x4 kernels at 4x4 places
    assert generator == pytest.approx(
        2 * (512 * 64 + 16 * 9 * 16 + 16 * 16 * 8 + 64 * 9 * 4 + 64 * 2 * 3))
    assert discriminator == pytest.approx(
        2 * (64 * 3 * 2 + 64 * 9 * 4 + 16 * 16 * 8 + 16 * 9 * 5 * 4 + 64 * 4 + 4))


def test_the_published_networks():
    assert flops.classifier(128) / 1e9 == pytest.approx(1.155, abs=0.001)
    assert flops.progan_networks(128)[0] / 1e9 == pytest.approx(27.5, abs=0.1)
    assert flops.cramer_mmd_networks(128, 64, 256)[0] / 1e9 == pytest.approx(3.93, abs=0.01)
    assert flops.sngan_networks(128, 64)[0] / 1e9 == pytest.approx(18.2, abs=0.1)
