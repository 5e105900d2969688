"""Adam in TensorFlow's form."""

import numpy as np
import pytest
import tensorflow as tf

from sources.progan.optimizer import Adam


def adam_of(values, beta1=0.0):
    variables = {name: tf.Variable(value) for name, value in values.items()}
    return Adam(variables, 0.001, beta1, 0.99, 1e-8), variables


def test_published_step(case):
    adam, variables = adam_of({name: value for name, value in case.discriminator.items() if name != "lod"})
    adam.apply({name: tf.constant(case.numbers["d_lossgrad/" + name]) for name in variables})
    for name, variable in variables.items():
        np.testing.assert_allclose(variable, case.numbers["d_after/" + name], rtol=0, atol=1e-6, err_msg=name)


def test_three_steps_against_the_formula():
    adam, variables = adam_of({"w": np.float32([1.0, -2.0])}, beta1=0.5)
    w, m, v = np.array([1.0, -2.0]), 0.0, 0.0
    for step, gradient in enumerate(([0.5, 1e-7], [-1.0, 2e-7], [0.25, 0.0]), start=1):
        adam.apply({"w": tf.constant(gradient)})
        gradient = np.array(gradient)
        m, v = 0.5 * m + 0.5 * gradient, 0.99 * v + 0.01 * gradient ** 2
        w = w - 0.001 * np.sqrt(1 - 0.99 ** step) / (1 - 0.5 ** step) * m / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(variables["w"], w, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_step_that_is_not_finite_is_skipped_whole(bad):
    adam, variables = adam_of({"a": np.float32([1.0]), "b": np.float32([2.0])})
    before = {name: value.numpy() for name, value in adam.state.items()}
    adam.apply({"a": tf.constant([0.5]), "b": tf.constant([bad], tf.float32)})
    assert variables["a"].numpy() == [1.0] and variables["b"].numpy() == [2.0]
    assert {name: value.numpy() for name, value in adam.state.items()} == before


def test_no_gradient_is_a_zero_gradient():
    one, first = adam_of({"a": np.float32([1.0]), "b": np.float32([2.0])})
    other, second = adam_of({"a": np.float32([1.0]), "b": np.float32([2.0])})
    for _ in range(2):
        one.apply({"a": tf.constant([0.5]), "b": None})
        other.apply({"a": tf.constant([0.5]), "b": tf.constant([0.0])})
    assert [value.numpy() for value in first.values()] == [value.numpy() for value in second.values()]
    assert {name: value.numpy() for name, value in one.state.items()} == {
        name: value.numpy() for name, value in other.state.items()}


def test_reset_makes_the_next_step_the_first():
    adam, variables = adam_of({"a": np.float32([1.0])})
    fresh = {name: value.numpy() for name, value in adam.state.items()}
    adam.apply({"a": tf.constant([0.5])})
    adam.reset()
    assert {name: value.numpy() for name, value in adam.state.items()} == fresh
