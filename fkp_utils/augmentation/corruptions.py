"""What spoils a photo, in the graph: light, cover, blur, coarse pixels and grain, as strong for each face as told.

Images are float32 (B, H, W, C) in grey levels 0 to 255; values per face are (B,).
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

LEVELS = 8  # steps of blur between none and the strongest
GRAINS = 512  # rows of noise that a batch shares


def light(
    images: keras.KerasTensor, mean: keras.KerasTensor, contrast: keras.KerasTensor, brightness: keras.KerasTensor
) -> keras.KerasTensor:
    """Images whose distance from the grey level `mean` is multiplied by contrast, then all by brightness; unclipped."""
    return images * _spread(contrast * brightness) + _spread(mean * (1 - contrast) * brightness)


def cover(
    images: keras.KerasTensor,
    sides: tuple[keras.KerasTensor, keras.KerasTensor],
    centre: tuple[keras.KerasTensor, keras.KerasTensor],
    grey: keras.KerasTensor,
) -> keras.KerasTensor:
    """Images with a rectangle of one grey level; its sides and its centre (x, y) are shares of the image's."""
    height, width = images.shape[1:3]
    x, y = ops.arange(width, dtype="float32")[None, :, None], ops.arange(height, dtype="float32")[:, None, None]
    side, middle = [_spread(s) for s in sides], [_spread(c) for c in centre]
    across = ops.abs(x + 0.5 - middle[0] * width) * 2 < side[0] * width
    down = ops.abs(y + 0.5 - middle[1] * height) * 2 < side[1] * height
    return ops.where(across & down, _spread(grey), images)


def kernels(side: int, blur: float, pixelate: float) -> np.ndarray:
    """Matrices (M, side, side) that blur and pixelate one line of `side` pixels, as `soften` takes them.

    blur: the largest standard deviation in px; pixelate: the largest block in px.  Number b + (LEVELS + 1) p blurs with
    b / LEVELS of the deviation, then averages blocks of p + 1 pixels.  What lies outside the line counts nothing.
    """
    place = np.arange(side)
    blurs = [np.eye(side)]
    for level in range(1, LEVELS + 1):
        distance = (place - place[:, None]) / max(blur * level / LEVELS, 1e-3)
        blurs.append(np.exp(-(distance**2) / 2))
    blocks = [place // block == place[:, None] // block for block in range(1, max(1, int(pixelate)) + 1)]
    blurs, blocks = (np.array(many) / np.sum(many, axis=2, keepdims=True) for many in (blurs, blocks))
    return (blocks[:, None] @ blurs).reshape(-1, side, side).astype(np.float32)


def soften(
    images: keras.KerasTensor,
    rows: np.ndarray,
    columns: np.ndarray,
    blur: keras.KerasTensor,
    pixelate: keras.KerasTensor,
) -> keras.KerasTensor:
    """Images blurred and pixelated: lines multiplied with a matrix, along y with one of `rows`, along x of `columns`.

    rows, columns: the `kernels` of height and width.  blur: level 0 to LEVELS; pixelate: block in px less one.
    """
    number = ops.cast(blur, "int32") + ops.cast(pixelate, "int32") * (LEVELS + 1)
    height, width, channels = images.shape[1:]
    down = ops.take(ops.convert_to_tensor(rows), number, axis=0)
    across = ops.take(ops.convert_to_tensor(columns.swapaxes(1, 2)), number, axis=0)
    images = ops.matmul(down, ops.reshape(images, (-1, height, width * channels)))
    images = ops.transpose(ops.reshape(images, (-1, height, width, channels)), (0, 1, 3, 2))
    images = ops.matmul(ops.reshape(images, (-1, height * channels, width)), across)
    return ops.transpose(ops.reshape(images, (-1, height, channels, width)), (0, 1, 3, 2))


def grain(images: keras.KerasTensor, deviation: keras.KerasTensor, seed: keras.random.SeedGenerator) -> object:
    """Images with Gaussian noise of this standard deviation in grey levels; unclipped.

    Each row of each image takes one of GRAINS rows of fresh noise, with a random sign, so rows are uncorrelated though
    two may be alike: to draw normal numbers for every pixel takes longer than all other augmentation.
    """
    count, (height, width, channels) = ops.shape(images)[0], images.shape[1:]
    pool = keras.random.normal((GRAINS, width, channels), seed=seed)
    number = ops.cast(keras.random.uniform((count, height), 0, 2 * GRAINS, seed=seed), "int32")
    rows = ops.take(ops.concatenate([pool, -pool]), ops.minimum(number, 2 * GRAINS - 1), axis=0)
    return images + rows * _spread(deviation)


def _spread(values: keras.KerasTensor) -> keras.KerasTensor:
    """(B,) as (B, 1, 1, 1)."""
    return ops.reshape(values, (-1, 1, 1, 1))
