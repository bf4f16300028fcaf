"""Distances between the points of a face, how much they vary, and the complete graph distance of two shapes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, metrics
from fkp_utils.evaluation import bootstrap

FIRST = 0  # the label source whose points a shape is made of, where there are several


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


def change(
    found: np.ndarray, others: np.ndarray, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Mean squared error in px² of found distances (N, P) minus that of others, on the labels of N faces.

    The interval is over persons.  others: (N, P), or (P,) the same for all faces.
    """
    labelled = distances(faces.points)
    squares = (found - labelled) ** 2 - (others - labelled) ** 2
    return bootstrap.mean(squares.reshape(-1), np.repeat(faces.groups, labelled.shape[1]), repeats, seed)


def spread(faces: face_sets.Faces) -> pd.DataFrame:
    """How much each distance of two points varies over the faces: its standard deviation in percent of its mean.

    Below the diagonal in pixels, above it after each face was divided by its size.  Of sets with many points about
    fifteen, as `Faces.few_points` chooses; of several label sources the first.
    """
    few = faces.select(of_first_source(faces)).few_points()
    apart, names = distances(few.points), [keypoints.part(name) for name in few.keypoints.names]
    upper = np.triu_indices(len(few.keypoints), 1)
    table = np.full((len(names), len(names)), np.nan)
    table[upper] = _variation(apart / sizes(few.points)[:, None])
    table.T[upper] = _variation(apart)
    return pd.DataFrame(table, names, names)


def _variation(values: np.ndarray) -> np.ndarray:
    return 100 * np.nanstd(values, axis=0) / np.nanmean(values, axis=0)


def of_first_source(faces: face_sets.Faces) -> np.ndarray:
    """(N,) True for the faces of the first label source; all of them where there is one."""
    return np.ones(len(faces), bool) if faces.source is None else np.asarray(faces.source) == FIRST


def by_pair(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The two halves of `spread`, a value for each pair of points by its name: in face sizes, and in pixels."""
    first, second = np.triu_indices(len(table), 1)
    names = [f"{table.index[i]} to {table.index[j]}".replace("_", " ") for i, j in zip(first, second, strict=True)]
    values = table.to_numpy()
    return pd.Series(values[first, second], names), pd.Series(values[second, first], names)


def place_and_form(predicted: np.ndarray, points: np.ndarray) -> tuple[float, float]:
    """The two parts of the RMSE in px of predictions (N, K, 2): the place of the whole face, and its form.

    The place is off by the mean error of a face's given points, the form by the rest.  Their squares add up to the mean
    squared error.
    """
    errors = metrics.errors(predicted, points)
    given = ~np.isnan(errors)
    count = np.maximum(given.sum(axis=1, keepdims=True), 1)
    place = np.where(given, np.nansum(errors, axis=1, keepdims=True) / count, np.nan)
    return float(np.sqrt(np.nanmean(place**2))), float(np.sqrt(np.nanmean((errors - place) ** 2)))
