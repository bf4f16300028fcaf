"""Where faces lie in a photo: MTCNN (Zhang et al., 2016), with the weights that its package carries."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image

SMALLEST = 0.12  # of the shorter side of the photo: the smallest face that is looked for
SEEN = 20  # px: the smallest face that the detector finds; photos are scaled so that faces of SMALLEST have this size
LONGEST = 2000  # px of the longer side after that
OVERLAP = 0.3  # intersection over union above which two boxes are of one face
# Where the points of KAGGLE_15 have their mean in a box, in sides of the box from its middle, and the root of their
# mean squared distance from it: medians over photos of 300-W.
MEAN, RADIUS = np.array([0.0, -0.025]), 0.30


def find(photo: np.ndarray, smallest: float = SMALLEST) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each face in a photo (H, W, 3) uint8: about the mean of its points (N, 2), their radius (N,), its tilt (N,).

    In px of the photo, x before y; faces of the largest `prominence` first.  radius: the root of the mean squared
    distance of the points from their mean.  tilt: degrees clockwise of the line between the eyes.  smallest: the
    smallest face that is looked for, as a share of the shorter side; smaller ones take longer.  ValueError if it is not
    between 0.02 and 1, or if keras does not compute with TensorFlow.
    """
    import keras

    if not 0.02 <= smallest <= 1:
        raise ValueError(f"the smallest face is {smallest} of the shorter side; expected 0.02 to 1")
    if keras.backend.backend() != "tensorflow":
        raise ValueError("faces are found with KERAS_BACKEND=tensorflow only; faces='crop' takes a photo as one face")
    height, width = photo.shape[:2]
    scale = min(SEEN / (smallest * min(height, width)), LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
    found = np.empty((0, 16))  # of each face: its photo, left, top, width, height, confidence, x of 5 points, y of them
    if min(size) >= SEEN:
        seen = np.asarray(_detector().detect_faces(shrunk, nms_onet=OVERLAP, output_type="numpy"))
        found = seen if len(seen) else found  # which has fewer columns where there is none
    boxes = found[:, 1:5] / scale
    tilts = np.degrees(np.arctan2(found[:, 12] - found[:, 11], found[:, 7] - found[:, 6]))  # the first two are the eyes
    sides = np.sqrt(boxes[:, 2] * boxes[:, 3])
    middles = boxes[:, :2] + boxes[:, 2:] / 2 + MEAN * sides[:, None] - 0.5
    order = np.argsort(-prominence(boxes, (height, width)), kind="stable")
    order = order[sides[order] >= smallest * min(height, width)]
    return middles[order], RADIUS * sides[order], tilts[order]


def prominence(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N,) px: the side of each box; the further from the middle of the photo, the less it counts, half in a corner.

    People point cameras at whom they mean.  boxes: (N, 4) left, top, width and height in px.  size: (height, width) of
    the photo.
    """
    middle = np.array(size[::-1]) / 2
    aside = np.linalg.norm(boxes[:, :2] + boxes[:, 2:] / 2 - middle, axis=1) / np.linalg.norm(middle)
    return np.sqrt(boxes[:, 2] * boxes[:, 3]) * (1 - aside / 2)


@functools.lru_cache(1)
def _detector() -> Any:
    import mtcnn

    return mtcnn.MTCNN()
