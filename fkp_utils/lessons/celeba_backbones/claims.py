"""What an earlier report says of a small network and of famous ones (S4.2), and of maps at three depths (S4.3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import comparisons, verdicts
from fkp_utils.lessons.celeba_backbones import causes, famous
from fkp_utils.training import experiment, runs

FACTOR = 10  # times the mean points' error: a failure
ALIKE = 0.9  # correlation of two maps that are almost the same


def own_network(
    own: runs.Run, mean: np.ndarray, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> verdicts.Tested:
    """Whether the small network is better than the mean points (N, K, 2) for the N faces."""
    errors = [metrics.mse(points, faces.points) for points in (own.predict(faces), mean)]
    return verdicts.Tested(
        "S4.2 own network",
        "The small network is better than the mean points.",
        "MSE 0.99 against 1.69",
        f"MSE {errors[0]:.2f} against {errors[1]:.2f} px²",
        comparisons.beats(own, mean, faces, repeats, seed),
    )


def networks(
    described: Mapping[str, experiment.Experiment], found: Mapping[str, runs.Run], repeats: int = 1000, seed: int = 0
) -> list[verdicts.Tested]:
    """Whether the famous networks that were trained, as a whole, are worse than the mean points; both by name."""
    tested = []
    for name, (error, rival) in famous.errors(described, found).items():
        faces, mean = famous.evaluation(described[name])
        start = f"weights at the start {famous.weights(described[name])}"
        tested.append(
            verdicts.Tested(
                f"S4.2 {name}",
                f"{name}, trained as a whole, is worse than the mean points.",
                "MSE of 592 to 1316",
                f"MSE {error:.0f} against {rival:.0f} px² at {faces.size[1]} px, {start}",
                ~comparisons.beats(found[name], mean, faces, repeats, seed),
            )
        )
    return tested


def frozen(error: Mapping[tuple[str, str], np.ndarray], benchmark: float, weights: str) -> list[verdicts.Tested]:
    """Whether frozen features fail as the report's networks did, and which cause, removed alone, is enough.

    Nothing is told of a cause where the recipe without any has failed too: more than `causes.ENOUGH` times `benchmark`.

    error: (S,) squared errors in px² of each of `causes.recipes`.  benchmark: that of the mean points.  weights: those
    of the backbone, in a word.
    """
    bad, good = error[causes.REMOVED, causes.NONE], error[causes.ADDED, causes.NONE]
    limit, works = causes.ENOUGH * np.median(good), _works(error, benchmark)
    failed = verdicts.unknown("the recipe without any cause is worse than the mean points; it takes one that works")
    tested = [
        verdicts.Tested(
            "S4.2 frozen",
            f"Frozen features with all seven causes of failure have {FACTOR} times the mean points' error or more.",
            "592 to 1316 against 1.69",
            f"{weights} weights: MSE {np.median(bad):,.0f} px², mean points {benchmark:,.0f}",
            verdicts.of_restarts(bad >= FACTOR * benchmark),
        )
    ]
    for word in causes.CAUSES.values():
        found = error[causes.REMOVED, word]
        tested.append(
            verdicts.Tested(
                f"S4.2 {word}",
                f"Of the seven causes, removing the {word} alone brings the error to {causes.ENOUGH} times that without"
                " any, or less.",
                "not explained",
                f"{weights} weights: MSE {np.median(found):,.0f} px², without any {limit / causes.ENOUGH:,.0f}",
                verdicts.of_restarts(found < limit) if works else failed,
            )
        )
    return tested


def _works(error: Mapping[tuple[str, str], np.ndarray], benchmark: float) -> bool:
    """Whether the recipe without any cause is good enough to compare the others with."""
    return bool(np.median(error[causes.ADDED, causes.NONE]) <= causes.ENOUGH * benchmark)


def maps(alike: Mapping[str, metrics.Estimate], learnt: bool) -> verdicts.Tested:
    """Whether the Grad-CAM maps of two targets are almost the same at each depth.

    alike: their mean correlation by layer.  learnt: whether the network is better than the mean points; one that is not
    has no maps that mean anything.
    """
    verdict = verdicts.all_hold(verdicts.above(each, ALIKE) for each in alike.values())
    return verdicts.Tested(
        "S4.3 own network",
        f"Grad-CAM maps of left-eye y and nose x are almost the same at three depths (r above {ALIKE}).",
        "almost the same, by eye",
        ", ".join(f"{layer} r = {value}" for layer, value in alike.items()),
        verdict if learnt else verdicts.unlearnt("the network"),
    )


def finding(own: float, error: Mapping[tuple[str, str], np.ndarray], benchmark: float, weights: str) -> str:
    """What the notebook found, in two sentences; own: the small network's MSE over the mean points'."""
    bad, good = (np.median(error[way, causes.NONE]) / benchmark for way in (causes.REMOVED, causes.ADDED))
    saving, ruining = causes.decisive(error)
    enough = f"It is enough to remove {' or '.join(saving)} alone" if saving else "It is not enough to remove one alone"
    if ruining:
        enough += f"; to add {' or '.join(ruining)} alone to a recipe that works is too much"
    if not _works(error, benchmark):
        enough = "As that fails too, nothing is told of a cause"
    return (
        f"The small network's mean squared error is {own:.2f} times that of the mean points. A head on frozen features"
        f" ({weights} weights) has {bad:,.1f} times that of the mean points with all suspected causes of failure, and"
        f" {good:.1f} times without any. {enough}."
    )
