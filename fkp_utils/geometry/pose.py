"""Tilt and turn of the head, read from the eyes and the nose alone."""

from __future__ import annotations

import numpy as np

from fkp_utils import keypoints as keypoint_sets


def eyes_and_nose(points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """The centre of the left eye, that of the right eye, and the tip of the nose.

    points: (..., K, 2) in pixels; returns (..., 3, 2), NaN where a point that is needed is missing.  IMM_58 has no
    point on the tip: the lowest of the nose's outline stands for it.  ValueError for an unknown set or another shape.
    """
    if keypoints != keypoint_sets.IMM_58:
        return keypoint_sets.convert(points, keypoints, keypoint_sets.CELEBA_5)[..., :3, :]
    points = np.asarray(points)
    if points.shape[-2:] != (len(keypoints), 2):
        raise ValueError(f"points have shape {points.shape}; {keypoints.name} needs (..., {len(keypoints)}, 2)")
    eyes = [
        points[..., [index for index, name in enumerate(keypoints.names) if name[:-2] == side], :].mean(axis=-2)
        for side in ("left_eye", "right_eye")
    ]
    return np.stack([*eyes, points[..., keypoints.index("nose_5"), :]], axis=-2)


def tilt(points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """The angle in degrees between the line through the eyes and the image's rows; shapes as in `turn`.

    Positive = clockwise as one sees the image: the subject's left eye, on the image's right, is the lower one.
    """
    left, right = np.moveaxis(eyes_and_nose(points, keypoints)[..., :2, :], -2, 0)
    x, y = np.moveaxis(left - right, -1, 0)
    return np.degrees(np.arctan2(y, x))


def turn(points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """How far the nose tip is from the middle between the eyes, along the line through them, in eye distances.

    points: (..., K, 2) in pixels; returns (...), NaN where an eye or the nose is missing or the eyes coincide.
    0 = the head faces the camera; positive = the nose has moved towards the subject's left eye, which is the image's
    right unless the head is upside down.  A turn of the head (yaw) moves the nose so; the head's tilt does not count.
    """
    left, right, nose = np.moveaxis(eyes_and_nose(points, keypoints), -2, 0)
    axis = left - right
    square = (axis**2).sum(-1)
    along = ((nose - (left + right) / 2) * axis).sum(-1)
    return np.divide(along, square, out=np.full_like(square, np.nan, dtype=float), where=square > 0)
