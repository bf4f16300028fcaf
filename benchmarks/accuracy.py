"""The best model, measured on people it has not seen.

Trains the recipe of `recipes.best_model` at the profile's length on the training part, or finds it trained; a slow
machine takes half the epochs (`best_model.for_this_machine`).  Prints its RMSE in px over all given labels of the
evaluation part, as Kaggle counts them, with 95% intervals over persons: of the teacher and of the model that learnt
from it, with one view and ten views, each label source, each point, and the error against minutes of training.  Writes
results/accuracy.json. `ablation.py` says what each ingredient gives.

    python benchmarks/accuracy.py --data kaggle --root FOLDER [--profile quick] [--results FOLDER]
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import _options

from fkp_utils.system import backend

backend.load_keras()

import numpy as np  # noqa: E402

from fkp_utils import faces as face_sets  # noqa: E402
from fkp_utils import metrics, profiles  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.evaluation import bootstrap, errors  # noqa: E402
from fkp_utils.recipes import best_model  # noqa: E402
from fkp_utils.training import runs  # noqa: E402


def told(name: str, found: metrics.Estimate) -> dict[str, float]:
    """A value and its interval as columns of the table."""
    return {name: found.value, f"{name} low": found.low, f"{name} high": found.high}


def scores(points: np.ndarray, faces: face_sets.Faces, **draws: Any) -> dict[str, float]:
    """RMSE in px with its interval, that without the worst 1% of the faces, and that of each label source."""
    groups = faces.groups
    found = told("rmse", bootstrap.rmse(points, faces.points, groups, **draws))
    kept = errors.without_worst(points, faces.points)
    found["without the worst 1%"] = metrics.rmse(points[kept], faces.points[kept])
    for source in () if faces.source is None else np.unique(faces.source):
        rows = faces.source == source
        each = bootstrap.rmse(points[rows], faces.points[rows], groups[rows], **draws)
        found |= told(f"source {source}", each)
    return found


def by_point(points: np.ndarray, faces: face_sets.Faces, **draws: Any) -> Iterator[dict[str, Any]]:
    """A row for each point: RMSE in px with its interval."""
    groups = faces.groups
    for number, name in enumerate(faces.keypoints.names):
        one = slice(number, number + 1)
        found = bootstrap.rmse(points[:, one], faces.points[:, one], groups, **draws)
        yield {"kind": "point", "name": name, **told("rmse", found)}


def answered(
    single: Mapping[str, runs.Run], trained: Sequence[runs.Run], faces: face_sets.Faces
) -> dict[str, tuple[Sequence[runs.Run], np.ndarray]]:
    """Runs and their points: of single ones with one and with ten views, and of all that are trained, if several."""
    found: dict[str, tuple[Sequence[runs.Run], np.ndarray]] = {}
    for name, run in single.items():
        found[f"{name}, one view"] = [run], run.predict(faces)
        found[f"{name}, ten views"] = [run], best_model.answer([run], faces).points
    if len(trained) > 1:
        found[f"{len(trained)} models, ten views"] = trained, best_model.answer(trained, faces).points
    return found


def curves(single: Mapping[str, runs.Run]) -> Iterator[dict[str, Any]]:
    """A row for each epoch: validation error, and the minutes until then, those of what the run builds on included."""
    for name, run in single.items():
        spent = best_model.seconds(run) - run.history["seconds"].sum()
        for epoch in run.history.itertuples():
            spent += epoch.seconds
            yield {"kind": "curve", "name": name, "minutes": spent / 60, "rmse": epoch.validation}


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(__doc__, arguments, data="synthetic", root="", profile="quick", results=pathlib.Path)
    profile = best_model.for_this_machine(profiles.profile(options.profile))
    data = best_model.judged(options.data, options.root, profile)
    faces, draws = data.parts().evaluation, {"repeats": profile.bootstraps, "seed": data.seed}

    trained = [runs.run(each) for each in best_model.members(data, profile)]
    teacher = runs.run(best_model.teachers(data, profile)[0])
    single = {"teacher": teacher, "one model": trained[0]}
    if teacher.path == trained[0].path:  # no label is missing
        del single["teacher"]
    rows, answers = [], answered(single, trained, faces)
    for name, (some, points) in answers.items():
        found = scores(points, faces, **draws)
        earlier = f"teacher, {name.split(', ')[1]}"
        if name != earlier and earlier in answers:
            before = answers[earlier][1]
            change = bootstrap.rmse_difference(points, before, faces.points, faces.groups, **draws)
            found |= told("against the teacher", change)
        print(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()))
        rows.append({"kind": "best", "name": name, "minutes": sum(map(best_model.seconds, some)) / 60, **found})
    rows += by_point(points, faces, **draws)
    rows += curves(single)
    text = f"{profile.name} profile of the best model, {profile.best_before} and {profile.best_epochs} epochs"
    counts = {part: len(each) for part, each in data.parts()._asdict().items()}
    path = summary.publish_rows("accuracy", rows, data, counts, text, options.results)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
