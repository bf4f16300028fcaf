"""A small residual network that looks for places: what a few hundred thousand parameters can do today."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

STEM = 16
FILTERS = (16, 32, 64, 128)  # of the residual blocks (He et al., 2016)
MERGED = 64
MAPS = 64


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """A stem and four residual blocks, each halving the image; the last two are merged and give 64 maps.

    Of each map, softmax makes weights of its places, and their mean place (Levine et al., 2016, "spatial softmax") goes
    to the last layer: so positions are finer than the 6×6 cells of the maps at 96×96, and few parameters are needed.
    367,214 for grey images and 15 points, whatever the size.  Arguments as in `architectures.build`.
    """
    image = layers.image(size, channels)
    x = layers.centred(image)
    x = layers.convolve(x, STEM, 5, 2, "stem")
    blocks = []
    for number, filters in enumerate(FILTERS, 1):
        x = layers.residual(x, filters, 2, f"block{number}")
        blocks.append(x)
    x = layers.convolve(layers.merge(blocks[-2], x, MERGED, "merge"), MERGED, 3, 1, "merge")
    if dropout:
        x = keras.layers.SpatialDropout2D(dropout, name="head_dropout")(x)
    x = keras.layers.Conv2D(MAPS, 1, name="maps")(x)
    return keras.Model(image, layers.head(layers.mean_places(x), outputs, size), name=name)
