"""Weights from files: where they are looked for, and how they are read."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import h5py
    import keras

IMAGENET = "imagenet"
HEAD = "head"  # the names of the layers that belong to the task start so; all others are the backbone
PATIENCE = 20  # seconds that a server may stay silent
MANY = 40  # layers whose shapes agree one by one are those of one architecture, whatever their names


def is_head(layer: keras.Layer) -> bool:
    """True for a layer of the head, which belongs to the task; False for one of the backbone, which can be kept."""
    return layer.name.startswith(HEAD)


class WeightsError(ValueError):
    """Weights are not to be had, or do not fit the model."""


@dataclasses.dataclass(frozen=True)
class _Published:
    """files: names under which the weights are looked for; the first is downloaded from `url`, with its MD5 sum."""

    url: str
    files: tuple[str, ...]
    md5: str | None = None


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_SQUEEZENET = "https://github.com/rcmalli/keras-squeezenet/releases/download/v1.0"
_FILE = "{}_weights_tf_dim_ordering_tf_kernels{}.h5"
_PUBLISHED = {
    name: _Published(url, (_FILE.format(name, "_notop"), *others), md5)
    for name, url, others, md5 in (
        ("vgg16", f"{_KERAS}/vgg16", (_FILE.format("vgg16", ""),), "6d6bbae143d832006294945121d1f1fc"),
        ("vgg19", f"{_KERAS}/vgg19", (_FILE.format("vgg19", ""),), "253f8cb515780f3b799900260a226db6"),
        ("resnet50", f"{_KERAS}/resnet", (_FILE.format("resnet50", ""),), "4d473c1dd8becc155b73f8504c6f6626"),
        ("densenet121", f"{_KERAS}/densenet", (_FILE.format("densenet121", ""),), "30ee3e1110167f948a6b9946edeeb738"),
        ("densenet169", f"{_KERAS}/densenet", (_FILE.format("densenet169", ""),), "b8c4d4c20dd625c148057b9ff1c1176b"),
        ("xception", f"{_KERAS}/xception", (_FILE.format("xception", ""),), "b0042744bf5b25fce3cb969f33bebb97"),
    )
}
_PUBLISHED |= {
    "squeezenet": _Published(_SQUEEZENET, ("squeezenet_v1.1_imagenet_notop.h5",)),
    "mobilenetv2": _Published(
        f"{_KERAS}/mobilenet_v2",
        tuple(f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224{top}.h5" for top in ("_no_top", "")),
    ),
}


def find(name: str, weights: str | os.PathLike[str]) -> pathlib.Path:
    """The file of weights for the model `name`.

    weights: a file; a folder with one; or "imagenet": the folder named by `FKP_WEIGHTS`, then `weights/` in the data
    folder are searched, then keras downloads it.  WeightsError with what to do if there is none.
    """
    if weights == IMAGENET:
        return at_hand(name) or _download(name)
    path = pathlib.Path(weights)
    if path.is_file():
        return path
    if not path.is_dir():
        raise WeightsError(f"{path}: not found; expected a file of weights, a folder with one, or {IMAGENET!r}")
    found = _inside(name, path)
    if found is None:
        raise WeightsError(f"{path}: no weights of {name} in this folder; expected {' or '.join(_names(name))}")
    return found


def _names(name: str) -> tuple[str, ...]:
    published = _PUBLISHED[name].files if name in _PUBLISHED else ()
    return (*published, f"{name}.weights.h5", f"{name}.h5")


def _inside(name: str, folder: pathlib.Path) -> pathlib.Path | None:
    return next((folder / file for file in _names(name) if (folder / file).is_file()), None)


def published(name: str) -> bool:
    """Whether there are ImageNet weights of the model `name`."""
    return name in _PUBLISHED


def at_hand(name: str) -> pathlib.Path | None:
    """The file of ImageNet weights for the model `name` where "imagenet" is searched for, None if none is there."""
    if not published(name):
        raise WeightsError(f"there are no ImageNet weights of {name}; there are of {', '.join(_PUBLISHED)}")
    usual = [pathlib.Path(place) / "weights" for place in (os.environ.get("FKP_DATA") or "data", "../data")]
    named = os.environ.get("FKP_WEIGHTS")
    for folder in [pathlib.Path(named), *usual] if named else usual:
        if found := _inside(name, folder):
            return found
    return None


def _download(name: str) -> pathlib.Path:
    import keras

    published = _PUBLISHED[name]
    address = f"{published.url}/{published.files[0]}"
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        return pathlib.Path(
            keras.utils.get_file(published.files[0], address, cache_subdir="models", file_hash=published.md5)
        )
    except Exception as error:  # keras raises plain Exception for whatever the network does
        raise WeightsError(
            f"no ImageNet weights of {name}: {error}.  Download {address} where there is a network, put the file into "
            f"a folder, and name the folder in FKP_WEIGHTS or as `weights`; or start from random weights (weights=None)"
        ) from error
    finally:
        socket.setdefaulttimeout(patience)


def load(model: keras.Model, path: str | os.PathLike[str]) -> list[str]:
    """Sets the weights of the backbone's layers to those of equal name in the file; returns the layers' names.

    The file is HDF5 as Keras 2 (`.h5`, by layer name) or Keras 3 (`.weights.h5`) writes it.  A / in a name of the file
    is _ in the model's.  Where names differ, as in some published files, layers are taken in their order, if there are
    at least MANY and all shapes agree.  What the file has besides is not used.  WeightsError with the file and
    the layer if one is not in it, if a shape or a value is not as it should be, or if the file is not whole; the model
    is unchanged then.
    """
    path = pathlib.Path(path)
    wanted = [layer for layer in model.layers if layer.weights and not is_head(layer)]
    found = {}
    with _opened(path) as file:
        stored = _in_order(_stored(file, path), wanted)
        for layer in wanted:
            shapes = [tuple(weight.shape) for weight in layer.weights]
            if layer.name not in stored:
                raise WeightsError(f"{path}: no layer {layer.name}; expected one of shapes {_text(shapes)}")
            arrays = stored[layer.name]
            if [array.shape for array in arrays] != shapes:
                stands = _text([array.shape for array in arrays])
                raise WeightsError(f"{path}: layer {layer.name} has shapes {stands}; expected {_text(shapes)}")
            found[layer.name] = [np.array(array) for array in arrays]
            if not all(np.isfinite(array).all() for array in found[layer.name]):
                raise WeightsError(f"{path}: layer {layer.name} has values that are not finite; expected numbers")
    for layer in wanted:
        layer.set_weights(found[layer.name])
    return list(found)


def _in_order(stored: dict[str, list[h5py.Dataset]], wanted: list[keras.Layer]) -> dict[str, list[h5py.Dataset]]:
    """What is stored, by the names of the wanted layers if only the order of both agrees."""
    filled = [arrays for arrays in stored.values() if arrays][: len(wanted)]
    shapes = [[tuple(weight.shape) for weight in layer.weights] for layer in wanted]
    unknown = any(layer.name not in stored for layer in wanted)
    if unknown and len(wanted) >= MANY and [[array.shape for array in arrays] for arrays in filled] == shapes:
        return dict(zip([layer.name for layer in wanted], filled, strict=True))
    return stored


def _text(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join("×".join(map(str, shape)) for shape in shapes) or "none"


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[h5py.File]:
    import h5py

    try:
        with h5py.File(path) as file:
            yield file
    except (OSError, KeyError) as error:  # KeyError: a name is listed, what it names is not there
        raise WeightsError(f"{path}: {error}; expected a whole HDF5 file, perhaps download it again") from error


def _stored(file: h5py.File, path: pathlib.Path) -> dict[str, list[h5py.Dataset]]:
    """The weights in the file, by the layer's name as the model spells it."""
    legacy = file.get("model_weights", file)
    if "layer_names" in legacy.attrs or "layer_names0" in legacy.attrs:
        groups = {name: legacy[name] for name in _attribute(legacy, "layer_names")}
        return {
            name.replace("/", "_"): [group[weight] for weight in _attribute(group, "weight_names")]
            for name, group in groups.items()
        }
    layers = [group["vars"] for group in file.get("layers", {}).values() if "vars" in group]
    if not any("name" in group.attrs for group in layers):
        raise WeightsError(f"{path}: no layer names; expected a file as keras writes it: `.h5` or `.weights.h5`")
    return {str(group.attrs["name"]): [group[key] for key in sorted(group, key=int)] for group in layers}


def _attribute(group: h5py.Group, name: str) -> list[str]:
    """A list of names; Keras 2 splits a long one into name0, name1, …"""
    parts = [name] if name in group.attrs else []
    while f"{name}{len(parts)}" in group.attrs:
        parts.append(f"{name}{len(parts)}")
    return [text.decode() if isinstance(text, bytes) else str(text) for part in parts for text in group.attrs[part]]
