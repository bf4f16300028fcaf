"""A linear head on the last maps of a network that stays as it is: how that fails, and what mends it (notebook 10)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import keras
import numpy as np

BATCH = 50
RAW, OWN = "0 to 255", "its own"  # ranges of the input
PREPARED = ("as_imagenet", "minus_mean")  # layers that bring the input to the range that ImageNet weights expect
FIRST, SECOND = 0.9, 0.999  # Adam's averages of the gradient and of its square


@dataclasses.dataclass(frozen=True)
class Recipe:
    """inputs: RAW grey levels or colours, or OWN, the range that the network's weights expect.  half_image: coordinates
    from -1 to 1, in place of pixels.  normalised: the features of each face are brought to mean 0 and variance 1.
    flat: all places of the maps, in place of the mean over places.  learning_rate: of Adam.  steps: of training.
    faces: the first so many are learnt from; None for all.
    """

    inputs: str = RAW
    half_image: bool = False
    normalised: bool = False
    flat: bool = False
    learning_rate: float = 1e-3
    steps: int = 1000
    faces: int | None = None


def last_maps(model: keras.Model, images: np.ndarray, inputs: str = OWN) -> np.ndarray:
    """(N, h, w, C) the last maps of a network that has ImageNet weights, for images (N, H, W, C) from 0 to 255.

    ValueError for another kind of network.
    """
    prepared = [layer for layer in model.layers if layer.name in PREPARED]
    if not prepared:
        raise ValueError(f"{model.name} has none of the layers {', '.join(PREPARED)}; expected a network for ImageNet")
    last = model.get_layer("head_norm").input
    colours = np.asarray(images, np.float32)
    if inputs == OWN:
        inner = keras.Model(model.input, last)
    else:
        inner = keras.Model(prepared[0].output, last)
        colours = colours.repeat(3 // images.shape[-1], axis=-1)
    batches = [inner.predict_on_batch(colours[start : start + BATCH]) for start in range(0, len(colours), BATCH)]
    return np.concatenate(batches)


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A trained head.  weights: (F + 1, 2K), the last row is the constant."""

    recipe: Recipe
    weights: np.ndarray
    size: tuple[int, int]

    def predict(self, maps: np.ndarray) -> np.ndarray:
        """(N, K, 2) points in pixels of an image of `size`."""
        found = (_features(self.recipe, maps) @ self.weights).reshape(len(maps), -1, 2)
        return _pixels(found, self.size) if self.recipe.half_image else found


def train(recipe: Recipe, maps: np.ndarray, points: np.ndarray, size: tuple[int, int], seed: int = 0) -> Head:
    """A linear head, trained by Adam on batches of BATCH faces and the mean squared error of given coordinates.

    maps: (N, h, w, C).  points: (N, K, 2) in pixels of an image of `size` (height, width), NaN where missing.
    """
    rows = slice(recipe.faces)
    features = _features(recipe, maps[rows])
    targets = _halves(points[rows], size) if recipe.half_image else np.asarray(points[rows], float)
    targets = targets.reshape(len(targets), -1)
    generator = np.random.default_rng(seed)
    inside, outside = features.shape[1] - 1, targets.shape[1]
    limit = (6 / (inside + outside)) ** 0.5  # Glorot's, as keras starts
    weights = np.vstack([generator.uniform(-limit, limit, (inside, outside)), np.zeros(outside)])
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, recipe.steps + 1):
        chosen = generator.choice(len(features), min(BATCH, len(features)), replace=False)
        error = features[chosen] @ weights - targets[chosen]
        given = ~np.isnan(error)
        gradient = features[chosen].T @ np.where(given, 2 * error, 0) / max(given.sum(), 1)
        mean = FIRST * mean + (1 - FIRST) * gradient
        square = SECOND * square + (1 - SECOND) * gradient**2
        change = mean / (1 - FIRST**step) / (np.sqrt(square / (1 - SECOND**step)) + 1e-7)
        weights = weights - recipe.learning_rate * change
    return Head(recipe, weights, size)


def swings(recipe: Recipe, maps: np.ndarray, size: tuple[int, int]) -> float:
    """How far one step of Adam at its full rate can move every output, in px: rate × the sum of a face's features."""
    reach = recipe.learning_rate * np.abs(_features(recipe, maps)).sum(axis=1).mean()
    return float(reach * (size[1] / 2 if recipe.half_image else 1))


def errors(
    recipes: Mapping[str, Recipe],
    maps: Mapping[str, tuple[np.ndarray, np.ndarray]],
    points: tuple[np.ndarray, np.ndarray],
    size: tuple[int, int],
    seeds: Sequence[int],
) -> dict[str, np.ndarray]:
    """(S,) mean squared error in px² of each recipe on new faces, for each seed.

    maps: those of the faces to learn from and of the new ones, by range of the input; points: the same two.
    """
    found = {}
    for name, recipe in recipes.items():
        old, new = maps[recipe.inputs]
        heads = [train(recipe, old, points[0], size, seed) for seed in seeds]
        found[name] = np.array([np.nanmean((head.predict(new) - points[1]) ** 2) for head in heads])
    return found


def _features(recipe: Recipe, maps: np.ndarray) -> np.ndarray:
    """(N, F + 1) what the head sees, and a 1."""
    values = maps.astype(float)
    if recipe.normalised:
        values = values - values.mean(axis=(1, 2, 3), keepdims=True)
        values = values / np.sqrt(values.var(axis=(1, 2, 3), keepdims=True) + 1e-3)
    values = values.reshape(len(values), -1) if recipe.flat else values.mean(axis=(1, 2))
    return np.hstack([values, np.ones((len(values), 1))])


def _halves(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return (2 * np.asarray(points, float) + 1) / [width, height] - 1


def _pixels(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return ((values + 1) * [width, height] - 1) / 2
