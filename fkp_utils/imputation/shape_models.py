"""Imputers that know faces as shapes: the aligned mean shape, ridge regression, probabilistic principal components."""

from __future__ import annotations

import warnings

import numpy as np

from fkp_utils.geometry import alignment
from fkp_utils.imputation import gaussian, imputers

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
    """Missing coordinates as a fitted `gaussian.Gaussian` expects them, given the others of the face."""

    def _keep(self, model: gaussian.Gaussian) -> None:
        self.gaussian_, self.mean_, self.covariance_ = model, model.mean, model.covariance

    def _estimate(self, X: np.ndarray) -> np.ndarray:
        return self.gaussian_.conditional(X)[0]


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

    def _learn(self, X: np.ndarray) -> None:
        if self.ridge < 0:
            raise ValueError(f"ridge is {self.ridge}; expected 0 or more")
        noise = self.ridge * np.nanvar(X, axis=0).mean()
        self._keep(gaussian.Gaussian.fit(X, noise, max_iter=self.max_iter, tol=self.tol))


class ProbabilisticPCA(_Gaussian):
    """A Gaussian of `n_components` directions and equal noise in all of them (Tipping and Bishop, 1999).

    A missing value is its conditional mean.  At most 2K - 1 components are used.
    """

    def __init__(self, n_components: int = 12, max_iter: int = 100, tol: float = 1e-3) -> None:
        self.n_components = n_components
        self.max_iter = max_iter
        self.tol = tol

    def _learn(self, X: np.ndarray) -> None:
        self._keep(gaussian.Gaussian.fit(X, n_components=self.n_components, max_iter=self.max_iter, tol=self.tol))
