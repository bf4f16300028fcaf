"""What a normal distribution of face shapes says of points that a network has predicted."""

from __future__ import annotations

import dataclasses
from typing import Self

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.imputation import shape_models
from fkp_utils.lessons.shape_aware_loss import distances
from fkp_utils.training import data_views


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
        known, rows = known.select(distances.of_first_source(known)), distances.of_first_source(faces)
        if not (known.given.any() and faces.given[rows].any()):
            first = f"no label of source {distances.FIRST}"
            raise ValueError(f"{first} in {len(known)} and {int(rows.sum())} faces; expected some")
        model = shape_models.IterativeRidge().fit(known.points.reshape(len(known), -1).astype(float))
        return cls(model.mean_, model.covariance_, _errors(predicted[rows] - faces.points[rows]))

    def improve(self, predicted: np.ndarray, source: np.ndarray | None = None) -> np.ndarray:
        """The predictions (N, K, 2), each drawn to what is most likely given both; faces of other sources stay."""
        flat = predicted.reshape(len(predicted), -1) - self.mean
        weights = np.linalg.solve(self.covariance + self.error, self.covariance)
        likely = (self.mean + flat @ weights).reshape(predicted.shape)
        if source is None:
            return likely
        return np.where((np.asarray(source) == distances.FIRST)[:, None, None], likely, predicted)

    @property
    def whole_share(self) -> float:
        """Which share of the variance of a prediction's error belongs to the part that moves the whole face."""
        whole = np.mean([self.error[0, 2], self.error[1, 3]])
        return float(whole / np.mean([self.error[0, 0], self.error[1, 1]]))


def measured_on(parts: data_views.Parts) -> face_sets.Faces:
    """The faces on which errors are measured: validation, or training where validation has none of the first source."""
    for part in (parts.validation, parts.training):
        if distances.of_first_source(part).any():
            return part
    raise ValueError(f"no face of source {distances.FIRST} in validation and training; expected some")


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
