"""ResNet-18 (He et al., 2016), as the report on 68 points used it (S1.4): flat, and for images of any size."""

from __future__ import annotations

import keras

from fkp_utils.models import layers

STEM = 64
FILTERS = (64, 128, 256, 512)  # of the four stages, two blocks each
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of red, green, blue from 0 to 1


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """A 7×7 convolution, max pooling, eight blocks of two 3×3 convolutions, their mean over the image, coordinates.

    The backbone has 11,176,512 weights that learn, as torchvision's has.  Red, green and blue are brought to ImageNet's
    mean 0 and deviation 1; grey is taken for three equal colours.  Keras publishes no ImageNet weights of it.  dropout:
    before the last layer.  Arguments as in `architectures.build`; notebook 11 trains it.
    """
    image = layers.image(size, channels)
    x = keras.layers.Concatenate(name="colours")([image] * 3) if channels == 1 else image
    scale = [1 / (255 * deviation) for deviation in IMAGENET_DEVIATION]
    offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)]
    x = keras.layers.Rescaling(scale, offset=offset, name="normal")(x)
    x = layers.convolve(x, STEM, 7, 2, "stem")
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, filters in enumerate(FILTERS, 1):
        for block in (1, 2):
            x = _block(x, filters, 2 if stage > 1 and block == 1 else 1, f"stage{stage}_block{block}")
    x = keras.layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(image, layers.head(x, outputs, size), name=name)


def _block(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    """Two convolutions beside what came in; where shapes differ, that is projected by a 1×1 convolution."""
    inner = layers.convolve(x, filters, 3, stride, f"{name}_conv1")
    inner = layers.convolve(inner, filters, 3, 1, f"{name}_conv2", relu=False)
    if stride > 1 or x.shape[-1] != filters:
        x = layers.convolve(x, filters, 1, stride, f"{name}_shortcut", relu=False)
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.Add(name=f"{name}_add")([inner, x]))
