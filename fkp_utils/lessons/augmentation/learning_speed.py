"""How soon a network learns: the first epochs, the epochs to an error, and whether restarts agree (notebook 05)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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


def first_quarter(augmented: runs.Run, plain: runs.Run) -> tuple[np.ndarray, np.ndarray]:
    """`first_epochs` of a run with augmentation and of one without, over the first quarter of the epochs planned."""
    epochs = [max(1, run.facts["described"]["epochs"] // 4) for run in (augmented, plain)]
    return first_epochs(augmented, epochs[0]), first_epochs(plain, epochs[1])


def epochs_to_level(augmented: runs.Run, plain: runs.Run) -> tuple[np.ndarray, np.ndarray]:
    """`epochs_to` of a run with augmentation and of one without: to the best that the worst restart without it gets."""
    level = plain.restarts["validation"].max()
    return epochs_to(augmented, level), epochs_to(plain, level)


def table(pairs: Mapping[str, tuple[runs.Run, runs.Run]]) -> pd.DataFrame:
    """Medians over the restarts of both measures, a row for each network with and without augmentation."""
    rows = {}
    for name, pair in pairs.items():
        both = zip(("standard", "none"), first_quarter(*pair), epochs_to_level(*pair), strict=True)
        for way, early, reached in both:
            rows[name, way] = {"first quarter (px)": np.median(early), "epochs to the level": np.median(reached)}
    return pd.DataFrame(rows).T.rename_axis(["network", "augmentation"])


def last_errors(found: Mapping[str, runs.Run]) -> pd.DataFrame:
    """Training and validation error in px at the last epoch, in the mean over restarts; a row for each run."""
    columns = ["training", "validation"]
    ends = {name: run.history.groupby("restart").last()[columns].mean() for name, run in found.items()}
    return pd.DataFrame(ends).T
