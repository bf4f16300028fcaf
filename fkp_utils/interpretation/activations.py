"""Inside a network: what its layers put out, which units never fire, and what can be read from them (S0.4, S0.5)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import linalg

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


def firing_table(rates: Mapping[str, np.ndarray], most: int = 10) -> pd.DataFrame:
    """A row for each layer of `firing_rates`: how many units never and always fire, and the first `most` dead ones."""
    rows = [
        {
            "layer": name,
            "units": len(rate),
            "dead": int((rate == 0).sum()),
            "fire for every face": int((rate == 1).sum()),
            "mean rate": float(rate.mean()),
            "first dead": ", ".join(map(str, np.flatnonzero(rate == 0)[:most])) or "–",
        }
        for name, rate in rates.items()
    ]
    return pd.DataFrame(rows)


def dead_units(model: keras.Model, faces: Images, layer: str, batch: int = BATCH) -> float:
    """Share of a layer's units or filters that never fire: they put out 0 or less for every face, at every place."""
    return float((firing_rates(model, faces, layer, batch) == 0).mean())


def linear_readout(
    model: keras.Model,
    train_faces: face_sets.Faces,
    test_faces: face_sets.Faces,
    layer: str,
    cells: int = 6,
    batch: int = BATCH,
    repeats: int = 1000,
    seed: int = 0,
) -> metrics.Estimate:
    """How well the points can be read linearly from one layer; see `linear_readouts`."""
    return linear_readouts(model, train_faces, test_faces, [layer], cells, batch, repeats, seed)[layer]


def linear_readouts(
    model: keras.Model,
    train_faces: face_sets.Faces,
    test_faces: face_sets.Faces,
    layers: Sequence[str] | None = None,
    cells: int = 6,
    batch: int = BATCH,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, metrics.Estimate]:
    """RMSE in px of ridge regression from each layer's activations to the points, with its bootstrap interval.

    layers: without names, `conv_and_pool_layers`.  Maps are averaged over at most `cells` × `cells` cells first, so
    that layers of all resolutions compare.  Each point is learnt from the training faces that have it, and measured on
    the given labels of the test faces; persons, where known, are drawn together.  The penalty with the least
    leave-one-out error on training faces is taken.  The activations of all layers are kept in memory: 0.8 MB a face
    for VGG-16.  ValueError for a point with fewer than three training labels.
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
    train = _collect(model, pooled, layers, train_faces, batch)
    test = _collect(model, pooled, layers, test_faces, batch)
    results = {}
    for name in layers:
        predicted = _ridge(train.pop(name), train_faces.points, test.pop(name))
        results[name] = bootstrap.rmse(predicted, test_faces.points, test_faces.subject, repeats, seed)
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

    There are more activations than faces, so the equations are solved for a weight of each face (the dual form); only
    products of faces are needed, once for all points.
    """
    mean = train.mean(axis=0, dtype=float)
    train, test = train - mean, test - mean
    gram, across = train @ train.T, test @ train.T
    given = ~np.isnan(points[..., 0])
    best = int(given.sum(axis=0).argmax())
    penalty = _penalty(gram, points[:, best], given[:, best])
    predicted = np.empty((len(test), *points.shape[1:]))
    masks, number = np.unique(given, axis=1, return_inverse=True)
    for mask, rows in enumerate(masks.T):
        own = np.flatnonzero(number.ravel() == mask)
        kernel, means = _centred(gram[np.ix_(rows, rows)])
        targets = points[rows][:, own].reshape(int(rows.sum()), -1).astype(float)
        kernel[np.diag_indices_from(kernel)] += penalty
        weights = linalg.solve(kernel, targets - targets.mean(axis=0), assume_a="pos")
        values = (across[:, rows] - means) @ weights + targets.mean(axis=0)
        predicted[:, own] = values.reshape(len(test), -1, 2)
    return predicted


def _centred(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Products of faces with their mean taken off, from those without; and the means of the rows of `gram`."""
    means = gram.mean(axis=0)
    return gram - means - means[:, None] + means.mean(), means


def _penalty(gram: np.ndarray, points: np.ndarray, given: np.ndarray) -> float:
    """The penalty with the least leave-one-out error of a point (N, 2); from one factorisation for all of them."""
    kernel, _ = _centred(gram[np.ix_(given, given)])
    targets = points[given] - points[given].mean(axis=0)
    values, vectors = linalg.eigh(kernel)
    values, turned = np.maximum(values, 0), vectors.T @ targets
    penalties = PENALTIES * (float(values.mean()) or 1.0)

    def error(penalty: float) -> float:
        kept = values / (values + penalty)
        left = 1 - 1 / len(targets) - (vectors**2) @ kept
        return float((((targets - vectors @ (kept[:, None] * turned)) / left[:, None]) ** 2).mean())

    return float(min(penalties, key=error))
