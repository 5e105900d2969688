"""Adam (Kingma and Ba 2015) in the form of TensorFlow, on which ProGAN was published."""

import tensorflow as tf


class Adam:
    """step = rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon), with v not corrected.

    (The form of the note before section 2.1 of the paper; epsilon acts 1 / sqrt(1 - beta2^t) times as strongly
    as in its algorithm 1.) variables: {name: tf.Variable}. A step with a gradient that is not finite is skipped.
    """

    def __init__(self, variables, rate, beta1, beta2, epsilon):
        self.variables = variables
        self._constants = {"lr": rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
        self._betas = (beta1, beta2)
        self.state = {"power1": tf.Variable(beta1), "power2": tf.Variable(beta2)}  # beta^t of the next step
        for name, variable in variables.items():
            self.state["m/" + name] = tf.Variable(tf.zeros_like(variable))
            self.state["v/" + name] = tf.Variable(tf.zeros_like(variable))

    def apply(self, gradients):
        """One step. gradients: {name: tensor, or None where the loss does not depend on the variable}.

        None counts as zeros, which change nothing: the moments of an unused variable are zero.
        """
        used = {name: gradient for name, gradient in gradients.items() if gradient is not None}
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in used.values()])
        tf.cond(finite, lambda: self._apply(used), lambda: tf.no_op())

    def reset(self):
        """Forget every step."""
        for variable in self.state.values():
            variable.assign(tf.zeros_like(variable))
        self.state["power1"].assign(self._betas[0])
        self.state["power2"].assign(self._betas[1])

    def _apply(self, gradients):
        for name, gradient in gradients.items():
            tf.raw_ops.ResourceApplyAdam(
                var=self.variables[name].handle, m=self.state["m/" + name].handle, v=self.state["v/" + name].handle,
                beta1_power=self.state["power1"], beta2_power=self.state["power2"], grad=gradient, **self._constants)
        self.state["power1"].assign(self.state["power1"] * self._betas[0])
        self.state["power2"].assign(self.state["power2"] * self._betas[1])
        return tf.no_op()
