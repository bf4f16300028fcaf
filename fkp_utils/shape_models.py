"""Imputers that know faces as shapes: the aligned mean shape, and probabilistic principal components."""

from __future__ import annotations

import warnings

import numpy as np

from fkp_utils import alignment, imputers

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


class ProbabilisticPCA(imputers.Imputer):
    """Coordinates given the others, in a Gaussian of `n_components` directions and equal noise in all of them.

    Tipping and Bishop (1999), fitted to incomplete rows by EM (Little and Rubin): a missing value is its conditional
    mean, and its conditional covariance counts too.  At most 2K - 1 components are used; EM ends after `max_iter`
    rounds, or once the covariance changes by less than `tol` of its largest entry.
    """

    def __init__(self, n_components: int = 12, max_iter: int = 100, tol: float = 1e-4) -> None:
        self.n_components = n_components
        self.max_iter = max_iter
        self.tol = tol

    def _learn(self, X: np.ndarray) -> None:
        if self.n_components < 1 or self.max_iter < 1:
            raise ValueError(f"n_components is {self.n_components}, max_iter {self.max_iter}; expected 1 or more")
        variance = np.nanvar(X, axis=0)
        floor = max(1e-6 * variance.mean(), 1e-12)
        self.mean_, self.covariance_ = np.nanmean(X, axis=0), np.diag(variance + floor)
        for _ in range(self.max_iter):
            filled, uncertain = self._expect(X)
            self.mean_ = filled.mean(axis=0)
            offsets = filled - self.mean_
            before, self.covariance_ = self.covariance_, self._restrict((offsets.T @ offsets + uncertain) / len(X), floor)
            if np.abs(self.covariance_ - before).max() < self.tol * np.abs(before).max():
                break

    def _restrict(self, covariance: np.ndarray, floor: float) -> np.ndarray:
        """The most likely covariance of the model's form: the smallest eigenvalues become their mean."""
        values, vectors = np.linalg.eigh(covariance)
        rest = len(values) - min(self.n_components, len(values) - 1)
        values[:rest] = values[:rest].mean()
        return (vectors * np.maximum(values, floor)) @ vectors.T

    def _expect(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """X with conditional means in the place of NaN, and the sum of the conditional covariances of its rows."""
        filled, uncertain = np.array(X), np.zeros_like(self.covariance_)
        for known, rows in imputers.masks(~np.isnan(X)):
            hidden = ~known
            across = self.covariance_[np.ix_(known, hidden)]
            weights = np.linalg.solve(self.covariance_[np.ix_(known, known)], across)
            offsets = X[np.ix_(rows, known)] - self.mean_[known]
            filled[np.ix_(rows, hidden)] = self.mean_[hidden] + offsets @ weights
            left = self.covariance_[np.ix_(hidden, hidden)] - across.T @ weights
            uncertain[np.ix_(hidden, hidden)] += len(rows) * left
        return filled, uncertain

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        return self._expect(X)[0]
