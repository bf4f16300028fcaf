"""Keypoint sets, one table each, and the conversions between them.

`left` and `right` are the subject's: on a face that looks at the camera, `left` lies on the right of the image.
Points are (x, y) in pixels; (0, 0) is the centre of the first pixel.  A missing point is NaN.
"""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np


@dataclasses.dataclass(frozen=True)
class KeypointSet:
    """The names of K keypoints, the pairs that a mirror swaps, and the lines that draw them.

    `mirror[k]` is the index of the point that takes the place of point k in the mirrored face; `skeleton` holds
    pairs of indices to be joined by a line.
    """

    name: str
    names: tuple[str, ...]
    mirror: tuple[int, ...]
    skeleton: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Index of the keypoint `name`; ValueError with the known names if there is none."""
        if name not in self.names:
            raise ValueError(f"{self.name} has no keypoint {name!r}; it has {', '.join(self.names)}")
        return self.names.index(name)

    @property
    def columns(self) -> list[str]:
        """The 2K coordinate names in Kaggle's order: `<name>_x`, `<name>_y` for each point."""
        return [f"{name}_{axis}" for name in self.names for axis in "xy"]


def _by_name(name: str, names: list[str], lines: list[tuple[str, ...]]) -> KeypointSet:
    """A set whose mirror pairs follow from left/right in the names; `lines` are chains of names."""

    def other_side(point: str) -> str:
        sides = {"left": "right", "right": "left"}
        return "_".join(sides.get(word, word) for word in point.split("_"))

    mirror = tuple(names.index(other_side(point)) for point in names)
    skeleton = tuple((names.index(a), names.index(b)) for line in lines for a, b in itertools.pairwise(line))
    return KeypointSet(name, tuple(names), mirror, skeleton)


def _by_curves(name: str, curves: list[tuple[str, int, int, bool]], pairs: list[tuple[int, int]]) -> KeypointSet:
    """A set of numbered curves (part, first, last, closed); `pairs` are swapped by a mirror, other points stay."""
    names, skeleton = [], []
    for part, first, last, closed in curves:
        names += [f"{part}_{i - first}" for i in range(first, last + 1)]
        skeleton += list(itertools.pairwise(range(first, last + 1))) + ([(last, first)] if closed else [])
    mirror = list(range(len(names)))
    for a, b in pairs:
        mirror[a], mirror[b] = b, a
    return KeypointSet(name, tuple(names), tuple(mirror), tuple(skeleton))


def _facing(first: range, second: range) -> list[tuple[int, int]]:
    return list(zip(first, second, strict=True))


# Kaggle Facial Keypoints Detection: the order of the columns of training.csv.
KAGGLE_15 = _by_name(
    "KAGGLE_15",
    [
        "left_eye_center",
        "right_eye_center",
        "left_eye_inner_corner",
        "left_eye_outer_corner",
        "right_eye_inner_corner",
        "right_eye_outer_corner",
        "left_eyebrow_inner_end",
        "left_eyebrow_outer_end",
        "right_eyebrow_inner_end",
        "right_eyebrow_outer_end",
        "nose_tip",
        "mouth_left_corner",
        "mouth_right_corner",
        "mouth_center_top_lip",
        "mouth_center_bottom_lip",
    ],
    [
        ("left_eye_inner_corner", "left_eye_center", "left_eye_outer_corner"),
        ("right_eye_inner_corner", "right_eye_center", "right_eye_outer_corner"),
        ("left_eyebrow_inner_end", "left_eyebrow_outer_end"),
        ("right_eyebrow_inner_end", "right_eyebrow_outer_end"),
        ("mouth_right_corner", "mouth_center_top_lip", "mouth_left_corner", "mouth_center_bottom_lip",
         "mouth_right_corner"),
    ],
)  # fmt: skip

# The points of KAGGLE_15 that its second label source gives.
FOUR_POINTS = tuple(
    KAGGLE_15.index(name) for name in ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")
)

# CelebA: the file's "lefteye" lies on the left of the image, so it is the subject's right eye; the loader swaps it.
CELEBA_5 = _by_name(
    "CELEBA_5",
    ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"],
    [("right_eye", "nose", "left_eye"), ("mouth_right", "nose", "mouth_left")],
)

