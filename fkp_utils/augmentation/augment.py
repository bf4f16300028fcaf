"""What may happen to a face while a model learns, and the layer that makes it happen (notebook 05)."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from fkp_utils import faces as face_sets

if TYPE_CHECKING:
    import keras

# The lowest and highest value allowed.
_RANGES = {
    "flip": (0, 1),
    "rotate": (0, 180),
    "scale": (0, 0.9),
    "shift": (0, 1),
    "crop": (0, 0.9),
    "brightness": (0, 1),
    "contrast": (0, 1),
    "occlusion": (0, 1),
    "blur": (0, math.inf),
    "pixelate": (0, math.inf),
    "noise": (0, 255),
    "chance": (0, 1),
}


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What may happen to a face; 0 is never.  How much is drawn evenly, for each face anew.

    flip: probability of a mirrored face.  swap: a flip also swaps the left and right points; False is the classic bug
    (S2.5), there to be shown.  rotate: up to ± degrees about the centre of the image.  scale: up to ± this share, about
    the centre.  shift: up to ± this share of the width and of the height, each by itself.  crop: up to this share of
    each side is cut away at random ends and the rest stretched to the old size.  What these bring in from outside the
    image repeats its border.

    brightness: grey levels times 1 ± up to this share.  contrast: distances from the face's mean grey level, the same
    way.  occlusion: a grey rectangle at a random place, with sides up to this share of the image's; the points under it
    keep their labels.  blur: Gaussian, up to this standard deviation in px.  pixelate: blocks of 2 up to this many px.
    noise: Gaussian, up to this standard deviation in grey levels.  chance: probability with which each of the last
    four happens to a face at all.

    ValueError for a number out of range.
    """

    flip: float = 0.0
    swap: bool = True
    rotate: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    crop: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    occlusion: float = 0.0
    blur: float = 0.0
    pixelate: int = 0
    noise: float = 0.0
    chance: float = 1.0

    def __post_init__(self) -> None:
        for field, (low, high) in _RANGES.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ValueError(f"{field} is {value}; expected a number from {low} to {high}")
        if self.pixelate != int(self.pixelate):
            raise ValueError(f"pixelate is {self.pixelate}; expected a whole number of pixels")

    @property
    def label(self) -> str:
        """What tells it from others: "" for none, "augmented" for STANDARD, else how strongly or by what."""
        known = {NONE: "", STANDARD: "augmented", MODERATE: "moderately augmented", STRONG: "strongly augmented"}
        if self in known:
            return known[self]
        amounts = [field for field in _RANGES if field != "chance" and getattr(self, field)]
        return "augmented by " + " + ".join(amounts) + ("" if self.swap else " without swap")


NONE = Augmentation()
# What a camera and a pose change anyway: safe to use on any frontal face.
STANDARD = Augmentation(flip=0.5, rotate=15, scale=0.1, shift=0.05, brightness=0.3, contrast=0.3)
# What a careless detector and a cheap camera add; nothing covers the face.
MODERATE = Augmentation(
    flip=0.5, rotate=20, scale=0.15, shift=0.08, crop=0.1, brightness=0.4, contrast=0.4, blur=1, noise=6, chance=0.3
)
# Everything, for faces that are also covered, out of focus, coarse or grainy.
STRONG = Augmentation(
    flip=0.5, rotate=20, scale=0.15, shift=0.08, crop=0.1, brightness=0.5, contrast=0.5,
    occlusion=0.4, blur=1.5, pixelate=4, noise=12, chance=0.5,
)  # fmt: skip
PRESETS = {"none": NONE, "standard": STANDARD, "moderate": MODERATE, "strong": STRONG}


def layer(augmentation: Augmentation, mirror: tuple[int, ...], size: tuple[int, int], seed: int) -> keras.layers.Layer:
    """A layer that maps [images, points] to the same, augmented while training and untouched otherwise.

    images: float32 (B, H, W, C) in grey levels 0 to 255.  points: float32 (B, O, 2) in pixels, NaN where missing; they
    move with the image, and one that then lies outside it becomes missing.  mirror: the index of the point that takes
    the place of each in a mirrored face.  size: (height, width).  The state of the random numbers is a variable of the
    layer.  ValueError if `mirror` is not its own inverse.
    """
    from fkp_utils.augmentation import augment_layer

    mirror = tuple(int(index) for index in mirror)
    numbers = list(range(len(mirror)))
    if sorted(mirror) != numbers or [mirror[index] for index in mirror] != numbers:
        raise ValueError(f"mirror is {mirror}; expected pairs that point at each other, and points that stay")
    return augment_layer.Augment(dataclasses.asdict(augmentation), mirror, size, int(seed))


def apply(faces: face_sets.Faces, augmentation: Augmentation, seed: int = 0) -> face_sets.Faces:
    """The faces, each augmented once, in memory; the truth, where known, moves with the points.

    For a look at what a model is shown; a training uses `layer`.
    """
    known = [faces.points] if faces.truth is None else [faces.points, faces.truth]
    points = np.concatenate(known, axis=1)
    count = len(faces.keypoints)
    mirror = [index + start for start in range(0, points.shape[1], count) for index in faces.keypoints.mirror]
    augmenting = layer(augmentation, tuple(mirror), faces.size, seed)
    images, moved = np.empty(faces.images.shape, np.uint8), np.empty_like(points)
    for rows, batch in faces.batches():
        changed = augmenting([batch.astype(np.float32), points[rows]], training=True)
        images[rows], moved[rows] = np.rint(np.asarray(changed[0])), np.asarray(changed[1])
    truth = None if faces.truth is None else moved[:, count:]
    return dataclasses.replace(faces, images=images, points=moved[:, :count], truth=truth)
