"""The normal distribution of coordinates with gaps: one fit, and what it says of each row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Self

import numpy as np
import threadpoolctl

from fkp_utils.imputation import imputers

MEDIAN_2D = np.sqrt(2 * np.log(2))  # median length of a normal vector in the plane, each coordinate of sd 1


@dataclasses.dataclass(frozen=True, eq=False)
class Gaussian:
    """The normal distribution of rows X (N, 2K): x and y of K points in pixels, NaN where a point is missing.

    mean: (2K,) px.  covariance: (2K, 2K) px².  noise: px², added to the variance of every given coordinate that
    something is inferred from.  So it is the penalty of a ridge regression (Schneider, 2001), and a floor: deviations
    much smaller than its root count for little.
    """

    mean: np.ndarray
    covariance: np.ndarray
    noise: float = 0.0

    @classmethod
    @threadpoolctl.threadpool_limits.wrap(limits=1, user_api="blas")  # threads only get in the way of small matrices
    def fit(
        cls,
        X: np.ndarray,
        noise: float = 0.0,
        n_components: int | None = None,
        trim: float = 0.0,
        max_iter: int = 100,
        tol: float = 1e-3,
    ) -> Self:
        """The most likely distribution of rows with gaps, by expectation maximisation (Little and Rubin, 2019, ch. 11).

        Each round fills the missing values by linear regression on the given ones, then takes mean and covariance of
        the filled rows and of what the regression leaves open.  It ends after `max_iter` rounds, or once the covariance
        changes by less than `tol` of its largest entry.

        n_components: directions, with equal noise in all others (Tipping and Bishop, 1999); at most 2K - 1 are used.
        trim: share of the rows that a round leaves out, those that fit worst, so that outliers do not count (Rousseeuw
        and Van Driessen, 1999).  ValueError for a column without any value and for options out of range.
        """
        for name, value, least in (("noise", noise, 0), ("n_components", n_components, 1), ("max_iter", max_iter, 1)):
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}; expected {least} or more")
        if not 0 <= trim < 1:
            raise ValueError(f"trim is {trim}; expected 0 or more and less than 1")
        if (empty := np.isnan(X).all(axis=0)).any():
            raise ValueError(f"column {empty.argmax()} has no value in any of {len(X)} rows; expected one or more")
        variance = np.nanvar(X, axis=0)
        floor = max(1e-6 * variance.mean(), 1e-12)  # of the variance in any direction, so that matrices have inverses
        model, kept = cls(np.nanmean(X, axis=0), np.diag(variance + floor), noise), X
        for _ in range(max_iter):
            if trim:
                lengths = model.mahalanobis(X)
                kept = X[lengths <= np.nanquantile(lengths, 1 - trim)]
            filled, uncertain = model.conditional(kept)
            mean = filled.mean(axis=0)
            covariance = ((filled - mean).T @ (filled - mean) + uncertain) / len(kept)
            covariance = _restricted(covariance, n_components, floor)
            before, model = model.covariance, cls(mean, covariance, noise)
            if np.abs(covariance - before).max() < tol * np.abs(before).max():
                break
        return model

    def conditional(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """X (N, 2K) px with each NaN replaced by its expectation, given the other values of the row.

        Also the covariance (2K, 2K) px² of the errors of these values, summed over the rows; 0 for given values.
        """
        filled, uncertain = np.array(X, float), np.zeros_like(self.covariance)
        for known, rows, offsets, precision in self._patterns(X):
            hidden = ~known
            inside, across = self.covariance[np.ix_(known, known)], self.covariance[np.ix_(known, hidden)]
            weights = precision @ across
            filled[np.ix_(rows, hidden)] = self.mean[hidden] + offsets @ weights
            explained = across.T @ weights
            left = self.covariance[np.ix_(hidden, hidden)] - explained - explained.T + weights.T @ inside @ weights
            uncertain[np.ix_(hidden, hidden)] += len(rows) * left
        return filled, uncertain

    def mahalanobis(self, X: np.ndarray) -> np.ndarray:
        """(N,) Mahalanobis length of what each row gives, over the root of its number of coordinates; NaN for none."""
        lengths = np.full(len(X), np.nan)
        for known, rows, offsets, precision in self._patterns(X):
            if known.any():
                lengths[rows] = np.sqrt(np.einsum("ni,ij,nj->n", offsets, precision, offsets) / known.sum())
        return lengths

    def left_out(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far each point is from where the others of its row put it: (N, K) in px, (N, K) as Mahalanobis length.

        NaN where the point is missing or has no others.
        """
        errors, lengths = np.full((2, len(X), X.shape[1] // 2), np.nan)
        for known, rows, offsets, precision in self._patterns(X):
            point = np.flatnonzero(known) // 2  # of each given coordinate
            for name in np.unique(point):
                own = point == name
                if own.all():
                    continue
                push, spread = offsets @ precision[:, own], np.linalg.inv(precision[np.ix_(own, own)])
                errors[rows, name] = np.linalg.norm(push @ spread, axis=1)
                lengths[rows, name] = np.sqrt(np.einsum("ni,ij,nj->n", push, spread, push))
        return errors, lengths

    def _patterns(self, X: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """For rows with the same gaps: what they give (2K,), which rows, their offsets from the mean, its precision."""
        for known, rows in imputers.masks(~np.isnan(X)):
            inside = self.covariance[np.ix_(known, known)] + self.noise * np.eye(known.sum())
            yield known, rows, X[np.ix_(rows, known)] - self.mean[known], np.linalg.inv(inside)


def _restricted(covariance: np.ndarray, n_components: int | None, floor: float) -> np.ndarray:
    if n_components is None:
        return covariance + floor * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    rest = len(values) - min(n_components, len(values) - 1)
    values[:rest] = values[:rest].mean()
    return (vectors * np.maximum(values, floor)) @ vectors.T
