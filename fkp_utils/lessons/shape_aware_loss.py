"""What a normal distribution of face shapes says of points that a network has predicted (notebook 09)."""

from __future__ import annotations

import dataclasses
from typing import Self

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.imputation import shape_models

FIRST = 0  # the label source whose points a shape is made of, where there are several


@dataclasses.dataclass(frozen=True, eq=False)
class ShapePrior:
    """Points are drawn from a normal distribution, and predictions are points with an error.

    mean, covariance: of the 2K coordinates in px and px².  error: covariance (2K, 2K) of the errors of predictions.
    """

    mean: np.ndarray
    covariance: np.ndarray
    error: np.ndarray

    @classmethod
    def fit(cls, known: face_sets.Faces, faces: face_sets.Faces, predicted: np.ndarray) -> Self:
        """Shapes from the labels of `known`, also incomplete ones; errors from `predicted` (N, K, 2) of other `faces`.

        An error has two parts: one that moves the whole face, and one of each point by itself; their three variances
        (of x and y of the whole, and of a coordinate) are all that is learnt of it.  Only faces of the first label
        source count.  ValueError if there are none of these with labels.
        """
        known, rows = known.select(_first(known)), _first(faces)
        if not (known.given.any() and faces.given[rows].any()):
            raise ValueError(f"no label of source {FIRST} in {len(known)} and {int(rows.sum())} faces; expected some")
        model = shape_models.IterativeRidge().fit(known.points.reshape(len(known), -1).astype(float))
        return cls(model.mean_, model.covariance_, _errors(predicted[rows] - faces.points[rows]))

    def improve(self, predicted: np.ndarray, source: np.ndarray | None = None) -> np.ndarray:
        """The predictions (N, K, 2), each drawn to what is most likely given both; faces of other sources stay."""
        flat = predicted.reshape(len(predicted), -1) - self.mean
        weights = np.linalg.solve(self.covariance + self.error, self.covariance)
        likely = (self.mean + flat @ weights).reshape(predicted.shape)
        if source is None:
            return likely
        return np.where((np.asarray(source) == FIRST)[:, None, None], likely, predicted)


def distances(points: np.ndarray) -> np.ndarray:
    """(N, P) the distance of every two points (N, K, 2) of each face in px, NaN where a label is missing.

    Pairs come in the order of `numpy.triu_indices(K, 1)`.
    """
    first, second = np.triu_indices(points.shape[1], 1)
    return np.linalg.norm(np.asarray(points, float)[:, first] - np.asarray(points, float)[:, second], axis=-1)


def sizes(points: np.ndarray) -> np.ndarray:
    """(N,) the size of each face in px: the mean distance of its given points (N, K, 2); NaN for fewer than two."""
    found = distances(points)
    count = (~np.isnan(found)).sum(axis=1)
    return np.divide(np.nansum(found, axis=1), count, out=np.full(len(found), np.nan), where=count > 0)


def graph_distance(predicted: np.ndarray, points: np.ndarray) -> float:
    """Complete graph distance in px: `losses.graph_distance` of all faces (N, K, 2), NaN where a label is missing."""
    return float(np.nanmean(np.abs(distances(predicted) - distances(points))))


def spread(faces: face_sets.Faces) -> pd.DataFrame:
    """How much each distance of two points varies over the faces: its standard deviation in percent of its mean.

    Below the diagonal in pixels, above it after each face was divided by its size.  Of sets with many points about
    fifteen, as `Faces.few_points` chooses; of several label sources the first.
    """
    few = faces.select(_first(faces)).few_points()
    apart, names = distances(few.points), [keypoints.part(name) for name in few.keypoints.names]
    upper = np.triu_indices(len(few.keypoints), 1)
    table = np.full((len(names), len(names)), np.nan)
    table[upper] = _variation(apart / sizes(few.points)[:, None])
    table.T[upper] = _variation(apart)
    return pd.DataFrame(table, names, names)


def _variation(values: np.ndarray) -> np.ndarray:
    return 100 * np.nanstd(values, axis=0) / np.nanmean(values, axis=0)


def _first(faces: face_sets.Faces) -> np.ndarray:
    return np.ones(len(faces), bool) if faces.source is None else np.asarray(faces.source) == FIRST


def _errors(errors: np.ndarray) -> np.ndarray:
    """The covariance of errors (N, K, 2) with NaN where no label is: of a shift, and of each coordinate by itself."""
    given = ~np.isnan(errors)
    count = np.maximum(given.sum(axis=1), 1)
    shift = np.nansum(errors, axis=1) / count
    several = (count > 1) & given.any(axis=1)
    inner = np.where(given, errors - shift[:, None], 0)
    single = (inner**2).sum() / max((count[several] - 1).sum(), 1)
    used = given.any(axis=1)
    whole = np.where(used, shift**2 - single / count, 0).sum(axis=0) / used.sum(axis=0)
    points = errors.shape[1]
    return single * np.eye(2 * points) + np.kron(np.ones((points, points)), np.diag(np.maximum(whole, 0)))