# IMM face database (Nordstrom et al., 2004), in the order of its .asf files.
IMM_58 = _by_curves(
    "IMM_58",
    [
        ("jaw", 0, 12, False),  # from the subject's right ear to the left
        ("left_eye", 13, 20, True),  # from the outer corner over the upper lid
        ("right_eye", 21, 28, True),  # the same
        ("left_eyebrow", 29, 33, False),  # from the inner end
        ("right_eyebrow", 34, 38, False),  # the same
        ("mouth", 39, 46, True),  # from the right corner over the upper lip
        ("nose", 47, 57, False),  # down the right side, under the tip, up the left side
    ],
    _facing(range(0, 6), range(12, 6, -1))
    + _facing(range(13, 21), range(21, 29))
    + _facing(range(29, 34), range(34, 39))
    + [(39, 43), (40, 42), (44, 46)]
    + _facing(range(47, 52), range(57, 52, -1)),
)

# The 68 points of Multi-PIE and 300-W (Sagonas et al., 2013), also of the YouTube Faces frames.
LANDMARKS_68 = _by_curves(
    "LANDMARKS_68",
    [
        ("jaw", 0, 16, False),  # from the subject's right ear to the left
        ("right_eyebrow", 17, 21, False),  # from the outer end
        ("left_eyebrow", 22, 26, False),  # from the inner end
        ("nose_bridge", 27, 30, False),  # downwards; the last is the tip
        ("nose_base", 31, 35, False),  # from right to left
        ("right_eye", 36, 41, True),  # from the outer corner over the upper lid
        ("left_eye", 42, 47, True),  # from the inner corner over the upper lid
        ("mouth_outer", 48, 59, True),  # from the right corner over the upper lip
        ("mouth_inner", 60, 67, True),  # the same
    ],
    _facing(range(0, 8), range(16, 8, -1))
    + _facing(range(17, 22), range(26, 21, -1))
    + [(31, 35), (32, 34)]
    + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    + [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58)]
    + [(60, 64), (61, 63), (65, 67)],
)

_RIGHT_EYE, _LEFT_EYE = tuple(range(36, 42)), tuple(range(42, 48))

# (from, to): for each target point, the source points whose mean it is.
_CONVERSIONS: dict[tuple[str, str], tuple[tuple[int, ...], ...]] = {
    ("LANDMARKS_68", "KAGGLE_15"): (
        _LEFT_EYE, _RIGHT_EYE, (42,), (45,), (39,), (36,), (22,), (26,), (21,), (17,),
        (30,), (54,), (48,), (51,), (57,),
    ),
    ("LANDMARKS_68", "CELEBA_5"): (_LEFT_EYE, _RIGHT_EYE, (30,), (54,), (48,)),
    ("KAGGLE_15", "CELEBA_5"): ((0,), (1,), (10,), (11,), (12,)),
}  # fmt: skip


def convert(points: np.ndarray, source: KeypointSet, target: KeypointSet) -> np.ndarray:
    """Points of one set as points of another: 68 to 15, 68 to 5, 15 to 5.

    `points` is (..., len(source), 2); returns (..., len(target), 2).  A target point that is the mean of several
    source points is missing if any of them is.  ValueError if the pair has no conversion.
    """
    if source == target:
        return np.array(points)
    groups = _CONVERSIONS.get((source.name, target.name))
    if groups is None:
        known = ", ".join(f"{a} to {b}" for a, b in _CONVERSIONS)
        raise ValueError(f"no conversion from {source.name} to {target.name}; known: {known}")
    points = 1.0 * np.asarray(points)
    if points.shape[-2:] != (len(source), 2):
        raise ValueError(f"points have shape {points.shape}; {source.name} needs (..., {len(source)}, 2)")
    sizes = [len(group) for group in groups]
    sums = np.add.reduceat(points[..., list(itertools.chain(*groups)), :], np.cumsum([0, *sizes[:-1]]), axis=-2)
    return sums / np.array(sizes, sums.dtype)[:, None]


def mirror(points: np.ndarray, keypoints: KeypointSet, width: int) -> np.ndarray:
    """The points (..., K, 2) of the mirrored image of `width` pixels: x becomes width - 1 - x, pairs are swapped."""
    mirrored = np.array(points)[..., list(keypoints.mirror), :]
    mirrored[..., 0] = width - 1 - mirrored[..., 0]
    return mirrored


def part(name: str) -> str:
    """The part of the face a keypoint belongs to: `jaw_12` is of the `jaw`; other names stand for themselves."""
    return re.sub(r"_\d+$", "", name)
