"""The lens, the sensor and the file of a synthetic face: from brightness to the grey levels of a crop."""

from __future__ import annotations

import io
import types

import numpy as np
from PIL import Image
from scipy import ndimage

SIZE = 96
FINE = 2  # rays a pixel and axis


def whole_pixels(fine: np.ndarray) -> np.ndarray:
    """Means (n, n) of the four rays of each pixel, of (2n, 2n).  `mean` over two axes is slower by far."""
    return ((fine[::2, ::2] + fine[::2, 1::2]) + (fine[1::2, ::2] + fine[1::2, 1::2])) / 4


def develop(image: np.ndarray, face: types.SimpleNamespace, rng: np.random.Generator) -> np.ndarray:
    """The lens and the sensor: brightness (FINE SIZE, FINE SIZE) to grey levels (SIZE, SIZE) uint8."""
    image = whole_pixels(image)
    image = ndimage.gaussian_filter(image, face.blur, truncate=3)
    if face.motion:
        image = ndimage.gaussian_filter1d(image, face.motion, axis=1, truncate=2)
    level = np.percentile(image[20:84:2, 20:76:2], 80)
    exposure = face.exposure * (face.skin / 0.4) ** 0.4 / (level + 0.02)  # dark skin stays darker
    grey = (np.maximum(image, 0) * exposure) ** (1 / 2.2)
    middle = grey[20:84, 20:76].mean()
    grey = middle + (grey - middle) * face.contrast
    grey = face.haze + (1 - face.haze) * grey
    if face.sharpen:
        grey = grey + face.sharpen * (grey - ndimage.gaussian_filter(grey, 1.2, truncate=3))
    grey = 255 * np.where(grey > 0.8, 0.8 + 0.2 * np.tanh((grey - 0.8) / 0.2), grey)
    if face.interlace:
        grey[1::2] = np.roll(grey[1::2], face.interlace, axis=1)
    grey = grey + face.noise * rng.standard_normal((SIZE, SIZE), dtype=np.float32)
    small = round(SIZE / face.coarse)
    if small < SIZE:
        grey = np.asarray(Image.fromarray(grey.astype(np.float32)).resize((small, small), Image.Resampling.BOX))
    levels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    if face.jpeg_quality < 100:
        stream = io.BytesIO()
        Image.fromarray(levels).save(stream, "JPEG", quality=int(face.jpeg_quality))
        levels = np.asarray(Image.open(stream))
    if small < SIZE:
        way = Image.Resampling.NEAREST if face.blocks else Image.Resampling.BICUBIC
        levels = np.asarray(Image.fromarray(levels).resize((SIZE, SIZE), way))
    return levels


def pad(levels: np.ndarray, face: types.SimpleNamespace, points: np.ndarray) -> np.ndarray:
    """Black edges where the crop reaches over the photo's end, but not over the points (K, 2)."""
    if not (face.padding_x or face.padding_y):
        return levels
    low, high = np.floor(points.min(0) - 1).astype(int), np.floor(SIZE - 2 - points.max(0)).astype(int)
    left, top = np.minimum([max(face.padding_x, 0), max(face.padding_y, 0)], low)
    right, bottom = np.minimum([max(-face.padding_x, 0), max(-face.padding_y, 0)], high)
    padded = np.zeros_like(levels)
    inside = slice(top, SIZE - bottom), slice(left, SIZE - right)
    padded[inside] = levels[inside]
    return padded
