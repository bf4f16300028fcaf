"""What a network has to beat: the mean face, and the nearest faces (S0.3)."""

from __future__ import annotations

import abc
from typing import Self

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets

BLOCK = 1024  # faces whose distances are computed together
MIDDLE = 127.5  # grey level taken off before distances, which keeps their sums small and so exact


class _Baseline(abc.ABC):
    """`fit` and `predict` with their checks; `_learn` and `_estimate` do the work."""

    keypoints: keypoint_sets.KeypointSet | None = None

    def fit(self, faces: face_sets.Faces) -> Self:
        """Learns from given labels only.  ValueError for a point that no face has."""
        empty = np.flatnonzero(~faces.given.any(axis=0))
        if len(empty):
            name = faces.keypoints.names[empty[0]]
            raise ValueError(f"no label of {name} in any of {len(faces)} faces; one is needed to predict it")
        self.keypoints = faces.keypoints
        self._learn(faces)
        return self

    def predict(self, faces: face_sets.Faces) -> np.ndarray:
        """Points (N, K, 2) in pixels of each face.  ValueError before `fit`, and for faces of another kind."""
        if self.keypoints is None:
            raise ValueError(f"{type(self).__name__} predicts only after fit(faces)")
        if faces.keypoints != self.keypoints:
            raise ValueError(f"faces of {faces.keypoints.name}; fitted on {self.keypoints.name}")
        return self._estimate(faces)

    @abc.abstractmethod
    def _learn(self, faces: face_sets.Faces) -> None:
        """Keeps what `_estimate` needs."""

    @abc.abstractmethod
    def _estimate(self, faces: face_sets.Faces) -> np.ndarray:
        """(N, K, 2) px."""


class MeanPoints(_Baseline):
    """The mean of each point for each label source, whatever the image shows (S4.2).

    A point that a source never gives, and a face whose source is not known, take the mean of all.  Predicting a source
    that was not fitted is a ValueError.
    """

    def _learn(self, faces: face_sets.Faces) -> None:
        self.mean = _mean(faces.points, faces.given)
        self.source_means = {}
        if faces.source is not None:
            for source in np.unique(faces.source):
                rows = faces.source == source
                own = _mean(faces.points[rows], faces.given[rows])
                self.source_means[source.item()] = np.where(np.isnan(own), self.mean, own)

    def _estimate(self, faces: face_sets.Faces) -> np.ndarray:
        points = np.tile(self.mean, (len(faces), 1, 1))
        if self.source_means and faces.source is not None:
            for source in np.unique(faces.source):
                if source.item() not in self.source_means:
                    known = ", ".join(map(str, self.source_means))
                    raise ValueError(f"faces of source {source}; fitted on the sources {known}")
                points[faces.source == source] = self.source_means[source.item()]
        return points


class NearestFaces(_Baseline):
    """The mean of the same point in the `neighbours` faces whose pixels are nearest, of those that have it (S0.3).

    Nearest is by the sum of squared differences of grey levels.  Where fewer faces have a point, all of them count.
    """

    def __init__(self, neighbours: int = 9) -> None:
        if neighbours < 1:
            raise ValueError(f"neighbours is {neighbours}; expected at least 1")
        self.neighbours = neighbours

    def _learn(self, faces: face_sets.Faces) -> None:
        self.known = faces

    def _estimate(self, faces: face_sets.Faces) -> np.ndarray:
        shape, known = faces.images.shape[1:], self.known.images.shape[1:]
        if shape != known:
            raise ValueError(f"images of {shape}; fitted on images of {known}")
        points = np.empty(faces.points.shape, np.float32)
        for rows, images in faces.batches(BLOCK):
            self._fill(points[rows], self._distances(images))
        return points

    def _distances(self, images: np.ndarray) -> np.ndarray:
        """(n, M) squared distances to the known faces, less a constant for each row, which does not change an order."""
        rows = _flat(images)
        distances = np.empty((len(rows), len(self.known)), np.float32)
        for columns, known in self.known.batches():
            others = _flat(known)
            distances[:, columns] = (others**2).sum(axis=1) - 2 * rows @ others.T
        return distances

    def _fill(self, points: np.ndarray, distances: np.ndarray) -> None:
        masks, number = np.unique(self.known.given, axis=1, return_inverse=True)
        for mask, given in enumerate(masks.T):
            own = np.flatnonzero(number.ravel() == mask)
            near, count = distances[:, given], min(self.neighbours, int(given.sum()))
            nearest = np.argpartition(near, count - 1, axis=1)[:, :count]
            points[:, own] = self.known.points[given][:, own][nearest].mean(axis=1)


def _mean(points: np.ndarray, given: np.ndarray) -> np.ndarray:
    """(K, 2) means of the given points, NaN where none is."""
    sums, count = np.where(given[..., None], points, 0).sum(axis=0, dtype=float), given.sum(axis=0)[:, None]
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0).astype(np.float32)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) - MIDDLE
