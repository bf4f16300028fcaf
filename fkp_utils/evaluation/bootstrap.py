"""Intervals by the bootstrap (Efron, 1979): persons are drawn again and again, and what is measured with them.

All faces of a person are drawn together, since they are alike; so are copies of an image.  `groups` (N,) says which
faces those are (`Faces.groups`); None draws every row by itself.  Each statistic is that of all rows, and its interval
reaches from the 2.5th to the 97.5th percentile of `repeats` draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fkp_utils import metrics

FEWEST = 10  # faces of a kind that are compared with others


class Draws:
    """How often each group is drawn: `counts` (repeats + 1, G), and in the last row each of them once.

    rows: which groups can be drawn at all, those with at least one True (N,).  label: (N,) the number of each row's
    group.
    """

    def __init__(self, groups: np.ndarray | None, rows: np.ndarray, repeats: int = 1000, seed: int = 0) -> None:
        self.label = np.arange(len(rows)) if groups is None else np.unique(groups, return_inverse=True)[1]
        known = np.bincount(self.label, rows) > 0
        size = int(known.sum())
        if not size:
            raise ValueError("no value is given: there is nothing to measure on")
        self.counts = np.zeros((repeats + 1, len(known)), int)
        self.counts[:-1, known] = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), repeats)
        self.counts[-1] = known

    def means(self, values: np.ndarray) -> np.ndarray:
        """(repeats + 1, M) the mean of each column of values (N, M) in each draw; NaN does not count."""
        given = ~np.isnan(values)
        sums, numbers = (self._by_group(each) for each in (np.where(given, values, 0), given))
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.counts @ sums) / (self.counts @ numbers)

    def statistic(self, function: Callable[[np.ndarray], float]) -> np.ndarray:
        """(repeats + 1,) a function of row numbers, those of the groups in each draw."""
        return np.array([function(np.repeat(np.arange(len(self.label)), draw[self.label])) for draw in self.counts])

    def _by_group(self, values: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(self.label, column, self.counts.shape[1]) for column in values.T], axis=1)


def interval(values: np.ndarray) -> metrics.Estimate:
    """The last of the values, that of all rows, with the 95% interval of those before it; NaN does not count."""
    low, high = np.nanquantile(values[:-1], [0.025, 0.975])
    return metrics.Estimate(float(values[-1]), float(low), float(high))


def mean(values: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0) -> metrics.Estimate:
    """Mean of the values (N,); NaN does not count."""
    values = np.asarray(values, float)
    return interval(Draws(groups, ~np.isnan(values), repeats, seed).means(values[:, None])[:, 0])


def rmse(
    predicted: np.ndarray, points: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """RMSE in px of predictions (N, K, 2) on the given labels."""
    return interval(_rmse([predicted], points, groups, repeats, seed)[:, 0])


def rmse_difference(
    first: np.ndarray,
    second: np.ndarray,
    points: np.ndarray,
    groups: np.ndarray | None = None,
    repeats: int = 1000,
    seed: int = 0,
) -> metrics.Estimate:
    """RMSE in px of the predictions `first` minus that of `second` on the same faces.

    Every draw of groups is the same for both, so that what makes a face hard for both does not widen the interval.
    """
    found = _rmse([first, second], points, groups, repeats, seed)
    return interval(found[:, 0] - found[:, 1])


def _rmse(
    predicted: list[np.ndarray], points: np.ndarray, groups: np.ndarray | None, repeats: int, seed: int
) -> np.ndarray:
    """(repeats + 1, P) RMSE in px of each of the predictions."""
    squares = np.stack([metrics.errors(each, points) ** 2 for each in predicted])
    count = squares.shape[2] * squares.shape[3]
    rows = np.arange(len(points)) if groups is None else np.asarray(groups)
    flat = squares.reshape(len(predicted), -1).T
    return np.sqrt(Draws(np.repeat(rows, count), ~np.isnan(flat[:, 0]), repeats, seed).means(flat))


def difference(
    values: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Mean of the values (N,) where `second` (N,) is True minus that elsewhere; NaN does not count.

    ValueError if one side has no value.
    """
    sides = _sides(values, second)
    if not (~np.isnan(sides)).any(axis=0).all():
        raise ValueError("one side of the difference has no value")
    found = Draws(groups, ~np.isnan(values), repeats, seed).means(sides)
    return interval(found[:, 1] - found[:, 0])


def rmse_ratio(
    errors: np.ndarray, hard: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate | None:
    """RMSE of the faces where `hard` (N,) is True over that elsewhere; errors: (N,) px of each face, NaN left out.

    None if one side has fewer than FEWEST faces.
    """
    sides = _sides(np.asarray(errors, float) ** 2, hard)
    if (~np.isnan(sides)).sum(axis=0).min() < FEWEST:
        return None
    found = np.sqrt(Draws(groups, ~np.isnan(errors), repeats, seed).means(sides))
    return interval(found[:, 1] / found[:, 0])


def _sides(values: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, 2) the values where `second` is False, and where it is True; NaN at the others."""
    return np.stack([np.where(second, np.nan, values), np.where(second, values, np.nan)], axis=1)


def largest_share(
    values: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0
) -> np.ndarray:
    """(M,) share of the draws in which each column of values (N, M) has the largest mean; NaN does not count."""
    found = Draws(groups, (~np.isnan(values)).any(axis=1), repeats, seed).means(values)[:-1]
    winners = np.argmax(np.nan_to_num(found, nan=-np.inf), axis=1)
    return np.bincount(winners, minlength=values.shape[1]) / len(winners)


def statistic(
    function: Callable[[np.ndarray], float], groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Any function of row numbers, such as a rank correlation; slower than the others, as it is called every time."""
    return interval(Draws(groups, np.ones(len(groups), bool), repeats, seed).statistic(function))
