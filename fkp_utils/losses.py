"""Losses in pixels that count given labels only: a missing label (NaN) carries no weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

Loss = Callable[[Any, Any], Any]
WING_WIDTH, WING_CURVATURE = 5.0, 1.0  # pixels


def errors(points: Any, predicted: Any) -> tuple[Any, Any]:
    """predicted - points, 0 where the label is missing, and 1 or 0 for given or not; all (B, O, 2).

    The missing labels are replaced before the subtraction, so that no gradient is NaN.
    """
    missing = ops.isnan(points)
    return ops.where(missing, 0.0, predicted - ops.where(missing, predicted, points)), 1.0 - ops.cast(missing, "float32")


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


LOSSES: Mapping[str, Loss] = {"mse": mse, "mae": mae, "wing": wing}


def loss(name: str) -> Loss:
    """The loss `name`; ValueError with the known names for another."""
    if name not in LOSSES:
        raise ValueError(f"no loss {name!r}; there are {', '.join(LOSSES)}")
    return LOSSES[name]
