"""Three convolutions and three dense layers: the network of the report on regularisation and learning rate (S2.1)."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

FILTERS = ((32, 3), (64, 2), (128, 2))  # how many, and the side of each
UNITS = (500, 500)


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """Three convolutions, each with ReLU and max pooling, then three dense layers, the last of which gives coordinates.

    The report tells the layers in text and their sizes only in a drawing; these are those of the tutorial that it names
    as its model (Nouri, 2014).  8,051,502 parameters for grey images of 96×96 and 15 points.  Notebook 08 trains it.
    Arguments as in `architectures.build`.
    """
    image = layers.image(size, channels)
    x = layers.centred(image)
    for number, (filters, side) in enumerate(FILTERS, 1):
        x = keras.layers.Conv2D(filters, side, activation="relu", name=f"conv{number}")(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    return keras.Model(image, layers.head(x, outputs, size, UNITS, dropout), name=name)
