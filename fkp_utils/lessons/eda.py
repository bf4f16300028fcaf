"""First looks at a set of faces: what is given, how points spread, and labels that disagree or look wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets
from fkp_utils.imputation import gaussian

KAGGLE_ROWS = 7049  # of the Kaggle set's training.csv
KAGGLE_GIVEN = (7039, 7036, 2271, 2267, 2268, 2268, 2270, 2225, 2270, 2236, 7049, 2269, 2270, 2275, 7016)  # KAGGLE_15
RIDGE = 0.01  # of the mean variance of a coordinate: points that nearly repeat each other may differ by a little
SCARCE = 0.2  # the same, times the coordinates and over the faces: a fit to few faces is less certain


def given_table(faces: face_sets.Faces) -> pd.DataFrame:
    """How many labels each coordinate has, one row a part of the face; beside Kaggle's counts for its 15 points.

    A part of several points shows the fewest of any of them.
    """
    counts = (~np.isnan(faces.points)).sum(0)
    table = pd.DataFrame({"points": 1, "x given": counts[:, 0], "y given": counts[:, 1]})
    table["share"] = faces.given.mean(0)
    parts = [keypoint_sets.part(name) for name in faces.keypoints.names]
    table = table.groupby(pd.Index(parts, name="part"), sort=False).agg(
        {"points": "sum", "x given": "min", "y given": "min", "share": "min"}
    )
    if faces.keypoints == keypoint_sets.KAGGLE_15:
        table["Kaggle: given"] = KAGGLE_GIVEN
        table["Kaggle: share"] = np.array(KAGGLE_GIVEN) / KAGGLE_ROWS
    return table


def normality(values: np.ndarray, names: list[str]) -> pd.DataFrame:
    """How far each column of `values` (N, M) is from a normal distribution; NaN is left out.

    skewness, excess kurtosis: both 0 for a normal one.  beyond 3 sd: share of the squared deviations from the mean that
    lies further out than three standard deviations (2.9% for a normal one).
    """
    scaled = (values - np.nanmean(values, 0)) / np.nanstd(values, 0)
    far = np.where(np.abs(scaled) > 3, scaled**2, 0).sum(0) / np.nansum(scaled**2, 0)
    moments = {"skewness": np.nanmean(scaled**3, 0), "excess kurtosis": np.nanmean(scaled**4, 0) - 3}
    return pd.DataFrame({**moments, "beyond 3 sd": far}, index=names)


def same_axis_correlations(faces: face_sets.Faces) -> pd.DataFrame:
    """Correlation r of every two points along one axis: columns first, second, axis, mirror pair, r; lowest r first."""
    rows = []
    for axis, letter in enumerate("xy"):
        table = pd.DataFrame(faces.points[..., axis], columns=list(faces.keypoints.names)).corr()
        for i, j in itertools.combinations(range(len(table)), 2):
            pair = faces.keypoints.mirror[i] == j
            rows.append((table.index[i], table.index[j], letter, pair, table.iat[i, j]))
    found = pd.DataFrame(rows, columns=["first", "second", "axis", "mirror pair", "r"])
    return found.sort_values("r", ignore_index=True)


def unusual_shapes(faces: face_sets.Faces) -> tuple[np.ndarray, list[str]]:
    """How unlike the other faces each one is labelled, without a look at the image, and why.

    Two measures, each in units of its usual size among the faces of the same label source; the score is the larger one.
    Shape: each point that most faces have is predicted from the others of its face, by a normal distribution fitted
    without the 10% of the faces that fit worst; the worst point counts.  Place: how far the middle of the points is
    from its median.  Returns scores (N,) and reasons; 0 and "" for a face with nothing to compare.  Labels of a good
    shape near the usual place are not found so, whatever the image shows there.
    """
    source = np.zeros(len(faces), int) if faces.source is None else faces.source
    errors, shape = (np.full(faces.given.shape, np.nan) for _ in range(2))
    away, place = np.full((len(faces), 2), np.nan), np.full(len(faces), np.nan)
    for label in np.unique(source[faces.given.any(1)]):
        rows = np.nonzero((source == label) & faces.given.any(1))[0]
        points = faces.points[rows].astype(float)
        errors[rows], shape[rows] = _left_out(points)
        away[rows], place[rows] = _misplaced(points)
    reasons = [_reason(faces, row, errors[row], shape[row], away[row], place[row]) for row in range(len(faces))]
    return np.nan_to_num(np.column_stack([shape, place])).max(1), reasons


def _reason(
    faces: face_sets.Faces, row: int, errors: np.ndarray, shape: np.ndarray, away: np.ndarray, place: float
) -> str:
    if np.isnan([*shape, place]).all():
        return ""
    worst = int(np.nan_to_num(shape).argmax())
    if np.nan_to_num(place) > np.nan_to_num(shape[worst]):
        x, y = away
        return f"all points lie {np.hypot(x, y):.0f} px from the usual place ({x:+.0f} in x, {y:+.0f} in y)"
    x, names = faces.points[row, :, 0], faces.keypoints.names
    pairs = [(i, j) for i, j in enumerate(faces.keypoints.mirror) if "left" in names[i].split("_")]
    swapped = [f"{names[i]} and {names[j]}" for i, j in pairs if x[i] < x[j]]
    order = f"; {swapped[0]} in reverse order" if swapped else ""
    return f"{names[worst]} is {errors[worst]:.0f} px from where the other points put it{order}"


def _misplaced(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far (N, 2) in px the middle of each face's points (N, K, 2) is from the median; that in usual ones (N,)."""
    points = points[:, ~np.isnan(points).all((0, 2))]
    away = np.nanmean(points - np.nanmedian(points, axis=0), axis=1)
    away -= np.median(away, axis=0)
    length = np.linalg.norm(away / np.maximum(np.median(np.abs(away), axis=0), 1e-6), axis=1)
    return away, length * (gaussian.MEDIAN_2D / max(np.median(length), 1e-6))


def _left_out(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The error (N, K) in px of each point as the others predict it, and the same in units of its usual error."""
    usual = (~np.isnan(points[..., 0])).mean(axis=0) >= 0.5
    errors, lengths = np.full((2, *points.shape[:2]), np.nan)
    if usual.sum() < 2 or len(points) < 3:
        return errors, lengths
    X = points[:, usual].reshape(len(points), -1)
    noise = max(RIDGE, SCARCE * X.shape[1] / len(X)) * np.nanvar(X, axis=0).mean()
    model = gaussian.Gaussian.fit(X, noise, trim=0.1)
    errors[:, usual], found = model.left_out(X)
    lengths[:, usual] = found * (gaussian.MEDIAN_2D / np.maximum(np.nanmedian(found, axis=0), 1e-6))
    return errors, lengths
