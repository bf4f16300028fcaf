"""Which faces a network errs on: by point, by how a face is held, seen and framed, and which are hard for all (S0.12)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import ndimage

from fkp_utils import faces as face_sets
from fkp_utils import metrics, pose

# What `conditions` measures, with the unit a figure shows.
UNITS = {
    "tilt": "|tilt| (degrees)",
    "turn": "|turn| (eye distances)",
    "off centre": "off centre (px)",
    "sharpness": "sharpness (log10)",
    "pixelation": "pixelation (share of a step)",
    "padding": "padding at the edges (px)",
}
PERIODS = (2, 8.5)  # px between the borders of coarse pixels
SAME = 2  # grey levels between lines of pixels that padding repeats


def of_faces(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) root mean squared error in px of each face's given coordinates, NaN for a face without labels."""
    squares = (np.asarray(predicted, float) - points) ** 2
    count = (~np.isnan(squares)).sum(axis=(1, 2))
    return np.sqrt(np.divide(np.nansum(squares, axis=(1, 2)), count, out=np.full(len(count), np.nan), where=count > 0))


def conditions(faces: face_sets.Faces) -> pd.DataFrame:
    """How each face is held, framed and seen, a row a face; NaN where the labels do not tell.

    tilt, turn: without sign, as `pose` reads them from the labels.  off centre: px from the middle between the eyes to
    where that usually is.  sharpness: log10 of the variance of the image's Laplacian over that of the image; low is
    blurred.  pixelation: how much of the mean step between neighbouring pixels repeats regularly, as coarse pixels do.
    padding: lines of pixels at the four edges that repeat the outermost one.
    """
    eyes = pose.eyes_and_nose(faces.points, faces.keypoints)[:, :2].mean(axis=1)
    seen: dict[str, list[np.ndarray]] = {"sharpness": [], "pixelation": [], "padding": []}
    for _, images in faces.batches():
        grey = images.astype(float).mean(axis=3)
        seen["sharpness"].append(sharpness(grey))
        seen["pixelation"].append(pixelation(grey))
        seen["padding"].append(padding(grey))
    return pd.DataFrame(
        {
            "tilt": np.abs(pose.tilt(faces.points, faces.keypoints)),
            "turn": np.abs(pose.turn(faces.points, faces.keypoints)),
            "off centre": np.linalg.norm(eyes - np.nanmedian(eyes, axis=0), axis=1),
            **{name: np.concatenate(values) for name, values in seen.items()},
        }
    )


def sharpness(grey: np.ndarray) -> np.ndarray:
    """(N,) log10 of the variance of the Laplacian of images (N, H, W), over the variance of the image."""
    edges = ndimage.convolve(grey, np.array([[[0, 1, 0], [1, -4, 1], [0, 1, 0]]], float), mode="nearest")
    return np.log10(np.maximum(edges.var(axis=(1, 2)), 1e-6) / np.maximum(grey.var(axis=(1, 2)), 1e-6))


def pixelation(grey: np.ndarray) -> np.ndarray:
    """(N,) the strongest regular repetition, every 2 to 8 px, of the steps between neighbouring pixels (N, H, W).

    As a share of the mean step; the mean of rows and columns.
    """
    found = []
    for axis in (1, 2):
        steps = np.abs(np.diff(grey, axis=axis)).mean(axis=3 - axis)
        usual = ndimage.uniform_filter1d(steps, 9, axis=1, mode="nearest")
        waves = np.abs(np.fft.rfft((steps - usual) / np.maximum(usual, 0.1), axis=1)) * 2 / steps.shape[1]
        period = steps.shape[1] / np.maximum(np.arange(waves.shape[1]), 1)
        found.append(waves[:, (period >= PERIODS[0]) & (period <= PERIODS[1])].max(axis=1))
    return np.mean(found, axis=0)


