"""First looks at a set of faces: what is given, how points spread, and labels that disagree or look wrong."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import gaussian, metrics
from fkp_utils import keypoints as keypoint_sets

KAGGLE_ROWS = 7049  # of the Kaggle set's training.csv
KAGGLE_GIVEN = (7039, 7036, 2271, 2267, 2268, 2268, 2270, 2225, 2270, 2236, 7049, 2269, 2270, 2275, 7016)  # KAGGLE_15
RIDGE = 0.01  # of the mean variance of a coordinate: points that nearly repeat each other may differ by a little
SCARCE = 0.2  # the same, times the coordinates and over the faces: a fit to few faces is less certain


def part(name: str) -> str:
    """The part of the face a keypoint belongs to: `jaw_12` is of the `jaw`; other names stand for themselves."""
    return re.sub(r"_\d+$", "", name)


def given_table(faces: face_sets.Faces) -> pd.DataFrame:
    """How many labels each coordinate has, one row a part of the face; beside Kaggle's counts for its 15 points.

    A part of several points shows the fewest of any of them.
    """
    counts = (~np.isnan(faces.points)).sum(0)
    table = pd.DataFrame({"points": 1, "x given": counts[:, 0], "y given": counts[:, 1]})
    table["share"] = faces.given.mean(0)
    parts = [part(name) for name in faces.keypoints.names]
    table = table.groupby(pd.Index(parts, name="part"), sort=False).agg(
        {"points": "sum", "x given": "min", "y given": "min", "share": "min"}
    )
    if faces.keypoints == keypoint_sets.KAGGLE_15:
        table["Kaggle: given"] = KAGGLE_GIVEN
        table["Kaggle: share"] = np.array(KAGGLE_GIVEN) / KAGGLE_ROWS
    return table


def few_points(faces: face_sets.Faces) -> face_sets.Faces:
    """The same faces with at most 15 points, so that each has room on an axis.

    68 points become Kaggle's 15; the 58 of IMM become one for each part of the face, the mean of its points.
    """
    if faces.keypoints == keypoint_sets.LANDMARKS_68:
        return faces.to(keypoint_sets.KAGGLE_15)
    if len(faces.keypoints) <= 15:
        return faces
    parts = np.array([part(name) for name in faces.keypoints.names])
    names = list(dict.fromkeys(parts.tolist()))
    mirror = tuple(names.index(parts[faces.keypoints.mirror[list(parts).index(name)]]) for name in names)
    few = keypoint_sets.KeypointSet(f"{faces.keypoints.name} parts", tuple(names), mirror, ())
    points = np.stack([faces.points[:, parts == name].mean(1) for name in names], axis=1)
    return dataclasses.replace(faces, points=points, truth=None, keypoints=few)


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


def largest_share(values: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0) -> np.ndarray:
    """(M,) share of bootstrap draws of whole groups in which each column of `values` (N, M) has the largest mean."""
    here = ~np.isnan(values)
    sums, label = _by_group(np.where(here, values, 0), groups), np.unique(groups)
    counts = _by_group(here.astype(float), groups)
    generator, chance = np.random.default_rng(seed), np.full(len(label), 1 / len(label))
    wins = np.zeros(values.shape[1])
    for _ in range(repeats):
        draw = generator.multinomial(len(label), chance)
        wins[np.argmax(draw @ sums / np.maximum(draw @ counts, 1))] += 1
    return wins / repeats


def verdict(share: float) -> bool | None:
    """What a share of bootstrap draws says of a claim: True from 95% on, False up to 5%, None (not told) in between."""
    return True if share >= 0.95 else False if share <= 0.05 else None


def difference_interval(
    values: np.ndarray, second: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Mean of `values` (N,) where `second` (N,) is True minus that elsewhere, with its 95% bootstrap interval.

    Whole groups are drawn together; NaN does not count.  ValueError if one side has no value.
    """
    sides = np.stack([~second, second], axis=1) & ~np.isnan(values)[:, None]
    if not sides.any(0).all():
        raise ValueError("one side of the difference has no value")
    sums = _by_group(np.where(sides, values[:, None], 0), groups)
    counts = _by_group(sides.astype(float), groups)
    draws = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), repeats)
    draws = np.concatenate([draws, np.ones((1, len(sums)), int)])
    with np.errstate(invalid="ignore"):
        means = draws @ sums / (draws @ counts)
    differences = means[:, 1] - means[:, 0]
    low, high = np.nanquantile(differences[:-1], [0.025, 0.975])
    return metrics.Estimate(float(differences[-1]), float(low), float(high))


def copies(faces: face_sets.Faces) -> np.ndarray:
    """Every two rows (M, 2) that hold the same image, byte for byte; the first row of a pair is the smaller one."""
    rows = pd.Series(np.arange(len(faces))).groupby(faces.image_groups)
    pairs = [pair for _, group in rows if len(group) > 1 for pair in itertools.combinations(group, 2)]
    return np.array(pairs, int).reshape(-1, 2)


def drawn_together(faces: face_sets.Faces) -> np.ndarray:
    """(N,) the groups a bootstrap draws whole: persons; where they are not known, copies of an image."""
    return faces.image_groups if faces.subject is None else faces.subject


def source_offsets(
    faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> dict[str, dict[str, metrics.Estimate]]:
    """How far the second label source puts each coordinate from where the first one does, in px with 95% intervals.

    "all rows" compares the means of the two sources' rows, so it also holds how their faces lie in the images; "same
    image" compares the labels of copies that the two labelled.  Only coordinates with 10 labels or pairs are compared.
    ValueError if the faces are not of two sources.
    """
    labels = np.unique(faces.source) if faces.source is not None else []
    if len(labels) != 2:
        raise ValueError(f"the faces are of {max(1, len(labels))} label source(s); expected two")
    second, groups = faces.source == labels[1], drawn_together(faces)
    pairs = copies(faces)
    pairs = pairs[second[pairs[:, 0]] != second[pairs[:, 1]]]
    pairs = np.where(second[pairs[:, :1]], pairs[:, ::-1], pairs)
    found: dict[str, dict[str, metrics.Estimate]] = {"all rows": {}, "same image": {}}
    for index, name in enumerate(faces.keypoints.names):
        for axis, letter in enumerate("xy"):
            values = faces.points[:, index, axis].astype(float)
            apart = values[pairs[:, 1]] - values[pairs[:, 0]]
            if min((~np.isnan(values[second])).sum(), (~np.isnan(values[~second])).sum()) >= 10:
                interval = difference_interval(values, second, groups, repeats, seed)
                found["all rows"][f"{name}_{letter}"] = interval
            if (~np.isnan(apart)).sum() >= 10:
                found["same image"][f"{name}_{letter}"] = metrics.mean_interval(
                    apart, groups[pairs[:, 0]], repeats, seed
                )
    return found


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


def _by_group(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(G, M) sums of the rows of `values` (N, M) in each group, in the order of np.unique."""
    label = np.unique(groups, return_inverse=True)[1]
    sums = np.zeros((label.max() + 1, values.shape[1]))
    np.add.at(sums, label, values)
    return sums
