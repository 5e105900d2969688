"""Adam in TensorFlow's form."""

import numpy as np
import pytest
import tensorflow as tf

from sources.progan.layout import Layout
from sources.progan.optimizer import Adam


def adam_of(values, beta1=0.0):
    variable = tf.Variable(np.float32(values))
    return Adam(variable, 0.001, beta1, 0.99, 1e-8), variable


def state_of(adam):
    return [value.numpy().tolist() for value in (adam.m, adam.v, adam.power1, adam.power2)]


def test_published_step(case):
    layout = Layout({name: value.shape for name, value in case.discriminator.items() if name != "lod"})
    adam, variable = adam_of(layout.vector(case.discriminator))
    adam.apply(tf.constant(layout.vector(case.numbers, "d_lossgrad/")))
    for name, value in layout.arrays(variable.numpy()).items():
        np.testing.assert_allclose(value, case.numbers["d_after/" + name], rtol=0, atol=1e-6, err_msg=name)


def test_three_steps_against_the_formula():
    adam, variable = adam_of([1.0, -2.0], beta1=0.5)
    w, m, v = np.array([1.0, -2.0]), 0.0, 0.0
    for step, gradient in enumerate(([0.5, 1e-7], [-1.0, 2e-7], [0.25, 0.0]), start=1):
        adam.apply(tf.constant(gradient))
        gradient = np.array(gradient)
        m, v = 0.5 * m + 0.5 * gradient, 0.99 * v + 0.01 * gradient ** 2
        w = w - 0.001 * np.sqrt(1 - 0.99 ** step) / (1 - 0.5 ** step) * m / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(variable, w, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_step_that_is_not_finite_is_skipped_whole(bad):
    adam, variable = adam_of([1.0, 2.0])
    before = state_of(adam)
    adam.apply(tf.constant([0.5, bad], tf.float32))
    assert variable.numpy().tolist() == [1.0, 2.0] and state_of(adam) == before


def test_what_never_had_a_gradient_does_not_move():
    adam, variable = adam_of([1.0, 2.0])
    for _ in range(2):
        adam.apply(tf.constant([0.5, 0.0]))
    assert variable.numpy()[0] < 1 and variable.numpy()[1] == 2


def test_reset_makes_the_next_step_the_first():
    adam, _ = adam_of([1.0])
    fresh = state_of(adam)
    adam.apply(tf.constant([0.5]))
    adam.reset()
    assert state_of(adam) == fresh
