"""What the networks begin and end with: grey levels in, pixels out."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

MOMENTUM = 0.9  # of the normalisation's running statistics: they settle within one short epoch
IMAGENET_MEAN = (103.939, 116.779, 123.68)  # of blue, green and red, from 0 to 255


def image(size: tuple[int, int], channels: int) -> keras.KerasTensor:
    """The input: images (B, H, W, C) of 0 to 255."""
    return keras.Input((*size, channels), name="image", dtype="float32")


def centred(x: keras.KerasTensor) -> keras.KerasTensor:
    """Grey levels scaled to -1 … 1."""
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="centred")(x)


def imagenet(x: keras.KerasTensor) -> keras.KerasTensor:
    """Blue, green, red (B, H, W, 3) minus their ImageNet means, as networks that came from Caffe expect it.

    A grey image is taken for three equal colours.
    """
    x = keras.layers.Concatenate(name="colours")([x, x, x]) if x.shape[-1] == 1 else x[..., ::-1]
    return keras.layers.Rescaling(1.0, offset=[-mean for mean in IMAGENET_MEAN], name="minus_mean")(x)


def convolve(
    x: keras.KerasTensor, filters: int, side: int, stride: int, name: str, relu: bool = True
) -> keras.KerasTensor:
    """A convolution, normalised over the batch, and a ReLU."""
    x = keras.layers.Conv2D(filters, side, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x


def residual(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    """Two 3×3 convolutions beside what came in, added (He et al., 2016); pooled and mixed where sizes change."""
    inner = convolve(x, filters, 3, stride, f"{name}_conv1")
    inner = convolve(inner, filters, 3, 1, f"{name}_conv2", relu=False)
    if stride > 1:
        x = keras.layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(x)
    if x.shape[-1] != filters:
        x = convolve(x, filters, 1, 1, f"{name}_shortcut", relu=False)
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.Add(name=f"{name}_add")([inner, x]))


def merge(fine: keras.KerasTensor, coarse: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """The coarser features, at twice their size, added to the finer ones; both mixed into `filters` channels before."""
    coarse = convolve(coarse, filters, 1, 1, f"{name}_coarse")
    coarse = keras.layers.UpSampling2D(2, name=f"{name}_larger")(coarse)
    surplus = [(0, coarse.shape[side] - fine.shape[side]) for side in (1, 2)]
    if any(after for _, after in surplus):
        coarse = keras.layers.Cropping2D(surplus, name=f"{name}_cropped")(coarse)
    return keras.layers.Add(name=f"{name}_add")([convolve(fine, filters, 1, 1, f"{name}_fine"), coarse])


def mean_places(x: keras.KerasTensor) -> keras.KerasTensor:
    """Maps (B, h, w, C) to the mean place (B, 2C) under the softmax of each: all columns, then all rows.

    0 is the middle of the image, ±1 its edges, as in `points`.  In float32, whatever the maps are.
    """
    height, width, maps = x.shape[1:]
    x = keras.layers.Reshape((height * width, maps), name="head_places")(x)
    x = keras.layers.Softmax(axis=1, name="head_weights", dtype="float32")(x)
    rows, columns = np.mgrid[:height, :width]
    means = []
    for axis, places, count in (("column", columns, width), ("row", rows, height)):
        scaled = ((2 * places + 1) / count - 1) * height * width  # a pooling divides by the number of places again
        weighted = keras.layers.Rescaling(scaled.reshape(-1, 1).tolist(), name=f"head_{axis}s", dtype="float32")(x)
        means.append(keras.layers.GlobalAveragePooling1D(name=f"head_mean_{axis}", dtype="float32")(weighted))
    return keras.layers.Concatenate(name="head_means", dtype="float32")(means)


def points(x: keras.KerasTensor, size: tuple[int, int]) -> keras.KerasTensor:
    """Coordinates (B, outputs, 2), 0 in the middle of the image and ±1 at its edges, to pixels: the output "points"."""
    height, width = size
    return keras.layers.Rescaling(
        [width / 2, height / 2], offset=[(width - 1) / 2, (height - 1) / 2], name="points", dtype="float32"
    )(x)


def head(
    x: keras.KerasTensor,
    outputs: int,
    size: tuple[int, int],
    hidden: Sequence[int] = (),
    dropout: float = 0.0,
    imagenet: bool = False,
) -> keras.KerasTensor:
    """Features (B, h, w, c) to points (B, outputs, 2) in pixels: flat, dense layers of `hidden` units, coordinates.

    The network's own coordinates are 0 in the middle of the image and ±1 at its edges.  imagenet: features may come
    from ImageNet, where a few are very large.  Those of each image are brought to mean 0 and variance 1, not those of
    each batch, as many fire on few faces; and the last weights start small, so that training begins near the middle.
    """
    start: str | keras.Initializer = "glorot_uniform"
    if imagenet:
        x = keras.layers.GroupNormalization(groups=1, name="head_norm")(x)
        start = keras.initializers.RandomNormal(stddev=0.01)
    x = keras.layers.Flatten(name="head_flatten")(x)
    for number, units in enumerate(hidden, 1):
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"head_dropout{number}")(x)
        x = keras.layers.Dense(units, activation="relu", name=f"head_dense{number}")(x)
    x = keras.layers.Dense(2 * outputs, kernel_initializer=start, name="head_coordinates")(x)
    return points(keras.layers.Reshape((outputs, 2), name="head_reshape")(x), size)
