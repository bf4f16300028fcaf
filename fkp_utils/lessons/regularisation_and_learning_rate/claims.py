"""What an earlier report says of drop-out, flips, learning rates and early stopping (S2), tested by many trainings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, comparisons, verdicts
from fkp_utils.lessons.regularisation_and_learning_rate import early_stopping, sweeps

LOSSES = {"neither": 0.0013, "drop-out": 0.0012, "flips": 0.0011, "both": 0.0012}  # of validation, as the report has it
RATES = {0.20: 0.00101, 0.35: 0.00097, 0.40: 0.00092, 0.41: 0.00092, 0.42: 0.00088, 0.50: 0.00105}  # the same
SCHEDULES = ("one cycle", "Adam")
FIGURE = 0.00088  # the loss of the report's best network
PROPOSED = {
    "shifts": "Shifts on top of flips lower the error.",
    "specialists": "A network for each region is better than one for all points.",
    "low rate": "A low rate is better than the usual one with as many epochs.",
}


def claims(
    trainings: sweeps.Trainings, mean: np.ndarray, level: float, rates: Iterable[float], full: bool = False
) -> list[verdicts.Tested]:
    """All of the report's claims.

    trainings: by the names of LOSSES, SCHEDULES and PROPOSED, the learning rates, and "longer".  mean: (N, K, 2) the
    mean points, which need no training, for their faces.  level: the scaled error of the mean points in validation.
    rates: that were swept.  full: whether the budget was the report's.  Each section is tested by the spread of its own
    trainings and of those before it.
    """
    early = trainings.among(LOSSES)
    swept = trainings.among([*LOSSES, *(f"{rate:g}" for rate in rates), *SCHEDULES])
    return [*two_by_two(early, mean), *rate(swept), *long(trainings, level, full), *proposed(trainings)]


def two_by_two(trainings: sweeps.Trainings, mean: np.ndarray) -> list[verdicts.Tested]:
    """Whether the network learns, and what drop-out and flips do to it."""
    faces = trainings.faces
    ours = f"{trainings.text(LOSSES)} after {trainings.usual.epochs} epochs"
    learns = verdicts.unknown("the training with flips was left out, as it exploded")
    if "flips" in trainings.errors:
        learns = comparisons.beats(trainings.runs["flips"], mean, faces, **trainings.draws)
    return [
        verdicts.Tested(
            "S2.1 learns",
            "The network beats the mean points.",
            "not compared",
            f"{ours}; mean {trainings.scale * metrics.rmse(mean, faces.points):.2f} px",
            learns,
        ),
        verdicts.Tested(
            "S2.2 flips",
            "Flips alone are the best of the four.",
            "validation loss 0.0011; 0.0012, 0.0012, 0.0013",
            ours,
            _all_lower(trainings, [("flips", name) for name in ("neither", "drop-out", "both")]),
        ),
        verdicts.Tested(
            "S2.2 neither",
            "Drop-out, flips and both are each better than neither.",
            "0.0012, 0.0011, 0.0012 against 0.0013",
            ours,
            _all_lower(trainings, [(name, "neither") for name in ("drop-out", "flips", "both")]),
        ),
        verdicts.Tested(
            "S2.2 both",
            "Drop-out on top of flips makes it worse.",
            "0.0012 against 0.0011",
            ours,
            trainings.lower("flips", "both"),
        ),
    ]


def _all_lower(trainings: sweeps.Trainings, pairs: Iterable[tuple[str, str]]) -> verdicts.Verdict:
    """Whether the first of each two has the lower error; a reason begins with the two that it is about."""
    found = {f"{first} against {second}": trainings.lower(first, second) for first, second in pairs}
    return verdicts.all_hold(
        dataclasses.replace(verdict, why=f"{pair}: {verdict.why}") for pair, verdict in found.items()
    )


def rate(trainings: sweeps.Trainings) -> list[verdicts.Tested]:
    """Whether 0.42 is the best rate, by more than two restarts of one training differ, and better than one cycle."""
    known = [f"{each:g}" for each in RATES if f"{each:g}" in trainings.errors]
    gained, verdict = "nothing was restarted", verdicts.unknown(sweeps.NOT_RESTARTED)
    chance = trainings.chance()
    if "0.42" in known and chance is not None:
        ratio = (RATES[0.41] / RATES[0.42]) ** 0.5
        gap = sweeps.intervals(trainings.errors)["0.42"].value * (ratio - 1)
        gained = f"the same share of our error is {gap:.2f} px; by luck two restarts differ by up to {chance} px"
        verdict = verdicts.below(chance, gap, drawn="restarts")
    return [
        verdicts.Tested(
            "S2.3 best",
            "0.42 is the best of the six rates.",
            "loss 0.00088; 0.00092 to 0.00105",
            f"{trainings.text(known)} after {trainings.usual.epochs} epochs",
            _all_lower(trainings, [("0.42", name) for name in known if name != "0.42"]),
        ),
        verdicts.Tested(
            "S2.3 luck",
            "What 0.42 gained on 0.41 is more than luck.",
            "0.00088 against 0.00092, one training each",
            gained,
            verdict,
        ),
        verdicts.Tested(
            "S2.1 decay",
            "A constant rate is better than one that falls.",
            "no decay is best by large",
            trainings.text(["0.42", *SCHEDULES]),
            trainings.lower("0.42", "one cycle"),
        ),
    ]


def long(trainings: sweeps.Trainings, level: float, full: bool = False) -> list[verdicts.Tested]:
    """Whether many epochs overfit, whether early stopping stops too soon, and the report's best figure.

    Only a training that leaves the plateau at the level in its first half tells the first two.
    """
    curves = trainings.curves("longer")
    if not curves:
        return []
    tables = [early_stopping.stops(each, early_stopping.patiences(len(each))) for each in curves]
    at_end, rise = _mean_above([early_stopping.end(each) for each in curves], 1)
    at_once, soon = _mean_above([table["last"].iloc[0] for table in tables], 10)
    if not all(early_stopping.plateau(each, level) < len(each) // 2 for each in curves):
        rise = soon = verdicts.unknown("a training has hardly begun to learn; it takes more epochs")
    stopped = pd.concat(tables).groupby("patience")["last"].mean()
    said = "; ".join(f"patience {patience} ends {share:+.1f}%" for patience, share in stopped.items())
    faces, side = trainings.faces, trainings.faces.size[1]
    best = bootstrap.rmse(trainings.predicted["longer"], faces.points, **trainings.draws)
    value, low, high = (float(sweeps.half_image(each, side)) for each in (best.value, best.low, best.high))
    equal = verdicts.unknown("it takes the report's faces, Kaggle's, and its number of epochs")
    if trainings.usual.data.name == "kaggle" and full:
        equal = verdicts.Verdict(low <= FIGURE <= high, f"the interval is from {low:.5f} to {high:.5f}")
    return [
        verdicts.Tested(
            "S2.4 overfits",
            "More epochs make the validation error rise (by 1% or more).",
            "an increase after 200 epochs",
            f"at the end {at_end}% over the lowest, means of a tenth of the epochs",
            rise,
        ),
        verdicts.Tested(
            "S2.4 early stopping",
            "Early stopping without patience, as Keras has it, stops far too soon"
            " (10% above the lowest error or more).",
            "it did not work for us",
            f"{said} over the lowest; patience 1: {at_once}%",
            soon,
        ),
        verdicts.Tested(
            "S2.4 figure",
            f"The best network has a loss of {FIGURE}.",
            f"{FIGURE}, or 1.42 px",
            f"{value:.5f} [{low:.5f}, {high:.5f}], that is {trainings.scale * best.value:.2f} px, on evaluation faces",
            equal,
        ),
    ]


def _mean_above(values: Sequence[float], limit: float) -> tuple[str, verdicts.Verdict]:
    """The mean over restarts in words, with its interval, and whether it is above the limit."""
    found = comparisons.over_restarts(np.array(values), np.zeros(len(values)), paired=True)
    if found is None:
        return f"{values[0]:.2f}", verdicts.of_restarts([True])
    return str(found), verdicts.above(found, limit, drawn="restarts")


def proposed(trainings: sweeps.Trainings) -> list[verdicts.Tested]:
    """Whether what the report proposed lowers the error."""
    return [
        verdicts.Tested(
            f"S2.6 {one}",
            statement,
            "proposed, not tried",
            trainings.change(one, sweeps.RIVALS[one]),
            trainings.lower(one, sweeps.RIVALS[one]),
        )
        for one, statement in PROPOSED.items()
    ]


def finding(trainings: sweeps.Trainings, top: float, near: Iterable[float], soon: float) -> str:
    """What the notebook found, in three sentences: the best rate, those like it, flips, one cycle, early stopping.

    soon: by how many percent the validation error is above its lowest where it first rises.
    """
    changes, near = trainings.changes(), list(near)
    flips, cycle = changes.get("flips against neither"), changes.get("one cycle against 0.42")
    return (
        f"No learning rate from {min(near):g} to {max(near):g} can be told from the best one, {top:g}. Flips change the"
        f" error by {flips.value if flips else math.nan:+.2f} px, a schedule of one cycle by"
        f" {cycle.value if cycle else math.nan:+.2f} px. A training that stops at the first epoch that is worse than"
        f" the one before ends {soon:.0f}% above the lowest error."
    )
