"""Which faces a network errs on: by source and condition, which are hard for all, and errors at filled labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import eda, impute, metrics
from fkp_utils import faces as face_sets

FEWEST = 10  # faces of a kind that are compared with others


def of_faces(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) root mean squared error in px of each face's given coordinates, NaN for a face without labels."""
    squares = (np.asarray(predicted, float) - points) ** 2
    count = (~np.isnan(squares)).sum(axis=(1, 2))
    return np.sqrt(np.divide(np.nansum(squares, axis=(1, 2)), count, out=np.full(len(count), np.nan), where=count > 0))


def without_worst(predicted: np.ndarray, points: np.ndarray, share: float = 0.01) -> np.ndarray:
    """(N,) False for this share of the faces, those with the largest errors, at least one; False also without labels.

    A wrong label weighs as its square: few of them can be most of a squared error that no network can lower.
    """
    found = of_faces(predicted, points)
    worst = np.argsort(-np.nan_to_num(found, nan=-1.0), kind="stable")[: max(1, round(share * len(found)))]
    kept = ~np.isnan(found)
    kept[worst] = False
    return kept


def parts_of(values: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows in `count` equal parts by their value (N,), lowest first; NaN is in none, equal values are in one part."""
    known = np.flatnonzero(~np.isnan(values))
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, count + 1)[1:-1])) if len(known) else []
    number = np.searchsorted(edges, values[known], side="left")
    return [known[number == part] for part in range(len(edges) + 1) if (number == part).any()]


def by_condition(
    values: np.ndarray,
    predicted: Mapping[str, np.ndarray],
    points: np.ndarray,
    groups: np.ndarray,
    count: int = 5,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[list[float], dict[str, list[metrics.Estimate]]]:
    """RMSE in px of each model in equal parts of the faces by a value (N,), and the mean value there.

    predicted: (N, K, 2) of each model.  Intervals are 95%, over groups (N,).
    """
    parts = parts_of(values, count)
    found = {
        name: [metrics.rmse_interval(each[rows], points[rows], groups[rows], repeats, seed) for rows in parts]
        for name, each in predicted.items()
    }
    return [float(values[rows].mean()) for rows in parts], found


def ratio_interval(
    errors: np.ndarray, hard: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate | None:
    """RMSE of the faces where `hard` (N,) is True over that elsewhere, with its 95% interval over groups (N,).

    errors: (N,) px, of each face, NaN left out.  None if one side has fewer than ten faces.
    """
    label = np.unique(groups, return_inverse=True)[1]
    sides = np.stack([~hard, hard], axis=1) & ~np.isnan(errors)[:, None]
    if sides.sum(axis=0).min() < FEWEST:
        return None
    count = label.max() + 1
    squares = np.nan_to_num(errors) ** 2
    sums = np.stack([np.bincount(label, squares * side, count) for side in sides.T], axis=1)
    counts = np.stack([np.bincount(label, side, count) for side in sides.T], axis=1)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), repeats)
    draws = np.concatenate([draws, np.ones((1, count), int)])
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.sqrt(draws @ sums / (draws @ counts))
        ratios = means[:, 1] / means[:, 0]
    low, high = np.nanquantile(ratios[:-1], [0.025, 0.975])
    return metrics.Estimate(float(ratios[-1]), float(low), float(high))


def extra(
    first: np.ndarray, second: np.ndarray, faces: face_sets.Faces, hard: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate | None:
    """What a kind of faces costs one model more than another: the ratio of their RMSE there over that elsewhere.

    hard: (N,) which faces are of the kind.  Above 1 it is the first model's own weakness.  None if one side has fewer
    than ten faces.
    """
    values = np.stack([of_faces(each, faces.points) for each in (first, second)])
    sides = np.stack([~hard, hard]) & ~np.isnan(values).any(axis=0)
    if sides.sum(axis=1).min() < FEWEST:
        return None

    def ratio(rows: np.ndarray) -> float:
        means = [[np.sqrt((each[rows][side[rows]] ** 2).mean()) for side in sides] for each in values]
        return float(means[0][1] / means[0][0] / (means[1][1] / means[1][0]))

    with np.errstate(invalid="ignore", divide="ignore"):
        return bootstrap(ratio, eda.drawn_together(faces), repeats, seed)


def larger(found: metrics.Estimate | None, limit: float = 0.0) -> bool | None:
    """True if the whole interval lies above the limit, False if below, None in between or without an estimate."""
    if found is None or found.low <= limit <= found.high:
        return None
    return found.low > limit


def hardest(errors: np.ndarray, share: float = 0.1) -> np.ndarray:
    """(N,) bool: the `share` of the faces with the largest errors (N,), at least one; NaN is never among them."""
    count = max(1, round(share * np.count_nonzero(~np.isnan(errors))))
    found = np.zeros(len(errors), bool)
    found[np.argsort(-np.nan_to_num(errors, nan=-1.0), kind="stable")[:count]] = True
    return found


def hard_for_all(
    errors: Mapping[str, np.ndarray], groups: np.ndarray, share: float = 0.1, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Of the hardest faces of a model, the share that are among the hardest of every model, with its 95% interval.

    Models that err on faces independently would share `share` ** (models - 1) of them.
    """

    def common(rows: np.ndarray) -> float:
        found = np.stack([hardest(each[rows], share) for each in errors.values()])
        return float(found.all(axis=0).sum() / found[0].sum())

    return bootstrap(common, groups, repeats, seed)


def bootstrap(
    statistic: Callable[[np.ndarray], float], groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """A statistic of rows with its 95% interval; whole groups (N,) are drawn together."""
    label = np.unique(groups, return_inverse=True)[1]
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
    draws = np.random.default_rng(seed).integers(0, len(members), (repeats, len(members)))
    values = [statistic(np.concatenate([members[group] for group in draw])) for draw in draws]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return metrics.Estimate(float(statistic(np.arange(len(label)))), float(low), float(high))


def worst(errors: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """(count,) the faces that are hardest for all models at once: by the best rank that a model gives them."""
    ranks = np.min([pd.Series(each).rank(na_option="top") for each in errors.values()], axis=0)
    return np.argsort(-ranks, kind="stable")[:count]


def by_source(predicted: Mapping[str, np.ndarray], faces: face_sets.Faces, **draws: Any) -> pd.DataFrame:
    """RMSE in px with its interval, a row for each model, for all faces and for those of each label source."""
    groups, rows = eda.drawn_together(faces), {"all": np.ones(len(faces), bool)}
    if faces.source is not None and len(np.unique(faces.source)) > 1:
        rows |= {f"source {label}": faces.source == label for label in np.unique(faces.source)}
    return pd.DataFrame(
        {
            column: {
                name: metrics.rmse_interval(each[here], faces.points[here], groups[here], **draws)
                for name, each in predicted.items()
            }
            for column, here in rows.items()
        }
    )


def better(
    predicted: Mapping[str, np.ndarray], baseline: np.ndarray, faces: face_sets.Faces, **draws: Any
) -> list[str]:
    """The models whose RMSE is lower than that of the baseline (N, K, 2), by the whole interval of the difference."""
    groups = eda.drawn_together(faces)
    found = {
        name: metrics.paired_interval(each, baseline, faces.points, groups, **draws) for name, each in predicted.items()
    }
    return [name for name, difference in found.items() if larger(difference) is False]


def at_filled(
    predicted: np.ndarray, faces: face_sets.Faces, reference: face_sets.Faces, seed: int = 0, **draws: Any
) -> dict[str, metrics.Estimate]:
    """At labels hidden on purpose and filled by KNN: how far network, filled and real label are from each other, in px.

    "network − filled" is the difference of their errors.  Labels are hidden in all complete faces, in the pattern
    of the real gaps where there are any; the imputer is fitted on `reference`.
    """
    keep = len(faces.keypoints) // 2 if faces.given.all() else None
    holes, hidden = impute.hide(faces, seed, 1.0, keep)
    rows = np.flatnonzero(hidden.any(axis=1))
    labels = np.where(hidden[rows][..., None], faces.points[rows], np.nan)
    filled = impute.fill(holes, impute.build("knn"), reference).points[rows]
    network, groups = predicted[rows], eda.drawn_together(faces)[rows]
    asked = np.where(np.isnan(labels), np.nan, filled)
    return {
        "network from the label": metrics.rmse_interval(network, labels, groups, **draws),
        "filled from the label": metrics.rmse_interval(filled, labels, groups, **draws),
        "network from the filled": metrics.rmse_interval(network, asked, groups, **draws),
        "network − filled": metrics.paired_interval(network, filled, labels, groups, **draws),
    }
