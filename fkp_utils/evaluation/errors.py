"""Which faces a network errs on: by source and condition, which are hard for all, and errors at filled labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.imputation import impute


def of_faces(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) root mean squared error in px of each face's given coordinates, NaN for a face without labels."""
    squares = (np.asarray(predicted, float) - points) ** 2
    count = (~np.isnan(squares)).sum(axis=(1, 2))
    return np.sqrt(np.divide(np.nansum(squares, axis=(1, 2)), count, out=np.full(len(count), np.nan), where=count > 0))


def without_worst(predicted: np.ndarray, points: np.ndarray, share: float = 0.01) -> np.ndarray:
    """(N,) False for the `hardest` of the faces, this share of them, and for those without labels.

    A wrong label weighs as its square: few of them can be most of a squared error that no network can lower.
    """
    found = of_faces(predicted, points)
    return ~np.isnan(found) & ~hardest(found, share)


def parts_of(values: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows in `count` equal parts by their value (N,), lowest first; NaN is in none, equal values are in one part."""
    known = np.flatnonzero(~np.isnan(values))
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, count + 1)[1:-1])) if len(known) else np.empty(0)
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
        name: [bootstrap.rmse(each[rows], points[rows], groups[rows], repeats, seed) for rows in parts]
        for name, each in predicted.items()
    }
    return [float(values[rows].mean()) for rows in parts], found


def extra(
    first: np.ndarray, second: np.ndarray, faces: face_sets.Faces, hard: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate | None:
    """What a kind of faces costs one model more than another: the ratio of their RMSE there over that elsewhere.

    hard: (N,) which faces are of the kind.  Above 1 it is the first model's own weakness.  None if one side has fewer
    than ten faces.
    """
    values = np.stack([of_faces(each, faces.points) for each in (first, second)])
    sides = np.stack([~hard, hard]) & ~np.isnan(values).any(axis=0)
    if sides.sum(axis=1).min() < bootstrap.FEWEST:
        return None

    def ratio(rows: np.ndarray) -> float:
        means = [[np.sqrt((each[rows][side[rows]] ** 2).mean()) for side in sides] for each in values]
        return float(means[0][1] / means[0][0] / (means[1][1] / means[1][0]))

    with np.errstate(invalid="ignore", divide="ignore"):
        return bootstrap.statistic(ratio, faces.groups, repeats, seed)


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

    return bootstrap.statistic(common, groups, repeats, seed)


def worst(errors: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """(count,) the faces that are hardest for all models at once: by the best rank that a model gives them."""
    ranks = np.min([pd.Series(each).rank(na_option="top") for each in errors.values()], axis=0)
    return np.argsort(-ranks, kind="stable")[:count]


def by_source(predicted: Mapping[str, np.ndarray], faces: face_sets.Faces, **draws: Any) -> pd.DataFrame:
    """RMSE in px with its interval, a row for each model, for all faces and for those of each label source."""
    groups, rows = faces.groups, {"all": np.ones(len(faces), bool)}
    if faces.source is not None and len(np.unique(faces.source)) > 1:
        rows |= {f"source {label}": faces.source == label for label in np.unique(faces.source)}
    return pd.DataFrame(
        {
            column: {
                name: bootstrap.rmse(each[here], faces.points[here], groups[here], **draws)
                for name, each in predicted.items()
            }
            for column, here in rows.items()
        }
    )


def better(
    predicted: Mapping[str, np.ndarray], baseline: np.ndarray, faces: face_sets.Faces, **draws: Any
) -> list[str]:
    """The models whose RMSE is lower than that of the baseline (N, K, 2), by the whole interval of the difference."""
    groups = faces.groups
    found = {
        name: bootstrap.rmse_difference(each, baseline, faces.points, groups, **draws)
        for name, each in predicted.items()
    }
    return [name for name, difference in found.items() if verdicts.below(difference).holds]


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
    network, groups = predicted[rows], faces.groups[rows]
    asked = np.where(np.isnan(labels), np.nan, filled)
    return {
        "network from the label": bootstrap.rmse(network, labels, groups, **draws),
        "filled from the label": bootstrap.rmse(filled, labels, groups, **draws),
        "network from the filled": bootstrap.rmse(network, asked, groups, **draws),
        "network − filled": bootstrap.rmse_difference(network, filled, labels, groups, **draws),
    }
