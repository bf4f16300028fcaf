"""Whether points move exactly as their image does: measured on round spots drawn in place of faces (notebook 05)."""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.augmentation import augment

DEVIATION = 3.0  # px, of a spot
MARGIN = 12  # px from the border within which a part of a spot may be missing


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


def centres(images: np.ndarray) -> np.ndarray:
    """(N, 2): the centre of the light of each image (N, H, W, 1), x before y, in pixels."""
    light = images[..., 0].astype(float)
    y, x = np.mgrid[: light.shape[1], : light.shape[2]]
    sums = np.stack([(light * place).sum(axis=(1, 2)) for place in (x, y)], axis=1)
    return sums / light.sum(axis=(1, 2))[:, None]


def measure(
    marked: face_sets.Faces, augmentation: augment.Augmentation, seed: int = 0
) -> tuple[face_sets.Faces, np.ndarray, np.ndarray]:
    """The spots after the augmentation, how far in px the centre of each is from its point, and which spots are whole.

    The augmentation only moves.  Spots that end near the border, where a part of them may be cut off, are left out.  A
    spot is not whole if it began near the border: what it lacks there is made up by repeating the border, so the centre
    of its light says nothing about its point.
    """
    moved = augment.apply(marked, augmentation, seed)
    rows = np.flatnonzero(np.any(moved.given, axis=1))
    rows = rows[inside(moved.select(rows))]
    moved = moved.select(rows)
    distances = np.linalg.norm(centres(moved.images[:]) - only(moved.points), axis=1)
    return moved, distances, inside(marked.select(rows))


def inside(faces: face_sets.Faces) -> np.ndarray:
    """(N,) whether the one point of each face is farther than MARGIN from the border."""
    at = only(faces.points)
    return (np.minimum(at, np.array(faces.size[::-1]) - 1 - at) > MARGIN).all(axis=1)


def farthest(distances: np.ndarray, whole: np.ndarray, count: int = 4) -> np.ndarray:
    """Rows of the whole spots that are farthest from their points, then of the others; `count` of each, or all."""
    order = np.argsort(-distances, kind="stable")
    return np.concatenate([order[whole[order]][:count], order[~whole[order]][:count]])
