"""Does a map of what a network looks at tell the truth?  The tests of notebook 07, on maps (N, H, W) of any method."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence

import keras
import numpy as np
from keras import ops

from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap
from fkp_utils.interpretation import gradcam

FLAT = 1e-6  # a map whose values differ less than this from their mean has no places to tell apart


@dataclasses.dataclass(frozen=True, eq=False)
class View:
    """The maps of one model on the same images (N, H, W, C), each made once.  layer: the one meant if none is named."""

    model: keras.Model
    images: np.ndarray
    layer: str

    @functools.cache  # noqa: B019 (a view lives as long as its notebook)
    def coordinate(
        self, output: int, axis: int, layer: str | None = None, method: str = "gradcam", sign: int = 1
    ) -> np.ndarray:
        """(N, H, W), 0 to 1: what raises sign × one coordinate of an output, as `gradcam.maps` has it."""

        def score(points: keras.KerasTensor) -> keras.KerasTensor:
            return sign * points[:, output, axis]

        return gradcam.maps(self.model, self.images, score, layer or self.layer, method)

    @functools.cache  # noqa: B019
    def here(self, output: int, method: str = "layercam") -> np.ndarray:
        """(N, H, W): the mean of the maps that pull the output to the right, to the left, down and up."""
        ways = [(axis, sign) for axis in (0, 1) for sign in (1, -1)]
        return np.mean([self.coordinate(output, axis, method=method, sign=sign) for axis, sign in ways], axis=0)

    @functools.cache  # noqa: B019
    def places(self, output: int) -> np.ndarray:
        """(N, H, W): `place_maps` of the output."""
        return place_maps(self.model, self.images, output)


def peaks(maps: np.ndarray) -> np.ndarray:
    """(N, 2) the strongest place of each map, x before y in px; the mean of them if there are several.

    NaN for a map that is 0 everywhere.
    """
    highest = maps.max(axis=(1, 2), keepdims=True)
    strongest = (maps == highest) & (highest > 0)
    count = strongest.sum(axis=(1, 2))
    rows, columns = np.mgrid[: maps.shape[1], : maps.shape[2]]
    sums = np.stack([(strongest * places).sum(axis=(1, 2)) for places in (columns, rows)], axis=1)
    return np.divide(sums, count[:, None], out=np.full(sums.shape, np.nan), where=count[:, None] > 0)


def hits(places: np.ndarray, points: np.ndarray, radius: float) -> np.ndarray:
    """(N,) the pointing game (Zhang et al., 2018): 1 where a place lies within `radius` px of the point, else 0.

    places: (N, 2) or (2,), such as `peaks` or a mean point; NaN there is a miss.  points: (N, 2), NaN = missing, and
    then the hit is NaN, too.
    """
    distance = np.linalg.norm(np.broadcast_to(places, points.shape) - points, axis=-1)
    return np.where(np.isnan(points).any(axis=-1), np.nan, distance <= radius)


def chance(points: np.ndarray, size: tuple[int, int], radius: float) -> np.ndarray:
    """(N,) the share of an image's pixels, (height, width) = `size`, that lie within `radius` px of the point."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    squares = (columns - points[:, 0, None, None]) ** 2 + (rows - points[:, 1, None, None]) ** 2
    return np.where(np.isnan(points).any(axis=-1), np.nan, (squares <= radius**2).mean(axis=(1, 2)))


def similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,) the correlation of two maps of each face over their places; NaN where one of them has no contrast."""
    flat = [maps.reshape(len(maps), -1) - maps.mean(axis=(1, 2))[:, None] for maps in (first, second)]
    length = np.linalg.norm(flat[0], axis=1) * np.linalg.norm(flat[1], axis=1)
    told = np.minimum(*(np.abs(each).max(axis=1) for each in flat)) > FLAT
    return np.divide((flat[0] * flat[1]).sum(axis=1), length, out=np.full(len(length), np.nan), where=told)


def mean_similarity(
    first: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Mean `similarity` with its interval, as `bootstrap.mean`; 0 if no face has two maps with contrast."""
    found = similarity(first, second)
    if np.isnan(found).all():
        return metrics.Estimate(0.0, 0.0, 0.0)
    return bootstrap.mean(found, groups, repeats, seed)


