"""Errors in pixels, counted on given labels only; a value with its interval."""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils import keypoints as keypoint_sets


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value with the interval that a bootstrap gives it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:z.2f} [{self.low:z.2f}, {self.high:z.2f}]"  # z: no -0.00


def errors(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, K, 2) predicted - points in px, NaN where the label is missing.

    ValueError if shapes differ, no label is given, or a prediction is missing for one that is.
    """
    predicted, points = np.asarray(predicted, float), np.asarray(points, float)
    if predicted.shape != points.shape or points.ndim != 3 or points.shape[-1] != 2:
        raise ValueError(f"predicted {predicted.shape} and points {points.shape}; expected the same (N, K, 2)")
    found = predicted - points
    given = ~np.isnan(points)
    if not given.any():
        raise ValueError("no label is given: there is nothing to measure on")
    if not np.isfinite(found[given]).all():
        face = int(np.nonzero((given & ~np.isfinite(found)).any((1, 2)))[0][0])
        raise ValueError(f"face {face}: no finite prediction for a given label")
    return found


def mse(predicted: np.ndarray, points: np.ndarray) -> float:
    """Mean squared error in px² over the given coordinates.  predicted, points: (N, K, 2), NaN = label missing."""
    return float(np.nanmean(errors(predicted, points) ** 2))


def rmse(predicted: np.ndarray, points: np.ndarray) -> float:
    """Root mean squared error in px over the given coordinates, as Kaggle scores.  Shapes as in `mse`."""
    return mse(predicted, points) ** 0.5


def mae(predicted: np.ndarray, points: np.ndarray) -> float:
    """Mean absolute error in px over the given coordinates.  Shapes as in `mse`."""
    return float(np.nanmean(np.abs(errors(predicted, points))))


def per_point(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(K,) root mean squared error in px of each point's coordinates; NaN for a point that is never given."""
    squares = errors(predicted, points) ** 2
    count = (~np.isnan(squares)).sum((0, 2))
    return np.sqrt(np.divide(np.nansum(squares, (0, 2)), count, out=np.full(len(count), np.nan), where=count > 0))


def percentage_error(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(K, 2) root mean squared error of each coordinate in percent of its mean, so that image sizes compare (S4.2)."""
    squares = errors(predicted, points) ** 2
    return 100 * np.sqrt(np.nanmean(squares, 0)) / np.nanmean(np.asarray(points, float), 0)


def nme(predicted: np.ndarray, points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> float:
    """Mean distance of a point from its label in units of the distance between the outer eye corners (300-W).

    Where a set has no outer corners, between the eyes.  Faces whose two eyes are not both given do not count.
    """
    shares = _shares(predicted, points, keypoints)
    if np.isnan(shares).all():
        raise ValueError("no face has both eyes given, so no error can be normalised by their distance")
    return float(np.nanmean(shares))


def nme_of_faces(predicted: np.ndarray, points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """(N,) the same of each face; NaN for a face whose two eyes are not both given."""
    shares = _shares(predicted, points, keypoints)
    count = (~np.isnan(shares)).sum(axis=1)
    return np.divide(np.nansum(shares, axis=1), count, out=np.full(len(count), np.nan), where=count > 0)


def nme_of_points(predicted: np.ndarray, points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """(K,) the same of each point, over the faces whose two eyes are given; NaN for a point that is never given."""
    shares = _shares(predicted, points, keypoints)
    count = (~np.isnan(shares)).sum(axis=0)
    return np.divide(np.nansum(shares, axis=0), count, out=np.full(len(count), np.nan), where=count > 0)


def _shares(predicted: np.ndarray, points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """(N, K) distance of each point from its label in units of that between the eyes; NaN where one is missing."""
    distances = np.linalg.norm(errors(predicted, points), axis=-1)
    left, right = _eyes(keypoints)
    between = np.linalg.norm(np.asarray(points, float)[:, left] - np.asarray(points, float)[:, right], axis=-1)
    return distances / between[:, None]


def _eyes(keypoints: keypoint_sets.KeypointSet) -> tuple[int, int]:
    names = {"KAGGLE_15": "eye_outer_corner", "IMM_58": "eye_0", "CELEBA_5": "eye"}
    if keypoints.name == "LANDMARKS_68":
        return keypoints.index("left_eye_3"), keypoints.index("right_eye_0")
    return keypoints.index(f"left_{names[keypoints.name]}"), keypoints.index(f"right_{names[keypoints.name]}")
