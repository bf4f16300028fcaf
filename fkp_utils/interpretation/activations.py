"""Inside a network: what its layers put out, which units never fire, and what can be read from them (S0.4, S0.5)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import linear_model

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap

if TYPE_CHECKING:
    import keras

BATCH = 64
PENALTIES = 10.0 ** np.arange(-6, 2)  # of ridge regression, in units of the mean square of a face's activations

Images = face_sets.Faces | np.ndarray


def layer_outputs(
    model: keras.Model, faces: Images, layers: Sequence[str] | None = None, batch: int = BATCH
) -> dict[str, np.ndarray]:
    """The outputs (N, …) of the named layers, of all without names, for faces or images (N, H, W, C).

    They are computed batch by batch, but all of them are kept: VGG-16's first layer alone takes 2.4 MB a face.
    ValueError with the known names for a layer that the model does not have.
    """
    layers = [layer.name for layer in model.layers] if layers is None else list(layers)
    return _collect(model, [_layer(model, name).output for name in layers], layers, faces, batch)


def conv_and_pool_layers(model: keras.Model) -> list[str]:
    """Names of the convolutions and poolings that keep an image's two dimensions, in order: 18 in VGG-16."""
    import keras

    kinds = (
        keras.layers.Conv2D,
        keras.layers.DepthwiseConv2D,
        keras.layers.SeparableConv2D,
        keras.layers.AveragePooling2D,
        keras.layers.MaxPooling2D,
    )
    return [layer.name for layer in model.layers if isinstance(layer, kinds)]


def filters(model: keras.Model, layer: str) -> np.ndarray:
    """The kernel (height, width, channels in, filters) of a convolution.  ValueError for a layer without one."""
    import keras

    kernel = getattr(_layer(model, layer), "kernel", None)
    if kernel is None or len(kernel.shape) != 4:
        known = ", ".join(each.name for each in model.layers if len(getattr(each, "kernel", np.empty(0)).shape) == 4)
        raise ValueError(f"{layer} has no filters; {model.name} has them in {known or 'no layer'}")
    return keras.ops.convert_to_numpy(kernel)


def firing_rates(model: keras.Model, faces: Images, layer: str, batch: int = BATCH) -> np.ndarray:
    """(units,) share of the faces on which each unit, or filter at any place, puts out more than 0."""
    fired, count = 0, 0
    for (output,) in _batches(model, [_layer(model, layer).output], faces, batch):
        places = output.reshape(len(output), -1, output.shape[-1])
        fired, count = fired + (places > 0).any(axis=1).sum(axis=0), count + len(output)
    return np.asarray(fired / count)


def layer_table(model: keras.Model) -> pd.DataFrame:
    """A row for each layer: its name, its kind, the shape of what it puts out for one image, its parameters."""
    return pd.DataFrame(
        {
            "layer": [layer.name for layer in model.layers],
            "kind": [type(layer).__name__ for layer in model.layers],
            "output": [" × ".join(map(str, layer.output.shape[1:])) for layer in model.layers],
            "parameters": [layer.count_params() for layer in model.layers],
        }
    )


def firing_table(rates: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row for each layer of `firing_rates`: its units, and how many of them never fire, and for every face."""
    rows = [
        {
            "layer": name,
            "units": len(rate),
            "dead": int((rate == 0).sum()),
            "fire for every face": int((rate == 1).sum()),
            "mean rate": float(rate.mean()),
        }
        for name, rate in rates.items()
    ]
    return pd.DataFrame(rows)


def linear_readouts(
    model: keras.Model,
    train_faces: face_sets.Faces,
    test_faces: face_sets.Faces,
    layers: Sequence[str] | None = None,
    cells: int = 6,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, metrics.Estimate]:
    """RMSE in px of ridge regression from each layer's activations to the points, with its bootstrap interval.

    layers: without names, `conv_and_pool_layers`.  Maps are averaged over at most `cells` × `cells` cells first, so
    that layers of all resolutions compare.  Each point is learnt from the training faces that have it, together with
    the points that the same faces have, at the penalty with the least leave-one-out error.  It is measured on the given
    labels of the test faces; persons, where known, and copies of an image are drawn together.  The activations of all
    layers are kept in memory: 0.8 MB a face for VGG-16.  ValueError for a point with fewer than three training labels.
    """
    import keras

    few = np.flatnonzero(train_faces.given.sum(axis=0) < 3)
    if len(few):
        raise ValueError(f"fewer than three training labels of {train_faces.keypoints.names[few[0]]}")
    layers = conv_and_pool_layers(model) if layers is None else list(layers)
    pooled = []
    for name in layers:
        output = _layer(model, name).output
        if len(output.shape) == 4:
            sides = [max(1, math.ceil(side / cells)) for side in output.shape[1:3]]
            output = keras.layers.AveragePooling2D(sides, padding="same")(output)
        pooled.append(keras.layers.Flatten()(output))
    train = _collect(model, pooled, layers, train_faces, BATCH)
    test = _collect(model, pooled, layers, test_faces, BATCH)
    results = {}
    for name in layers:
        predicted = _ridge(train.pop(name), train_faces.points, test.pop(name))
        results[name] = bootstrap.rmse(predicted, test_faces.points, test_faces.groups, repeats, seed)
    return results


def _layer(model: keras.Model, name: str) -> keras.Layer:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"{model.name} has no layer {name!r}; it has {', '.join(names)}")
    return model.get_layer(name)


def _batches(
    model: keras.Model, outputs: list[keras.KerasTensor], faces: Images, batch: int
) -> Iterator[list[np.ndarray]]:
    import keras

    images = faces.images if isinstance(faces, face_sets.Faces) else faces
    if len(images.shape) != 4 or not len(images):
        raise ValueError(f"images of shape {tuple(images.shape)}; expected (N, H, W, C) with at least one")
    part = keras.Model(model.inputs, outputs)
    for start in range(0, len(images), batch):
        found = part.predict_on_batch(np.asarray(images[start : start + batch], np.float32))
        yield [np.asarray(output) for output in (found if isinstance(found, list) else [found])]


def _collect(
    model: keras.Model, outputs: list[keras.KerasTensor], names: list[str], faces: Images, batch: int
) -> dict[str, np.ndarray]:
    count, found = len(faces), {}
    start = 0
    for parts in _batches(model, outputs, faces, batch):
        for name, part in zip(names, parts, strict=True):
            if name not in found:
                found[name] = np.empty((count, *part.shape[1:]), part.dtype)
            found[name][start : start + len(part)] = part
        start += len(parts[0])
    return found


def _ridge(train: np.ndarray, points: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Points (M, K, 2) for activations `test` (M, D), learnt from `train` (N, D) and `points` (N, K, 2) with NaN.

    The points that the same faces have are learnt together, with one penalty.
    """
    given = ~np.isnan(points[..., 0])
    predicted = np.empty((len(test), *points.shape[1:]))
    masks, number = np.unique(given, axis=1, return_inverse=True)
    for mask, rows in enumerate(masks.T):
        own = np.flatnonzero(number.ravel() == mask)
        learnt = train[rows]
        unit = float(learnt.var(axis=0, dtype=float).sum()) or 1.0  # the mean square of a face's centred activations
        model = linear_model.RidgeCV(unit * PENALTIES).fit(learnt, points[rows][:, own].reshape(len(learnt), -1))
        predicted[:, own] = model.predict(test).reshape(len(test), -1, 2)
    return predicted
