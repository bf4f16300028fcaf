"""The optimizers of experiments by name; that of Keras for matrices, made for the kernels of convolutions too."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

NAMES = ("adam", "sgd", "muon")
FEWEST = 4  # channels in and out of a kernel that has directions to be made equal
SIZE = 0.2  # root mean square of a step at rate 1, as Adam's steps have (Liu et al., 2025)


def build(name: str, rate: Any) -> keras.Optimizer:
    """Adam, SGD with Nesterov momentum 0.9, or Muon; rate: a number or a schedule of Keras."""
    if name == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    return keras.optimizers.Adam(rate) if name == "adam" else Muon(rate)


class Muon(keras.optimizers.Muon):
    """Muon (Jordan et al., 2024) for the kernels of convolutions, Adam for all other weights; none decays.

    A kernel (h, w, in, out) is taken as a matrix (h·w·in, out).  Of its averaged gradient, the orthogonal part is the
    step: all directions move equally far, those too that few images ask for.  The kernels of the head (layers named
    "head…") and those with fewer than four channels in or out learn by Adam, at the same rate.
    """

    def __init__(self, learning_rate: Any) -> None:
        super().__init__(learning_rate, weight_decay=None, adam_weight_decay=None)

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4 or min(variable.shape[2:]) < FEWEST or "head" in variable.path

    def _muon_update_step(self, gradient: Any, variable: keras.Variable, rate: Any, average: keras.Variable) -> None:
        self.assign_add(average, gradient + (self.momentum - 1) * average)
        matrix = ops.reshape(gradient + self.momentum * average, (-1, variable.shape[-1]))
        step = SIZE * max(matrix.shape) ** 0.5 * self.zeropower_via_newtonschulz5(matrix, self.ns_steps)
        self.assign_sub(variable, ops.reshape(rate * step, variable.shape))
