"""What is measured: the works, their settings, their operations, and how far they are to come.

Generation and the classifier are as wide as published. Trainings of GANs are a quarter as wide, in
smaller minibatches: one round of the published size takes a processor minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.parts import flops

LABELS = ("real", "ProGAN", "SNGAN", "CramerGAN", "MMDGAN")
_OUT = ("--out", "/bench/out")
_SETTINGS = ("--config", "/bench/config.json", *_OUT)
_LABELLED = tuple(word for label in LABELS for word in ("--images", f"{label}=/bench/images128"))
LEARN = ("train", *_LABELLED, "--train", "64", "--validation", "4", *_SETTINGS)
_NARROW = {"generator_width": 16, "discriminator_width": 16, "minibatch": 16, "rounds": 16}


@dataclass(frozen=True)
class Work:
    """A run of a container.

    goal: share of the peak. operations: of one unit. words, config: what the image is given. unit:
    what is counted, `units` of them in a step of its events. warm: the step after which it is timed.
    """

    image: str
    goal: float
    operations: float
    words: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "images"
    units: int = 1
    warm: int = 1


def works() -> dict[str, Work]:
    """Those in float32, by name."""
    classifier = flops.classifier(128)
    cramer, mmd = (flops.cramer_mmd_networks(128, 64, features)[0] for features in (256, 16))
    return {
        "classifier training, 128": Work(
            "attribution", 0.60, classifier * flops.TRAINED, LEARN, {"images": 32 * 24}, units=32, warm=4),
        "classifier on images, 128": Work(
            "attribution", 0.75, classifier,
            ("attribute", "--model", "/bench/models/attribution", *_LABELLED, *_OUT), warm=128),
        "ProGAN generation, 128": _generation("progan", 0.85, flops.progan_networks(128)[0], 112),
        "ProGAN training, 64": Work(
            "progan", 0.70, _progan_image(), _train(64),
            {"fmap_base": 2048, "fmap_max": 128, "total_kimg": 0.224,  # 14 steps, of which the first 4 are at 4x4
             "stable_kimg": 1e-4, "fade_kimg": 1e-4}, units=16, warm=6),
        "CramerGAN generation, 128": _generation("cramergan", 1.0, cramer, 512),
        "MMDGAN generation, 128": _generation("mmdgan", 1.0, mmd, 512),
        "CramerGAN training, 64": Work(
            "cramergan", 0.50, _cramer_mmd_round(2, 256), _train(64), _NARROW, "rounds"),
        "MMDGAN training, 64": Work("mmdgan", 0.50, _cramer_mmd_round(1, 16), _train(64), _NARROW, "rounds"),
        "SNGAN generation, 128": _generation("sngan", 0.90, flops.sngan_networks(128, 64)[0], 160),
        "SNGAN training, 128": Work(
            "sngan", 0.45, _sngan_iteration(), _train(128), {"width": 16, "minibatch": 8, "iterations": 8},
            "iterations")}


def in_bfloat16() -> dict[str, Work]:
    """The trainings that a setting of theirs takes to bfloat16; their goals are those in float32."""
    return {f"{name}, bfloat16": replace(work, config={**work.config, "precision": "bfloat16"})
            for name, work in works().items() if "train" in work.words and work.image != "sngan"}


def _train(resolution: int) -> tuple[str, ...]:
    return ("train", "--images", f"/bench/images{resolution}", *_SETTINGS)


def _generation(image: str, goal: float, operations: float, count: int) -> Work:
    words = ("generate", "--model", f"/bench/models/{image}", *_OUT, "--count", str(count))
    return Work(image, goal, operations, words, warm=16)


def _progan_image() -> float:
    """One image: of both steps, the discriminator's on real and generated images and its penalty."""
    generator, discriminator = flops.progan_networks(64, 2048, 128)
    return (generator * (flops.FORWARD + flops.TRAINED)
            + discriminator * (2 * flops.TRAINED + flops.PENALTY + flops.THROUGH))


def _cramer_mmd_round(fakes: int, features: int) -> float:
    """Five steps of the discriminator, one of the generator that looks at real images too; 16 images each."""
    generator, discriminator = flops.cramer_mmd_networks(64, 16, features)
    steps = fakes * generator + discriminator * ((1 + fakes) * flops.TRAINED + flops.PENALTY)
    last = fakes * generator * flops.TRAINED + discriminator * (1 + fakes * flops.THROUGH)
    return 16 * (5 * steps + last)


def _sngan_iteration() -> float:
    """One step of the generator, five of the discriminator; 8 images each."""
    generator, discriminator = flops.sngan_networks(128, 16)
    return 8 * (generator * (flops.TRAINED + 5)
                + discriminator * (flops.THROUGH + 5 * 2 * flops.TRAINED))
