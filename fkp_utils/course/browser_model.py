"""The model for the report's page "Try it": a Keras network as operations that `network.js` computes in a browser."""

from __future__ import annotations

import base64
import collections
import io
import json
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from fkp_utils import keypoints
from fkp_utils.app import prediction, web
from fkp_utils.datasets.synthetic import generator
from fkp_utils.evaluation import test_time_augmentation
from fkp_utils.system import files

if TYPE_CHECKING:
    import keras

VARIABLE = "FKP_MODEL"  # of the page, which holds what `write` writes
ARRAYS = ("scale", "offset", "kernel", "bias")  # of operations
PEOPLE = ((12, -18.0), (31, 20.0))  # of the examples: seed and yaw in degrees
LARGER = 3  # times the size at which a face is made


def write(path: str | os.PathLike[str], model: keras.Model | None) -> None:
    """Writes the script that gives the page its model and examples; without a model, the page says that it has none.

    ValueError for what `operations` refuses, and for a model that `prediction.load` refuses.
    """
    described = None if model is None else describe(model)
    files.write_text(path, f"window.{VARIABLE} = {json.dumps(described)};\n")


def describe(model: keras.Model) -> dict[str, Any]:
    """All that the page needs to know, as JSON has it.

    size: (height, width) of the images in px.  operations: see there; an array in them is [first, end] in `weights`,
    which is base64 of float32, the lowest byte first.  sets: of each set of points that the model answers, the names,
    which point a mirror puts in the place of each, and `outputs`: those whose mean each point is.  middle, radius: as
    in `prediction`.  shifts: of the views.  examples: pictures of synthetic faces by their names.
    """
    network = prediction.load(model)
    height, width, channels = network.input.shape[1:]
    if channels != 1:
        raise ValueError(f"{network.name}: {channels} channels; expected 1, grey levels")
    described, weights, first = operations(network), [], 0
    for operation in described:
        for name in ARRAYS:
            if name in operation:
                weights.append(operation[name].astype("<f4").ravel())
                operation[name] = [first, first := first + weights[-1].size]
    return {
        "name": network.name,
        "size": [height, width],
        "operations": described,
        "weights": base64.b64encode(np.concatenate(weights).tobytes()).decode(),
        "sets": _sets(network.output.shape[1]),
        "middle": prediction.MIDDLE.tolist(),
        "shifts": test_time_augmentation.SHIFTS,
        "examples": _examples(),
    }


