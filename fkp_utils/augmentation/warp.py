"""Affine moves of images and their points together, in the graph: one matrix, one bilinear resampling.

A matrix (B, 2, 3) takes a point (x, y, 1) of each face to its new place; pixel (0, 0) has its centre at (0, 0).
"""

from __future__ import annotations

import keras
from keras import ops


def matrix(
    flip: keras.KerasTensor,
    angle: keras.KerasTensor,
    scale: keras.KerasTensor,
    shift: tuple[keras.KerasTensor, keras.KerasTensor],
    cut: keras.KerasTensor,
    place: tuple[keras.KerasTensor, keras.KerasTensor],
    size: tuple[int, int],
) -> keras.KerasTensor:
    """Mirror, turn, scale, shift and crop composed in this order, (B, 2, 3) float32.

    All but `size` have a value per face.  flip: bool.  angle in radians and scale are about the centre of the image;
    shift in pixels; cut: share of each side that the crop leaves out; place: how much of that lies left and above,
    0 to 1; size: (height, width).
    """
    angle, scale = ops.cast(angle, "float32"), ops.cast(scale, "float32")
    zoom = 1 / (1 - cut)
    cos, sin = ops.cos(angle) * scale * zoom, ops.sin(angle) * scale * zoom
    sign = ops.where(flip, -1.0, 1.0)
    middle = [(side - 1) / 2 for side in size[::-1]]
    moved = [
        (shift[axis] - (place[axis] - 0.5) * cut * size[::-1][axis]) * zoom + middle[axis]  # of the centre
        for axis in (0, 1)
    ]
    return _about([[cos * sign, -sin], [sin * sign, cos]], middle, moved)


def inverse(matrix: keras.KerasTensor) -> keras.KerasTensor:
    """The matrix (B, 2, 3) that takes the new places back to the old."""
    (a, b, x), (c, d, y) = [[matrix[:, row, column] for column in range(3)] for row in range(2)]
    determinant = a * d - b * c
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return _rows([[a, b, -(a * x + b * y)], [c, d, -(c * x + d * y)]])


def move(points: keras.KerasTensor, matrix: keras.KerasTensor) -> keras.KerasTensor:
    """The points (B, O, 2) where the matrix (B, 2, 3) takes them; missing ones stay missing."""
    return points[..., :1] * matrix[:, None, :, 0] + points[..., 1:] * matrix[:, None, :, 1] + matrix[:, None, :, 2]


def visible(points: keras.KerasTensor, size: tuple[int, int]) -> keras.KerasTensor:
    """The points (B, O, 2), missing where they lie outside an image of `size` (height, width)."""
    edge = ops.convert_to_tensor([size[1] - 0.5, size[0] - 0.5], "float32")
    inside = ops.all((points >= -0.5) & (points <= edge), axis=-1, keepdims=True)
    return ops.where(inside, points, float("nan"))


def sample(images: keras.KerasTensor, matrix: keras.KerasTensor, compiled: bool = True) -> keras.KerasTensor:
    """New images whose pixel p shows the place `matrix` p of the old (B, H, W, C), between its pixels bilinearly.

    Places outside show the nearest pixel of the border.  compiled: gathers pixels, which XLA makes fast; without, it is
    Keras's own transform, three times as fast where TensorFlow runs the graph operation by operation, ten times as slow
    on JAX, and nothing that XLA can compile on TensorFlow.  The two agree.
    """
    if not compiled:
        numbers = ops.pad(ops.reshape(matrix, (-1, 6)), ((0, 0), (0, 2)))
        return ops.image.affine_transform(images, numbers, fill_mode="nearest", data_format="channels_last")
    count, (height, width, channels) = ops.shape(images)[0], images.shape[1:]
    places = ops.reshape(matrix, (-1, 2, 3, 1, 1))
    x, y = ops.arange(width, dtype="float32"), ops.arange(height, dtype="float32")[:, None]
    x, y = (places[:, axis, 0] * x + places[:, axis, 1] * y + places[:, axis, 2] for axis in (0, 1))
    x, y = ops.clip(x, 0, width - 1), ops.clip(y, 0, height - 1)
    left, top = ops.minimum(ops.floor(x), width - 2), ops.minimum(ops.floor(y), height - 2)
    right, below = (x - left)[..., None], (y - top)[..., None]  # shares of the next pixels
    first = ops.cast(top * width + left, "int32") + ops.arange(count, dtype="int32")[:, None, None] * (height * width)
    pixels = ops.reshape(images, (-1, channels))
    corners = [ops.take(pixels, first + step, axis=0) for step in (0, 1, width, width + 1)]
    upper = corners[0] * (1 - right) + corners[1] * right
    lower = corners[2] * (1 - right) + corners[3] * right
    return upper * (1 - below) + lower * below


def _about(turn: list[list[keras.KerasTensor]], centre: list[float], moved: list[keras.KerasTensor]) -> object:
    """The matrix that turns about `centre`, which goes to `moved`."""
    return _rows([[a, b, to - (a * centre[0] + b * centre[1])] for (a, b), to in zip(turn, moved, strict=True)])


def _rows(rows: list[list[keras.KerasTensor]]) -> keras.KerasTensor:
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=1)