def padding(grey: np.ndarray) -> np.ndarray:
    """(N,) lines of pixels of images (N, H, W), in px and over all four edges, that repeat the line at their edge."""
    total = np.zeros(len(grey))
    for axis in (1, 2):
        lines = np.moveaxis(grey, axis, 1)
        for sided in (lines, lines[:, ::-1]):
            same = (np.abs(sided[:, 1:] - sided[:, :1]) <= SAME).all(axis=2)
            total += np.where(same.all(axis=1), same.shape[1], same.argmin(axis=1))
    return total


def parts_of(values: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows in `count` equal parts by their value (N,), lowest first; NaN is in none, equal values are in one part."""
    known = np.flatnonzero(~np.isnan(values))
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, count + 1)[1:-1])) if len(known) else []
    number = np.searchsorted(edges, values[known], side="left")
    return [known[number == part] for part in range(len(edges) + 1) if (number == part).any()]


def by_condition(
    values: np.ndarray,
    predicted: Mapping[str, np.ndarray],
    points: np.ndarray,
    groups: np.ndarray,
    count: int = 5,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[list[float], dict[str, list[metrics.Estimate]]]:
    """RMSE in px of each model in equal parts of the faces by a value (N,), and the mean value there.

    predicted: (N, K, 2) of each model.  Intervals are 95%, over groups (N,).
    """
    parts = parts_of(values, count)
    found = {
        name: [metrics.rmse_interval(each[rows], points[rows], groups[rows], repeats, seed) for rows in parts]
        for name, each in predicted.items()
    }
    return [float(values[rows].mean()) for rows in parts], found


def ratio_interval(
    errors: np.ndarray, hard: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate | None:
    """RMSE of the faces where `hard` (N,) is True over that elsewhere, with its 95% interval over groups (N,).

    errors: (N,) px, of each face, NaN left out.  None if one side has fewer than ten faces.
    """
    label = np.unique(groups, return_inverse=True)[1]
    sides = np.stack([~hard, hard], axis=1) & ~np.isnan(errors)[:, None]
    if sides.sum(axis=0).min() < 10:
        return None
    count = label.max() + 1
    squares = np.nan_to_num(errors) ** 2
    sums = np.stack([np.bincount(label, squares * side, count) for side in sides.T], axis=1)
    counts = np.stack([np.bincount(label, side, count) for side in sides.T], axis=1)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), repeats)
    draws = np.concatenate([draws, np.ones((1, count), int)])
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.sqrt(draws @ sums / (draws @ counts))
        ratios = means[:, 1] / means[:, 0]
    low, high = np.nanquantile(ratios[:-1], [0.025, 0.975])
    return metrics.Estimate(float(ratios[-1]), float(low), float(high))


def larger(ratio: metrics.Estimate | None) -> bool | None:
    """Whether a ratio or its interval tells: True above 1, False below or narrowly around it (within 10%), else None."""
    if ratio is None:
        return None
    if ratio.low > 1:
        return True
    return False if ratio.high < 1.1 else None


def hardest(errors: np.ndarray, share: float = 0.1) -> np.ndarray:
    """(N,) bool: the `share` of the faces with the largest errors (N,), at least one; NaN is never among them."""
    count = max(1, round(share * np.count_nonzero(~np.isnan(errors))))
    found = np.zeros(len(errors), bool)
    found[np.argsort(-np.nan_to_num(errors, nan=-1.0), kind="stable")[:count]] = True
    return found


def hard_for_all(
    errors: Mapping[str, np.ndarray], groups: np.ndarray, share: float = 0.1, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Of the hardest faces of a model, the share that are among the hardest of every model, with its 95% interval.

    Models that err on faces independently would share `share` ** (models - 1) of them.
    """
    label = np.unique(groups, return_inverse=True)[1]
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
    random = np.random.default_rng(seed)

    def common(rows: np.ndarray) -> float:
        found = np.stack([hardest(each[rows], share) for each in errors.values()])
        return float(found.all(axis=0).sum() / found[0].sum())

    draws = [np.concatenate([members[g] for g in random.integers(0, len(members), len(members))]) for _ in range(repeats)]
    low, high = np.quantile([common(rows) for rows in draws], [0.025, 0.975])
    return metrics.Estimate(common(np.arange(len(label))), float(low), float(high))
