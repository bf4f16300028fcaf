"""Two gains that others report for Kaggle's competition (K.1, K.2), tested, and what the notebook found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, comparisons, verdicts


def claims(
    predicted: Mapping[str, np.ndarray],
    highest: np.ndarray,
    last: str,
    faces: face_sets.Faces,
    restarts: metrics.Estimate | None,
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """Whether the last step errs less than the first (K.1), and a mean place less than the highest one (K.2).

    predicted: points (N, K, 2) in px of the N faces by step, in the order of the steps.  last: the last step that was
    trained.  highest: (N, K, 2) px, the highest places of its heat maps.  restarts: the error of the last step that was
    trained minus that of the first, in px over trainings from several seeds; None if there are none.
    """
    matters = comparisons.matters(faces)
    first, final = next(iter(predicted)), list(predicted)[-1]
    pairs = (predicted[final], predicted[first]), (predicted[last], highest)
    lower, gain = (
        bootstrap.rmse_difference(one, other, faces.points, faces.groups, repeats, seed) for one, other in pairs
    )
    return [
        verdicts.Tested(
            "K.1",
            "The last step has a lower error than LeNet-5 on the same faces.",
            "heat maps and masked loss gain",
            f"RMSE changes by {lower} px" + (f", over restarts by {restarts} px" if restarts else ""),
            verdicts.of_networks(lower, restarts, matters),
        ),
        verdicts.Tested(
            "K.2",
            "The mean place of a heat map has a lower error than its highest place.",
            "−19% elsewhere",
            f"RMSE changes by {gain} px",
            verdicts.below(gain, matters=matters),
        ),
    ]


def finding(
    error: Mapping[str, metrics.Estimate], change: Mapping[str, metrics.Estimate], gain: metrics.Estimate
) -> str:
    """What the notebook found, in three sentences; gain: of mean places against highest ones, in px."""
    names = list(error)
    largest = min(change, key=lambda name: change[name].value)
    return (
        f"In {len(names) - 1} steps the error goes from {error[names[0]].value:.2f} px (LeNet-5) to"
        f" {error[names[-1]].value:.2f} px. The largest step is “{largest}”, with {change[largest].value:+.2f} px."
        f" Reading a heat map at its mean place, and not at its highest one, changes the error by {gain.value:+.2f} px."
    )
