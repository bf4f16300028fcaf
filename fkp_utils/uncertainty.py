"""How sure a network is of its points: their spread when the image is mirrored and moved a little (notebook 06)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import optimize, stats

from fkp_utils import errors, metrics
from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets

if TYPE_CHECKING:
    from fkp_utils import runs

SHIFTS = ((0, 0), (3, 0), (-3, 0), (0, 3), (0, -3))  # (x, y) in px


class Shaken(NamedTuple):
    """points: (N, K, 2) px, the mean over all views of an image; spread: (N, K) px, how far a view is from it."""

    points: np.ndarray
    spread: np.ndarray

    @property
    def face(self) -> np.ndarray:
        """(N,) px: the spread of all points of a face, the root of the mean square."""
        return np.sqrt((self.spread**2).mean(axis=1))


def shake(run: runs.Run, faces: face_sets.Faces, shifts: Sequence[tuple[int, int]] = SHIFTS) -> Shaken:
    """The run's points over views of each face: shifted by `shifts`, each of them as it is and mirrored.

    What a shift brings in repeats the border.  The points of a view are moved back before they are compared.
    """
    total, squares = np.zeros(faces.points.shape), np.zeros(faces.points.shape)
    aside = np.array(run.offset or 0, float)
    for shift in shifts:
        for flip in (False, True):
            found = back(run.predict(view(faces, shift, flip)) - aside, faces, shift, flip) + aside
            total, squares = total + found, squares + found**2
    count = 2 * len(shifts)
    mean = total / count
    return Shaken(mean, np.sqrt(np.maximum(squares / count - mean**2, 0).sum(axis=2)))


def view(faces: face_sets.Faces, shift: tuple[int, int], flip: bool) -> face_sets.Faces:
    """The faces' images shifted by whole pixels (x, y), then mirrored; their points are not moved along."""
    height, width = faces.size
    rows = np.clip(np.arange(height) - shift[1], 0, height - 1)
    columns = np.clip(np.arange(width) - shift[0], 0, width - 1)[:: -1 if flip else 1]
    images = np.concatenate([images[:, rows[:, None], columns] for _, images in faces.batches()])
    return dataclasses.replace(faces, images=images)


def back(points: np.ndarray, faces: face_sets.Faces, shift: tuple[int, int], flip: bool) -> np.ndarray:
    """Points (N, K, 2) of a `view`, where they lie in the faces' own images."""
    mirrored = keypoint_sets.mirror(points, faces.keypoints, faces.size[1]) if flip else points
    return mirrored - np.array(shift)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The error in px that a spread stands for: the root of floor² + (factor × spread)²."""

    floor: float
    factor: float

    def __call__(self, spread: np.ndarray) -> np.ndarray:
        return np.hypot(self.floor, self.factor * np.asarray(spread, float))


def calibrate(spread: np.ndarray, squares: np.ndarray) -> Calibration:
    """The calibration under which the squared errors (N,) in px² are likeliest, if errors are normal; NaN is left out.

    spread: (N,) in px.  The likelihood weighs errors relative to what is expected, so that a few large ones do not
    decide.  ValueError for fewer than three faces.
    """
    spread, squares = np.asarray(spread, float), np.asarray(squares, float)
    known = np.isfinite(squares) & np.isfinite(spread)
    if known.sum() < 3:
        raise ValueError(f"{known.sum()} faces with a spread and an error; expected at least three")
    spread, squares = np.maximum(spread[known], 1e-6), np.maximum(squares[known], 1e-9)

    def unlikely(logs: np.ndarray) -> float:
        variance = np.exp(2 * logs[0]) + np.exp(2 * logs[1]) * spread**2
        return float((np.log(variance) + squares / variance).mean())

    start = np.log([np.sqrt(np.median(squares)) / 2, np.sqrt(np.median(squares)) / np.median(spread) / 2])
    found = optimize.minimize(unlikely, start, method="Nelder-Mead").x
    return Calibration(*map(float, np.exp(found)))


def expect(run: runs.Run, validation: face_sets.Faces, faces: face_sets.Faces) -> tuple[Shaken, np.ndarray]:
    """The faces as `shake` sees them, and the error (N,) in px that is expected of each; calibrated on validation."""
    seen, views = shake(run, validation), shake(run, faces)
    actual = errors.of_faces(seen.points, validation.points)
    return views, calibrate(seen.face, actual**2)(views.face)


def reliability(
    expected: np.ndarray, actual: np.ndarray, groups: np.ndarray, bins: int = 6, repeats: int = 1000, seed: int = 0
) -> tuple[list[float], list[metrics.Estimate]]:
    """Faces in `bins` equal parts by their expected error (N,): its root mean square, and that of the real error there.

    actual: (N,) px, the error of each face.  Intervals are 95%, over groups (N,).
    """
    known = np.flatnonzero(np.isfinite(actual))
    order = np.array_split(known[np.argsort(expected[known])], bins)
    wanted = [float(np.sqrt((expected[rows] ** 2).mean())) for rows in order]
    found = [metrics.mean_interval(actual[rows] ** 2, groups[rows], repeats, seed) for rows in order]
    return wanted, [metrics.Estimate(each.value**0.5, each.low**0.5, each.high**0.5) for each in found]


def rank_correlation(
    first: np.ndarray, second: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Spearman's rank correlation of two values of each face (N,), with its 95% interval over groups (N,)."""
    return errors.bootstrap(lambda rows: stats.spearmanr(first[rows], second[rows]).statistic, groups, repeats, seed)


def noticed(plain: np.ndarray, odd: np.ndarray) -> float:
    """Share of pairs, one of each kind, in which the odd image (M,) has the larger spread than the plain one (N,).

    Ties count half: 0.5 is no idea, 1 is always (the area under the ROC curve).
    """
    ranks = stats.rankdata(np.concatenate([plain, odd]))[len(plain) :]
    return float((ranks.sum() - len(odd) * (len(odd) + 1) / 2) / (len(odd) * len(plain)))
