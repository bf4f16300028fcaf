"""Faces per second that are augmented in the graph, against a Python generator that treats one image after another.

Both do the same to synthetic uint8 faces: one affine move (bilinear, repeating the border) with the points, light, and,
for "strong", cover, blur, blocks and noise, each as often.  The generator uses scipy and numpy in one process and ends
with the float32 batch that a model takes.  The graph runs as a training compiles it, and compiled by XLA where that is
not the same; its faces stay in it, as in a training, and their means come out.  Repetitions alternate, and medians are
compared.

    KERAS_BACKEND=jax python benchmarks/augmentation.py [--batch 256] [--repeats 15]
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import _options

from fkp_utils.system import backend

backend.load_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from scipy import ndimage  # noqa: E402

from fkp_utils import keypoints  # noqa: E402
from fkp_utils.augmentation import augment  # noqa: E402
from fkp_utils.datasets import loading  # noqa: E402

TARGET = 10
MIRROR = np.array(keypoints.KAGGLE_15.mirror)


class Inside(keras.Model):
    """The layer alone in a graph: uint8 images and points in, the mean of each augmented face and its points out."""

    def __init__(self, augmentation: augment.Augmentation, size: tuple[int, int], xla: bool) -> None:
        super().__init__()
        self.augment = augment.layer(augmentation, tuple(MIRROR), size, 0)
        self.augment.supports_jit = xla
        self.compile(jit_compile=xla)

    def call(self, inputs: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
        images, points = self.augment([keras.ops.cast(inputs[0], "float32"), inputs[1]], training=True)
        return [keras.ops.mean(images, axis=(1, 2, 3)), points]


def one(
    image: np.ndarray, points: np.ndarray, what: augment.Augmentation, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One image (H, W) and its points, augmented with numpy and scipy."""
    height, width = image.shape
    image = image.astype(np.float32)
    mean = image.mean()
    angle = np.deg2rad(random.uniform(-what.rotate, what.rotate))
    cut = random.uniform(0, what.crop) if what.crop else 0.0
    zoom = (1 + random.uniform(-what.scale, what.scale)) / (1 - cut)
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    flipped = random.random() < what.flip
    turn = np.array([[-cos if flipped else cos, -sin], [-sin if flipped else sin, cos]])
    extent = np.array([width, height])
    middle = (extent - 1) / 2
    shift = random.uniform(-what.shift, what.shift, 2) - (random.random(2) - 0.5) * cut
    moved = middle + shift * extent / (1 - cut)
    points = (points - middle) @ turn.T + moved
    if flipped:
        points = points[MIRROR]
    points[((points < -0.5) | (points > extent - 0.5)).any(1)] = np.nan
    back = np.linalg.inv(turn)
    rows = back[::-1, ::-1]  # scipy counts y before x
    image = ndimage.affine_transform(image, rows, (middle - back @ moved)[::-1], order=1, mode="nearest")
    contrast = 1 + random.uniform(-what.contrast, what.contrast)
    brightness = 1 + random.uniform(-what.brightness, what.brightness)
    image = image * (contrast * brightness) + mean * (1 - contrast) * brightness
    if what.occlusion and random.random() < what.chance:
        half, centre = random.uniform(0, what.occlusion, 2) * extent / 2, random.random(2) * extent
        left, top = np.maximum(0, np.rint(centre - half)).astype(int)
        right, bottom = np.rint(centre + half).astype(int)
        image[top:bottom, left:right] = random.uniform(0, 255)
    if what.blur and random.random() < what.chance:
        image = ndimage.gaussian_filter(image, random.uniform(0, what.blur), mode="nearest")
    if what.pixelate > 1 and random.random() < what.chance:
        image = blocks(image, int(random.integers(2, what.pixelate + 1)))
    if what.noise and random.random() < what.chance:
        image = image + random.normal(0, random.uniform(0, what.noise), image.shape)
    return np.clip(image, 0, 255), points


def blocks(image: np.ndarray, side: int) -> np.ndarray:
    """The image (H, W) with each block of `side` pixels at its mean; those at the end may be smaller."""
    height, width = image.shape
    starts = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(image, starts[0], axis=0), starts[1], axis=1)
    counts = [np.diff(np.append(start, extent)) for start, extent in zip(starts, image.shape, strict=True)]
    means = sums / np.outer(*counts)
    return means.repeat(side, 0)[:height].repeat(side, 1)[:, :width]


def generate(
    images: np.ndarray, points: np.ndarray, what: augment.Augmentation, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A batch from `one` after another."""
    changed = [one(image[..., 0], places, what, random) for image, places in zip(images, points, strict=True)]
    return np.stack([image for image, _ in changed]).astype(np.float32), np.stack([places for _, places in changed])


def seconds(ways: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Median seconds of each way; they take turns, after one call that does not count."""
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repetitions):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    options = _options.parse(__doc__, batch=256, repeats=15)
    backend = keras.backend.backend()
    faces = loading.load("synthetic", limit=options.batch)
    images, points = faces.images[:], np.array(faces.points)
    height, width = faces.size
    print(
        f"{len(images)} faces of {width}×{height} px, {backend}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    graphs = {"graph": False, "graph with XLA": True} if backend == "tensorflow" else {"graph": True}
    for preset in ("standard", "strong"):
        what, random = augment.PRESETS[preset], np.random.default_rng(0)
        ways = {"Python generator": lambda what=what, random=random: generate(images, points, what, random)}
        for name, xla in graphs.items():
            model = Inside(what, faces.size, xla)
            ways[name] = lambda model=model: model.predict_on_batch([images, points])
        found = seconds(ways, options.repeats)
        slow = found["Python generator"]
        for name, value in found.items():
            verdict = "" if name == "Python generator" else f", {slow / value:.1f}× (target {TARGET}×)"
            print(f"{preset}: {name} {len(images) / value:,.0f} faces/s{verdict}")


if __name__ == "__main__":
    main()
