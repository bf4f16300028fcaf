"""Position, size and tilt of the head: how faces differ in them, and how to take them away."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fkp_utils import faces as face_sets


def similarity(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The shift, scale and rotation that bring each face's given points closest to the reference (least squares).

    points: (N, K, 2); reference: (K, 2), in pixels.  Returns complex (N, 2): a point z = x + iy goes to
    [:, 0] z + [:, 1]; NaN for a face without two different given points.
    """
    source, target = _complex(points), np.broadcast_to(_complex(reference), points.shape[:2])
    given = ~np.isnan(source) & ~np.isnan(target)
    count = np.maximum(given.sum(1, keepdims=True), 1)
    middle = np.where(given, source, 0).sum(1, keepdims=True) / count
    aim = np.where(given, target, 0).sum(1, keepdims=True) / count
    offset = np.where(given, source - middle, 0)
    square = (np.abs(offset) ** 2).sum(1)
    found = (offset.conj() * np.where(given, target - aim, 0)).sum(1)
    factor = np.divide(found, square, out=np.full(len(found), np.nan, complex), where=square > 1e-9)
    return np.stack([factor, aim[:, 0] - factor * middle[:, 0]], axis=1)


def move(points: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """The points (N, K, 2) after the transforms (N, 2) of `similarity`."""
    moved = transforms[:, :1] * _complex(points) + transforms[:, 1:]
    return np.stack([moved.real, moved.imag], axis=-1)


def align(points: np.ndarray, rounds: int = 5) -> np.ndarray:
    """The transforms (N, 2) that give all faces the position, size and tilt of the mean face (Procrustes analysis)."""
    first = reference = np.nanmean(points, axis=0)
    for _ in range(rounds):
        reference = np.nanmean(move(points, similarity(points, reference)), axis=0)
        reference = move(reference[None], similarity(reference[None], first))[0]
    return similarity(points, reference)


def mean_image(faces: face_sets.Faces, transforms: np.ndarray | None = None) -> np.ndarray:
    """The mean (H, W, C) of the images, each moved by its transform first if they are given (those of `align`).

    ValueError for a face without a transform: one with fewer than two given points.
    """
    if transforms is not None and np.isnan(transforms).any():
        raise ValueError(f"face {np.nonzero(np.isnan(transforms).any(1))[0][0]} has no transform")
    total = np.zeros(faces.images.shape[1:])
    for rows, images in faces.batches():
        total += (images if transforms is None else warp(images, transforms[rows])).sum(0, dtype=float)
    return total / len(faces)


def warp(images: np.ndarray, transforms: np.ndarray, fill: int = 0) -> np.ndarray:
    """Images (N, H, W, C) uint8, each moved by its transform (N, 2) of `similarity`; `fill` is the grey outside."""
    half = 0.5 + 0.5j  # Pillow counts from the corner of the first pixel
    moved = np.empty_like(images)
    for target, image, (factor, shift) in zip(moved, images, transforms, strict=True):
        back, start = 1 / factor, half - (half + shift) / factor
        matrix = (back.real, -back.imag, start.real, back.imag, back.real, start.imag)
        colour = fill if image.shape[2] == 1 else (fill,) * image.shape[2]
        picture, moving = Image.fromarray(image.squeeze()), (Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        target[:] = np.asarray(picture.transform(picture.size, *moving, fillcolor=colour)).reshape(target.shape)
    return moved


def _complex(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, float)
    return points[..., 0] + 1j * points[..., 1]
