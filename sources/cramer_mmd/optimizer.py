"""Adam as TensorFlow writes it, after clipping each variable's gradient by itself."""

import math

import torch

_EPSILON = 1e-8
_LARGEST_NORM = 1.0


class Adam:
    """p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps): eps is added before the bias is corrected.

    variables: {name: tensor}, changed in place.
    """

    def __init__(self, variables, learning_rate, beta1, beta2):
        self.variables, self.learning_rate, self.betas = variables, learning_rate, (beta1, beta2)
        self.count = 0
        self.means = {name: torch.zeros_like(value) for name, value in variables.items()}
        self.squares = {name: torch.zeros_like(value) for name, value in variables.items()}

    @torch.no_grad()
    def step(self, loss):
        """Move every variable against the gradient of `loss`."""
        gradients = torch.autograd.grad(loss, list(self.variables.values()))
        beta1, beta2 = self.betas
        self.count += 1
        rate = self.learning_rate * math.sqrt(1 - beta2 ** self.count) / (1 - beta1 ** self.count)
        for name, gradient in zip(self.variables, gradients, strict=True):
            gradient = clip(gradient)
            self.means[name].lerp_(gradient, 1 - beta1)
            self.squares[name].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            self.variables[name].addcdiv_(self.means[name], self.squares[name].sqrt().add_(_EPSILON), value=-rate)


def clip(gradient):
    """The gradient, shortened to a norm of 1 if it is longer."""
    return gradient * (1 / torch.linalg.vector_norm(gradient).clamp(min=_LARGEST_NORM))
