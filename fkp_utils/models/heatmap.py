"""A residual encoder–decoder that draws a map of where each point may be, and answers with its mean place."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

# Of the first convolution at half the image's side, and of residual blocks at a quarter, an eighth and a sixteenth.
FILTERS = {"heatmap": (24, 48, 96, 160), "heatmap_half": (12, 24, 48, 80), "heatmap_wide": (36, 72, 144, 240)}


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """An encoder of residual blocks, a decoder that adds its finer features to the coarser ones, a map per output.

    The maps have a quarter of the image's side.  Softmax makes weights of a map's places; the point is their mean place
    (integral regression: Sun et al., 2018), so it lies between the places, and the loss is one of pixels.  dropout: of
    the channels that make the maps.  Arguments as in `architectures.build`.
    """
    image = layers.image(size, channels)
    stem, *blocks = FILTERS[name]
    x = layers.convolve(layers.centred(image), stem, 5, 2, "stem")
    finer = []
    for number, filters in enumerate(blocks, 1):
        x = layers.residual(x, filters, 2, f"encoder{number}")
        finer.append(x)
    for number, filters in reversed(list(enumerate(blocks[:-1], 1))):
        x = layers.merge(finer[number - 1], x, filters, f"merge{number}")
        x = layers.residual(x, filters, 1, f"decoder{number}")
    if dropout:
        x = keras.layers.SpatialDropout2D(dropout, name="head_dropout")(x)
    x = layers.mean_places(keras.layers.Conv2D(outputs, 1, name="head_maps", dtype="float32")(x))
    x = keras.layers.Reshape((2, outputs), name="head_reshape", dtype="float32")(x)
    x = keras.layers.Permute((2, 1), name="head_points", dtype="float32")(x)
    return keras.Model(image, layers.points(x, size), name=name)
