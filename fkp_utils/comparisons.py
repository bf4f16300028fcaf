"""Is one network better than another, or only luckier?  On the same faces, over persons and restarts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from fkp_utils import eda, experiment, metrics
from fkp_utils import faces as face_sets

if TYPE_CHECKING:
    from fkp_utils import runs


def unseen(data: experiment.Data, by: experiment.Data) -> face_sets.Faces:
    """The evaluation faces of `data` whose persons and images a network that learnt from `by` has not met.

    The two may differ in `limit`.  Synthetic sets of another limit or seed share no person, whatever their numbers.
    """
    faces = data.parts().evaluation
    if data == by or data.name != by.name or data.name == "synthetic":
        return faces
    known = by.parts()[:2]
    images = {image.tobytes() for part in known for _, batch in part.batches() for image in batch}
    met = np.array([image.tobytes() in images for _, batch in faces.batches() for image in batch])
    if faces.subject is not None:
        met |= np.isin(faces.subject, np.concatenate([part.subject for part in known]))
    return faces.select(~met)


def difference(
    first: runs.Run, second: runs.Run, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> metrics.Estimate:
    """RMSE in px of the first run minus that of the second on the faces; the interval is over persons."""
    groups = eda.drawn_together(faces)
    return metrics.paired_interval(first.predict(faces), second.predict(faces), faces.points, groups, repeats, seed)


def is_lower(
    first: runs.Run,
    second: runs.Run,
    faces: face_sets.Faces,
    factor: float = 1.0,
    repeats: int = 1000,
    seed: int = 0,
    by_seed: bool = False,
) -> bool | None:
    """Whether the first run's mean squared error is lower than `factor` times the second's.

    True, or False, only if that is so in 95% (in 5% or fewer) of bootstrap draws of persons from the faces, and of the
    pairs of restarts; None in between, and where a run was not restarted.  The restarts' errors are those on the
    evaluation part of each run.  by_seed: only restarts of the same seed are paired, which begin with the same weights
    and see the faces in the same order, if the two runs differ in the labels alone.
    """
    squares = [(run.predict(faces) - faces.points).reshape(-1) ** 2 for run in (first, second)]
    groups = np.repeat(eda.drawn_together(faces), squares[0].size // len(faces))
    less = eda.largest_share(-np.stack([squares[0], factor * squares[1]], axis=1), groups, repeats, seed)[0]
    errors = [run.restarts["evaluation"].to_numpy() ** 2 for run in (first, second)]
    if min(map(len, errors)) < 2:
        return None
    pairs = errors[0] < factor * errors[1] if by_seed else errors[0][:, None] < factor * errors[1]
    verdict = eda.verdict(less)
    return verdict if verdict == eda.verdict(pairs.mean()) else None


def extra_cost(
    changed: tuple[runs.Run, runs.Run],
    usual: tuple[runs.Run, runs.Run],
    faces: face_sets.Faces,
    repeats: int = 1000,
    seed: int = 0,
) -> metrics.Estimate:
    """How much more a step costs in one setting than in another: in px², on the faces, over persons.

    A step is a pair of runs, with and without it; its cost is the mean squared error of the first minus the second's.
    """
    signs = (1, -1, -1, 1)
    squares = [(run.predict(faces) - faces.points) ** 2 for run in (*changed, *usual)]
    costs = sum(sign * each for sign, each in zip(signs, squares, strict=True)).reshape(-1)
    return metrics.mean_interval(costs, np.repeat(eda.drawn_together(faces), costs.size // len(faces)), repeats, seed)


def beats(
    run: runs.Run, baseline: np.ndarray, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> bool | None:
    """Whether the run's error is lower than that of points (N, K, 2) that need no training, such as a baseline's.

    True, or False, only if the interval of the difference over persons says so, and 95% of the restarts (all, if they
    are fewer than 20); None in between, and where the run was not restarted.  faces: the evaluation part, as the
    restarts' errors are those on it.
    """
    groups = eda.drawn_together(faces)
    gain = metrics.paired_interval(run.predict(faces), baseline, faces.points, groups, repeats, seed)
    lower = run.restarts["evaluation"].to_numpy() < metrics.rmse(baseline, faces.points)
    verdict = eda.verdict(lower.mean())
    if len(lower) < 2 or gain.low <= 0 <= gain.high:
        return None
    return verdict if verdict == (gain.high < 0) else None


def all_hold(verdicts: Iterable[bool | None]) -> bool | None:
    """The verdict on several at once: False if one is, else None if one cannot be told, or there is none, else True."""
    found = list(verdicts)
    return False if False in found else None if None in found or not found else True
