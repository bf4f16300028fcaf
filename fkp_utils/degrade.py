"""What spoils a photo, in the graph: cover, light, blur, coarse pixels and grain, as strong for each face as told.

Images are float32 (B, H, W, C) in grey levels 0 to 255; values per face are (B,).
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

LEVELS = 8  # steps of blur between none and the strongest


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


def light(images: keras.KerasTensor, contrast: keras.KerasTensor, brightness: keras.KerasTensor) -> keras.KerasTensor:
    """Images whose distance from their mean grey level is multiplied by contrast, then all by brightness."""
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return ops.clip(((images - mean) * _spread(contrast) + mean) * _spread(brightness), 0, 255)


def kernels(side: int, blur: float, pixelate: int) -> np.ndarray:
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


def grain(images: keras.KerasTensor, deviation: keras.KerasTensor, seed: keras.KerasTensor) -> keras.KerasTensor:
    """Images with Gaussian noise of this standard deviation in grey levels, made from one `seed` (0 to 1) per face.

    The sum of four random bytes per pixel, each a hash of its place and the seed: on TensorFlow, XLA would spend longer
    on normal numbers than on all other augmentation.  No value is further off than 3.5 standard deviations.
    """
    shape = images.shape[1:]
    place = _mixed(ops.cast(ops.reshape(ops.arange(int(np.prod(shape)), dtype="int32"), shape), "uint32"))
    start = _mixed(ops.cast(ops.cast(seed * 2**24, "int32"), "uint32"))
    bits = _mixed(ops.bitwise_xor(place, _spread(start)))
    byte = np.uint32(255)
    total = sum(
        ops.cast(ops.bitwise_and(ops.right_shift(bits, np.uint32(8 * k)), byte), "float32") for k in range(4)
    )
    return ops.clip(images + (total - 4 * 127.5) * _spread(deviation / np.sqrt(4 * (256**2 - 1) / 12)), 0, 255)


def _mixed(bits: keras.KerasTensor) -> keras.KerasTensor:
    """Integers (uint32) hashed: every bit of the input changes half of the output's (lowbias32, Wellons, 2018)."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = ops.bitwise_xor(bits, ops.right_shift(bits, np.uint32(shift))) * np.uint32(factor)
    return ops.bitwise_xor(bits, ops.right_shift(bits, np.uint32(16)))


def _spread(values: keras.KerasTensor) -> keras.KerasTensor:
    """(B,) as (B, 1, 1, 1)."""
    return ops.reshape(values, (-1, 1, 1, 1))
