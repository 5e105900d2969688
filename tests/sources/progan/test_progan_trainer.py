"""One step of a training, in this process."""

import numpy as np
import pytest
import tensorflow as tf

from sources.progan import device
from sources.progan.settings import PUBLISHED
from sources.progan.trainer import Trainer, real_images

# 4x4 in steps 0 to 11, half way to 8x8 in 12 to 15, then 8x8
SETTINGS = PUBLISHED._replace(fmap_base=32, fmap_max=8, latent_size=6, minibatch=4, stable_kimg=0.032, fade_kimg=0.032,
                              total_kimg=0.1)


def trainer_of(seed=0, **changes):
    settings = SETTINGS._replace(**changes)
    return Trainer(settings, 8, seed, "cpu")


class Reals:
    def __getitem__(self, number):
        return np.random.RandomState(number).randint(0, 256, (4, 8, 8, 3)).astype(np.uint8)


def run(trainer, first, last):
    for number in range(first, last):
        trainer.step(number, Reals())
    return trainer.weights()


def test_growing_uses_only_what_there_is():
    """At 4x4 the layers of 8x8 rest; once they fade in they move, those of the 4x4 image move on."""
    trainer = trainer_of()
    start, small, growing = trainer.weights(), run(trainer, 0, 12), run(trainer, 12, 16)
    moved = {name for name in start if (start[name] != small[name]).any()}
    assert {name for name in moved if "8x8" in name or "lod0" in name} == set()
    assert {"generator/ToRGB_lod1/weight", "discriminator/FromRGB_lod1/weight"} <= moved
    assert {name for name in start if (small[name] == growing[name]).all()} == set()
    assert [weights["generator_average/lod"] for weights in (start, small, growing)] == [1, 1, 0.5]
    assert run(trainer, 16, 17)["discriminator/lod"] == 0


def test_batches_that_were_brought_to_the_device_give_the_same_bits():
    class Brought:
        def __getitem__(self, number):
            return brought.bring(Reals()[number])

    plain, brought = trainer_of(), trainer_of()
    assert tf.is_tensor(Brought()[0]) and Brought()[0].device.endswith("CPU:0")
    assert plain.step(0, Reals()) == brought.step(0, Brought())
    for name, value in plain.weights().items():
        np.testing.assert_array_equal(brought.weights()[name], value)


def test_the_average_follows_the_generator_before_its_step():
    trainer = trainer_of(average=0.75)
    before = trainer.weights()
    middle = run(trainer, 0, 1)
    after = run(trainer, 1, 2)
    for name in (name.split("/", 1)[1] for name in before if name.startswith("generator/") and name[-3:] != "lod"):
        old, new = before["generator_average/" + name], middle["generator/" + name]
        np.testing.assert_array_equal(middle["generator_average/" + name], old)
        np.testing.assert_allclose(after["generator_average/" + name], new + (old - new) * 0.75, rtol=1e-6, atol=1e-7)


def test_the_optimisers_start_anew_when_layers_change():
    trainer = trainer_of()
    powers = []
    for number in range(18):
        trainer.step(number, Reals())
        powers.append(round(np.log(trainer.generator_adam.power2.numpy()) / np.log(0.99)) - 1)
    assert powers == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 1, 2]
    # one graph serves the fading in, the end of it and all that follows
    assert trainer._level(0).step.experimental_get_tracing_count() == 1


def test_a_restored_training_goes_on_bit_by_bit():
    one = trainer_of()
    run(one, 0, 6)
    other = trainer_of()
    other.restore(one.state())
    expected, weights = run(one, 6, 9), run(other, 6, 9)
    assert set(weights) == set(expected)
    assert all((weights[name] == expected[name]).all() for name in expected)


def test_no_tensor_has_more_than_two_gradients():
    """TensorFlow adds up more, of large tensors, in the order in which they come, which may differ from run to run."""
    latents, mixing = np.zeros((4, 6), np.float32), np.zeros((4, 1, 1, 1), np.float32)
    step = trainer_of()._level(0).step.get_concrete_function(Reals()[0], latents, mixing, latents, np.float32(0.5))
    sums = [operation for operation in step.graph.get_operations() if operation.type == "AddN"]
    assert sums and max(len(one.inputs) for one in sums) == 2
    parts = [part for one in sums for part in one.inputs if part.op.type == "AddN"]
    assert all(len(part.consumers()) == 2 for part in parts)  # else it would become one with the sum that it is part of


def test_seeds_differ():
    one, other = trainer_of(seed=0).weights(), trainer_of(seed=1).weights()
    assert (one["generator/4x4/Dense/weight"] != other["generator/4x4/Dense/weight"]).any()


def test_a_step_that_is_not_finite_changes_nothing():
    trainer = trainer_of(penalty=float("inf"))
    before, after = trainer.weights(), run(trainer, 0, 1)
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert changed and all(name.startswith("generator/") for name in changed)  # the generator's own step is finite


@pytest.mark.parametrize("level, fade, row", [
    (0, 0.0, [-1, 1, -1, 1]), (0, 0.5, [-0.5, 0.5, -0.5, 0.5]), (0, 1.0, [0, 0, 0, 0]), (1, 0.0, [0, 0, 0, 0])])
def test_real_images_fade_as_the_networks_do(level, fade, row):
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[:, :, 1::2] = 255
    seen = real_images(images, level, np.float32(fade)).numpy()
    np.testing.assert_allclose(seen, np.broadcast_to(np.float32(row)[:, None], (2, 4, 4, 3)), atol=1e-6)


def test_real_images_cover_minus_one_to_one():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, 3)
    np.testing.assert_allclose(real_images(images, 0, np.float32(0)).numpy()[0, :, :, 0].ravel(),
                               np.linspace(-1, 1, 256), atol=1e-6)


@pytest.mark.parametrize("precision, allowed", [("float32", False), ("tf32", True), ("bfloat16", False)])
def test_tf32_is_used_where_it_is_asked_for_alone(precision, allowed):
    """TensorFlow would use it unasked."""
    tf.config.experimental.enable_tensor_float_32_execution(not allowed)
    device.choose("cpu", precision)
    assert tf.config.experimental.tensor_float_32_execution_enabled() == allowed
    device.choose("cpu")


def test_a_step_in_bfloat16_is_one_in_float32_but_for_roundings():
    """Half way to 8x8; the optimisers' means after a first step are a tenth of the gradients."""
    exact, rough = (first_gradients(precision) for precision in ("float32", "bfloat16"))
    for part in ("generator", "discriminator"):
        one, other = exact[part], rough[part]
        assert one.dtype == other.dtype == np.float32 and (one != other).any()
        assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.99
        assert 0.97 < np.linalg.norm(other) / np.linalg.norm(one) < 1.03


def first_gradients(precision):
    """{network: the mean of its gradients, flat} after step 13 alone."""
    trainer = trainer_of(precision=precision, beta1=0.9)
    trainer.step(13, Reals())
    state = trainer.state()
    return {part: np.concatenate([value.ravel() for name, value in sorted(state.items())
                                  if name.startswith(part + "_adam/m/")]) for part in ("generator", "discriminator")}
