"""How much the maps of a layer look like the face that the network sees (notebook 04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap
from fkp_utils.interpretation import activations

if TYPE_CHECKING:
    import keras

BATCH = 16
FLAT = 1e-6  # a map whose values differ less than this from their mean is dead

Layers = Mapping[str, np.ndarray]  # what `measure` finds


def measure(
    model: keras.Model, faces: face_sets.Faces, layers: Sequence[str] | None = None, batch: int = BATCH
) -> dict[str, np.ndarray]:
    """How strongly maps correlate with the face, by layer: (N, 2), with the face itself and with another face.

    For each face, the mean over a layer's maps of |r|, the correlation of the map's values with the image reduced to
    the map's size; the sign does not count, as a negative looks like a face, too.  A map without contrast counts as 0.
    The other face is half the set away: all faces are bright in the middle, so as much of r as it has, too, says
    nothing about this face.  layers: with maps; without names, `activations.conv_and_pool_layers`.  ValueError for
    fewer than two faces.
    """
    if len(faces) < 2:
        raise ValueError(f"{len(faces)} face; expected two or more, to compare each with another")
    layers = activations.conv_and_pool_layers(model) if layers is None else list(layers)
    grey = np.asarray(faces.images[:], np.float32).mean(axis=-1)
    reduced: dict[tuple[int, int], np.ndarray] = {}
    found = {name: np.empty((len(faces), 2)) for name in layers}
    for start in range(0, len(faces), batch):
        rows = np.arange(start, min(start + batch, len(faces)))
        outputs = activations.layer_outputs(model, faces.images[rows], layers, batch)
        for name, maps in outputs.items():
            size = maps.shape[1:3]
            if size not in reduced:
                reduced[size] = _standardised(_reduced(grey, size)[..., None])[..., 0]
            standard = _standardised(maps)
            for column, others in enumerate((rows, (rows + len(faces) // 2) % len(faces))):
                r = np.einsum("npf,np->nf", standard, reduced[size][others])
                found[name][rows, column] = np.abs(r).mean(axis=1)
    return found


def _reduced(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images (N, H, W) at `size` (height, width), each cell the mean of what it covers."""
    kind = Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(image).resize(size[::-1], kind)) for image in images])


def _standardised(maps: np.ndarray) -> np.ndarray:
    """Maps (N, h, w, F) as (N, h·w, F) with mean 0 and length 1; all 0 where a map has no contrast."""
    values = maps.reshape(len(maps), -1, maps.shape[-1])
    values = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(length > FLAT, values / np.maximum(length, FLAT), 0)


def differences(found: Layers) -> dict[str, float]:
    """How much more the maps of each layer look like their own face than like another, on average over faces."""
    return {layer: float(np.subtract(*values.T).mean()) for layer, values in found.items()}


def with_intervals(
    like: Mapping[str, Layers], repeats: int = 1000, seed: int = 0
) -> dict[str, dict[str, list[metrics.Estimate]]]:
    """Mean |r| of each layer with this face and with another, by weights, with its interval over persons."""
    return {
        name: {
            title: [bootstrap.mean(values[:, side], repeats=repeats, seed=seed) for values in found.values()]
            for side, title in enumerate(("this face", "another face"))
        }
        for name, found in like.items()
    }


def block(found: Layers, number: int, repeats: int = 1000, seed: int = 0) -> metrics.Estimate:
    """The same over the layers of VGG's block of this number, with its interval over persons, each of them one face."""
    gaps = [np.subtract(*values.T) for layer, values in found.items() if layer.startswith(f"block{number}_")]
    return bootstrap.mean(np.mean(gaps, axis=0), repeats=repeats, seed=seed)
