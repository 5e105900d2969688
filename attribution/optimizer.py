"""Adam in TensorFlow's form, that leaves out a step whose gradients are not all finite."""

import tensorflow as tf


class Adam:
    """Adam (Kingma and Ba 2015, end of section 2): epsilon is added to the uncorrected sqrt(v).

    step = rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon). This is what the
    published code runs; the textbook form differs while t is small.
    """

    def __init__(self, variables, settings):
        """variables: {name: tf.Variable}, what is optimised."""
        self.variables, self.settings = variables, settings
        self.m = {name: tf.Variable(tf.zeros_like(value)) for name, value in variables.items()}
        self.v = {name: tf.Variable(tf.zeros_like(value)) for name, value in variables.items()}
        self.count = tf.Variable(0, dtype=tf.int64)

    def apply(self, gradients):
        """One step with {name: gradient}; nothing happens if any value of them is not finite."""
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(value))
                                for value in gradients.values()])
        tf.cond(finite, lambda: self._step(gradients), tf.no_op)

    def state(self):
        """{name: array}, to continue from."""
        moments = {f"{kind}/{name}": value.numpy()
                   for kind, values in (("m", self.m), ("v", self.v))
                   for name, value in values.items()}
        return dict(moments, count=self.count.numpy())

    def restore(self, state):
        """Continue from what `state` returned."""
        for name in self.variables:
            self.m[name].assign(state[f"m/{name}"])
            self.v[name].assign(state[f"v/{name}"])
        self.count.assign(state["count"])

    def _step(self, gradients):
        settings = self.settings
        power = tf.cast(self.count.assign_add(1), tf.float32)
        for name, variable in self.variables.items():
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle, m=self.m[name].handle, v=self.v[name].handle,
                beta1_power=settings.beta1 ** power, beta2_power=settings.beta2 ** power,
                lr=settings.learning_rate, beta1=settings.beta1, beta2=settings.beta2,
                epsilon=settings.epsilon, grad=gradients[name])
        return tf.no_op()
