"""Images changed on purpose by a few grey levels so that a network moves a keypoint (S0.13, notebook 06).

FGSM is one step along the sign of the gradient (Goodfellow et al., 2015); PGD several small ones that stay within the
budget (Madry et al., 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap

if TYPE_CHECKING:
    import keras

DIRECTIONS = {"right": (0, 1), "left": (0, -1), "down": (1, 1), "up": (1, -1)}  # axis, sign


def push(
    model: keras.Model, images: np.ndarray, output: int, direction: str, budget: float, steps: int = 1
) -> np.ndarray:
    """The images, changed so that the network's point `output` moves in a direction, one of DIRECTIONS, of the image.

    images: (N, H, W, C) in grey levels.  budget: the largest change of any pixel in grey levels.  steps: 1 is FGSM,
    more are PGD, with steps of 2.5 / steps of the budget.  Returns float32 (N, H, W, C), within 0 to 255 and the
    budget.  ValueError for another direction, a budget or number of steps that is not positive.
    """
    from fkp_utils.interpretation import gradcam

    if direction not in DIRECTIONS:
        raise ValueError(f"direction is {direction!r}; expected one of {', '.join(DIRECTIONS)}")
    if not (budget > 0 and steps >= 1):
        raise ValueError(f"budget {budget}, steps {steps}; expected positive numbers")
    axis, sign = DIRECTIONS[direction]
    start = np.asarray(images, np.float32)
    low, high = np.maximum(start - budget, 0), np.minimum(start + budget, 255)
    step = budget if steps == 1 else 2.5 * budget / steps
    found = start
    for _ in range(steps):
        gradient = np.asarray(gradcam.input_gradient(model, found, (output, axis)))
        found = np.clip(found + step * sign * np.sign(gradient), low, high).astype(np.float32)
    return found


def only(points: np.ndarray, output: int) -> np.ndarray:
    """The points (N, K, 2) without all but one, so that an error is counted at this one alone."""
    kept = np.full_like(points, np.nan)
    kept[:, output] = points[:, output]
    return kept


def at_point(
    answers: Mapping[str, np.ndarray], faces: face_sets.Faces, output: int, repeats: int = 1000, seed: int = 0
) -> dict[str, metrics.Estimate]:
    """RMSE in px of each answer (N, K, 2) at the point `output` alone, with its interval over persons."""
    own = only(faces.points, output)
    return {name: bootstrap.rmse(points, own, faces.groups, repeats, seed) for name, points in answers.items()}


def before_and_after(
    images: np.ndarray, changed: np.ndarray, faces: face_sets.Faces, answers: Mapping[str, np.ndarray], count: int = 4
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """The first images (N, H, W, C) "before" and "after" they were changed, and the change, 16 times as large.

    With the points by kind that belong to each of the two: the labels of the faces, and the answers (N, K, 2).
    """
    shown = {"before": images[:count], "after": changed[:count], "change × 16": 128 + 16 * (changed - images)[:count]}
    given = faces.points[:count]
    marks = {name: {"given": given, "predicted": answers[name][:count]} for name in ("before", "after")}
    return shown, marks | {"change × 16": {}}


def moved(model: keras.Model, images: np.ndarray, changed: np.ndarray, output: int, direction: str) -> np.ndarray:
    """(N,) px that the point `output` of the network moves in the direction from the images to the changed ones."""
    axis, sign = DIRECTIONS[direction]
    before, after = (np.asarray(model.predict_on_batch(np.asarray(each, np.float32))) for each in (images, changed))
    return sign * (after - before)[:, output, axis]


def random_change(images: np.ndarray, budget: float, seed: int = 0) -> np.ndarray:
    """The images with every pixel changed by the budget, up or down at random: what this size does by chance."""
    signs = np.random.default_rng(seed).choice([-1, 1], np.shape(images))
    return np.clip(np.asarray(images, np.float32) + budget * signs, 0, 255).astype(np.float32)


def strength(
    model: keras.Model,
    images: np.ndarray,
    output: int,
    direction: str,
    budgets: Sequence[float],
    steps: int = 10,
    groups: np.ndarray | None = None,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, list[metrics.Estimate]]:
    """How far in px a point moves on average under FGSM, PGD and a change at random, for each budget in grey levels.

    Intervals are 95%, over groups (N,), such as persons.  The other arguments are those of `push`.
    """
    found: dict[str, list[metrics.Estimate]] = {"PGD": [], "FGSM": [], "at random": []}
    for budget in budgets:
        changes = {
            "PGD": push(model, images, output, direction, budget, steps),
            "FGSM": push(model, images, output, direction, budget),
            "at random": random_change(images, budget, seed),
        }
        for name, changed in changes.items():
            moves = moved(model, images, changed, output, direction)
            found[name].append(bootstrap.mean(moves, groups, repeats, seed))
    return found
