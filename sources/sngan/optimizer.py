"""Adam, on the CPU in pieces that stay in its cache."""

import numpy as np
from chainer import optimizers

_PIECE = 1 << 16  # numbers


class Adam(optimizers.Adam):
    """Chainer's."""

    def create_update_rule(self):
        return _Rule(self.hyperparam)


class _Rule(optimizers.adam.AdamRule):

    def update_core_cpu(self, param):
        """m += (1 - beta1)(g - m); v += (1 - beta2)(g g - v); w -= alpha_t m / (sqrt(v) + eps): as Chainer's."""
        if param.grad is None:
            return
        given = self.hyperparam
        arrays = [np.asarray(array).reshape(-1) for array in (param.data, param.grad, self.state["m"], self.state["v"])]
        for start in range(0, param.size, _PIECE):
            weight, gradient, mean, square = (array[start:start + _PIECE] for array in arrays)
            mean += (1 - given.beta1) * (gradient - mean)
            square += (1 - given.beta2) * (gradient * gradient - square)
            weight -= self.alpha_t / (np.sqrt(square) + given.eps) * mean
