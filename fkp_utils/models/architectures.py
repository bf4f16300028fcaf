"""Networks that map an image to points in pixels: one builder for all of them, and what they share."""

from __future__ import annotations

import dataclasses
import importlib
import os
from typing import TYPE_CHECKING

from fkp_utils.models import pretrained

if TYPE_CHECKING:
    import keras

WeightsError = pretrained.WeightsError


@dataclasses.dataclass(frozen=True)
class _Architecture:
    """module has `build(name, outputs, size, channels, dropout)`; smallest: least height and width in pixels."""

    module: str
    smallest: int


_ARCHITECTURES = {
    "lenet5": _Architecture("lenet", 10),
    "vgg16": _Architecture("vgg", 32),
    "vgg19": _Architecture("vgg", 32),
    "squeezenet": _Architecture("squeezenet", 32),
    "small": _Architecture("small", 16),
    "three_conv": _Architecture("three_conv", 18),
    "heatmap": _Architecture("heatmap", 16),
    "heatmap_half": _Architecture("heatmap", 16),
    "heatmap_wide": _Architecture("heatmap", 16),
    "resnet50": _Architecture("backbones", 32),
    "densenet121": _Architecture("backbones", 32),
    "densenet169": _Architecture("backbones", 32),
    "mobilenetv2": _Architecture("backbones", 32),
    "xception": _Architecture("backbones", 71),
    "nose_tip": _Architecture("plain", 42),
    "nose_tip_3x3": _Architecture("plain", 22),
    "nose_tip_16": _Architecture("plain", 42),
    "six_conv": _Architecture("plain", 158),
    "resnet18": _Architecture("resnet", 16),
}
NAMES = tuple(_ARCHITECTURES)


def module(name: str) -> str:
    """The full name of the module that builds the model `name`, one of NAMES."""
    return f"fkp_utils.models.{_ARCHITECTURES[name].module}"


def build(
    name: str,
    outputs: int,
    size: tuple[int, int] = (96, 96),
    channels: int = 1,
    *,
    dropout: float = 0.0,
    weights: str | os.PathLike[str] | None = None,
) -> keras.Model:
    """A model that maps images (B, H, W, C), grey levels or RGB from 0 to 255, to points (B, outputs, 2) in pixels.

    It is functional and flat, without a model inside, and needs no custom objects to be loaded again.  Its input is
    called "image", its output "points".  `size` is (height, width); `channels` is 1 or 3; `dropout` is the share of
    each hidden dense layer's inputs that is dropped in training (in networks that draw maps, of the channels that
    make them).

    weights: None to start from random ones; "imagenet" for those of ImageNet, searched for and else downloaded; or a
    file, or a folder with one, as `pretrained.load` reads it.  Only the backbone takes them.

    ValueError with the known names for another name, and for arguments out of range; WeightsError if the weights are
    not to be had or do not fit.
    """
    if name not in _ARCHITECTURES:
        raise ValueError(f"no model {name!r}; there are {', '.join(NAMES)}")
    architecture = _ARCHITECTURES[name]
    if outputs < 1:
        raise ValueError(f"outputs is {outputs}; expected at least one point")
    if min(size) < architecture.smallest:
        raise ValueError(f"size is {tuple(size)}; {name} needs at least {architecture.smallest} px each way")
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; expected 1 (grey) or 3 (RGB)")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout}; expected a share from 0 to below 1")
    path = None if weights is None else pretrained.find(name, weights)
    model = importlib.import_module(module(name)).build(name, outputs, tuple(size), channels, dropout)
    if path is not None:
        pretrained.load(model, path)
    return model


def freeze(model: keras.Model, frozen: bool = True) -> None:
    """Decides what trains: the head alone (`frozen`), or everything.  Compile the model again after it.

    A frozen batch normalisation keeps its statistics, too.
    """
    for layer in model.layers:
        layer.trainable = not frozen or pretrained.is_head(layer)


def transfer(source: keras.Model, target: keras.Model) -> list[str]:
    """Copies to `target` the weights of each layer that has the same name and shapes in `source`; returns their names.

    So a model pretrained on other faces gives its backbone, and its head if it has as many points.  ValueError if no
    layer fits.
    """
    known = {layer.name: layer for layer in source.layers}
    copied = []
    for layer in target.layers:
        wanted = [weight.shape for weight in layer.weights]
        if wanted and layer.name in known and [weight.shape for weight in known[layer.name].weights] == wanted:
            layer.set_weights(known[layer.name].get_weights())
            copied.append(layer.name)
    if not copied:
        raise ValueError(f"no layer of {source.name} has the name and shapes of one of {target.name}; nothing to copy")
    return copied
