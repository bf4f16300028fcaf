"""Networks of keras.applications with a head for points: those of the reports on S3.1 and S4.2."""

from __future__ import annotations

import collections
import dataclasses
import re

import keras

from fkp_utils.models import layers

UNITS = 128
UNNAMED = re.compile(r"(add|batch_normalization|conv2d|zero_padding2d)(_\d+)?")


@dataclasses.dataclass(frozen=True)
class _Backbone:
    """application: its function in keras.applications.  mean, deviation: of red, green and blue from 0 to 255, taken
    off and divided by, as its ImageNet weights expect it.  blue_first: colours in reverse order.  learnt: grey becomes
    three colours by a 1×1 convolution that trains (S3.1), else by repetition.
    """

    application: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    blue_first: bool = False
    learnt: bool = False


_CAFFE = (123.68, 116.779, 103.939), (1.0, 1.0, 1.0)
_TORCH = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
_HALF = (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)
_BACKBONES = {
    "resnet50": _Backbone("ResNet50", *_CAFFE, blue_first=True, learnt=True),
    "densenet121": _Backbone("DenseNet121", *_TORCH, learnt=True),
    "densenet169": _Backbone("DenseNet169", *_TORCH),
    "mobilenetv2": _Backbone("MobileNetV2", *_HALF),
    "xception": _Backbone("Xception", *_HALF),
}


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """A network of keras.applications up to its last maps, which are normalised and laid flat; 128 units; coordinates.

    Statistics of normalisation settle within a short epoch, as elsewhere here, and not within thousands of steps.
    Notebooks 09 and 10 train them.  Arguments as in `architectures.build`.
    """
    backbone = _BACKBONES[name]
    image = layers.image(size, channels)
    x = _prepared(image, backbone)
    net = getattr(keras.applications, backbone.application)(include_top=False, weights=None, input_tensor=x)
    _rename(net)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = layers.MOMENTUM
    return keras.Model(image, layers.head(net.output, outputs, size, (UNITS,), dropout, imagenet=True), name=name)


def _prepared(x: keras.KerasTensor, backbone: _Backbone) -> keras.KerasTensor:
    """Grey levels or colours (B, H, W, C) as the backbone's ImageNet weights expect them.

    The convolution that learns starts as a repetition.
    """
    mean, deviation = backbone.mean, backbone.deviation
    if x.shape[-1] == 3 and backbone.blue_first:
        x = x[..., ::-1]
    if x.shape[-1] == 1 and not backbone.learnt:
        x = keras.layers.Concatenate(name="colours")([x, x, x])
    elif x.shape[-1] == 1:
        x = keras.layers.Rescaling(1 / 255, name="from_0_to_1")(x)
        x = keras.layers.Conv2D(3, 1, kernel_initializer="ones", name="head_colours")(x)
        mean, deviation = (tuple(value / 255 for value in values) for values in (mean, deviation))
    if backbone.blue_first:
        mean, deviation = mean[::-1], deviation[::-1]
    scale = [1 / each for each in deviation]
    offset = [-middle / each for middle, each in zip(mean, deviation, strict=True)]
    return keras.layers.Rescaling(scale, offset=offset, name="as_imagenet")(x)


def _rename(net: keras.Model) -> None:
    """Names layers by their place that keras.applications names by how many were built before in this process."""
    counts: collections.Counter[str] = collections.Counter()
    for layer in net.layers:
        if found := UNNAMED.fullmatch(layer.name):
            counts[found[1]] += 1
            layer.name = f"{found[1]}_{counts[found[1]]}"
