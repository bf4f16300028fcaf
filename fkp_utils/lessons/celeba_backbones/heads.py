"""A linear head on the last maps of a frozen backbone: its recipes, its training, and how far a step can move it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from fkp_utils.system import devices
from fkp_utils.training import losses

BATCH = 50  # faces
AT_ONCE = 100  # steps that Keras takes without coming back to Python
RAW, OWN = "0 to 255", "its own"  # ranges of the input
PREPARED = ("as_imagenet", "minus_mean")  # layers that bring the input to the range that ImageNet weights expect


@dataclasses.dataclass(frozen=True)
class Recipe:
    """inputs: RAW grey levels or colours, or OWN, the range that the network's weights expect.  half_image: coordinates
    from -1 to 1, in place of pixels.  normalised: the features of each face are brought to mean 0 and variance 1.
    flat: all places of the maps, in place of the mean over places.  zeros: the kernel is 0 at the start, in place of
    Glorot's random weights.  learning_rate: of Adam.  longest: in its place, how far one step can move an output, in
    px.  steps: of training.  faces: the first so many are learnt from; None for all.
    """

    inputs: str = RAW
    half_image: bool = False
    normalised: bool = False
    flat: bool = False
    zeros: bool = False
    learning_rate: float = 1e-3
    longest: float | None = None
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


def features(recipe: Recipe, maps: np.ndarray) -> np.ndarray:
    """(N, F) what the head sees of maps (N, h, w, C)."""
    values = maps.astype(np.float32)
    if recipe.normalised:
        values = values - values.mean(axis=(1, 2, 3), keepdims=True)
        values = values / np.sqrt(values.var(axis=(1, 2, 3), keepdims=True) + 1e-3)
    return values.reshape(len(values), -1) if recipe.flat else values.mean(axis=(1, 2))


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A trained head: the kernel (F, 2K) and the bias (2K,) of a dense layer on F features."""

    recipe: Recipe
    kernel: np.ndarray
    bias: np.ndarray
    size: tuple[int, int]

    def predict(self, maps: np.ndarray) -> np.ndarray:
        """(N, K, 2) points in pixels of an image of `size`, for maps (N, h, w, C)."""
        found = (features(self.recipe, maps) @ self.kernel + self.bias).reshape(len(maps), -1, 2)
        return _pixels(found, self.size) if self.recipe.half_image else found


def train(recipe: Recipe, maps: np.ndarray, points: np.ndarray, size: tuple[int, int], seed: int = 0) -> Head:
    """A dense layer on the features, trained by Adam on batches of BATCH faces and the mean squared error.

    The error counts given coordinates only.  The seed decides random weights at the start and the batches.
    maps: (N, h, w, C).  points: (N, K, 2) in pixels of an image of `size` (height, width), NaN where missing.
    """
    rows = slice(recipe.faces)
    seen = features(recipe, maps[rows])
    targets = _halves(points[rows], size) if recipe.half_image else points[rows]
    targets = targets.reshape(len(seen), -1)
    shape = seen.shape[1], targets.shape[1]
    model = _dense(len(seen), *shape)
    first = np.zeros(shape) if recipe.zeros else keras.initializers.GlorotUniform(seed)(shape)
    model.set_weights([seen, first, np.zeros(shape[1])])
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    model.optimizer.learning_rate = learning_rate(recipe, seen, size)
    generator, batch = np.random.default_rng(seed), min(BATCH, len(seen))
    drawn = np.concatenate([generator.choice(len(seen), batch, replace=False) for _ in range(recipe.steps)])
    model.fit(drawn, targets[drawn], batch, shuffle=False, verbose=0)
    _, kernel, bias = model.get_weights()
    return Head(recipe, kernel, bias, size)


def learning_rate(recipe: Recipe, seen: np.ndarray, size: tuple[int, int]) -> float:
    """The rate of Adam for features (N, F): that of the recipe, or the one whose steps reach `longest` px.

    size: (height, width) of the image in px.
    """
    return recipe.learning_rate if recipe.longest is None else recipe.longest / _moved(recipe, seen, size)


def reach(recipe: Recipe, maps: np.ndarray, size: tuple[int, int]) -> float:
    """How far one step of Adam can move an output, in px: rate × (sum of a face's features + 1), the mean over faces.

    Features count without their sign.  maps: (N, h, w, C).  size: (height, width) of the image in px.
    """
    seen = features(recipe, maps)
    return learning_rate(recipe, seen, size) * _moved(recipe, seen, size)


def errors(
    recipes: Mapping[Any, Recipe],
    maps: Mapping[str, tuple[np.ndarray, np.ndarray]],
    points: tuple[np.ndarray, np.ndarray],
    size: tuple[int, int],
    seeds: Sequence[int],
) -> dict[Any, np.ndarray]:
    """(S,) mean squared error in px² of each recipe on new faces, for each seed.

    maps: those of the faces to learn from and of the new ones, by range of the input; points: the same two.
    """
    found = {}
    for name, recipe in recipes.items():
        old, new = maps[recipe.inputs]
        heads = [train(recipe, old, points[0], size, seed) for seed in seeds]
        found[name] = np.array([np.nanmean((head.predict(new) - points[1]) ** 2) for head in heads])
    return found


@functools.cache
def _dense(faces: int, features: int, outputs: int) -> keras.Model:
    """A dense layer on a table of features (faces, features) that does not train.  Its input: rows of the table (B,).

    The table spares copies of the features for each step.  All trainings of one shape share the model, as compiling it
    takes as long as a training; each sets all of its weights and those of the optimizer.
    """
    table = keras.layers.Embedding(faces, features, trainable=False)
    model = keras.Sequential([keras.Input((), dtype="int32"), table, keras.layers.Dense(outputs)])
    model.compile("adam", losses.mse, steps_per_execution=AT_ONCE, jit_compile=devices.compiles())
    return model


def _moved(recipe: Recipe, seen: np.ndarray, size: tuple[int, int]) -> float:
    """The reach in px of a step of Adam at a rate of 1."""
    return float((np.abs(seen).sum(axis=1).mean() + 1) * (size[1] / 2 if recipe.half_image else 1))


def _halves(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return (2 * np.asarray(points, float) + 1) / [width, height] - 1


def _pixels(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return ((values + 1) * [width, height] - 1) / 2
