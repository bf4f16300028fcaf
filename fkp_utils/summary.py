"""The performance summary: one table of all runs on disk, and the tables of long runs kept in `results/` (S0.11)."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import baselines, devices, experiment, files, impute, metrics, runs, runtime, variants

RESULTS = runs.CHECKOUT / "results"
PARTS = {"training": "train", "validation": "val", "evaluation": "eval"}


def row(run: runs.Run) -> dict[str, Any]:
    """One line of the table: errors of the kept restart by part, the spread over restarts, cost, and the earlier figures.

    mse, mae in px², px, on given labels; `all` where missing ones were filled; eval rmse: of the restarts, mean and sd.
    """
    facts, restarts = run.facts, run.restarts
    found: dict[str, Any] = {"variant": run.label, "epochs": int(restarts.loc[restarts["kept"], "best_epoch"].iloc[0])}
    found |= _errors(run.scores)
    found["eval rmse"] = float(restarts["evaluation"].mean())
    found["sd"] = float(restarts["evaluation"].std()) if len(restarts) > 1 else None
    found |= {"restarts": len(restarts), "parameters": facts["parameters"], "seconds": round(facts["seconds"])}
    return found | _earlier(run.label)


def _errors(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float | None]:
    return {
        f"{short} {name.replace('all_', 'all ')}": scores[part].get(name)
        for part, short in PARTS.items()
        for name in ("mse", "mae", "all_mse", "all_mae")
    }


def _earlier(label: str) -> dict[str, float | None]:
    theirs = variants.earlier(label)
    return {"earlier mse": theirs and theirs.evaluation, "earlier mae": theirs and theirs.mae}


def baseline_rows(parts: experiment.Parts) -> list[dict[str, Any]]:
    """The lines of the mean points and of the nearest faces, which are fitted and not trained."""
    rows = []
    for name, model in {"mean points": baselines.MeanPoints(), "nearest faces": baselines.NearestFaces()}.items():
        model.fit(parts.training)
        scores = {}
        for part, faces in parts._asdict().items():
            predicted = model.predict(faces)
            scores[part] = {"mse": metrics.mse(predicted, faces.points), "mae": metrics.mae(predicted, faces.points)}
            if not faces.given.all():
                filled = impute.fill(faces, impute.build(runs.ALL_LABELS), parts.training).points
                scores[part] |= {"all_mse": metrics.mse(predicted, filled), "all_mae": metrics.mae(predicted, filled)}
        found = {"variant": name} | _errors(scores) | {"eval rmse": scores["evaluation"]["mse"] ** 0.5}
        rows.append(found | _earlier(name))
    return rows


def table(found: Iterable[runs.Run], data: experiment.Data | None = None) -> pd.DataFrame:
    """The table of the runs, best evaluation error first; with `data`, baselines too, and only runs on the same faces."""
    rows = baseline_rows(data.parts()) if data else []
    rows += [row(run) for run in found if data is None or on(run, data)]
    return pd.DataFrame(rows).sort_values("eval mse", ignore_index=True)


def on(run: runs.Run, data: experiment.Data) -> bool:
    """Whether the run was trained and measured on these faces."""
    theirs = run.facts["described"]["data"]
    return theirs == {"name": data.name, "root": data.fingerprint(), "limit": data.limit, "seed": data.seed}


def publish(name: str, found: Iterable[runs.Run], data: experiment.Data, profile: str) -> pathlib.Path:
    """Writes the table of the runs to `results/<name>.json` with what it takes to judge it; returns the path."""
    rows = table(found, data).replace({np.nan: None}).to_dict("records")
    faces = {part: len(each) for part, each in data.parts()._asdict().items()}
    facts = {
        "data": {"name": data.name, "fingerprint": data.fingerprint(), "limit": data.limit, "seed": data.seed},
        "faces": faces,
        "profile": profile,
        "device": devices.accelerator(),
        "versions": runtime.versions(),
        "codes": sorted({run.facts["described"]["code"] for run in found if on(run, data)}),
        "date": max(run.facts["date"] for run in found if on(run, data)),
        "rows": rows,
    }
    path = RESULTS / f"{name}.json"
    files.write_text(path, json.dumps(facts, indent=1))
    return path


def published(name: str) -> tuple[pd.DataFrame, str] | None:
    """A table of `results/` and a sentence on where it comes from; None if it is not there (an installed package)."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return None
    facts = json.loads(path.read_text(encoding="utf-8"))
    faces = ", ".join(f"{count:,} {part}" for part, count in facts["faces"].items())
    text = f"{facts['data']['name']} ({faces} faces), {facts['profile']}, {facts['device']}, {facts['date'][:10]}"
    return pd.DataFrame(facts["rows"]), text
