"""The optimizers of experiments by name; that of Keras for matrices, made for the kernels of convolutions too."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

NAMES = ("adam", "sgd", "muon")
FEWEST = 4  # channels in and out of a kernel that has directions to be made equal
MOMENTUM, ITERATIONS = 0.95, 5  # of Muon, as Jordan et al. have them
SIZE = 0.2  # root mean square of a step at rate 1, as Adam's steps have (Liu et al., 2025)


def build(name: str, rate: Any) -> keras.Optimizer:
    """Adam, SGD with Nesterov momentum 0.9, or Muon; rate: a number or a schedule of Keras."""
    if name == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    return keras.optimizers.Adam(rate) if name == "adam" else Muon(rate)


class Muon(keras.optimizers.Adam):
    """Muon (Jordan et al., 2024) for the kernels of convolutions, Adam for all other weights; none decays.

    A kernel (h, w, in, out) is taken as a matrix (h·w·in, out).  Of its averaged gradient, the orthogonal part is the
    step: all directions move equally far, those too that few images ask for.  The kernels of the head (layers named
    "head…") and those with fewer than four channels in or out learn by Adam, at the same rate.
    """

    def __init__(self, learning_rate: Any) -> None:
        super().__init__(learning_rate)
        self.muon = keras.optimizers.Muon()  # of which only the iteration is used: the rest differs between versions

    def build(self, variables: list[keras.Variable]) -> None:
        """Makes the averages; `update_step` is given the backend's variables, which have no path."""
        super().build(variables)
        self.kernels = [
            len(each.shape) == 4 and min(each.shape[2:]) >= FEWEST and "head" not in each.path for each in variables
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one weight."""
        index = self._get_variable_index(variable)
        if not self.kernels[index]:
            super().update_step(gradient, variable, learning_rate)
            return
        average = self._momentums[index]
        self.assign_add(average, gradient + (MOMENTUM - 1) * average)
        matrix = ops.reshape(gradient + MOMENTUM * average, (-1, variable.shape[-1]))
        step = SIZE * max(matrix.shape) ** 0.5 * self.muon.zeropower_via_newtonschulz5(matrix, ITERATIONS)
        self.assign_sub(variable, ops.reshape(learning_rate * step, variable.shape))
