"""Whether points move exactly as their image does: measured on round spots drawn in place of faces (notebook 05)."""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.augmentation import augment

DEVIATION = 3.0  # px, of a spot
MARGIN = 12  # px from the border within which a spot may be cut off


def spots(faces: face_sets.Faces, seed: int = 0) -> face_sets.Faces:
    """The faces that have a label, each replaced by a bright spot on black at one of its points, drawn at random.

    Only that point keeps its label.
    """
    some = faces.select(np.any(faces.given, axis=1))
    generator = np.random.default_rng(seed)
    picked = [generator.choice(np.flatnonzero(given)) for given in some.given]
    points = np.full(some.points.shape, np.nan, np.float32)
    points[range(len(some)), picked] = some.points[range(len(some)), picked]
    y, x = np.mgrid[: some.size[0], : some.size[1]]
    at = only(points)[:, None, None]
    square = (x - at[..., 0]) ** 2 + (y - at[..., 1]) ** 2
    images = np.rint(255 * np.exp(-square / (2 * DEVIATION**2))).astype(np.uint8)[..., None]
    return dataclasses.replace(some, images=images, points=points, truth=None)


def only(points: np.ndarray) -> np.ndarray:
    """(N, 2): the one point of each face (N, K, 2) that is given."""
    return np.nanmax(points, axis=1)


def measure(
    marked: face_sets.Faces, augmentation: augment.Augmentation, seed: int = 0
) -> tuple[face_sets.Faces, np.ndarray]:
    """The spots after the augmentation, which only moves, and how far in px the middle of each is from its point.

    Spots near the border, of which a part may be cut off, are left out.
    """
    moved = augment.apply(marked, augmentation, seed)
    moved = moved.select(np.any(moved.given, axis=1))
    at = only(moved.points)
    moved = moved.select((np.minimum(at, np.array(moved.size[::-1]) - 1 - at) > MARGIN).all(axis=1))
    light = moved.images[:][..., 0].astype(float)
    middle = [(light.sum(axis=axis) * np.arange(light.shape[3 - axis])).sum(axis=1) for axis in (1, 2)]
    middle = np.stack(middle, axis=1) / light.sum(axis=(1, 2))[:, None]
    return moved, np.linalg.norm(middle - only(moved.points), axis=1)
