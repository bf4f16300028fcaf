"""A photo that is made of a face: enlarged, on a grey ground (notebook 13)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets
from fkp_utils import metrics
from fkp_utils.evaluation import face_conditions

HEIGHT, MARGIN, GREY = 192, 14, 128  # pixels of the face, and around it; level of the ground


class Found(Protocol):
    """A face found in a photo, with its points (K, 2) in px of the photo."""

    @property
    def points(self) -> np.ndarray: ...


def made(faces: face_sets.Faces, row: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo (h, w, 1) with one of the faces right of its middle, and that face's points (K, 2) in it."""
    height, width = faces.size
    size = HEIGHT, round(width * HEIGHT / height)
    face = faces.select([row]).resize(size)
    left = MARGIN + size[1] // 2
    photo = np.full((HEIGHT + 2 * MARGIN, left + size[1] + MARGIN, 1), GREY, np.uint8)
    image = face.images[:][0].mean(axis=-1, keepdims=True)
    photo[MARGIN : MARGIN + HEIGHT, left : left + size[1]] = image.round().astype(np.uint8)
    return photo, face.points[0] + (left, MARGIN)


def first_found(
    faces: face_sets.Faces, rows: np.ndarray, find: Callable[..., list[Any]], most: int = 20
) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """The photo of the sharpest of the first rows in which `find` finds a face, the face's points, and what is found.

    find: such as `fkp_utils.predict`.  Nothing may be found; then the photo is that of the last row that was tried.
    """
    grey = faces.images[rows[:most]].mean(axis=-1)
    for row in rows[np.argsort(-face_conditions.sharpness(grey))]:
        photo, labels = made(faces, row)
        if found := find(photo, faces="all"):
            break
    return photo, labels, found


def sentences(found: Sequence[Found], labels: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> str:
    """How far the points of the first face found lie from the labels (K, 2), where both mean the same points."""
    if not found:
        return "**What to see.** No face was found in this photo."
    if keypoints != keypoint_sets.KAGGLE_15:
        return "**What to see.** The labels of this set are other points than the model's."
    error = metrics.rmse(found[0].points[None], labels[None])
    return (
        f"**What to see.** The dots lie {error:.1f} px (RMSE) from the stars, which are the labels, where the face is"
        f" {HEIGHT} px high. That is {error * 96 / HEIGHT:.1f} px in Kaggle's frame of 96 px."
    )
