"""What early stopping would have done to a training whose curve is known to its end (notebook 08, S2.4)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True)
class Stop:
    """Where a training would have stopped, and the validation errors in px it would have been left with.

    epoch: from 1.  last: that of the weights at the end.  best: that of the best weights until then.
    """

    epoch: int
    last: float
    best: float


def stop(validation: np.ndarray, patience: int) -> Stop:
    """Early stopping after `patience` epochs (E,) in a row without a lower validation error; ValueError below 1."""
    if patience < 1:
        raise ValueError(f"patience is {patience}; expected at least 1 epoch")
    lowest, waited, epoch = math.inf, 0, 0
    for error in validation:
        lowest, waited, epoch = (error, 0, epoch + 1) if error < lowest else (lowest, waited + 1, epoch + 1)
        if waited >= patience:
            break
    return Stop(epoch, float(validation[epoch - 1]), float(lowest))


def stops(validation: np.ndarray, patiences: list[int]) -> pd.DataFrame:
    """A row for each patience: epoch, and in percent over the lowest error of the whole training: last, best."""
    found = {patience: stop(validation, patience) for patience in patiences}
    lowest = float(np.min(validation))
    rows = [(each.epoch, 100 * (each.last / lowest - 1), 100 * (each.best / lowest - 1)) for each in found.values()]
    return pd.DataFrame(rows, pd.Index(found, name="patience"), ["epoch", "last", "best"])


def patiences(epochs: int) -> list[int]:
    """The patiences that a training of so many epochs can tell apart: up to half of them, 1 at least."""
    return [each for each in (1, 2, 3, 5, 10, 20, 50, 100) if each <= max(1, epochs // 2)]


def rises(validation: np.ndarray) -> float:
    """The share of epochs after the first whose validation error is higher than the one before."""
    return float((np.diff(validation) > 0).mean()) if len(validation) > 1 else 0.0


def plateau(validation: np.ndarray, level: float) -> int:
    """How many epochs pass until the error is a tenth below the level, that of the mean points, say; all if never."""
    below = np.asarray(validation) < 0.9 * level
    return int(below.argmax()) if below.any() else len(below)


def end(validation: np.ndarray) -> float:
    """By how many percent the error ends above its lowest, both as means of a tenth of the epochs."""
    width = max(1, len(validation) // 10)
    means = np.convolve(validation, np.full(width, 1 / width), "valid")
    return float(100 * (means[-1] / means.min() - 1))
