"""VGG-16 and VGG-19 (Simonyan and Zisserman, 2015) as keras.applications builds and names them (S0.5, S0.8, S0.9)."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

FILTERS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
UNITS = 512  # one hidden layer in place of ImageNet's two of 4,096


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """Five blocks of 3×3 convolutions, each with max pooling: 18 layers in VGG-16, 21 in VGG-19; then 512 units.

    Arguments as in `architectures.build`; notebook 04 looks inside.
    """
    image = layers.image(size, channels)
    x = layers.imagenet(image)
    for block, (count, filters) in enumerate(zip(CONVOLUTIONS[name], FILTERS, strict=True), 1):
        for number in range(1, count + 1):
            convolution = keras.layers.Conv2D(
                filters, 3, padding="same", activation="relu", name=f"block{block}_conv{number}"
            )
            x = convolution(x)
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return keras.Model(image, layers.head(x, outputs, size, (UNITS,), dropout, imagenet=True), name=name)
