"""Losses in pixels that count given labels only: a missing label (NaN) carries no weight."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

Loss = Callable[[Any, Any], Any]
WING_WIDTH, WING_CURVATURE = 5.0, 1.0  # pixels
HUBER_WIDTH = 3.0  # pixels: about three times the error of a good network
ALPHA = 0.01  # weight of the shape term in the report that tried it (S3.2)
SHORTEST = 1e-3  # pixels: distances below it count as this one, and have no gradient


def errors(points: Any, predicted: Any) -> tuple[Any, Any]:
    """predicted - points, 0 where the label is missing, and 1 or 0 for given or not; all (B, O, 2).

    The missing labels are replaced before the subtraction, so that no gradient is NaN.
    """
    missing = ops.isnan(points)
    return ops.where(missing, 0.0, predicted - ops.where(missing, predicted, points)), 1.0 - ops.cast(
        missing, "float32"
    )


def _mean(values: Any, given: Any) -> Any:
    return ops.sum(values * given) / ops.maximum(ops.sum(given), 1.0)


def mse(points: Any, predicted: Any) -> Any:
    """Mean squared error in px² over the given coordinates of a batch."""
    error, given = errors(points, predicted)
    return _mean(ops.square(error), given)


def mae(points: Any, predicted: Any) -> Any:
    """Mean absolute error in px over the given coordinates of a batch."""
    error, given = errors(points, predicted)
    return _mean(ops.abs(error), given)


def wing(points: Any, predicted: Any) -> Any:
    """Wing loss (Feng et al., 2018): logarithmic for errors below 5 px, which keeps small ones in view, then linear."""
    error, given = errors(points, predicted)
    size = ops.abs(error)
    offset = WING_WIDTH - WING_WIDTH * math.log1p(WING_WIDTH / WING_CURVATURE)
    values = ops.where(size < WING_WIDTH, WING_WIDTH * ops.log1p(size / WING_CURVATURE), size - offset)
    return _mean(values, given)


def huber(points: Any, predicted: Any) -> Any:
    """Huber loss (Huber, 1964): half the square of errors below 3 px, linear beyond, where labels may be wrong."""
    error, given = errors(points, predicted)
    size = ops.abs(error)
    linear = HUBER_WIDTH * (size - HUBER_WIDTH / 2)
    return _mean(ops.where(size < HUBER_WIDTH, ops.square(error) / 2, linear), given)


def pair_distances(points: Any, predicted: Any) -> tuple[Any, Any, Any]:
    """Distances of every two points of a face in px, labelled and predicted, and 1 or 0 for given or not; all (B, P).

    A pair is given if both of its labels are.  What is not given is as predicted, in place of NaN.
    """
    first, second = map(list, np.triu_indices(predicted.shape[1], 1))
    missing = ops.isnan(points)

    def distances(values: Any) -> Any:
        squares = ops.sum(ops.square(ops.take(values, first, axis=1) - ops.take(values, second, axis=1)), axis=-1)
        return ops.sqrt(ops.maximum(squares, SHORTEST**2))

    known = 1.0 - ops.cast(ops.any(missing, axis=-1), "float32")
    given = ops.take(known, first, axis=1) * ops.take(known, second, axis=1)
    return distances(ops.where(missing, predicted, points)), distances(predicted), given


def graph_distance(points: Any, predicted: Any) -> Any:
    """Complete graph distance (S3.2): mean absolute difference in px of labelled and predicted distances of points.

    Over all given pairs of a batch.  It knows the shape of a face, not where it is or how it is turned.
    """
    labelled, found, given = pair_distances(points, predicted)
    return _mean(ops.abs(found - labelled), given)


def relative_graph_distance(points: Any, predicted: Any) -> Any:
    """The same in units of each face's size, the mean of its given labelled distances: large faces count no more."""
    labelled, found, given = pair_distances(points, predicted)
    size = ops.sum(labelled * given, axis=1, keepdims=True) / ops.maximum(ops.sum(given, axis=1, keepdims=True), 1.0)
    return _mean(ops.abs(found - labelled) / ops.maximum(size, SHORTEST), given)


def cgd(points: Any, predicted: Any, alpha: float = ALPHA) -> Any:
    """Mean squared error in px² plus alpha times the complete graph distance in px."""
    return mse(points, predicted) + alpha * graph_distance(points, predicted)


def cgd_relative(points: Any, predicted: Any, alpha: float = ALPHA) -> Any:
    """Mean squared error in px² plus alpha times the complete graph distance in face sizes."""
    return mse(points, predicted) + alpha * relative_graph_distance(points, predicted)


WEIGHTED = {"cgd": cgd, "cgd_relative": cgd_relative}  # those with an alpha
LOSSES: Mapping[str, Loss] = {
    "mse": mse,
    "mae": mae,
    "wing": wing,
    "huber": huber,
    **WEIGHTED,
}


def loss(name: str, alpha: float = ALPHA) -> Loss:
    """The loss `name`, with the weight `alpha` if it is one of WEIGHTED; ValueError with all names for another."""
    if name not in LOSSES:
        raise ValueError(f"no loss {name!r}; there are {', '.join(LOSSES)}")
    return functools.partial(WEIGHTED[name], alpha=alpha) if name in WEIGHTED else LOSSES[name]
