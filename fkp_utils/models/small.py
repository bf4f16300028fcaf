"""A small residual network that looks for places: what a few hundred thousand parameters can do today."""

from __future__ import annotations

import keras
import numpy as np

from fkp_utils.models import layers

STEM = 16
FILTERS = (16, 32, 64, 128)  # of the residual blocks (He et al., 2016)
MERGED = 64
MAPS = 64
MOMENTUM = 0.9  # of the normalisation's running statistics: they settle within one short epoch


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """A stem and four residual blocks, each halving the image; the last two are merged and give 64 maps.

    Of each map, softmax makes weights of its places, and their mean place (Levine et al., 2016, "spatial softmax") goes
    to the last layer: so positions are finer than the 6×6 cells of the maps at 96×96, and few parameters are needed.
    367,214 for grey images and 15 points, whatever the size.  Arguments as in `models.build`.
    """
    image = layers.image(size, channels)
    x = layers.centred(image)
    x = _convolve(x, STEM, 5, 2, "stem")
    blocks = []
    for number, filters in enumerate(FILTERS, 1):
        x = _block(x, filters, f"block{number}")
        blocks.append(x)
    x = _merge(blocks[-2], _convolve(x, MERGED, 1, 1, "coarse"))
    if dropout:
        x = keras.layers.SpatialDropout2D(dropout, name="head_dropout")(x)
    x = keras.layers.Conv2D(MAPS, 1, name="maps")(x)
    return keras.Model(image, layers.head(_mean_places(x), outputs, size), name=name)


def _block(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """Two 3×3 convolutions beside a pooled 1×1 one, added."""
    inner = _convolve(x, filters, 3, 2, f"{name}_conv1")
    inner = _convolve(inner, filters, 3, 1, f"{name}_conv2", relu=False)
    shortcut = keras.layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
    shortcut = _convolve(shortcut, filters, 1, 1, f"{name}_shortcut", relu=False)
    x = keras.layers.Add(name=f"{name}_add")([inner, shortcut])
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _merge(fine: keras.KerasTensor, coarse: keras.KerasTensor) -> keras.KerasTensor:
    """The coarser features, at twice their size, added to the finer ones."""
    coarse = keras.layers.UpSampling2D(2, name="coarse_larger")(coarse)
    surplus = [(0, coarse.shape[side] - fine.shape[side]) for side in (1, 2)]
    if any(after for _, after in surplus):
        coarse = keras.layers.Cropping2D(surplus, name="coarse_cropped")(coarse)
    x = keras.layers.Add(name="merge_add")([_convolve(fine, MERGED, 1, 1, "fine"), coarse])
    return _convolve(x, MERGED, 3, 1, "merge")


def _mean_places(x: keras.KerasTensor) -> keras.KerasTensor:
    """Maps (B, h, w, C) to the weighted mean place of each (B, 2C): all columns, then all rows, 0 in the middle."""
    height, width, maps = x.shape[1:]
    x = keras.layers.Reshape((height * width, maps), name="head_places")(x)
    x = keras.layers.Softmax(axis=1, name="head_weights")(x)
    rows, columns = np.mgrid[:height, :width]
    means = []
    for axis, places, count in (("column", columns, width), ("row", rows, height)):
        scaled = ((2 * places + 1) / count - 1) * height * width  # a pooling divides by the number of places again
        weighted = keras.layers.Rescaling(scaled.reshape(-1, 1).tolist(), name=f"head_{axis}s")(x)
        means.append(keras.layers.GlobalAveragePooling1D(name=f"head_mean_{axis}")(weighted))
    return keras.layers.Concatenate(name="head_means")(means)


def _convolve(
    x: keras.KerasTensor, filters: int, side: int, stride: int, name: str, relu: bool = True
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, side, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x
