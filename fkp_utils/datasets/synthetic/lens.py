"""A pinhole camera: where the places of a head lie in the image, and the rays that go out from its pixels."""

from __future__ import annotations

import types

import numpy as np

from fkp_utils.datasets.synthetic import head as heads
from fkp_utils.datasets.synthetic import sensor

SIZE = sensor.SIZE
ANCHORS = [0, 1, 11, 12]  # of the points: eyes and corners of the mouth
MARGIN = 2.5  # pixels from the edge of the image that no point comes nearer
EYES_TO_MOUTH = (47.5, 54.0)  # where the middle of eyes and mouth lies in the image


class Camera:
    """A pinhole camera, aimed at a head so that eyes and mouth come to lie where a detector of faces puts them.

    places: (K, 3) on the head, all of which are to be seen, those of ANCHORS in the middle.
    """

    def __init__(self, face: types.SimpleNamespace, places: np.ndarray) -> None:
        self.axes = heads.rotation(face)
        self.focus = face.zoom * (face.distance - 85)
        self.distance = face.distance
        self.centre = np.zeros(2)
        widest = np.ptp(self.project(places), axis=0).max()
        self.focus *= min(1, (SIZE - 1 - 2 * MARGIN) / widest)
        seen = self.project(places)
        self.centre = np.add(EYES_TO_MOUTH, [face.shift_x, face.shift_y]) - seen[ANCHORS].mean(0)
        low, high = seen.min(0) + self.centre, seen.max(0) + self.centre
        self.centre += np.maximum(MARGIN - low, 0) - np.maximum(high - (SIZE - 1 - MARGIN), 0)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (K, 3) of the head as (K, 2) in pixels of the image, (0, 0) the centre of the first."""
        turned = points @ self.axes.T
        return self.centre + self.focus * turned[:, :2] / (self.distance - turned[:, 2:])

    def depths(self, points: np.ndarray) -> np.ndarray:
        """How far in front of the camera points (K, 3) of the head lie, in millimetres."""
        return self.distance - (points @ self.axes.T)[:, 2]

    def rays(self, step: float) -> tuple[np.ndarray, list[np.ndarray]]:
        """Origin (3,) and directions, three arrays (n, n), of rays `step` pixels apart, in the axes of the head."""
        at = (np.arange(round(SIZE / step)) + 0.5) * step - 0.5
        x = ((at - self.centre[0]) / self.focus).astype(np.float32)[None]
        y = ((at - self.centre[1]) / self.focus).astype(np.float32)[:, None]
        directions = [x * self.axes[0, k] + y * self.axes[1, k] - self.axes[2, k] for k in range(3)]
        return self.distance * self.axes[2], directions
