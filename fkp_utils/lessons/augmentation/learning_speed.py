"""How soon a network learns: the first epochs, the epochs to an error, and whether restarts agree (notebook 05)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fkp_utils.training import runs


def first_epochs(run: runs.Run, epochs: int) -> np.ndarray:
    """(R,) the mean validation error in px of each restart over its first epochs."""
    history = run.history
    return history[history["epoch"] <= epochs].groupby("restart")["validation"].mean().to_numpy()


def epochs_to(run: runs.Run, level: float) -> np.ndarray:
    """(R,) the epoch, from 1, at which the validation error of each restart first is `level` px or less; else inf."""
    history = run.history
    there = history[history["validation"] <= level].groupby("restart")["epoch"].min().astype(float)
    return there.reindex(range(len(run.restarts)), fill_value=math.inf).to_numpy()
