"""Which faces the figures show (notebook 03)."""

from __future__ import annotations

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.geometry import pose

MOST = 400  # faces among which bright ones are looked for


def clear(faces: face_sets.Faces, count: int, complete: bool = True) -> np.ndarray:
    """(count,) rows of faces that look ahead, are bright and sharp: with the most labels, or with fewer.

    Of the quarter that looks ahead most, the brighter half, the sharpest first.  Eyes close to each other are those of
    a head seen from the side, whatever its nose says.  complete=False: of the faces with gaps, () if there are none.
    """
    labels = faces.given.sum(axis=1)
    rows = np.flatnonzero(labels == labels.max() if complete else (labels < labels.max()) & (labels > 0))[:MOST]
    if not len(rows):
        return rows
    points = faces.points[rows]
    left, right, _ = np.moveaxis(pose.eyes_and_nose(points, faces.keypoints), 1, 0)
    apart = np.nan_to_num(np.linalg.norm(left - right, axis=1))
    angles = np.abs(pose.turn(points, faces.keypoints)) + np.abs(pose.tilt(points, faces.keypoints)) / 45
    aside = np.where((apart >= np.median(apart)) & np.isfinite(angles), angles, np.inf)
    rows = rows[np.argsort(aside, kind="stable")][: max(count, len(rows) // 4)]
    looks = np.array([_look(faces.images[row], faces.points[row]) for row in rows])
    bright = np.argsort(-looks[:, 0], kind="stable")[: max(count, len(rows) // 2)]
    return rows[bright[np.argsort(-looks[bright, 1], kind="stable")]][:count]


def _look(image: np.ndarray, points: np.ndarray) -> tuple[float, float]:
    """The lower quartile of the grey levels in the box around the given points, and how much neighbours differ."""
    grey = image.mean(axis=-1)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    left, top = np.clip(low, 0, np.subtract(grey.shape[::-1], 2)).astype(int)
    right, bottom = np.clip(high, (left + 1, top + 1), None).astype(int) + 1
    box = grey[top:bottom, left:right]
    return float(np.quantile(box, 0.25)), float(np.abs(np.diff(box, axis=0)).mean() + np.abs(np.diff(box)).mean())


def best_middle_worst(errors: np.ndarray, count: int = 4) -> np.ndarray:
    """(3 · count,) rows with the lowest errors (N,), those in the middle, and the highest; NaN is left out."""
    order = np.argsort(errors)[: np.isfinite(errors).sum()]
    middle = len(order) // 2
    return np.concatenate([order[:count], order[middle - count // 2 :][:count], order[-count:]])
