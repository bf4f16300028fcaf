"""Images a network was not made for: drawings, covered, turned and spoilt faces, and no faces (S0.13, S1.5).

Each takes faces and returns new ones with points where the features now lie; images without a face have no points.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import ndimage

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, test_time_augmentation
from fkp_utils.geometry import alignment
from fkp_utils.lessons.error_analysis import calibration

if TYPE_CHECKING:
    from fkp_utils.training import runs


def changed(faces: face_sets.Faces, change: Callable[[np.ndarray], np.ndarray]) -> face_sets.Faces:
    """The faces with `change` done to all images: float (n, H, W, C) in grey levels to the same; points stay."""
    images = [np.rint(np.clip(change(batch.astype(float)), 0, 255)) for _, batch in faces.batches()]
    return dataclasses.replace(faces, images=np.concatenate(images).astype(np.uint8))


def drawing(faces: face_sets.Faces) -> face_sets.Faces:
    """Dark lines on white paper where an image gets darker, and flat grey for its dark parts, as one draws with ink.

    Differences of two blurs, sharply cut (Winnemöller, 2011).
    """

    def draw(images: np.ndarray) -> np.ndarray:
        low, high = np.percentile(images, [2, 98], axis=(1, 2, 3), keepdims=True)
        images = np.clip((images - low) / np.maximum(high - low, 1), 0, 1)
        fine, wide = (ndimage.gaussian_filter(images, (0, sigma, sigma, 0)) for sigma in (0.7, 1.6))
        lines = 1 + np.tanh(np.minimum(60 * (fine - 0.98 * wide), 0))
        return 255 * np.minimum(lines, np.where(wide < 0.2, 0.45, 1.0))

    return changed(faces, draw)


def photographed_drawing(faces: face_sets.Faces, seed: int = 0) -> face_sets.Faces:
    """The drawing on paper that lies a little turned on a table, in uneven light, out of focus, with grain."""
    random = np.random.default_rng(seed)
    height, width = faces.size
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))

    def photograph(images: np.ndarray) -> np.ndarray:
        slopes = random.uniform(-0.5, 0.5, (2, len(images), 1, 1))
        light = (0.8 + slopes[0] * x + slopes[1] * y)[..., None]
        images = ndimage.gaussian_filter(35 + 0.8 * images, (0, 0.7, 0.7, 0)) * light
        return images + random.normal(0, 4, images.shape)

    drawn = drawing(faces)
    angles, factors = random.uniform(-6, 6, len(faces)), random.uniform(0.84, 0.95, len(faces))
    return changed(moved(drawn, factors * np.exp(1j * np.radians(angles)), fill=90), photograph)


def upside_down(faces: face_sets.Faces) -> face_sets.Faces:
    """The faces turned by 180 degrees."""
    return moved(faces, np.full(len(faces), -1 + 0j))


def moved(faces: face_sets.Faces, factors: np.ndarray, fill: int = 0) -> face_sets.Faces:
    """The faces turned and scaled about the middle of the image by complex factors (N,); `fill` is the grey outside."""
    height, width = faces.size
    middle = complex(width - 1, height - 1) / 2
    transforms = np.stack([factors, middle - factors * middle], axis=1)
    images = np.concatenate([alignment.warp(batch, transforms[rows], fill) for rows, batch in faces.batches()])
    truth = None if faces.truth is None else alignment.move(faces.truth, transforms)
    return dataclasses.replace(faces, images=images, points=alignment.move(faces.points, transforms), truth=truth)


def covered(faces: face_sets.Faces, part: str = "mouth", grey: int = 128) -> face_sets.Faces:
    """The faces with a grey bar over the lower part ("mouth") or over the band of the eyes ("eyes").

    It lies where eyes or mouths usually are in the set.  ValueError for another part.
    """
    if part not in ("mouth", "eyes"):
        raise ValueError(f"part is {part!r}; expected 'mouth' or 'eyes'")
    named = [index for index, name in enumerate(faces.keypoints.names) if part[:3] in name.replace("brow", "")]
    named = [index for index in named if "eyebrow" not in faces.keypoints.names[index]]
    (left, top), (right, bottom) = np.nanmin(_usual(faces)[named], axis=0), np.nanmax(_usual(faces)[named], axis=0)
    margin = faces.size[1] / 12
    rows = slice(max(0, round(top - margin)), round(bottom + margin) + 1)
    columns = slice(max(0, round(left - 1.5 * margin)), round(right + 1.5 * margin) + 1)

    def cover(images: np.ndarray) -> np.ndarray:
        images = images.copy()
        images[:, rows, columns] = grey
        return images

    return changed(faces, cover)


def _usual(faces: face_sets.Faces) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.nanmedian(faces.points, axis=0)


def blurred(faces: face_sets.Faces, deviation: float) -> face_sets.Faces:
    """The faces out of focus: a Gaussian blur of this standard deviation in px."""
    return changed(faces, lambda images: ndimage.gaussian_filter(images, (0, deviation, deviation, 0)))


def pixelated(faces: face_sets.Faces, block: int) -> face_sets.Faces:
    """The faces in blocks of `block` × `block` px, each of its mean grey."""

    def average(images: np.ndarray) -> np.ndarray:
        height, width = images.shape[1:3]
        rows, columns = (np.minimum(np.arange(side) // block, (side - 1) // block) for side in (height, width))
        summed = np.add.reduceat(np.add.reduceat(images, np.unique(rows) * block, 1), np.unique(columns) * block, 2)
        area = np.bincount(rows)[:, None, None] * np.bincount(columns)[:, None]
        return (summed / area)[:, rows[:, None], columns]

    return changed(faces, average)


def noisy(faces: face_sets.Faces, deviation: float = 40, seed: int = 0) -> face_sets.Faces:
    """The faces under Gaussian noise of this standard deviation in grey levels."""
    random = np.random.default_rng(seed)
    return changed(faces, lambda images: images + random.normal(0, deviation, images.shape))


def pure_noise(faces: face_sets.Faces, seed: int = 0) -> face_sets.Faces:
    """Every pixel an even random grey, where the faces were."""
    random = np.random.default_rng(seed)
    return _no_face(changed(faces, lambda images: random.uniform(0, 255, images.shape)))


def no_face(faces: face_sets.Faces, seed: int = 0) -> face_sets.Faces:
    """Clouds, stripes, checks and discs in the place of the faces, in turn."""
    random = np.random.default_rng(seed)
    height, width = faces.size
    x, y = np.meshgrid(np.arange(width), np.arange(height))

    def clouds() -> np.ndarray:
        values = ndimage.gaussian_filter(random.standard_normal((height, width)), random.uniform(3, 9), mode="wrap")
        return 128 + 60 * values / values.std()

    def stripes() -> np.ndarray:
        angle, period = random.uniform(0, np.pi), random.uniform(8, 24)
        return 128 + 100 * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)

    def checks() -> np.ndarray:
        side = random.integers(6, 16)
        return 50.0 + 150 * ((x // side + y // side) % 2)

    def discs() -> np.ndarray:
        image = np.full((height, width), random.uniform(0, 255))
        for _ in range(12):
            centre, radius = random.uniform(0, 1, 2) * (width, height), random.uniform(0.04, 0.2) * width
            image[np.hypot(x - centre[0], y - centre[1]) < radius] = random.uniform(0, 255)
        return image

    kinds = (clouds, stripes, checks, discs)
    channels = faces.images.shape[3]
    made = [np.repeat(kinds[row % len(kinds)]()[..., None], channels, axis=2) for row in range(len(faces))]
    return _no_face(dataclasses.replace(faces, images=np.rint(np.clip(made, 0, 255)).astype(np.uint8)))


def degraded(
    trained: Mapping[str, runs.Run], faces: face_sets.Faces, amounts: Mapping[str, Sequence[float]]
) -> dict[str, dict[str, list[np.ndarray]]]:
    """What each network predicts, points (N, K, 2), for each amount of "blur" and of "pixelate" in px."""
    found = {}
    for kind, sizes in amounts.items():
        images = [DEGRADE[kind](faces, size) for size in sizes]
        found[kind] = {name: [run.predict(each) for each in images] for name, run in trained.items()}
    return found


def by_amount(
    answers: Mapping[str, Mapping[str, Sequence[np.ndarray]]],
    faces: face_sets.Faces,
    amounts: Mapping[str, Sequence[float]],
    names: Collection[str],
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[list[float], dict[str, list[metrics.Estimate]]]]:
    """RMSE in px of the networks called `names` by the amount of each change; answers: of `degraded`."""
    draws: dict[str, Any] = {"groups": faces.groups, "repeats": repeats, "seed": seed}
    return {
        kind: (
            list(sizes),
            {name: [bootstrap.rmse(each, faces.points, **draws) for each in answers[kind][name]] for name in names},
        )
        for kind, sizes in amounts.items()
    }


def table(odd: Mapping[str, face_sets.Faces], looked: Mapping[str, test_time_augmentation.Averaged]) -> pd.DataFrame:
    """A row for each kind of images: RMSE (px), NaN without a face; median spread (px); the share that is noticed.

    looked: the images as `test_time_augmentation.predict` sees them.  Noticed is a larger spread than that of the kind
    "plain".
    """
    rows = {
        name: {
            "RMSE (px)": metrics.rmse(views.points, odd[name].points) if odd[name].given.any() else np.nan,
            "spread (px)": np.median(views.face),
            "noticed": calibration.noticed(looked["plain"].face, views.face),
        }
        for name, views in looked.items()
    }
    return pd.DataFrame(rows).T


def examples(
    odd: Mapping[str, face_sets.Faces], looked: Mapping[str, test_time_augmentation.Averaged], count: int
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """The first images (count, H, W, C) of each kind but "plain", and their given and predicted points."""
    names = [name for name in odd if name != "plain"]
    marks = {name: {"given": odd[name].points[:count], "predicted": looked[name].points[:count]} for name in names}
    return {name: odd[name].images[:count] for name in names}, marks


def _no_face(faces: face_sets.Faces) -> face_sets.Faces:
    return dataclasses.replace(faces, points=np.full_like(faces.points, np.nan), truth=None)


DEGRADE: Mapping[str, Callable[[face_sets.Faces, Any], face_sets.Faces]] = {"blur": blurred, "pixelate": pixelated}
UNITS = {"blur": "blur (sd, px)", "pixelate": "coarse pixels (px)"}
KINDS: Mapping[str, Callable[[face_sets.Faces], face_sets.Faces]] = {
    "drawing": drawing,
    "photographed drawing": photographed_drawing,
    "mouth covered": covered,
    "eyes covered": lambda faces: covered(faces, "eyes"),
    "upside down": upside_down,
    "under noise": noisy,
    "no face": no_face,
    "pure noise": pure_noise,
}