def operations(model: keras.Model) -> list[dict[str, Any]]:
    """A functional model of one input and one output, one operation after the other; the last one gives the output.

    Each has its `kind`, the places in this list of the operations that are its `inputs`, the `shape` of its result
    without the batch, and what the kind needs, such as the float arrays `kernel` and `bias`.  A batch normalisation is
    a scale and an offset of each channel; after a convolution that nothing else reads, it is a part of it.

    ValueError, with the layer's name, for a kind of layer that is not in LAYERS, for a setting that is not known, and
    for a layer that is used twice.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"{model.name}: {len(model.inputs)} inputs, {len(model.outputs)} outputs; expected one of each"
        )
    inputs = {layer.name: _inputs(layer) for layer in model.operations}
    readers = collections.Counter(id(tensor) for tensors in inputs.values() for tensor in tensors)
    made: dict[int, int] = {}  # which operation gives a tensor
    found: list[dict[str, Any]] = []
    for layer in model.operations:
        if type(layer).__name__ not in LAYERS:
            known = ", ".join(LAYERS)
            raise ValueError(
                f"{layer.name}: a browser does not know the layer {type(layer).__name__}; it knows {known}"
            )
        if not all(id(tensor) in made for tensor in inputs[layer.name]):
            raise ValueError(f"{layer.name}: reads a layer that is used twice; expected each to be used once")
        sources = [made[id(tensor)] for tensor in inputs[layer.name]]
        alone = bool(sources) and readers[id(inputs[layer.name][0])] == 1
        if alone and type(layer).__name__ == "BatchNormalization" and found[sources[0]]["kind"] == "convolution":
            convolution, (scale, offset) = found[sources[0]], _of_channels(layer)
            convolution |= {"kernel": convolution["kernel"] * scale, "bias": convolution["bias"] * scale + offset}
            made[id(layer.output)] = sources[0]
        else:
            made[id(layer.output)] = len(found)
            operation = LAYERS[type(layer).__name__](layer)
            found.append(operation | {"inputs": sources, "shape": list(layer.output.shape[1:])})
    if made.get(id(model.outputs[0])) != len(found) - 1:
        raise ValueError(
            f"{model.name}: its output is not what its last layer gives; expected a layer that is used once"
        )
    return found


def _inputs(layer: keras.Layer) -> list[keras.KerasTensor]:
    import keras

    return [] if isinstance(layer, keras.layers.InputLayer) else keras.tree.flatten(layer.input)


def _expect(layer: keras.Layer, **settings: Any) -> None:
    """ValueError if the layer has another setting than one of those that are listed for it."""
    for name, known in settings.items():
        value = getattr(layer, name)
        if value not in known:
            raise ValueError(f"{layer.name}: {name} is {value!r}; a browser knows {' or '.join(map(repr, known))}")


def _before(layer: keras.Layer, sides: tuple[int, int]) -> list[int]:
    """How many rows and columns of padding lie before an image, as TensorFlow puts them."""
    _expect(layer, padding=("same", "valid"), data_format=("channels_last",))
    if layer.padding == "valid":
        return [0, 0]
    missing = [
        (math.ceil(size / stride) - 1) * stride + side - size
        for size, side, stride in zip(layer.input.shape[1:3], sides, layer.strides, strict=True)
    ]
    return [max(0, each) // 2 for each in missing]


def _convolution(layer: keras.layers.Conv2D) -> dict[str, Any]:
    import keras

    _expect(layer, groups=(1,), dilation_rate=((1, 1),))
    activation = keras.activations.serialize(layer.activation)
    if activation != "linear":
        raise ValueError(f"{layer.name}: activation is {activation!r}; a browser knows 'linear'")
    kernel = np.asarray(layer.kernel, float)
    bias = np.asarray(layer.bias, float) if layer.use_bias else np.zeros(kernel.shape[-1])
    before = _before(layer, layer.kernel_size)
    sizes = {"side": list(layer.kernel_size), "stride": list(layer.strides), "before": before}
    return {"kind": "convolution", **sizes, "kernel": kernel, "bias": bias}


def _average_pooling(layer: keras.layers.AveragePooling2D) -> dict[str, Any]:
    before = _before(layer, layer.pool_size)
    return {"kind": "pooling", "side": list(layer.pool_size), "stride": list(layer.strides), "before": before}


def _of_channels(layer: keras.layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """The scale and the offset (C,) of each channel."""
    _expect(layer, axis=(-1, len(layer.output.shape) - 1))
    scale = 1 / np.sqrt(np.asarray(layer.moving_variance, float) + layer.epsilon)
    scale = scale * np.asarray(layer.gamma, float) if layer.scale else scale
    offset = -np.asarray(layer.moving_mean, float) * scale
    return scale, offset + np.asarray(layer.beta, float) if layer.center else offset


def _scale(scale: Any, offset: Any, layer: keras.Layer) -> dict[str, Any]:
    """The scale and offset of each value, once for `share` values that follow one another and have the same."""
    shape, share = layer.output.shape[1:], 1
    both = np.stack([np.broadcast_to(np.asarray(values, float), shape) for values in (scale, offset)])
    while both.ndim > 1 and (np.ptp(both, axis=-1) == 0).all():
        share *= both.shape[-1]
        both = both[..., 0]
    return {"kind": "scale", "share": share, "scale": both[0].ravel(), "offset": both[1].ravel()}


def _relu(layer: keras.layers.ReLU) -> dict[str, Any]:
    _expect(layer, max_value=(None,), negative_slope=(0,), threshold=(0,))
    return {"kind": "relu"}


def _sum(layer: keras.layers.Add) -> dict[str, Any]:
    shapes = {tuple(tensor.shape) for tensor in layer.input}
    if len(shapes) > 1:
        raise ValueError(f"{layer.name}: adds arrays of shapes {sorted(shapes)}; expected equal ones")
    return {"kind": "sum"}


def _larger(layer: keras.layers.UpSampling2D) -> dict[str, Any]:
    _expect(layer, interpolation=("nearest",), data_format=("channels_last",))
    return {"kind": "larger", "times": list(layer.size)}


def _cropping(layer: keras.layers.Cropping2D) -> dict[str, Any]:
    _expect(layer, data_format=("channels_last",))
    return {"kind": "cropping", "before": [first for first, _ in layer.cropping]}


def _softmax(layer: keras.layers.Softmax) -> dict[str, Any]:
    if len(layer.output.shape) != 3 or layer.axis != 1:
        raise ValueError(f"{layer.name}: softmax over axis {layer.axis}; a browser knows places (B, P, C), axis 1")
    return {"kind": "softmax"}


def _mean(layer: keras.layers.GlobalAveragePooling1D) -> dict[str, Any]:
    _expect(layer, data_format=("channels_last",))
    return {"kind": "mean"}


def _concatenation(layer: keras.layers.Concatenate) -> dict[str, Any]:
    _expect(layer, axis=(-1, len(layer.output.shape) - 1))
    return {"kind": "concatenation"}


def _transposition(layer: keras.layers.Permute) -> dict[str, Any]:
    _expect(layer, dims=((2, 1),))
    return {"kind": "transposition"}


LAYERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "InputLayer": lambda layer: {"kind": "input"},
    "Rescaling": lambda layer: _scale(layer.scale, layer.offset, layer),
    "Conv2D": _convolution,
    "BatchNormalization": lambda layer: _scale(*_of_channels(layer), layer),
    "ReLU": _relu,
    "Add": _sum,
    "AveragePooling2D": _average_pooling,
    "UpSampling2D": _larger,
    "Cropping2D": _cropping,
    "Reshape": lambda layer: {"kind": "reshape"},
    "Dropout": lambda layer: {"kind": "reshape"},  # nothing is dropped but in training
    "SpatialDropout2D": lambda layer: {"kind": "reshape"},
    "Softmax": _softmax,
    "GlobalAveragePooling1D": _mean,
    "Concatenate": _concatenation,
    "Permute": _transposition,
}


def _sets(outputs: int) -> list[dict[str, Any]]:
    """The sets of points that this many outputs answer, KAGGLE_15 first."""
    meaning = prediction.MEANINGS[outputs]
    each = np.repeat(np.eye(outputs)[:, :, None], 2, axis=2)  # answers of which one output is 1
    points = meaning.points(each, None)
    return [
        {
            "names": answered.names,
            "mirror": answered.mirror,
            "radius": prediction.share_of_crop(outputs, count),
            "outputs": [
                np.flatnonzero(shares).tolist()
                for shares in keypoints.convert(points, meaning.keypoints, answered)[:, :, 0].T
            ],
        }
        for count, answered in prediction.SETS.items()
        if count <= len(meaning.keypoints)
    ]


def _examples() -> dict[str, str]:
    """Synthetic faces as addresses that need no file, by what they show."""
    pictures = {f"face {number}": _framed(*person) for number, person in enumerate(PEOPLE, 1)}
    found = {}
    for name, picture in (pictures | {"three faces": web.example_photo()}).items():
        content = io.BytesIO()
        picture.save(content, "PNG")
        found[name] = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return found


def _framed(seed: int, yaw: float) -> Image.Image:
    """A person who is turned by `yaw` degrees, in a frame, so that the square has room around the face."""
    levels = generator.sweep("yaw", [yaw], seed=seed, roll=6.0, pitch=0.0).images[:][0, :, :, 0]
    framed = np.pad(levels, [(12, 12), (36, 36)], constant_values=int(np.median(levels[0])))
    height, width = framed.shape
    return Image.fromarray(framed).resize((LARGER * width, LARGER * height), Image.Resampling.BICUBIC)
