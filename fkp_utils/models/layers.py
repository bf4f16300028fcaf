"""What the networks begin and end with: grey levels in, pixels out."""

from __future__ import annotations

from collections.abc import Sequence

import keras

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
    height, width = size
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
    x = keras.layers.Reshape((outputs, 2), name="head_reshape")(x)
    return keras.layers.Rescaling(
        [width / 2, height / 2], offset=[(width - 1) / 2, (height - 1) / 2], name="points", dtype="float32"
    )(x)
