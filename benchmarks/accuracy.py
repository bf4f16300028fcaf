"""The best model, measured on people it has not seen, and what each of its ingredients gives.

Trains the recipe of `fkp_utils.best` at the profile's length on the training part, or finds it trained, and prints its
RMSE in px over all given labels of the evaluation part, as Kaggle counts them, with 95% intervals over persons: of the
teacher and of the model that learnt from it, with one view and ten views, each label source, each point, and the error
against minutes of training.  Then, for --short epochs, the teacher's recipe without one ingredient at a time, --seeds
seeds each.  Writes results/accuracy.json, anew after each ingredient: a benchmark that is killed leaves what it has,
and goes on where it was.

    python benchmarks/accuracy.py --data kaggle --root FOLDER [--profile quick] [--short 5] [--seeds 3]
        [--results FOLDER]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fkp_utils import runtime

runtime.load_keras()

import numpy as np  # noqa: E402

from fkp_utils import augment, best, eda, errors, experiment, metrics, profiles, runs, summary  # noqa: E402
from fkp_utils import faces as face_sets  # noqa: E402

HELD_OUT = (0.76, 0.04, 0.20)  # shares of the three parts; persons, and copies of an image, are in one of them
# What the recipe has in place of its own when an ingredient is left out.
WITHOUT: dict[str, dict[str, Any]] = {
    "everything": {},
    "without synthetic faces before": {"pretrained": None},
    "without augmentation": {"augmentation": augment.NONE},
    "moderate augmentation for gentle": {"augmentation": augment.MODERATE},
    "without Huber: squared errors": {"loss": "mse"},
    "without Huber: Wing loss": {"loss": "wing"},
    "without Muon: Adam": {"optimizer": "adam", "learning_rate": best.ADAM_RATE},
    "without averaged weights": {"ema": 0.0},
    "without a falling learning rate": {"schedule": "constant"},
    "without own outputs of the sources": {"sources": "together"},
    "without the offset of the labels": {"offset": 0.0},
    "without heat maps: a dense head (small)": {"model": "small"},
}


def scores(points: np.ndarray, faces: face_sets.Faces, **draws: Any) -> dict[str, float]:
    """RMSE in px with its interval, that without the worst 1% of the faces, and that of each label source."""
    groups = eda.drawn_together(faces)
    whole = metrics.rmse_interval(points, faces.points, groups, **draws)
    found = {"rmse": whole.value, "low": whole.low, "high": whole.high}
    kept = errors.without_worst(points, faces.points)
    found["without the worst 1%"] = metrics.rmse(points[kept], faces.points[kept])
    for source in () if faces.source is None else np.unique(faces.source):
        rows = faces.source == source
        each = metrics.rmse_interval(points[rows], faces.points[rows], groups[rows], **draws)
        found |= {f"source {source}": each.value, f"source {source} low": each.low, f"source {source} high": each.high}
    return found


def by_point(points: np.ndarray, faces: face_sets.Faces, **draws: Any) -> Iterator[dict[str, Any]]:
    """A row for each point: RMSE in px with its interval."""
    groups = eda.drawn_together(faces)
    for number, name in enumerate(faces.keypoints.names):
        one = slice(number, number + 1)
        found = metrics.rmse_interval(points[:, one], faces.points[:, one], groups, **draws)
        yield {"kind": "point", "name": name, "rmse": found.value, "low": found.low, "high": found.high}


def answered(
    single: Mapping[str, runs.Run], trained: Sequence[runs.Run], faces: face_sets.Faces
) -> dict[str, tuple[Sequence[runs.Run], np.ndarray]]:
    """Runs and their points: of single ones with one and with ten views, and of all that are trained, if several."""
    found: dict[str, tuple[Sequence[runs.Run], np.ndarray]] = {}
    for name, run in single.items():
        found[f"{name}, one view"] = [run], run.predict(faces)
        found[f"{name}, ten views"] = [run], best.answer([run], faces).points
    if len(trained) > 1:
        found[f"{len(trained)} models, ten views"] = trained, best.answer(trained, faces).points
    return found


def curves(single: Mapping[str, runs.Run]) -> Iterator[dict[str, Any]]:
    """A row for each epoch: validation error, and the minutes until then, those of what the run builds on included."""
    for name, run in single.items():
        spent = best.seconds(run) - run.history["seconds"].sum()
        for epoch in run.history.itertuples():
            spent += epoch.seconds
            yield {"kind": "curve", "name": name, "minutes": spent / 60, "rmse": epoch.validation}


def kept(path: pathlib.Path, data: experiment.Data) -> list[dict[str, Any]]:
    """The rows without an ingredient in the table that is there, if it is of the same faces."""
    facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"data": None}
    same = {"name": data.name, "fingerprint": data.fingerprint(), "limit": data.limit, "seed": data.seed}
    return [row for row in facts["rows"] if row["kind"] == "without"] if facts["data"] == same else []


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--root", default="", help="folder of the data")
    parser.add_argument("--profile", default="quick", choices=tuple(profiles.PROFILES))
    parser.add_argument(
        "--short", type=int, default=5, help="epochs of the runs without an ingredient; 0: those of the table before"
    )
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each of them")
    parser.add_argument("--results", type=pathlib.Path, help="folder of the table (default: results/ of the project)")
    options = parser.parse_args(arguments)
    profile = profiles.profile(options.profile)
    data = experiment.Data(options.data, options.root, profile.best_synthetic if options.data == "synthetic" else None)
    data = dataclasses.replace(data, fractions=HELD_OUT)
    faces, draws = data.parts().evaluation, {"repeats": profile.bootstraps, "seed": data.seed}

    trained = [runs.run(each) for each in best.members(data, profile)]
    teacher = runs.run(best.teachers(data, profile)[0])
    single = {"teacher": teacher, "one model": trained[0]}
    rows, answers = [], answered(single, trained, faces)
    for name, (some, points) in answers.items():
        found = scores(points, faces, **draws)
        if not name.startswith("teacher"):
            before = answers[f"teacher, {name.split(', ')[1]}"][1]
            change = metrics.paired_interval(points, before, faces.points, eda.drawn_together(faces), **draws)
            found |= {"against the teacher": change.value, "against low": change.low, "against high": change.high}
        print(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()))
        rows.append({"kind": "best", "name": name, "minutes": sum(map(best.seconds, some)) / 60, **found})
    rows += by_point(points, faces, **draws)
    rows += curves(single)
    if not options.short:
        rows += kept((options.results or summary.RESULTS) / "accuracy.json", data)
    text = f"{profile.name} profile of the best model"
    counts = {part: len(each) for part, each in data.parts()._asdict().items()}
    path = summary.publish_rows("accuracy", rows, data, counts, text, options.results)
    short = dataclasses.replace(profile, best_epochs=max(1, options.short), best_members=1)
    whole = None
    for name, changes in WITHOUT.items() if options.short else ():
        start = best.before(short, data.seed, model=changes.get("model", best.RECIPE["model"]))  # once for all seeds
        own = {"restarts": options.seeds, "pretrained": start, "offset": trained[0].offset}
        recipe = best.teachers(data, short, **own | changes)[0]
        reached = runs.run(recipe).restarts["evaluation"].to_numpy()
        whole = reached.mean() if whole is None else whole
        found = {"rmse": reached.mean(), "sd": reached.std(ddof=1) if len(reached) > 1 else None, "seeds": len(reached)}
        rows.append(
            {"kind": "without", "name": name, "change": reached.mean() - whole, "epochs": short.best_epochs} | found
        )
        print(f"{name}: {reached.mean():.3f} px, change {reached.mean() - whole:+.3f}, seeds {np.round(reached, 3)}")
        summary.publish_rows("accuracy", rows, data, counts, text, options.results)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
