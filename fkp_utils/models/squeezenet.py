"""SqueezeNet 1.1 (Iandola et al., 2016): ImageNet features from 722,496 parameters, for S0.9 on a small machine."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

SQUEEZED = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}  # filters of each fire module's first layer
EXPANSION = 4
POOLED = (3, 5)  # modules with a pooling behind them
UNITS = 128


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """Eight fire modules: 1×1 filters squeeze the channels, 1×1 and 3×3 filters side by side expand them; 128 units.

    Names as in the Keras weights file, with _ in place of /.  Arguments as in `architectures.build`.
    """
    image = layers.image(size, channels)
    x = layers.imagenet(image)
    x = keras.layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for number, filters in SQUEEZED.items():
        x = _fire(x, filters, f"fire{number}")
        if number in POOLED:
            x = keras.layers.MaxPooling2D(3, strides=2, name=f"pool{number}")(x)
    return keras.Model(image, layers.head(x, outputs, size, (UNITS,), dropout, imagenet=True), name=name)


def _fire(x: keras.KerasTensor, squeezed: int, name: str) -> keras.KerasTensor:
    def convolve(x: keras.KerasTensor, filters: int, side: int, part: str) -> keras.KerasTensor:
        layer = keras.layers.Conv2D(filters, side, padding="same", activation="relu", name=f"{name}_{part}")
        return layer(x)

    x = convolve(x, squeezed, 1, "squeeze1x1")
    expanded = [convolve(x, EXPANSION * squeezed, side, f"expand{side}x{side}") for side in (1, 3)]
    return keras.layers.Concatenate(name=f"{name}_concat")(expanded)
