"""Adam (Kingma and Ba 2015) in the form of TensorFlow, on which ProGAN was published."""

import tensorflow as tf


class Adam:
    """step = rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon), with v not corrected.

    (The form of the note before section 2.1 of the paper; epsilon acts 1 / sqrt(1 - beta2^t) times as strongly
    as in its algorithm 1.) variable: a tf.Variable. A step with a gradient that is not finite is skipped.
    """

    def __init__(self, variable, rate, beta1, beta2, epsilon):
        self.variable = variable
        self._constants = {"lr": rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
        self._betas = (beta1, beta2)
        self.power1, self.power2 = tf.Variable(beta1), tf.Variable(beta2)  # beta^t of the next step
        self.m, self.v = (tf.Variable(tf.zeros_like(variable)) for _ in "mv")

    def apply(self, gradient):
        """One step. gradient: a tensor like the variable; where it is 0 from the first step on, nothing changes."""
        finite = tf.reduce_all(tf.math.is_finite(gradient))
        tf.cond(finite, lambda: self._apply(gradient), lambda: tf.no_op())

    def reset(self):
        """Forget every step."""
        for moment in (self.m, self.v):
            moment.assign(tf.zeros_like(moment))
        self.power1.assign(self._betas[0])
        self.power2.assign(self._betas[1])

    def _apply(self, gradient):
        tf.raw_ops.ResourceApplyAdam(
            var=self.variable.handle, m=self.m.handle, v=self.v.handle, beta1_power=self.power1,
            beta2_power=self.power2, grad=gradient, **self._constants)
        self.power1.assign(self.power1 * self._betas[0])
        self.power2.assign(self.power2 * self._betas[1])
        return tf.no_op()
