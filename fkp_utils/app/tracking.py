"""Faces followed from frame to frame of a video, their points smoothed by the One-Euro filter (Casiez et al., 2012)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from fkp_utils.app import finder, prediction

if TYPE_CHECKING:
    import keras

EVERY = 10  # frames from one search for faces to the next
MISSES = 2  # searches in a row that do not see a face after which it is given up
UNSURE = 0.5  # of the radius of a face: the spread from which its points are not believed
# Of the filter: Hz of the points at rest; how much more for each radius a second; Hz of their speed.
REST, SPEED, SPEED_CUTOFF = 0.5, 1.0, 1.0


class OneEuro:
    """A low pass whose cutoff frequency rises with speed: little jitter at rest, little lag in motion."""

    def __init__(self, rest: float = REST, speed: float = SPEED) -> None:
        self.rest, self.speed = rest, speed
        self.value: np.ndarray | None = None
        self.change = np.zeros(1)

    def __call__(self, value: np.ndarray, seconds: float, unit: float = 1.0) -> np.ndarray:
        """The smoothed value (..., 2); seconds: since the value before; unit: the length in which speed is counted."""
        if self.value is None:
            self.value, self.change = value, np.zeros_like(value)
            return value
        change = (value - self.value) / seconds
        self.change = self.change + _share(SPEED_CUTOFF, seconds) * (change - self.change)
        pace = np.linalg.norm(self.change, axis=-1, keepdims=True) / unit
        self.value = self.value + _share(self.rest + self.speed * pace, seconds) * (value - self.value)
        return self.value


def _share(cutoff: np.ndarray | float, seconds: float) -> np.ndarray | float:
    """How much of a new value a low pass takes."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff * seconds))


@dataclasses.dataclass
class Face:
    """A face that is followed: its number, what the network sees, and how often it was missed."""

    number: int
    seen: prediction.Prediction
    filter: OneEuro
    missed: int = 0


class Tracker:
    """Follows the faces of a video.

    A face is looked for where its points were in the frame before; every EVERY frames, and while there is none, the
    whole frame is searched, so that new faces are met and lost ones are given up.  smooth: whether points are
    smoothed; smallest: as in `predict`.
    """

    def __init__(self, network: keras.Model, smooth: bool = True, smallest: float = finder.SMALLEST) -> None:
        self.network, self.smooth, self.smallest = network, smooth, smallest
        self.faces: list[Face] = []
        self.frames = self.met = 0

    def step(self, frame: np.ndarray, seconds: float) -> dict[int, prediction.Prediction]:
        """The faces of the next frame (H, W, 3) uint8, by their number; seconds: since the frame before."""
        if not self.faces or self.frames % EVERY == 0:
            self._search(frame)
        self.frames += 1
        answers = prediction.again(self.network, frame, [face.seen for face in self.faces], prediction.NO_SHIFT)
        for face, seen in zip(self.faces, answers, strict=True):
            face.seen = seen
        self.faces = [face for face in self.faces if _believed(face.seen, frame)]
        found = {}
        for face in self.faces:
            points = face.seen.points
            if self.smooth:
                points = face.filter(points, seconds, _radius(points))
            found[face.number] = dataclasses.replace(face.seen, points=points)
        return found

    def _search(self, frame: np.ndarray) -> None:
        new = list(zip(*finder.find(frame, self.smallest), strict=True))
        for face in self.faces:
            near = [place for place, (middle, radius, _) in enumerate(new) if _distance(face, middle) < radius]
            face.missed = 0 if near else face.missed + 1
            new = [each for place, each in enumerate(new) if place not in near]
        self.faces = [face for face in self.faces if face.missed <= MISSES]
        boxes = np.array([prediction.around(middle, radius) for middle, radius, _ in new]).reshape(-1, 4)
        tilts = np.array([tilt for *_, tilt in new])
        for seen in prediction.in_boxes(self.network, frame, boxes, prediction.NO_SHIFT, tilts=tilts):
            self.faces.append(Face(self.met, seen, OneEuro()))
            self.met += 1


def _distance(face: Face, middle: np.ndarray) -> float:
    return float(np.linalg.norm(face.seen.points.mean(axis=0) - middle))


def _radius(points: np.ndarray) -> float:
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _believed(seen: prediction.Prediction, frame: np.ndarray) -> bool:
    """Whether the face's middle lies in the frame and the views of it agree."""
    inside = (seen.points.mean(axis=0) >= 0).all() and (seen.points.mean(axis=0) < frame.shape[1::-1]).all()
    return bool(inside and np.sqrt((seen.spread**2).mean()) < UNSURE * _radius(seen.points))
