"""The published settings of classifier and visualisation network (Yu et al. 2019, section 3)."""

from typing import NamedTuple

from sources.contract.errors import BadInput
from sources.contract.settings import (
    COUNT,
    POSITIVE,
    PRECISION,
    SHARE,
    OneOf,
    Range,
    change,
    check,
    schema,
    show,
)

MODES = ("postpool", "predownscale", "predownscale_residual")
_ALLOWED = {**dict.fromkeys(("fmap_base", "fmap_max", "images", "minibatch", "validate_every",
                             "checkpoint_every"), COUNT),
            **dict.fromkeys(("beta1", "beta2", "moving_average"), SHARE),
            "network": OneOf(["classifier", "visnet"]), "mode": OneOf(MODES),
            "precision": PRECISION,
            "learning_rate": POSITIVE, "epsilon": POSITIVE, "latent_res": Range(least=-1)}


class Settings(NamedTuple):
    """Settings of a network and its training. Resolution and labels come from the image sets."""

    network: str = "classifier"      # "classifier" (C_patch) or "visnet" (EG with its critic D_rec)
    # Architecture
    mode: str = "postpool"           # below switching_res "postpool" only averages features;
                                     # above it "predownscale" only shrinks the image;
                                     # "predownscale_residual" then takes what the next halving
                                     # would lose, and no more
    switching_res: int = 4           # pixels; with postpool, 4: convolutions at every resolution
    latent_res: int = -1             # pixels of the last feature map of a fully convolutional head;
                                     # -1: dense at 4x4. Of visnet: 4
    head_width: int = 0              # channels before the logits; the paper's figure has 512. 0: as
                                     # the layers before them, but one for each label at least
    fmap_base: int = 1024            # channels at 4x4 before the limit, times 2; halves with every
                                     # doubling of pixels
    fmap_max: int = 512              # most channels of a layer
    code_width: int = 0              # visnet: channels between encoder and generator; 0: as the
                                     # layers beside them
    # Training
    images: int = 3_000_000          # images seen in all; published value unknown
    minibatch: int = 32              # images of a step
    learning_rate: float = 0.001     # Adam, in TensorFlow's form
    beta1: float = 0.0               # Adam's
    beta2: float = 0.99              # Adam's
    epsilon: float = 1e-8            # Adam's
    moving_average: float = 0.0      # decay of the average of the weights that is used after training;
                                     # 0: the weights of the last step. Of visnet: 0.999, of EG alone
    mirror: bool = True              # each image left-right mirrored with probability 1/2
    precision: str = "float32"       # of activations, "bfloat16", or of GPUs' products, "tf32": both
                                     # are faster where the device has them
    # visnet alone: the published weights of the terms of its losses
    rec_weight: float = 20.0         # of the reconstruction error
    rec_g_weight: float = 0.1        # of the critic's score of the reconstruction
    wgan_lambda: float = 10.0        # of the gradient penalty
    wgan_epsilon: float = 0.001      # of the squared score of real images
    # The run
    validate_every: int = 1000       # steps
    checkpoint_every: int = 1000     # steps

    @property
    def steps(self):
        """Steps of the whole training."""
        return -(-self.images // self.minibatch)

    @property
    def batch(self):
        """Images that a step reads: the critic of a visnet has its own."""
        return self.minibatch * (2 if self.network == "visnet" else 1)


PUBLISHED = {"classifier": Settings(), "visnet": Settings(network="visnet", latent_res=4, moving_average=0.999)}


def settings(arguments):
    """The verb settings, of every verb that takes a configuration."""
    from attribution import perturbations, remove  # late: a training needs neither

    show({"train": schema(Settings(), _ALLOWED),
          "perturb": schema(perturbations.Settings(), perturbations.ALLOWED),
          "remove": schema(remove.Settings(), remove.ALLOWED)})


def from_config(differences):
    """The published settings of the network that `differences` names, with these differences."""
    network = change(Settings(), differences).network
    settings = change(PUBLISHED.get(network, Settings()), differences)
    check(settings, _ALLOWED)
    if network == "visnet" and settings.minibatch > 4 and settings.minibatch % 4:
        raise BadInput("setting minibatch: the critic of visnet takes multiples of 4, found "
                       f"{settings.minibatch}")
    return settings


def check_sizes(settings, resolution):
    """Raise BadInput if the networks cannot be built for images of `resolution` pixels."""
    if resolution < 4 or not _power_of_two(resolution):
        raise BadInput(f"resolution: expected a power of two from 4, found {resolution}")
    latent = settings.latent_res
    if latent != -1 and not (_power_of_two(latent) and 2 <= latent <= resolution):
        raise BadInput("setting latent_res: expected -1 or a power of two from 2 to "
                       f"{resolution}, found {latent}")
    switch = settings.switching_res
    if settings.mode == "predownscale_residual" and not (
            _power_of_two(switch) and max(latent, 4) <= switch <= resolution):
        raise BadInput("setting switching_res: the residual is that of a power of two from "
                       f"{max(latent, 4)} to {resolution} pixels, found {switch}")


def _power_of_two(number):
    return number > 0 and number & (number - 1) == 0
