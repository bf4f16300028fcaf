"""What earlier reports say of augmentation, tested on runs with and without it (notebook 05)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.evaluation import bootstrap, comparisons, verdicts
from fkp_utils.lessons.augmentation import learning_speed, variants
from fkp_utils.training import runs

VGG = "MSE from 4.37 to 3.97 px²"
ALONE = ("shift", "flip", "rotate")  # parts of the earlier report's mixture


def claims(
    trained: Mapping[str, runs.Run],
    pairs: Mapping[str, tuple[runs.Run, runs.Run]],
    faces: face_sets.Faces,
    new: Mapping[str, face_sets.Faces],
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """The flip without swap (S2.5), the gain of augmentation (S0.10) and the first epochs with it (S3.3).

    trained: runs on few faces by augmentation, "none", "flip" and "no swap" among them.  pairs: by network, its run
    with augmentation and without.  faces, new: those on which `trained`, and each network of `pairs`, are compared.
    """
    draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
    return [
        *_flip(trained, faces, draws),
        *_networks(pairs, new, draws),
        *_first_epochs(pairs),
        *_alone(trained, faces, draws),
    ]


def _flip(trained: Mapping[str, runs.Run], faces: face_sets.Faces, draws: dict[str, Any]) -> list[verdicts.Tested]:
    none, flip, wrong = (trained[name] for name in ("none", "flip", "no swap"))
    cost = comparisons.difference(wrong, none, faces, **draws)
    worse = ~comparisons.is_lower(wrong, none, faces, by_seed=True, **draws)  # told by the change that is shown
    extra = ((wrong.predict(faces) - faces.points) ** 2 - (flip.predict(faces) - faces.points) ** 2).mean(axis=2)
    mirror = np.array(faces.keypoints.mirror)
    paired = mirror != np.arange(len(mirror))
    sides = [np.where(columns, extra, np.nan).reshape(-1) for columns in (~paired, paired)]
    middle, twins = (np.nanmean(side) for side in sides)
    groups = np.repeat(faces.groups, extra.shape[1])
    most = bootstrap.largest_share(np.stack(sides, axis=1), groups, **draws)[1]
    restarted = len(none.restarts) > 1
    return [
        verdicts.Tested(
            "S2.5 cost",
            "A flip without swap is worse than no augmentation at all.",
            "shown on faces, not measured",
            f"RMSE changes by {cost} px",
            worse,
        ),
        verdicts.Tested(
            "S2.5 pairs",
            "Points with a twin suffer most from it.",
            "shown, not measured",
            f"MSE grows by {twins:.1f} px² at twins, {middle:.1f} at points of the middle",
            verdicts.of_share(most) if restarted else verdicts.of_restarts([True]),
        ),
    ]


def _networks(
    pairs: Mapping[str, tuple[runs.Run, runs.Run]], new: Mapping[str, face_sets.Faces], draws: dict[str, Any]
) -> list[verdicts.Tested]:
    found = [
        verdicts.Tested(
            f"S0.10 {name}",
            f"Augmentation lowers the error of {name}.",
            VGG if name == "VGG-16" else "tried on VGG only",
            f"RMSE changes by {comparisons.difference(*pair, new[name], **draws)} px",
            comparisons.is_lower(*pair, new[name], by_seed=True, **draws),
        )
        for name, pair in pairs.items()
    ]
    if "VGG-16" not in pairs:
        ours = "not trained: it takes ImageNet weights, and the profile long or full"
        verdict = verdicts.unknown("it was not trained; it takes ImageNet weights, and the profile long or full")
        found.append(verdicts.Tested("S0.10 VGG-16", "Augmentation lowers the error of VGG-16.", VGG, ours, verdict))
    return found


def _first_epochs(pairs: Mapping[str, tuple[runs.Run, runs.Run]]) -> list[verdicts.Tested]:
    early = {name: learning_speed.first_quarter(*pair) for name, pair in pairs.items()}
    reached = {name: learning_speed.epochs_to_level(*pair) for name, pair in pairs.items()}
    # A restart that never reaches the error counts as if it did in the epoch after its last.
    most = {name: 1 + max(run.history["epoch"].max() for run in pair) for name, pair in pairs.items()}
    capped = {name: tuple(np.minimum(each, most[name]) for each in both) for name, both in reached.items()}
    texts = {
        "S3.3 first epochs": ("With augmentation the error is lower in the first epochs.", "low from the first epochs"),
        "S3.3 epochs": ("Without it, as low an error takes longer.", "about 30 more epochs without"),
    }
    found = []
    measured = zip(texts.items(), (early, reached), (early, capped), strict=True)
    for (identity, (statement, theirs)), values, compared in measured:
        changes = [comparisons.over_restarts(first, second, paired=True) for first, second in compared.values()]
        wins = [verdicts.of_networks(None, change) for change in changes]
        medians = {name: [np.median(each) for each in both] for name, both in values.items()}
        ours = "; ".join(f"{name} {first:.3g} with, {second:.3g} without" for name, (first, second) in medians.items())
        ours = ours.replace("inf", "never")
        found.append(verdicts.Tested(identity, statement, theirs, ours, verdicts.all_hold(wins)))
    return found


def _alone(trained: Mapping[str, runs.Run], faces: face_sets.Faces, draws: dict[str, Any]) -> list[verdicts.Tested]:
    gains = variants.gains({name: trained[name] for name in ("none", *ALONE) if name in trained}, faces, **draws)
    return [
        verdicts.Tested(
            f"S0.10 {name}",
            f"{name.capitalize()} alone lowers LeNet-5's error.",
            "part of the mixture that took VGG-16 from 4.37 to 3.97 px²",
            f"RMSE changes by {gain.change} px",
            gain.verdict,
        )
        for name, gain in gains.items()
    ]
