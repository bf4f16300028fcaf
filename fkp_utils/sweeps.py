"""Many small trainings compared: what restarts spread, and what early stopping would have done (notebook 08, S2)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import axes as mpl_axes
from scipy import stats

from fkp_utils import eda, metrics

if TYPE_CHECKING:
    from fkp_utils import faces as face_sets
    from fkp_utils import runs


def spread(errors: Mapping[Any, np.ndarray]) -> tuple[float, int]:
    """The sd of restarts (R,) around the mean of their own training, one for all, and its degrees of freedom.

    With two restarts of a few trainings and one of the others, this is what one restart's luck amounts to.  NaN and 0
    if nothing was restarted.
    """
    freedom = sum(len(each) - 1 for each in errors.values())
    squares = sum(float(((np.asarray(each) - np.mean(each)) ** 2).sum()) for each in errors.values())
    return (math.sqrt(squares / freedom) if freedom else math.nan), freedom


def intervals(errors: Mapping[Any, np.ndarray]) -> dict[Any, metrics.Estimate]:
    """The mean of each training's restarts, with its 95% interval by the common spread if anything was restarted."""
    sd, freedom = spread(errors)
    found = {}
    for name, each in errors.items():
        mean = float(np.mean(each))
        half = sd * float(stats.t.ppf(0.975, freedom)) / math.sqrt(len(each)) if freedom else 0.0
        found[name] = metrics.Estimate(mean, mean - half, mean + half)
    return found


def luck(errors: Mapping[Any, np.ndarray]) -> metrics.Estimate:
    """How far two single restarts of one training differ by luck in 95% of cases, with a 95% interval of that.

    ValueError if nothing was restarted.
    """
    sd, freedom = spread(errors)
    if not freedom:
        raise ValueError(f"none of {len(errors)} trainings was restarted; expected two restarts of one at least")
    usual = 1.96 * math.sqrt(2) * sd
    low, high = (usual * math.sqrt(freedom / stats.chi2.ppf(share, freedom)) for share in (0.975, 0.025))
    return metrics.Estimate(usual, float(low), float(high))


def difference(errors: Mapping[Any, np.ndarray], first: Any, second: Any) -> metrics.Estimate:
    """The mean of the first training's restarts minus that of the second's, with the interval as in `intervals`."""
    sd, freedom = spread(errors)
    value = float(np.mean(errors[first]) - np.mean(errors[second]))
    scale = math.sqrt(1 / len(errors[first]) + 1 / len(errors[second]))
    half = sd * scale * float(stats.t.ppf(0.975, freedom)) if freedom else 0.0
    return metrics.Estimate(value, value - half, value + half)


def is_lower(
    errors: Mapping[Any, np.ndarray], first: Any, second: Any, persons: metrics.Estimate | None = None
) -> bool | None:
    """Whether the first training's error is lower: True or False only if the interval of the difference is clear of 0.

    None otherwise, and where nothing was restarted.  persons: the same difference with its interval over persons, which
    must say the same.
    """
    if spread(errors)[1] == 0:
        return None
    verdicts = set()
    for found in [difference(errors, first, second)] + ([] if persons is None else [persons]):
        verdicts.add(None if found.low <= 0 <= found.high else found.high < 0)
    return verdicts.pop() if len(verdicts) == 1 else None


def by_persons(
    first: np.ndarray, second: np.ndarray, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """RMSE in px of the first predictions (N, K, 2) minus that of the second; the interval is over persons."""
    return metrics.paired_interval(first, second, faces.points, eda.drawn_together(faces), repeats, seed)


def specialists(found: Mapping[Any, runs.Run], counts: Mapping[Any, int]) -> np.ndarray:
    """(R,) RMSE in px over all points of networks that each know some: restart r of every one of them together.

    found: their runs, on the same faces.  counts: how many points each knows.
    """
    squares = [counts[name] * run.restarts["evaluation"].to_numpy() ** 2 for name, run in found.items()]
    return np.sqrt(np.sum(squares, axis=0) / sum(counts.values()))


@dataclasses.dataclass(frozen=True)
class Stop:
    """Where a training would have stopped, and the validation errors in px it would have been left with.

    epoch: from 1.  last: that of the weights at the end.  best: that of the best weights until then.
    """

    epoch: int
    last: float
    best: float


def stop(validation: np.ndarray, patience: int) -> Stop:
    """Early stopping after `patience` epochs (E,) in a row without a lower validation error; ValueError below 1."""
    if patience < 1:
        raise ValueError(f"patience is {patience}; expected at least 1 epoch")
    lowest, waited, epoch = math.inf, 0, 0
    for error in validation:
        lowest, waited, epoch = (error, 0, epoch + 1) if error < lowest else (lowest, waited + 1, epoch + 1)
        if waited >= patience:
            break
    return Stop(epoch, float(validation[epoch - 1]), float(lowest))


def stops(validation: np.ndarray, patiences: list[int]) -> pd.DataFrame:
    """A row for each patience: epoch, and in percent over the lowest error of the whole training: last, best."""
    found = {patience: stop(validation, patience) for patience in patiences}
    lowest = float(np.min(validation))
    rows = [(each.epoch, 100 * (each.last / lowest - 1), 100 * (each.best / lowest - 1)) for each in found.values()]
    return pd.DataFrame(rows, pd.Index(found, name="patience"), ["epoch", "last", "best"])


def rises(validation: np.ndarray) -> float:
    """The share of epochs after the first whose validation error is higher than the one before."""
    return float((np.diff(validation) > 0).mean()) if len(validation) > 1 else 0.0


def rate_curve(axes: mpl_axes.Axes, values: Mapping[float, metrics.Estimate], label: str) -> mpl_axes.Axes:
    """Errors with their intervals over learning rates on a logarithmic axis, joined by a line."""
    rates = sorted(values)
    centre, low, high = np.array([[values[rate].value, values[rate].low, values[rate].high] for rate in rates]).T
    axes.errorbar(rates, centre, yerr=[centre - low, high - centre], fmt="o-", capsize=3, label=label)
    axes.set(xscale="log", xlabel="learning rate")
    return axes


def band(axes: mpl_axes.Axes, value: metrics.Estimate, colour: str, label: str) -> mpl_axes.Axes:
    """A level with its interval across the axes, for what has no place on the horizontal one."""
    axes.axhline(value.value, color=colour, linestyle="--", label=label)
    axes.axhspan(value.low, value.high, color=colour, alpha=0.15, linewidth=0)
    return axes
