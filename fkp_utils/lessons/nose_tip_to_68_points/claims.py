"""What an earlier report says of its networks for the nose tip, 58 and 68 points (S1.1 to S1.4), tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, comparisons, errors, face_conditions, verdicts
from fkp_utils.lessons.nose_tip_to_68_points import tasks
from fkp_utils.training import runs

BASE = "7×7"  # the first network for the nose tip; the others are compared with it
VALUES = (480, 1280, 240)  # that reach the dense layers of the three networks, as the report says
LOSS, EPOCHS = 0.001, 70  # what the report's loss falls below, and when
TURNED = 45.0  # degrees between a filter and its random start: half a right angle, which nothing in common has
FEWEST_EPOCHS = 3
UNLEARNT = "the network has not learnt enough; it takes more epochs"


def layers(values: Sequence[int]) -> list[verdicts.Tested]:
    """Whether the networks bring as many values to the dense layers as the report says."""
    right = tuple(values) == VALUES
    return [
        verdicts.Tested(
            "S1.1 layers",
            "The three networks bring 480, 1,280 and 240 values to the dense layers.",
            "480, 1,280 and 240",
            ", ".join(f"{value:,}" for value in values),
            verdicts.Verdict(right, f"the numbers are {'the same' if right else 'others'}"),
        )
    ]


def nose_tip(
    trained: Mapping[str, runs.Run],
    mean: np.ndarray,
    faces: face_sets.Faces,
    whole: face_sets.Faces,
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """Which faces are hard for the first network, and what smaller kernels and fewer filters change.

    trained: by name, BASE first, then "3×3" and "16 filters".  mean: (N, 1, 2) the mean point, which needs no training.
    faces: N with the nose tip alone; whole: the same with all points.
    """
    draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
    predicted = {name: run.predict(faces) for name, run in trained.items()}
    learnt = errors.better(predicted, mean, faces, **draws)
    kinds = face_conditions.kinds(whole, face_conditions.measure(whole))
    each, base = errors.of_faces(predicted[BASE], faces.points), trained[BASE]
    tested = []
    for word, kind in {"off centre": "off centre", "turned": "profile"}.items():
        ratio = bootstrap.rmse_ratio(each, kinds[kind], faces.groups, **draws)
        few, statement = "too few faces to tell", f"The nose tip is harder on faces that are {word}."
        ours = f"RMSE {ratio} times that of other faces, {kinds[kind].sum()} faces" if ratio else few
        tested.append(_harder(f"S1.1 {word}", statement, "seen", ours, ratio, BASE in learnt))
    statements = {"3×3": "Kernels of 3×3 are worse.", "16 filters": "16 filters a layer are worse than 32."}
    for name, statement in statements.items():
        change = comparisons.difference(trained[name], base, faces, **draws)
        worse = comparisons.is_lower(base, trained[name], faces, **draws)
        tested.append(
            verdicts.Tested(
                f"S1.1 {name}",
                statement,
                "worse, on few faces",
                f"RMSE changes by {change} px",
                worse if BASE in learnt else verdicts.unknown(UNLEARNT),
            )
        )
    for name in statements:
        lost = errors.extra(predicted[name], predicted[BASE], faces, kinds["profile"], **draws)
        ours = f"the ratio of errors is {lost} times that on other faces" if lost else "too few faces to tell"
        statement = f"Turned faces suffer most from it: {name}."
        tested.append(_harder(f"S1.1 {name} turned", statement, "seen", ours, lost, {name, BASE} <= set(learnt)))
    return [*tested, _faster(base, trained["16 filters"])]


def _faster(base: runs.Run, other: runs.Run) -> verdicts.Tested:
    slow, fast = tasks.seconds(base), tasks.seconds(other)
    verdict = verdicts.of_share(float((fast[:, None] < slow).mean()), "pairs of epochs", "epochs")
    return verdicts.Tested(
        "S1.1 faster",
        "16 filters a layer train faster than 32.",
        "faster",
        f"{np.median(fast) / np.median(slow):.2f} times the seconds of an epoch, on {base.facts['device']}",
        verdict if min(len(fast), len(slow)) > FEWEST_EPOCHS else verdicts.unknown("there are too few epochs"),
    )


def few_people(
    run: runs.Run,
    mean: np.ndarray,
    faces: face_sets.Faces,
    learners: face_sets.Faces,
    name: str,
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """Which faces are hard for the network of six convolutions, and how far its loss falls on its training faces.

    mean: (N, K, 2) the mean points for the N faces.  name: of the data set.
    """
    draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
    predicted = run.predict(faces)
    learnt = bool(errors.better({"": predicted}, mean, faces, **draws))
    each = errors.of_faces(predicted, faces.points)
    kinds = face_conditions.kinds(faces, face_conditions.measure(faces))
    tested = []
    for kind in ("off centre", "expression"):
        ratio = bootstrap.rmse_ratio(each, kinds[kind], faces.groups, **draws) if kind in kinds else None
        ours = f"RMSE {ratio} times that of other {name} faces" if ratio else f"not known of {name}, or too few"
        statement = f"Faces of the kind '{kind}' are harder."
        tested.append(_harder(f"S1.2 {kind}", statement, "poor on them", ours, ratio, learnt))
    epochs = int(run.history["epoch"].max())
    shares = (run.predict(learners) - learners.points) / learners.size[::-1]
    loss = float(np.nanmean(shares**2))
    verdict = verdicts.unknown("it takes faces of IMM" if name != tasks.IMM else "there are too few epochs")
    if name == tasks.IMM and (loss < LOSS or epochs >= EPOCHS):
        verdict = verdicts.Verdict(loss < LOSS, f"it is {loss:.5f}")
    return [
        *tested,
        verdicts.Tested(
            "S1.2 loss",
            "The loss falls below 0.001 (squared, in shares of the image's sides) in 70 epochs on the IMM faces.",
            "< 0.001",
            f"{loss:.5f} on the training faces as they are, after {epochs} epochs on {name}",
            verdict,
        ),
    ]


def filters(angle: metrics.Estimate, count: int, learnt: bool) -> list[verdicts.Tested]:
    """Whether the filters of a first layer were learnt; angle: the mean of `count` of them from their random start."""
    statement = "The 65 filters show what was learnt: on average they are more than 45° from their random start."
    ours = f"{count} filters, {angle}°"
    return [_above("S1.3 filters", statement, "65 drawn, nothing measured", ours, angle, TURNED, learnt)]


def colour(
    trained: Mapping[str, runs.Run],
    scores: pd.DataFrame,
    mean: np.ndarray,
    faces: face_sets.Faces,
    name: str,
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """How well ResNet-18 finds many points, whether `small` does it better, and how steadily both errors fall.

    trained: "resnet18" and "small".  scores: as `tasks.scores` has them.  mean: (N, K, 2) the mean points for the N
    faces.  name: of the data set.
    """
    draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
    found = {each: trained[each].predict(faces) for each in ("resnet18", "small")}
    learnt = "small" in errors.better(found, mean, faces, **draws)
    gap = bootstrap.rmse_difference(found["resnet18"], found["small"], faces.points, faces.groups, **draws)
    height, width = faces.size
    return [
        verdicts.Tested(
            "S1.4 MAE",
            "ResNet-18 finds 68 points with a mean absolute error of 10.69 px.",
            "10.69 on Kaggle",
            f"MAE {scores.loc['resnet18', 'MAE (px)']} px in {height}×{width} px, {name}, not pretrained; the size of"
            " the images behind their figure is not told",
            verdicts.unknown("pixels of images of another size are not the same; it takes theirs"),
        ),
        verdicts.Tested(
            "S1.4 network",
            "ResNet-18 is no longer the best choice: small errs less.",
            "ResNet-18, pretrained",
            f"RMSE is {gap} px larger with ResNet-18",
            comparisons.is_lower(trained["small"], trained["resnet18"], faces, **draws)
            if learnt
            else verdicts.unknown(UNLEARNT),
        ),
        _erratic(trained["resnet18"].history, **draws),
    ]


def _erratic(history: pd.DataFrame, repeats: int, seed: int) -> verdicts.Tested:
    steps = history.groupby("restart")[["training", "validation"]].diff().dropna()
    more = (steps["validation"] > 0).astype(float) - (steps["training"] > 0)
    rises = bootstrap.mean(more.to_numpy(), repeats=repeats, seed=seed) if len(steps) else None
    up = (steps > 0).mean()
    ours = f"rises in {up['validation']:.0%} of the epochs, in training {up['training']:.0%}; difference {rises}"
    return _above(
        "S1.4 erratic",
        "ResNet-18's training error falls steadily, its validation error is erratic: it rises more often.",
        "very erratic",
        ours if rises else "one epoch only",
        rises,
        0,
        len(steps) > 6,
        "epochs",
    )


def _harder(
    identity: str, statement: str, theirs: str, ours: str, ratio: metrics.Estimate | None, learnt: bool
) -> verdicts.Tested:
    """A claim that holds if a ratio of errors is above 1."""
    return _above(identity, statement, theirs, ours, ratio, 1, learnt, matters=verdicts.RATIO_MATTERS)


def _above(
    identity: str,
    statement: str,
    theirs: str,
    ours: str,
    found: metrics.Estimate | None,
    limit: float,
    learnt: bool,
    drawn: str = "persons",
    matters: float = 0.0,
) -> verdicts.Tested:
    """A claim that holds if the whole interval is above the limit; nothing is claimed of what learnt nothing.

    matters: as in `verdicts.unless_small`.
    """
    if not learnt:
        verdict = verdicts.unknown(UNLEARNT)
    elif not found:
        verdict = verdicts.unknown(f"{ours}; it takes more {drawn}")
    else:
        verdict = verdicts.above(found, limit, matters=matters, drawn=drawn)
    return verdicts.Tested(identity, statement, theirs, ours, verdict)


def finding(
    rmse: Mapping[str, metrics.Estimate],
    change: Mapping[str, metrics.Estimate],
    six: pd.DataFrame,
    many: pd.DataFrame,
) -> str:
    """What the notebook found, in two sentences; six, many: as `tasks.scores` has them."""
    nme = "NME (%)"
    return (
        f"In images of 60×80 px the nose tip is found to {rmse[BASE].value:.2f} px, where the mean point errs by"
        f" {rmse['mean point'].value:.2f} px; kernels of 3×3 change that by {change['3×3'].value:+.2f} px, 16 filters"
        f" by {change['16 filters'].value:+.2f} px. On new people six convolutions have an NME of"
        f" {six.loc['six_conv', nme].value:.1f}% in the second task; in the third, ResNet-18 has"
        f" {many.loc['resnet18', nme].value:.1f}% and the small network {many.loc['small', nme].value:.1f}%."
    )
