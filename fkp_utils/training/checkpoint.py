"""The state of a training: its epochs so far, the weights that are kept, and all of it on disk."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import time
import zipfile

import keras
import numpy as np

from fkp_utils.system import files

SAVE_EVERY = 30.0  # seconds between two states on disk


@dataclasses.dataclass(frozen=True)
class Epoch:
    """One line of a history: root mean squared errors in px on given labels, of (augmented) training and validation."""

    training: float
    validation: float
    seconds: float


class Checkpoint:
    """The epochs so far, the weights of the best one, and both on disk with all that training needs to go on.

    average: the running mean of the weights after each step, of which a step keeps the share `ema`, less at first; with
    ema 0 there is none.
    """

    def __init__(self, state: pathlib.Path, model: keras.Model, whole: keras.Model, ema: float) -> None:
        self.state, self.model, self.whole, self.ema, self.steps = state, model, whole, ema, 0
        self.epochs: list[Epoch] = []
        self.best, self.weights, self.saved = -1, model.get_weights(), time.monotonic()
        self.average = model.get_weights() if ema else []

    def step(self) -> None:
        """Adds the weights after a step to the average."""
        if not self.ema:
            return
        self.sync()
        self.steps += 1
        keep = min(self.ema, self.steps / (10 + self.steps))
        for mean, weight in zip(self.average, self.model.weights, strict=True):
            mean += (1 - keep) * (np.asarray(weight) - mean)

    def sync(self) -> None:
        """The variables take the values they have in the training, which JAX keeps to itself until it is over."""
        if keras.backend.backend() == "jax":
            self.whole.jax_state_sync()

    def swap(self) -> None:
        """The model takes the average as its weights, and gives its own for it; once more, and all is as before."""
        if self.ema:
            own = self.model.get_weights()
            self.model.set_weights(self.average)
            self.average = own

    def _variables(self) -> list[keras.Variable]:
        return [*self.whole.variables, *self.whole.optimizer.variables]

    def stored(self) -> int:
        """How many epochs the state on disk holds; 0 if there is none, or a damaged one."""
        try:
            with np.load(self.state) as file:
                arrays = {name: file[name] for name in file.files}
            return len(json.loads(str(arrays["epochs"])))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return 0

    def restore(self, first: int, last: int) -> None:
        """Goes on from the state on disk if it is of the epochs from `first` to `last`; a damaged state is removed."""
        try:
            with np.load(self.state) as file:
                epochs = [Epoch(*values) for values in json.loads(str(file["epochs"]))]
                if not first < len(epochs) <= last:
                    return
                variables, count = self._variables(), len(self.weights)
                values = [file[f"variable{i}"] for i in range(len(variables))]
                weights = [file[f"best{i}"] for i in range(count)]
                average = [file[f"average{i}"] for i in range(len(self.average))]
                best, steps = int(file["best"]), int(file["steps"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            self.state.unlink(missing_ok=True)
            return
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.epochs, self.best, self.weights, self.average, self.steps = epochs, best, weights, average, steps

    def add(self, epoch: Epoch) -> None:
        """Another epoch is over; its weights are kept if its validation error is the lowest."""
        self.epochs.append(epoch)
        if self.best < 0 or epoch.validation < self.epochs[self.best].validation:
            own = [mean.copy() for mean in self.average] or self.model.get_weights()
            self.best, self.weights = len(self.epochs) - 1, own
        if time.monotonic() - self.saved >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Writes the state to disk."""
        arrays = {f"variable{i}": np.asarray(value) for i, value in enumerate(self._variables())}
        arrays |= {f"best{i}": value for i, value in enumerate(self.weights)}
        arrays |= {f"average{i}": value for i, value in enumerate(self.average)}
        epochs = json.dumps([dataclasses.astuple(epoch) for epoch in self.epochs])
        with files.replacing(self.state) as new, new.open("wb") as file:
            np.savez(file, epochs=epochs, best=self.best, steps=self.steps, **arrays)  # type: ignore[arg-type]  # none is allow_pickle
        self.saved = time.monotonic()

    def finish(self) -> list[np.ndarray]:
        """The weights of the best epoch; the state on disk is removed."""
        self.state.unlink(missing_ok=True)
        return self.weights
