"""Test-time augmentation: the mean of a network's answers to mirrored and shifted views of an image.

Their spread says how sure the network is of its points (Wang et al., 2019).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets

SHIFTS = ((0, 0), (3, 0), (-3, 0), (0, 3), (0, -3))  # (x, y) in px


class Network(Protocol):
    """A `runs.Run`, or what tells its offset and predicts as one."""

    @property
    def offset(self) -> tuple[tuple[float, float], ...]: ...

    def predict(self, faces: face_sets.Faces, /) -> np.ndarray: ...


class Averaged(NamedTuple):
    """What a network says of all views together.

    points: (N, K, 2) px, the mean over all views of an image; spread: (N, K) px, how far a view is from it.
    """

    points: np.ndarray
    spread: np.ndarray

    @property
    def face(self) -> np.ndarray:
        """(N,) px: the spread of all points of a face, the root of the mean square."""
        return np.sqrt((self.spread**2).mean(axis=1))


def predict(run: Network, faces: face_sets.Faces, shifts: Sequence[tuple[int, int]] = SHIFTS) -> Averaged:
    """The run's points over views of each face: shifted by `shifts`, each of them as it is and mirrored.

    What a shift brings in repeats the border.  The points of a view are moved back before they are compared.
    """
    total, squares = np.zeros(faces.points.shape), np.zeros(faces.points.shape)
    aside = np.array(run.offset or 0, float)
    for shift in shifts:
        for flip in (False, True):
            found = back(run.predict(view(faces, shift, flip)) - aside, faces, shift, flip) + aside
            total, squares = total + found, squares + found**2
    count = 2 * len(shifts)
    mean = total / count
    return Averaged(mean, np.sqrt(np.maximum(squares / count - mean**2, 0).sum(axis=2)))


def view(faces: face_sets.Faces, shift: tuple[int, int], flip: bool) -> face_sets.Faces:
    """The faces' images shifted by whole pixels (x, y), then mirrored; their points are not moved along."""
    height, width = faces.size
    rows = np.clip(np.arange(height) - shift[1], 0, height - 1)
    columns = np.clip(np.arange(width) - shift[0], 0, width - 1)[:: -1 if flip else 1]
    images = np.concatenate([images[:, rows[:, None], columns] for _, images in faces.batches()])
    return dataclasses.replace(faces, images=images)


def back(points: np.ndarray, faces: face_sets.Faces, shift: tuple[int, int], flip: bool) -> np.ndarray:
    """Points (N, K, 2) of a `view`, where they lie in the faces' own images."""
    mirrored = keypoint_sets.mirror(points, faces.keypoints, faces.size[1]) if flip else points
    return mirrored - np.array(shift)
