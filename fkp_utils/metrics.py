"""Errors in pixels, counted on given labels only, and how sure they are."""

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
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def _errors(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """predicted - points, NaN where the label is missing; ValueError if shapes differ or a prediction is missing."""
    predicted, points = np.asarray(predicted, float), np.asarray(points, float)
    if predicted.shape != points.shape or points.ndim != 3 or points.shape[-1] != 2:
        raise ValueError(f"predicted {predicted.shape} and points {points.shape}; expected the same (N, K, 2)")
    errors = predicted - points
    given = ~np.isnan(points)
    if not given.any():
        raise ValueError("no label is given: there is nothing to measure on")
    if not np.isfinite(errors[given]).all():
        face = int(np.nonzero((given & ~np.isfinite(errors)).any((1, 2)))[0][0])
        raise ValueError(f"face {face}: no finite prediction for a given label")
    return errors


def mse(predicted: np.ndarray, points: np.ndarray) -> float:
    """Mean squared error in px² over the given coordinates.  predicted, points: (N, K, 2), NaN = label missing."""
    return float(np.nanmean(_errors(predicted, points) ** 2))


def rmse(predicted: np.ndarray, points: np.ndarray) -> float:
    """Root mean squared error in px over the given coordinates, as Kaggle scores.  Shapes as in `mse`."""
    return mse(predicted, points) ** 0.5


def mae(predicted: np.ndarray, points: np.ndarray) -> float:
    """Mean absolute error in px over the given coordinates.  Shapes as in `mse`."""
    return float(np.nanmean(np.abs(_errors(predicted, points))))


def per_point(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(K,) root mean squared error in px of each point's coordinates; NaN for a point that is never given."""
    squares = _errors(predicted, points) ** 2
    count = (~np.isnan(squares)).sum((0, 2))
    return np.sqrt(np.divide(np.nansum(squares, (0, 2)), count, out=np.full(len(count), np.nan), where=count > 0))


def percentage_error(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(K, 2) root mean squared error of each coordinate in percent of its mean, so that image sizes compare (S4.2)."""
    squares = _errors(predicted, points) ** 2
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


def _shares(predicted: np.ndarray, points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """(N, K) distance of each point from its label in units of that between the eyes; NaN where one is missing."""
    distances = np.linalg.norm(_errors(predicted, points), axis=-1)
    left, right = _eyes(keypoints)
    between = np.linalg.norm(np.asarray(points, float)[:, left] - np.asarray(points, float)[:, right], axis=-1)
    return distances / between[:, None]


def _eyes(keypoints: keypoint_sets.KeypointSet) -> tuple[int, int]:
    names = {"KAGGLE_15": "eye_outer_corner", "IMM_58": "eye_0", "CELEBA_5": "eye"}
    if keypoints.name == "LANDMARKS_68":
        return keypoints.index("left_eye_3"), keypoints.index("right_eye_0")
    return keypoints.index(f"left_{names[keypoints.name]}"), keypoints.index(f"right_{names[keypoints.name]}")


def rmse_interval(
    predicted: np.ndarray, points: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0
) -> Estimate:
    """RMSE in px with its 95% bootstrap interval; whole groups (persons; without them, faces) are drawn together."""
    squares = _errors(predicted, points) ** 2
    return _ratio(np.nansum(squares, (1, 2)), (~np.isnan(squares)).sum((1, 2)), groups, repeats, seed, root=True)


def paired_interval(
    first: np.ndarray,
    second: np.ndarray,
    points: np.ndarray,
    groups: np.ndarray | None = None,
    repeats: int = 1000,
    seed: int = 0,
) -> Estimate:
    """RMSE in px of the predictions `first` minus that of `second` on the same faces, with its 95% bootstrap interval.

    Every draw of groups is the same for both, so that what makes a face hard for both does not widen the interval.
    """
    squares = [_errors(predicted, points) ** 2 for predicted in (first, second)]
    label, count = _labels(groups, len(points))
    counts = np.bincount(label, (~np.isnan(squares[0])).sum((1, 2)), count)
    sums = np.stack([np.bincount(label, np.nansum(each, (1, 2)), count) for each in squares], axis=1)
    draws = _draws(counts > 0, repeats, seed)
    errors = np.sqrt(draws @ sums / (draws @ counts)[:, None])
    return _estimate(errors[:, 0] - errors[:, 1])


def mean_interval(values: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0) -> Estimate:
    """Mean of `values` (N,) with its 95% bootstrap interval; NaN does not count; groups as in `rmse_interval`."""
    values = np.asarray(values, float)
    return _ratio(np.nan_to_num(values), ~np.isnan(values), groups, repeats, seed, root=False)


def _ratio(
    sums: np.ndarray, counts: np.ndarray, groups: np.ndarray | None, repeats: int, seed: int, root: bool
) -> Estimate:
    label, count = _labels(groups, len(sums))
    sums, counts = np.bincount(label, sums, count), np.bincount(label, counts, count)
    if not counts.any():
        raise ValueError("no label is given: there is nothing to measure on")
    draws = _draws(counts > 0, repeats, seed)
    means = draws @ sums / (draws @ counts)
    return _estimate(np.sqrt(means) if root else means)


def _labels(groups: np.ndarray | None, faces: int) -> tuple[np.ndarray, int]:
    """(N,) the number of each face's group from 0, and how many groups there are."""
    label = np.arange(faces) if groups is None else np.unique(groups, return_inverse=True)[1]
    return label, int(label.max(initial=-1)) + 1


def _draws(counted: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    """(repeats + 1, G) how often each group is drawn, of those that are counted (G,); in the last row, once each."""
    drawn = np.zeros((repeats + 1, len(counted)), int)
    chance = np.full(int(counted.sum()), 1 / counted.sum())
    drawn[:-1, counted] = np.random.default_rng(seed).multinomial(int(counted.sum()), chance, repeats)
    drawn[-1] = 1
    return drawn


def _estimate(values: np.ndarray) -> Estimate:
    """The last value, with the interval of those before it."""
    low, high = np.quantile(values[:-1], [0.025, 0.975])
    return Estimate(float(values[-1]), float(low), float(high))
