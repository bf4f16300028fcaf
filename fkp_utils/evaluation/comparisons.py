"""Is one network better than another, or only luckier?  On the same faces, over persons and restarts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.training import data_views

if TYPE_CHECKING:
    from fkp_utils.training import experiment, runs


def unseen(data: data_views.Data, by: data_views.Data, new: int = 0, everyone: bool = False) -> face_sets.Faces:
    """The evaluation faces of `data` whose persons and images a network that learnt from `by` has not met.

    The two may differ in `limit`; then `everyone` takes those of all parts, which no network that learnt from all of
    `data` can be asked.  Synthetic sets of another limit or seed share no person, whatever their numbers.
    So where `data` are synthetic without a limit, and `new` is not 0, they are so many faces of another seed instead,
    through the same views: as many persons as are asked for cost only time.
    """
    if new and data.name == "synthetic" and data.limit is None:
        return dataclasses.replace(data, limit=new, seed=data.seed + 1).faces()
    faces = data.faces() if everyone and data != by and data.name == by.name else data.parts().evaluation
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
    groups = faces.groups
    return bootstrap.rmse_difference(first.predict(faces), second.predict(faces), faces.points, groups, repeats, seed)


def is_lower(
    first: runs.Run,
    second: runs.Run,
    faces: face_sets.Faces,
    factor: float = 1.0,
    repeats: int = 1000,
    seed: int = 0,
    by_seed: bool = False,
) -> verdicts.Verdict:
    """Whether the first run's mean squared error is lower than `factor` times the second's.

    By the difference of their RMSE over persons, of the restarts that were kept, on the faces; and by that of all
    restarts, on the evaluation part of each run (`over_restarts`).  by_seed: restarts of the same seed are compared,
    which begin with the same weights if the two runs train the same network.
    With a factor of 1 it is not lower either if both intervals end nearer to 0 than `matters`.
    """
    root = math.sqrt(factor)  # errors that are `root` times as large have `factor` times the mean square
    scaled = faces.points + root * (second.predict(faces) - faces.points)
    persons = bootstrap.rmse_difference(first.predict(faces), scaled, faces.points, faces.groups, repeats, seed)
    errors = [run.restarts["evaluation"].to_numpy() for run in (first, second)]
    restarts = over_restarts(errors[0], root * errors[1], by_seed)
    return verdicts.of_networks(persons, restarts, matters(faces) if factor == 1 else 0.0)


def over_seeds(
    first: experiment.Experiment,
    second: experiment.Experiment,
    error: Callable[[runs.Run], float],
    count: int,
) -> metrics.Estimate | None:
    """The mean error of an experiment minus that of another, with its 95% interval over trainings (`over_restarts`).

    Each is trained `count` times, from other seeds, and `error` is asked of every training; so it may be measured on
    any faces.  What an experiment builds on, such as a training on synthetic faces, stays the same.  None below two.
    """
    if count < 2:
        return None
    from fkp_utils.training import runs

    def errors(repeated: experiment.Experiment) -> np.ndarray:
        alone = (dataclasses.replace(repeated, seed=repeated.seed + k, restarts=1) for k in range(count))
        return np.array([error(runs.run(each)) for each in alone])

    return over_restarts(errors(first), errors(second))


def over_restarts(first: np.ndarray, second: np.ndarray, paired: bool = False) -> metrics.Estimate | None:
    """The mean of a network's restarts (R,) minus that of another's (R',), with its 95% interval by Student's t.

    Their variances may differ: B. L. Welch, Biometrika 34 (1947), 28–35.  paired: the values belong together in pairs,
    and their differences vary.  None if one of the two was not restarted.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if min(len(first), len(second)) < 2:
        return None
    drawn = [first - second] if paired else [first, second]
    parts = np.array([np.var(each, ddof=1) / len(each) for each in drawn])
    value, half = float(first.mean() - second.mean()), 0.0
    if parts.any():
        freedom = parts.sum() ** 2 / sum(part**2 / (len(each) - 1) for part, each in zip(parts, drawn, strict=True))
        half = float(stats.t.ppf(0.975, freedom) * math.sqrt(parts.sum()))
    return metrics.Estimate(value, value - half, value + half)


def spread(mean: float, sd: float, count: int) -> np.ndarray:
    """So many values with this mean and standard deviation: restarts of which a table keeps only these."""
    apart = np.linspace(-1, 1, count)
    return np.asarray(mean + sd * apart / apart.std(ddof=1))


def matters(faces: face_sets.Faces) -> float:
    """The change of an RMSE, in px of these faces' images, below which it does not matter: `verdicts.MATTERS`."""
    return verdicts.MATTERS * faces.size[1] / verdicts.SIDE


def matters_squared(run: runs.Run, faces: face_sets.Faces) -> float:
    """The change of the run's mean squared error, in px², that is a change of its RMSE by `matters`."""
    usual = metrics.rmse(run.predict(faces), faces.points)
    return (usual + matters(faces)) ** 2 - usual**2


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
    return bootstrap.mean(costs, np.repeat(faces.groups, costs.size // len(faces)), repeats, seed)


def extra_cost_of_restarts(
    changed: tuple[runs.Run, runs.Run], usual: tuple[runs.Run, runs.Run]
) -> metrics.Estimate | None:
    """`extra_cost` over the restarts of all four runs, on the evaluation part of each.

    Restarts of the same seed belong together.  None if there is one of each.
    """
    squares = [run.restarts["evaluation"].to_numpy() ** 2 for run in (*changed, *usual)]
    return over_restarts(squares[0] - squares[1], squares[2] - squares[3], paired=True)


def beats(
    run: runs.Run, baseline: np.ndarray, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> verdicts.Verdict:
    """Whether the run's error is lower than that of points (N, K, 2) that need no training, such as a baseline's.

    By the interval of the difference over persons, and by the restarts, whose errors are those on the evaluation part:
    the faces have to be that part.  As in `is_lower`, a gain within `matters` is none.
    """
    gain = bootstrap.rmse_difference(run.predict(faces), baseline, faces.points, faces.groups, repeats, seed)
    lower = run.restarts["evaluation"].to_numpy() < metrics.rmse(baseline, faces.points)
    return verdicts.below(gain, 0.0, lower, matters=matters(faces))
