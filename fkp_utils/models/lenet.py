"""LeNet-5 (LeCun et al., 1998) as the first report built it (S0.4)."""

from __future__ import annotations

import keras

from fkp_utils.models import layers


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """6 and 16 filters of 3×3, each with ReLU and average pooling, then 120 and 84 units.

    943,054 parameters for grey images of 96×96 and 15 points.  Notebook 03 looks inside.  Arguments as in
    `architectures.build`.
    """
    image = layers.image(size, channels)
    x = layers.centred(image)
    for number, filters in enumerate((6, 16), 1):
        x = keras.layers.Conv2D(filters, 3, activation="relu", name=f"conv{number}")(x)
        x = keras.layers.AveragePooling2D(2, name=f"pool{number}")(x)
    return keras.Model(image, layers.head(x, outputs, size, (120, 84), dropout), name=name)
