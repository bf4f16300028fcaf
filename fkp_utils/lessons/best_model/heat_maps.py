"""The maps of a network that draws where each point may be, and two ways to read a place from them (notebook 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets
from fkp_utils.interpretation import activations

if TYPE_CHECKING:
    import keras

SHOWN = ("left_eye_center", "nose_tip", "mouth_left_corner")


def shown(keypoints: keypoint_sets.KeypointSet) -> list[int]:
    """Three points whose maps are shown: those of SHOWN, or the first, middle and last of a set without them."""
    if set(SHOWN) <= set(keypoints.names):
        return [keypoints.index(name) for name in SHOWN]
    return [0, len(keypoints) // 2, len(keypoints) - 1]


def complete(faces: face_sets.Faces, count: int = 200, size: tuple[int, int] = (96, 96)) -> face_sets.Faces:
    """At most so many of the faces that have all of their points, the first ones, at `size` (height, width)."""
    return faces.select(np.flatnonzero(faces.given.all(axis=1))[:count]).resize(size)


def surest_first(faces: face_sets.Faces, spread: np.ndarray) -> np.ndarray:
    """The faces with most labels, that of the smallest spread (N,) first."""
    count = faces.given.sum(axis=1)
    complete = np.flatnonzero(count == count.max())
    return complete[np.argsort(spread[complete])]


def weights(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """(N, h, w, O) the share of each place in each output's map, which add up to 1; for images (N, H, W, C).

    ValueError for a model without such maps.
    """
    names = [layer.name for layer in model.layers]
    if "head_maps" not in names:
        raise ValueError(f"{model.name} draws no heat maps; expected a layer called head_maps")
    height, width, outputs = model.get_layer("head_maps").output.shape[1:]
    flat = activations.layer_outputs(model, images, ["head_weights"])["head_weights"]
    return flat.reshape(len(images), height, width, outputs)


def highest(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N, O, 2) px: the middle of the highest place of each map (N, h, w, O), in an image of `size` (height, width)."""
    count, rows, columns, outputs = maps.shape
    places = maps.reshape(count, -1, outputs).argmax(axis=1)
    cell = size[1] / columns, size[0] / rows
    return np.stack([(places % columns + 0.5) * cell[0] - 0.5, (places // columns + 0.5) * cell[1] - 0.5], axis=-1)


def widths(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N,) px: the standard deviation of the places in maps (N, h, w, O) of shares, over the outputs of each face."""
    variance: float | np.ndarray = 0.0
    for axis, cells in enumerate(maps.shape[1:3]):
        shares, places = maps.sum(axis=2 - axis), (np.arange(cells) * size[axis] / cells)[:, None]
        variance = variance + (shares * places**2).sum(axis=1) - (shares * places).sum(axis=1) ** 2
    return np.sqrt(np.mean(variance, axis=-1))
