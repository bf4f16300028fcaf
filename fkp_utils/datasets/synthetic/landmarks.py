"""Where the 68 points of 300-W lie on the head of a synthetic face, and with them the 15 of Kaggle's two sources.

The mean head is made so that its labels lie, in units of the distance between the outer eye corners, where two public
means have them: the mean shape of 68 labels that dlib aligns faces with (image_transforms/interpolation.h) and the mean
of the labels in Kaggle's training.csv.  The points of 15 are the conversion of those of 68, not a table of their own.
"""

from __future__ import annotations

import types

import numpy as np

from fkp_utils import keypoints
from fkp_utils.datasets.synthetic import head as heads
from fkp_utils.datasets.synthetic import skin

# Angles from the front, in radians, and the heights in millimetres of points on the cheek; those below are on the jaw.
JAW_ANGLES = np.array([1.34, 1.32, 1.28, 1.2, 1.05, 0.82, 0.56, 0.28, 0.0])
CHEEK = np.array([4.0, 22.0, 40.0, 58.0])
LID_CORNERS = 3.3, 2.0  # millimetres that outer and inner eye corners lie inside the lids' ends: the white ends there
TIP = 2.5  # millimetres below the foremost place of the nose: annotators take the middle of the ball, seen from ahead
UNDER_NOSE = 15.5  # millimetres from the foremost place down to what Kaggle's second source calls the tip
JAW, EYES = 17, slice(36, 48)


def places(face: types.SimpleNamespace, head: heads.Head) -> np.ndarray:
    """The points of LANDMARKS_68, and the nose and the lip of Kaggle's second source: (70, 3) in millimetres."""
    angles = np.concatenate([-JAW_ANGLES, JAW_ANGLES[-2::-1]])
    heights = heads.jaw_line(face, JAW_ANGLES) - 2
    heights[: len(CHEEK)] = np.minimum(CHEEK, heights[: len(CHEEK)])
    jaw = heads.at_angles(head, np.concatenate([heights, heights[-2::-1]]), angles)
    return np.concatenate([jaw, heads.locate(head, _frontal(face))])


def named(points: np.ndarray) -> np.ndarray:
    """The points of KAGGLE_15 in the conventions of both sources (2, 15, D), from those of `places` (70, D)."""
    doubled = np.repeat(points[:68].T[..., None], 2, axis=-1)  # (D, 68, 2): `convert` takes points of a plane
    converted = keypoints.convert(doubled, keypoints.LANDMARKS_68, keypoints.KAGGLE_15)[..., 0].T
    both = np.repeat(converted[None], 2, axis=0)
    rows = [keypoints.KAGGLE_15.index(name) for name in ("nose_tip", "mouth_center_bottom_lip")]
    both[1, rows] = points[68:]
    return both


def _frontal(face: types.SimpleNamespace) -> np.ndarray:
    """Frontal positions (53, 2) in millimetres of all points but those of the jaw."""
    along = np.array([1.0, 0.75, 0.5, 0.25, 0.0])  # the ends on a brow's middle line, the others on its upper edge
    brow_x = face.brow_inner + (face.brow_outer - face.brow_inner) * along
    brow_y = skin.brow_height(face, along) - face.brow_thick * np.array([0.2, 0.8, 0.9, 0.9, 0.4])
    tip = face.nose_tip + TIP
    bridge = [(0.0, -0.5 + (tip + 0.5) * part) for part in (0, 1 / 3, 2 / 3, 1)]
    wings = [(-14.8 * face.nose_width, tip + 8.0), (-7.6 * face.nose_width, tip + 10)]
    outer, inner = face.eye_half - LID_CORNERS[0], LID_CORNERS[1] - face.eye_half
    lid_x = inner + (outer - inner) * np.array([1, 0.69, 0.32, 0, 0.32, 0.68])  # from the outer corner, upper lid first
    inside = (lid_x / face.eye_half + 1) / 2
    arch, line = skin.eye_arch(inside), face.eye_tilt * (1 - 2 * inside)
    upper, lower = skin.lids(face)
    lid_y = line + arch * np.array([0, -upper, -upper, 0, lower, lower])
    mouth = _mouth(face)

    def right(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
        return list(zip((-x).tolist(), y.tolist(), strict=True))

    def other(side: list[tuple[float, float]], order: list[int]) -> list[tuple[float, float]]:
        return [(-side[row][0], side[row][1]) for row in order]

    brow, eye = right(brow_x, brow_y), right(face.eye + lid_x, lid_y)
    second = [(0.0, face.nose_tip + UNDER_NOSE), (0.0, face.mouth + face.opening / 2 + 2.0)]
    return np.array(
        [*brow, *other(brow, [4, 3, 2, 1, 0]), *bridge, *wings, (0.0, tip + 11.5), *other(wings, [1, 0]),
         *eye, *other(eye, [3, 2, 1, 0, 5, 4]), *mouth, *second]
    )  # fmt: skip


def _mouth(face: types.SimpleNamespace) -> list[tuple[float, float]]:
    """The outer and the inner edge of the lips, from the right corner over the upper lip."""
    outer, inner = np.array([-1, -0.63, -0.26, 0, 0.26, 0.63, 1]), np.array([-0.85, -0.26, 0, 0.26, 0.85])
    half = face.mouth_half - 1.0
    top, bottom = skin.lip_edges(face, outer)
    seam_top, seam_bottom = skin.seam(face, inner)
    upper = list(zip(half * outer, top + 0.6, strict=True))
    lower = list(zip(half * outer, bottom - 0.3, strict=True))[5:0:-1]
    within = list(zip(half * inner, seam_top, strict=True))
    within += list(zip(half * inner, seam_bottom, strict=True))[3:0:-1]
    return [*upper, *lower, *within]
