"""Imputers that know faces as shapes: the aligned mean shape, ridge regression, probabilistic principal components."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import threadpoolctl

from fkp_utils.geometry import alignment
from fkp_utils.imputation import imputers

ROUNDS = 20


class AlignedMean(imputers.Imputer):
    """The mean shape, shifted, turned and scaled onto the given points of each face (least squares).

    The mean shape is that of the fitted faces after Procrustes analysis (Gower, 1975).  A face with fewer than two
    given points takes the mean of each column.  ValueError for an odd number of columns.
    """

    def _learn(self, X: np.ndarray) -> None:
        if X.shape[1] % 2:
            raise ValueError(f"X has {X.shape[1]} columns; expected x and y of each point")
        points = X.reshape(len(X), -1, 2)
        self.mean_ = np.nanmean(X, axis=0)
        with warnings.catch_warnings():  # no face that can be aligned has the point: its shape is NaN, its mean is used
            warnings.simplefilter("ignore", RuntimeWarning)
            aligned = alignment.move(points, alignment.align(points, ROUNDS))
            self.shape_ = np.nanmean(aligned, axis=0)

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        points = X.reshape(len(X), -1, 2)
        shapes = np.broadcast_to(self.shape_, points.shape)
        moved = alignment.move(shapes, alignment.similarity(shapes, points)).reshape(X.shape)
        return np.where(np.isnan(moved), self.mean_, moved)


class _Gaussian(imputers.Imputer):
    """Coordinates given the others, by the mean and covariance of the faces, which are fitted to incomplete rows by EM.

    Each round fills the missing values by linear regression on the given ones, then takes mean and covariance of the
    filled rows and of what the regression leaves open (Little and Rubin).  It ends after `max_iter` rounds, or once
    the covariance changes by less than `tol` of its largest entry.  A subclass says what it adds to the variance of
    given values (`_noise`) and what form the covariance has (`_restrict`).
    """

    max_iter: int
    tol: float

    def _noise(self, variance: float) -> float:
        """Added to the variances of given values in the regression, in px²; `variance` is the mean of all columns."""
        return 0.0

    def _restrict(self, covariance: np.ndarray, floor: float) -> np.ndarray:
        """The covariance in the model's form; `floor` is the smallest variance in any direction."""
        return covariance + floor * np.eye(len(covariance))

    @threadpoolctl.threadpool_limits.wrap(limits=1, user_api="blas")  # threads only get in the way of small matrices
    def _learn(self, X: np.ndarray) -> None:
        if self.max_iter < 1:
            raise ValueError(f"max_iter is {self.max_iter}; expected 1 or more")
        variance = np.nanvar(X, axis=0)
        floor = max(1e-6 * variance.mean(), 1e-12)
        self.noise_ = self._noise(variance.mean())
        self.mean_, self.covariance_ = np.nanmean(X, axis=0), np.diag(variance + floor)
        patterns = list(imputers.masks(~np.isnan(X)))
        for _ in range(self.max_iter):
            filled, uncertain = self._expect(X, patterns)
            self.mean_ = filled.mean(axis=0)
            offsets = filled - self.mean_
            before, covariance = self.covariance_, (offsets.T @ offsets + uncertain) / len(X)
            self.covariance_ = self._restrict(covariance, floor)
            if np.abs(self.covariance_ - before).max() < self.tol * np.abs(before).max():
                break

    def _expect(
        self, X: np.ndarray, patterns: Iterable[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """X with regressed values in the place of NaN, and the sum of the covariances of their errors in its rows."""
        filled, uncertain = np.array(X), np.zeros_like(self.covariance_)
        for known, rows in patterns:
            hidden = ~known
            if not hidden.any():
                continue
            inside, across = self.covariance_[np.ix_(known, known)], self.covariance_[np.ix_(known, hidden)]
            weights = np.linalg.solve(inside + self.noise_ * np.eye(len(inside)), across)
            filled[np.ix_(rows, hidden)] = self.mean_[hidden] + (X[np.ix_(rows, known)] - self.mean_[known]) @ weights
            explained = across.T @ weights
            left = self.covariance_[np.ix_(hidden, hidden)] - explained - explained.T + weights.T @ inside @ weights
            uncertain[np.ix_(hidden, hidden)] += len(rows) * left
        return filled, uncertain

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        return self._expect(X, imputers.masks(~np.isnan(X)))[0]


class IterativeRidge(_Gaussian):
    """Ridge regression of the missing coordinates on the given ones, repeated until nothing changes (Schneider, 2001).

    The penalty is `ridge` times the mean variance of a coordinate: it keeps the weights small where coordinates nearly
    repeat each other.  One regression for each pattern of gaps, so it converges where a regression for each column
    in turn (`sklearn.impute.IterativeImputer`) hardly moves: there each of many missing points follows its neighbours,
    which are missing too.
    """

    def __init__(self, ridge: float = 1e-3, max_iter: int = 100, tol: float = 1e-3) -> None:
        self.ridge = ridge
        self.max_iter = max_iter
        self.tol = tol

    def _noise(self, variance: float) -> float:
        if self.ridge < 0:
            raise ValueError(f"ridge is {self.ridge}; expected 0 or more")
        return self.ridge * variance


class ProbabilisticPCA(_Gaussian):
    """A Gaussian of `n_components` directions and equal noise in all of them (Tipping and Bishop, 1999).

    A missing value is its conditional mean.  At most 2K - 1 components are used.
    """

    def __init__(self, n_components: int = 12, max_iter: int = 100, tol: float = 1e-3) -> None:
        self.n_components = n_components
        self.max_iter = max_iter
        self.tol = tol

    def _restrict(self, covariance: np.ndarray, floor: float) -> np.ndarray:
        """The most likely covariance of the model's form: the smallest eigenvalues become their mean."""
        if self.n_components < 1:
            raise ValueError(f"n_components is {self.n_components}; expected 1 or more")
        values, vectors = np.linalg.eigh(covariance)
        rest = len(values) - min(self.n_components, len(values) - 1)
        values[:rest] = values[:rest].mean()
        return (vectors * np.maximum(values, floor)) @ vectors.T
