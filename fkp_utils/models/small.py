"""A small residual network (He et al., 2016): what a few hundred thousand parameters can do today."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

FILTERS = (32, 64, 128)
STEM = 16
REDUCED = 32  # channels that the head sees
MOMENTUM = 0.9  # of the normalisation's running statistics: they settle within one short epoch


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """A stem and three residual blocks, each halving the image, then coordinates from what is left of it.

    Arguments as in `models.build`.
    """
    image = layers.image(size, channels)
    x = layers.centred(image)
    x = _convolve(x, STEM, 5, 2, "stem")
    for number, filters in enumerate(FILTERS, 1):
        x = _block(x, filters, f"block{number}")
    x = _convolve(x, REDUCED, 1, 1, "reduce")
    return keras.Model(image, layers.head(x, outputs, size, (), dropout), name=name)


def _block(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """Two 3×3 convolutions beside a pooled 1×1 one, added."""
    inner = _convolve(x, filters, 3, 2, f"{name}_conv1")
    inner = _convolve(inner, filters, 3, 1, f"{name}_conv2", relu=False)
    shortcut = keras.layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
    shortcut = _convolve(shortcut, filters, 1, 1, f"{name}_shortcut", relu=False)
    x = keras.layers.Add(name=f"{name}_add")([inner, shortcut])
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _convolve(
    x: keras.KerasTensor, filters: int, side: int, stride: int, name: str, relu: bool = True
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, side, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x
