"""What each ingredient of the best model gives: its recipe without one of them at a time, several seeds each.

Trains the teacher's recipe of `recipes.best_model`, with the smaller network of notebook 13's steps, for --epochs
epochs on the faces that `accuracy.py` trains on, all from one training on synthetic faces, and prints the RMSE in px of
the same people never seen: mean and standard deviation of the seeds, and the change against everything.  Of the whole
recipe also what needs no training: ten views for one, and the mean answer of the seeds' networks.  Writes
results/ablation.json anew after each row; rows of the same faces that are not made again (another name, or other
epochs) stay in it.  A benchmark that is killed goes on where it was.

    python benchmarks/ablation.py --data kaggle --root FOLDER [--profile quick] [--epochs 5] [--seeds 3]
        [--only "without augmentation" …] [--results FOLDER]
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import _options

from fkp_utils.system import backend

backend.load_keras()

import numpy as np  # noqa: E402

from fkp_utils import faces as face_sets  # noqa: E402
from fkp_utils import metrics, profiles  # noqa: E402
from fkp_utils.augmentation import augment  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.recipes import best_model  # noqa: E402
from fkp_utils.training import data_views, runs  # noqa: E402

WHOLE = "everything"
NETWORK = "heatmap"  # two thirds of the recipe's channels, in half its time
# What the recipe has in place of its own.
WITHOUT: dict[str, dict[str, Any]] = {
    "without synthetic faces before": {"pretrained": None},
    "without augmentation": {"augmentation": augment.NONE},
    "moderate augmentation for gentle": {"augmentation": augment.MODERATE},
    "without Huber: squared errors": {"loss": "mse"},
    "without Huber: Wing loss": {"loss": "wing"},
    "without Muon: Adam": {"optimizer": "adam", "learning_rate": best_model.ADAM_RATE},
    "without averaged weights": {"ema": 0.0},
    "without a falling learning rate": {"schedule": "constant"},
    "without own outputs of the sources": {"sources": "together"},
    "without the offset of the labels": {"offset": ()},
    "with drop-out, 0.2": {"dropout": 0.2},
    "half the channels": {"model": "heatmap_half"},
    "half as many channels again, as the recipe has": {"model": best_model.RECIPE["model"]},
    "without heat maps: a dense head (small)": {"model": "small"},
}


def trained(data: data_views.Data, profile: profiles.Profile, seeds: int, **changes: Any) -> list[runs.Run]:
    """The teacher's recipe with these changes, a run for each seed, all from one training on synthetic faces."""
    changes = {"model": NETWORK} | changes
    outputs = {name: changes[name] for name in ("model", "sources") if name in changes}  # of the start as of the rest
    start = best_model.before(profile, data.seed, **outputs)
    recipe = best_model.teachers(data, profile, **{"pretrained": start} | changes)[0]
    return [runs.run(dataclasses.replace(recipe, seed=seed)) for seed in range(seeds)]


def error(run: runs.Run) -> float:
    """RMSE in px on the evaluation part."""
    return run.restarts["evaluation"].iloc[0]


def untrained(whole: Sequence[runs.Run], faces: face_sets.Faces) -> Iterator[tuple[str, list[float]]]:
    """Names and errors of what the networks answer if they are asked otherwise."""
    views = [best_model.answer([run], faces).points for run in whole]
    yield f"{WHOLE}, ten views", [metrics.rmse(points, faces.points) for points in views]
    if len(whole) > 1:
        ones = np.mean([run.predict(faces) for run in whole], axis=0)
        yield f"{WHOLE}, mean of {len(whole)} models", [metrics.rmse(ones, faces.points)]
        yield f"{WHOLE}, mean of {len(whole)} models, ten views", [metrics.rmse(np.mean(views, axis=0), faces.points)]


def rows_at_hand(path: pathlib.Path, data: data_views.Data) -> list[dict[str, Any]]:
    """The rows of the table that is there, if they are of the same faces."""
    facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"data": None}
    return facts["rows"] if facts["data"] == summary.identity(data) else []


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(
        __doc__,
        arguments,
        data="synthetic",
        root="",
        profile="quick",
        epochs=5,
        seeds=3,
        only=tuple(WITHOUT),
        results=pathlib.Path,
    )
    if unknown := set(options.only) - set(WITHOUT):
        _options.refuse(f"--only {', '.join(unknown)}; there are {', '.join(WITHOUT)}")
    profile = dataclasses.replace(profiles.profile(options.profile), best_epochs=options.epochs, best_members=1)
    data = best_model.judged(options.data, options.root, profile)
    faces = data.parts().evaluation
    counts = {part: len(each) for part, each in data.parts()._asdict().items()}
    text = f"{profile.name} profile of the best model"
    path = options.results / "ablation.json"

    def told(name: str, reached: list[float], against: float) -> None:
        change, spread = np.mean(reached) - against, np.std(reached, ddof=1) if len(reached) > 1 else None
        row = {"name": name, "rmse": np.mean(reached), "change": change, "sd": spread}
        row |= {"epochs": options.epochs, "seeds": options.seeds}
        print(f"{name}: {row['rmse']:.3f} px, change {change:+.3f}, {np.round(reached, 3)}")
        others = [each for each in rows_at_hand(path, data) if (each["name"], each["epochs"]) != (name, row["epochs"])]
        summary.publish_rows("ablation", [*others, row], data, counts, text, options.results)

    offset = best_model.offset(best_model.before(profile, data.seed, model=NETWORK), data)
    whole = trained(data, profile, options.seeds, offset=offset)
    reached = [error(run) for run in whole]
    told(WHOLE, reached, np.mean(reached))
    for name, found in untrained(whole, faces):
        told(name, found, np.mean(reached))
    for name in options.only:
        found = trained(data, profile, options.seeds, **{"offset": offset} | WITHOUT[name])
        told(name, [error(run) for run in found], np.mean(reached))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
