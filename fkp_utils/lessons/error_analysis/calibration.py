"""What a spread of answers says of the error: its calibration, its reliability, and what it notices."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, errors, test_time_augmentation

if TYPE_CHECKING:
    from fkp_utils.training import runs

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)  # of intervals whose coverage is measured


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


def expect(
    run: runs.Run, validation: face_sets.Faces, faces: face_sets.Faces
) -> tuple[test_time_augmentation.Averaged, np.ndarray]:
    """The faces as `test_time_augmentation.predict` sees them, and the error (N,) in px that is expected of each.

    The expectation is calibrated on validation.
    """
    seen, found = (test_time_augmentation.predict(run, each) for each in (validation, faces))
    actual = errors.of_faces(seen.points, validation.points)
    return found, calibrate(seen.face, actual**2)(found.face)


def reliability(
    expected: np.ndarray, actual: np.ndarray, groups: np.ndarray, bins: int = 6, repeats: int = 1000, seed: int = 0
) -> tuple[list[float], list[metrics.Estimate]]:
    """Faces in `bins` equal parts by their expected error (N,): its root mean square, and that of the real error there.

    actual: (N,) px, the error of each face.  Intervals are 95%, over groups (N,).
    """
    known = np.flatnonzero(np.isfinite(actual))
    order = np.array_split(known[np.argsort(expected[known])], bins)
    wanted = [float(np.sqrt((expected[rows] ** 2).mean())) for rows in order]
    found = [bootstrap.mean(actual[rows] ** 2, groups[rows], repeats, seed) for rows in order]
    return wanted, [metrics.Estimate(each.value**0.5, each.low**0.5, each.high**0.5) for each in found]


def coverage(
    expected: np.ndarray,
    predicted: np.ndarray,
    points: np.ndarray,
    groups: np.ndarray,
    levels: Sequence[float] = LEVELS,
    repeats: int = 1000,
    seed: int = 0,
) -> list[metrics.Estimate]:
    """The share of given coordinates that lie as near to the prediction as they should at each of the levels (0 to 1).

    Errors of a face are taken as normal, with the expected error (N,) in px as their standard deviation.  predicted,
    points: (N, K, 2) px.  Intervals are 95%, over groups (N,).
    """
    sizes = np.abs(metrics.errors(predicted, points)) / np.asarray(expected)[:, None, None]
    rows = np.repeat(np.asarray(groups), sizes[0].size)
    limits = [stats.norm.ppf((1 + level) / 2) for level in levels]
    inside = [np.where(np.isnan(sizes), np.nan, sizes <= limit).ravel() for limit in limits]
    return [bootstrap.mean(each, rows, repeats, seed) for each in inside]


@dataclasses.dataclass(frozen=True)
class Reliability:
    """How far the expected errors of a network can be relied on.

    correlation: rank correlation of expected and real error.  fifths: of `reliability`, in five parts.  coverage: by
    the LEVELS.
    """

    correlation: metrics.Estimate
    fifths: tuple[list[float], list[metrics.Estimate]]
    coverage: dict[float, metrics.Estimate]


def judge(
    expected: np.ndarray, predicted: np.ndarray, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> Reliability:
    """How far expected errors (N,) in px can be relied on; predicted: (N, K, 2) px."""
    groups, draws = faces.groups, (repeats, seed)
    actual = errors.of_faces(predicted, faces.points)
    found = coverage(expected, predicted, faces.points, groups, LEVELS, *draws)
    return Reliability(
        rank_correlation(expected, actual, groups, *draws),
        reliability(expected, actual, groups, 5, *draws),
        dict(zip(LEVELS, found, strict=True)),
    )


def rank_correlation(
    first: np.ndarray, second: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """Spearman's rank correlation of two values of each face (N,), with its 95% interval over groups (N,)."""
    return bootstrap.statistic(lambda rows: stats.spearmanr(first[rows], second[rows]).statistic, groups, repeats, seed)


def noticed(plain: np.ndarray, odd: np.ndarray) -> float:
    """Share of pairs, one of each kind, in which the odd image (M,) has the larger spread than the plain one (N,).

    Ties count half: 0.5 is no idea, 1 is always (the area under the ROC curve).
    """
    ranks = stats.rankdata(np.concatenate([plain, odd]))[len(plain) :]
    return float((ranks.sum() - len(odd) * (len(odd) + 1) / 2) / (len(odd) * len(plain)))
