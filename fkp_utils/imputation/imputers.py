"""Imputers of coordinates, by scikit-learn's protocol: the protocol itself, forward fill, nearest neighbours."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from sklearn import base
from sklearn.utils import validation

CELLS = 1 << 20  # numbers in one block of distances


class Imputer(base.OneToOneFeatureMixin, base.TransformerMixin, base.BaseEstimator, abc.ABC):
    """What the imputers share: their input is checked, and a given value never changes.

    X: (N, 2K), a row per face: x and y of K points in pixels, NaN = missing.  `fit` learns from X, `transform` returns
    X as float64 with every NaN filled.  ValueError for another number of dimensions or columns, for infinity, for a
    column without any value, and for `transform` before `fit`.  A subclass has `_learn` and `_estimate`.
    """

    def fit(self, X: Any, y: None = None) -> Self:
        X = self._checked(X, reset=True)
        empty = np.flatnonzero(np.isnan(X).all(axis=0))
        if len(empty):
            name = self.feature_names_in_[empty[0]] if hasattr(self, "feature_names_in_") else empty[0]
            raise ValueError(f"column {name} has no value in any of {len(X)} rows; one is needed to fill the others")
        self._learn(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        validation.check_is_fitted(self)
        X = self._checked(X, reset=False)
        return np.where(np.isnan(X), self._estimate(X), X)

    def _checked(self, X: Any, reset: bool) -> np.ndarray:
        return validation.validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    @abc.abstractmethod
    def _learn(self, X: np.ndarray) -> None:
        """Keeps what `_estimate` needs, in attributes that end in an underscore."""

    @abc.abstractmethod
    def _estimate(self, X: np.ndarray) -> np.ndarray:
        """(N, 2K) finite numbers; those in the place of NaN are used."""


class Library(Imputer):
    """An imputer of scikit-learn, with the checks of `Imputer`."""

    def __init__(self, imputer: Any) -> None:
        self.imputer = imputer

    def _learn(self, X: np.ndarray) -> None:
        self.imputer_ = base.clone(self.imputer).fit(X)

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        return self.imputer_.transform(X)


class ForwardFill(Imputer):
    """Each column keeps the last value given in the rows above (S0.2).

    `fit_transform` fills the rows it is fitted on; those above the first given value take that value.  `transform`
    takes its rows for what follows the fitted ones: those above the first given value take the last of the fitted rows.
    """

    def _learn(self, X: np.ndarray) -> None:
        given = ~np.isnan(X)
        columns = np.arange(X.shape[1])
        self.first_ = X[given.argmax(axis=0), columns]
        self.last_ = X[len(X) - 1 - given[::-1].argmax(axis=0), columns]

    def fit_transform(self, X: Any, y: None = None) -> np.ndarray:
        return self._carry(self.fit(X)._checked(X, reset=False), self.first_)

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        return self._carry(X, self.last_)

    @staticmethod
    def _carry(X: np.ndarray, start: np.ndarray) -> np.ndarray:
        X = np.vstack([start, X])
        latest = np.maximum.accumulate(np.where(np.isnan(X), 0, np.arange(len(X))[:, None]), axis=0)
        return np.take_along_axis(X, latest, axis=0)[1:]


class NearestNeighbours(Imputer):
    """The mean of the nearest fitted rows that have the value (Troyanskaya et al., 2001); S0.2 has n_neighbors = 9.

    The values of `sklearn.impute.KNNImputer` with uniform weights: the distance of two rows is the root of the mean
    squared difference of the coordinates that both have; a row without any common one is no neighbour; without any
    neighbour the mean of the column is taken.  Which of equally distant rows is used may differ from scikit-learn.
    Rows that lack the same coordinates are filled together, so it is fast where few masks repeat.
    """

    def __init__(self, n_neighbors: int = 9) -> None:
        self.n_neighbors = n_neighbors

    def _learn(self, X: np.ndarray) -> None:
        if not isinstance(self.n_neighbors, int | np.integer) or self.n_neighbors < 1:
            raise ValueError(f"n_neighbors is {self.n_neighbors!r}; expected an integer from 1")
        self.given_ = ~np.isnan(X)
        self.mean_ = np.nanmean(X, axis=0)
        self.offsets_ = np.where(self.given_, X - self.mean_, 0)

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        filled = np.tile(self.mean_, (len(X), 1))
        for known, rows in masks(~np.isnan(X)):
            if known.all() or not known.any():
                continue
            donors = self.given_[:, ~known].any(axis=1)
            given, offsets = self.given_[donors], self.offsets_[donors]
            step = max(1, CELLS // max(len(given), 2 * self.n_neighbors * X.shape[1]))
            for block in np.split(rows, range(step, len(rows), step)):
                distances = _distances((X[block] - self.mean_)[:, known], offsets[:, known], given[:, known])
                means = _nearest_means(distances, offsets[:, ~known], given[:, ~known], self.n_neighbors)
                filled[np.ix_(block, ~known)] += means
        return filled


def masks(given: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The distinct rows of `given` (N, D), each with the indices of the rows that are equal to it."""
    bits = np.ascontiguousarray(np.packbits(given, axis=1))
    packed = bits.view(f"V{bits.shape[1]}").ravel()  # a row is one value, which sorts fast
    first, number, counts = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)[1:]
    members = np.split(np.argsort(number, kind="stable"), np.cumsum(counts)[:-1])
    return zip(given[first], members, strict=True)


def _distances(rows: np.ndarray, donors: np.ndarray, given: np.ndarray) -> np.ndarray:
    """(N, M) mean squared differences of rows (N, D) and donors (M, D) where `given` (M, D); infinite if nowhere.

    Donors are 0 where not given.  The square is expanded, so that one matrix product does it.
    """
    common = given.sum(axis=1)
    left = np.hstack([rows**2, -2 * rows, np.ones((len(rows), 1))])
    right = np.hstack([given, donors, (donors**2).sum(axis=1, keepdims=True)]) / np.maximum(common, 1)[:, None]
    distances = left @ right.T
    distances[:, common == 0] = np.inf
    return distances


def _nearest_means(distances: np.ndarray, values: np.ndarray, given: np.ndarray, count: int) -> np.ndarray:
    """(N, D) means of values (M, D) over the `count` nearest, by distances (N, M), of the donors that give them.

    Values are 0 where not given; 0 where no donor has a finite distance.
    """
    complete = bool(given.all())
    candidates = min(len(values), count if complete else 2 * count)
    nearest = np.argpartition(distances, candidates - 1, axis=1)[:, :candidates]
    near = np.take_along_axis(distances, nearest, axis=1)
    if not complete:
        order = np.argsort(near, axis=1)
        nearest, near = np.take_along_axis(nearest, order, axis=1), np.take_along_axis(near, order, axis=1)
    used = given[nearest] & np.isfinite(near)[:, :, None]
    if not complete:
        used &= np.cumsum(used, axis=1) <= count
    found = used.sum(axis=1)
    means = np.einsum("nmd,nmd->nd", used, values[nearest]) / np.maximum(found, 1)
    if not complete and candidates < len(values):
        for column in np.flatnonzero((found < count).any(axis=0)):  # look among the donors of this column only
            short, own = found[:, column] < count, given[:, column]
            one = np.ix_(own, [column])
            means[short, column] = _nearest_means(distances[np.ix_(short, own)], values[one], given[one], count)[:, 0]
    return means