def similarities(maps: Iterable[np.ndarray]) -> np.ndarray:
    """(M, M) mean `similarity` of each of M stacks of maps with each other; NaN where no face has two with contrast."""
    maps = list(maps)
    found = np.array([[similarity(one, other) for other in maps] for one in maps])
    told = ~np.isnan(found)
    total, count = np.nansum(found, axis=2), told.sum(axis=2)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def randomised(model: keras.Model, fresh: keras.Model, first: str) -> keras.Model:
    """A copy of the model with the weights of `fresh` in the layer called `first` and in all after it.

    fresh: the same architecture, untrained.  Going from the last layer to the first is the cascading randomisation of
    Adebayo et al. (2018).  ValueError for a layer that the model lacks.
    """
    names = [layer.name for layer in model.layers]
    if first not in names:
        raise ValueError(f"no layer {first!r}; {model.name} has {', '.join(names)}")
    copy = keras.models.clone_model(model)
    for place, layer in enumerate(copy.layers):
        source = model if place < names.index(first) else fresh
        layer.set_weights(source.get_layer(layer.name).get_weights())
    return copy


def random_maps(count: int, size: tuple[int, int], cell: int = 1, seed: int = 0) -> np.ndarray:
    """(count, height, width) maps of random values, one for each cell of `cell` px: what a map must be better than."""
    grid = -(-size[0] // cell), -(-size[1] // cell)
    values = np.random.default_rng(seed).random((count, *grid))
    return values.repeat(cell, axis=1).repeat(cell, axis=2)[:, : size[0], : size[1]]


def discs(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N, height, width) maps that are 1 at the point (N, 2) and fall with the distance from it."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(columns - points[:, 0, None, None], rows - points[:, 1, None, None])
    return 1 - distance / np.hypot(*size)


def erased(images: np.ndarray, maps: np.ndarray, share: float, insert: bool = False) -> np.ndarray:
    """The images (N, H, W, C) with that share of pixels, where their maps are strongest, at the image's mean.

    insert: the other way round, those pixels are kept and all others are at the mean.  Equal values come in random
    order.
    """
    pixels = images.shape[1] * images.shape[2]
    flat = maps.reshape(len(maps), -1)
    order = np.lexsort((np.random.default_rng(0).random(flat.shape), -flat), axis=1)
    strongest = np.zeros(flat.shape, bool)
    np.put_along_axis(strongest, order[:, : round(share * pixels)], True, axis=1)
    change = strongest.reshape(maps.shape) != insert
    return np.where(change[..., None], images.mean(axis=(1, 2), keepdims=True), images).astype(np.float32)


def moved(
    model: keras.Model, images: np.ndarray, maps: np.ndarray, shares: Sequence[float], output: int, insert: bool = False
) -> np.ndarray:
    """(S, N) px by which an output moves when these shares of the strongest pixels are erased (Petsiuk et al., 2018).

    With `insert`: how far it lies from where it is on the whole image when only these pixels are shown.
    """
    whole = _output(model, images, output)
    changed = (_output(model, erased(images, maps, share, insert), output) for share in shares)
    return np.stack([np.linalg.norm(each - whole, axis=-1) for each in changed])


def _output(model: keras.Model, images: np.ndarray, output: int) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(model(np.asarray(images, np.float32), training=False)))[:, output]


def place_maps(model: keras.Model, images: np.ndarray, output: int) -> np.ndarray:
    """(N, H, W) where the model `small` sees one of its outputs, 1 at the strongest place: no gradient, its own maps.

    Each of its maps says a place; here they are added up, each by the weight that its column has for the output's x and
    its row for y.  ValueError for a model that has no such maps.
    """
    names = {layer.name for layer in model.layers}
    if not {"maps", "head_weights", "head_coordinates"} <= names:
        raise ValueError(f"{model.name} has no maps that mean places; `small` has")
    height, width, count = model.get_layer("maps").output.shape[1:]
    inner = keras.Model(model.input, model.get_layer("head_weights").output)
    weights = np.asarray(ops.convert_to_numpy(inner(np.asarray(images, np.float32), training=False)))
    kernel = np.abs(np.asarray(model.get_layer("head_coordinates").get_weights()[0]))
    strength = kernel[:count, 2 * output] + kernel[count : 2 * count, 2 * output + 1]
    return gradcam.enlarged((weights @ strength).reshape(-1, height, width), images.shape[1:3])
