"""How well imputers fill: on labels hidden on purpose, and on images that a second source labelled too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, label_agreement
from fkp_utils.imputation import impute, imputers

FEWEST = 10  # faces of which an error is told


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """M faces with labels hidden on purpose, and how each imputer filled them.

    rows: (M,) which faces they are; one that is drawn by several seeds is there several times.  seeds: (M,).  labels:
    (M, K, 2) in pixels, NaN except where hidden.  filled: (M, K, 2) for each imputer.
    """

    rows: np.ndarray
    seeds: np.ndarray
    labels: np.ndarray
    filled: Mapping[Any, np.ndarray]

    def rmse(
        self, groups: np.ndarray, where: np.ndarray | slice = slice(None), repeats: int = 1000, seed: int = 0
    ) -> dict[Any, metrics.Estimate]:
        """RMSE in px of each imputer on the hidden labels, with its 95% bootstrap interval.

        groups: (N,) of the faces compared, such as `Faces.groups`; whole groups are drawn.  where: which of the M
        are counted.
        """
        return {
            name: bootstrap.rmse(points[where], self.labels[where], groups[self.rows][where], repeats, seed)
            for name, points in self.filled.items()
        }

    def by(
        self, values: np.ndarray, edges: Sequence[float], groups: np.ndarray, repeats: int = 1000, seed: int = 0
    ) -> tuple[list[float], dict[Any, list[metrics.Estimate]]]:
        """`rmse` for the faces whose value (N,) lies between each two neighbouring edges, and the mean value there.

        Parts with fewer than FEWEST different faces are left out; NaN lies in no part.
        """
        part = np.digitize(values[self.rows], edges)
        parts = [part == number for number in range(1, len(edges))]
        parts = [where for where in parts if len(np.unique(self.rows[where])) >= FEWEST]
        found = [self.rmse(groups, where, repeats, seed) for where in parts]
        middles = [float(values[self.rows][where].mean()) for where in parts]
        return middles, {name: [each[name] for each in found] for name in self.filled}

    def squares(self) -> pd.DataFrame:
        """Mean squared error in px² of the hidden coordinates of each face (M rows), a column for each imputer."""
        return pd.DataFrame(
            {name: np.nanmean((points - self.labels) ** 2, axis=(1, 2)) for name, points in self.filled.items()}
        )


def compare(
    faces: face_sets.Faces,
    candidates: Mapping[Any, imputers.Imputer],
    seeds: Iterable[int],
    share: float = 0.3,
    keep: int | None = None,
) -> Trial:
    """Hides labels once for each seed, as `impute.hide` does, and has every candidate fill them.  Errors as there."""
    trials = []
    for seed in seeds:
        holes, hidden = impute.hide(faces, seed, share, keep)
        rows = np.flatnonzero(hidden.any(axis=1))
        labels = np.where(hidden[rows][..., None], faces.points[rows], np.nan)
        filled = {name: impute.fill(holes, imputer).points[rows] for name, imputer in candidates.items()}
        trials.append(Trial(rows, np.full(len(rows), seed), labels, filled))
    whole = {name: np.concatenate([getattr(trial, name) for trial in trials]) for name in ("rows", "seeds", "labels")}
    filled = {name: np.concatenate([trial.filled[name] for trial in trials]) for name in candidates}
    return Trial(**whole, filled=filled)


def compare_sources(faces: face_sets.Faces, candidates: Mapping[Any, imputers.Imputer]) -> Trial | None:
    """Has every candidate fill rows of the second label source; the first one's labels of the same image are the truth.

    Each is fitted on the rows of other persons (and images).  None if fewer than FEWEST images are labelled by both.
    """
    source = np.zeros(len(faces), int) if faces.source is None else faces.source
    copies = label_agreement.copies(faces)
    copies = np.concatenate([copies, copies[:, ::-1]])
    twins, rows = copies[source[copies[:, 0]] < source[copies[:, 1]]].T
    missing = faces.given[twins] & ~faces.given[rows]
    twins, rows, missing = (values[missing.any(axis=1)] for values in (twins, rows, missing))
    if len(np.unique(rows)) < FEWEST:
        return None
    people = faces.groups
    second, rest = faces.select(rows), faces.select(~np.isin(people, people[rows]))
    filled = {name: impute.fill(second, imputer, rest).points for name, imputer in candidates.items()}
    return Trial(rows, np.zeros(len(rows), int), np.where(missing[..., None], faces.points[twins], np.nan), filled)
