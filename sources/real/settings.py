"""How many real images of what size; the defaults are the published study's, as far as the data sets reach."""

from typing import NamedTuple

from sources.contract.settings import OneOf, Range, check, schema, show

_KINDS = ("celeba", "lsun", "photos")
_IMAGES = Range(least=1, most=10_000_000)  # LSUN's largest category has as many
_ALLOWED = {"resolution": OneOf([32, 64, 128]), **dict.fromkeys(("gan", "train", "validation", "test"), _IMAGES)}


class Settings(NamedTuple):
    """The resolution, and the sizes of the four splits, which never share an image.

    The study trains GANs on 100,000 images and the attribution network on 100,000 more, tested on 10,000:
    more than CelebA (202,599) or the 200,000 of LSUN bedroom hold without sharing, so `train` is smaller.
    """

    resolution: int = 128     # pixels; the published value
    gan: int = 100000         # images that GANs are trained on; the published value
    train: int = 85000        # images that the attribution network is trained on
    validation: int = 5000    # images to choose settings with
    test: int = 10000         # images that accuracies are reported for; the published value

    @property
    def attribution(self) -> int:
        """The number of images in the attribution set: train, validation and test."""
        return self.train + self.validation + self.test


def settings(arguments):
    """The verb settings."""
    show(dict.fromkeys(_KINDS, schema(Settings(), _ALLOWED)))


def checked(settings: Settings) -> Settings:
    """`settings`, or BadInput for a resolution that no source has or for an empty split."""
    check(settings, _ALLOWED)
    return settings
