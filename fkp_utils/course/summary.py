"""The performance summary: one table of all runs on disk, and the tables of long runs kept in `results/` (S0.11)."""

from __future__ import annotations

import datetime
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.io.formats import style

from fkp_utils.datasets import loading
from fkp_utils.evaluation import baselines
from fkp_utils.models import architectures
from fkp_utils.recipes import earlier_networks
from fkp_utils.system import backend, devices, files, places
from fkp_utils.training import data_views, experiment, runs

PARTS = {"training": "train", "validation": "val", "evaluation": "eval"}


def row(run: runs.Run) -> dict[str, Any]:
    """One line of the table: errors of the kept restart by part, spread over restarts, cost, and the earlier figures.

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
    theirs = earlier_networks.earlier(label)
    mse, mae = (None, None) if theirs is None else (theirs.evaluation, theirs.mae)
    return {"earlier mse": mse, "earlier mae": mae}


def baseline_rows(parts: data_views.Parts) -> list[dict[str, Any]]:
    """The lines of the mean points and of the nearest faces, which are fitted and not trained."""
    rows = []
    for name, model in {"mean points": baselines.MeanPoints(), "nearest faces": baselines.NearestFaces()}.items():
        scores = runs.scores(model.fit(parts.training).predict, parts)
        found = {"variant": name} | _errors(scores) | {"eval rmse": scores["evaluation"]["mse"] ** 0.5}
        rows.append(found | _earlier(name))
    return rows


def table(found: Iterable[runs.Run], data: data_views.Data | None = None) -> pd.DataFrame:
    """The table of the runs, best evaluation error first; with `data`, baselines too, and only runs on the same faces.

    Runs of an older version of the code are left out.  ValueError if nothing is left to show.
    """
    shown = [run for run in found if is_current(run) and (data is None or on(run, data))]
    rows = baseline_rows(data.parts()) if data else []
    rows += [row(run) | {"variant": name} for run, name in zip(shown, names(shown), strict=True)]
    if not rows:
        raise ValueError("no run to show: none was found that the code as it is has trained")
    counts = {"epochs": "Int64", "restarts": "Int64", "parameters": "Int64", "seconds": "Int64"}
    whole = pd.DataFrame(rows).sort_values("eval mse", ignore_index=True)
    return whole.astype({name: kind for name, kind in counts.items() if name in whole})


def show(whole: pd.DataFrame, labels: str = "given") -> style.Styler:
    """The table as a page shows it, with errors on "given" labels, or on "all", where missing ones were filled.

    The earlier report's figures stand beside both: it does not say which labels they count.  ValueError for others.
    """
    if labels not in ("given", "all"):
        raise ValueError(f"labels is {labels!r}; expected 'given' or 'all'")
    kind = "all " if labels == "all" else ""
    errors = {f"{part} {kind}{name}": f"{part} {name}" for name in ("mse", "mae") for part in PARTS.values()}
    cost = ["epochs", "parameters", "restarts", "seconds"] if labels == "given" else ["epochs"]
    columns = ["variant", *errors, "earlier mse", "earlier mae", *cost]
    part = whole.reindex(columns=columns).rename(columns=errors)
    precise = [name for name in part if name.endswith(("mse", "mae"))]
    part[precise] = part[precise].astype(float)
    shown = part.style.format(precision=2, thousands=",", na_rep="–", subset=precise).hide(axis="index")
    return shown.format(precision=0, thousands=",", na_rep="–", subset=cost)


def names(found: Sequence[runs.Run]) -> list[str]:
    """The labels of the runs; where several have the same, each also says what is different in its description."""
    flat = [_flat(run.facts["described"]) for run in found]
    told = []
    for run, own in zip(found, flat, strict=True):
        same = [each for other, each in zip(found, flat, strict=True) if other.label == run.label]
        differing = [field for field in own if len({repr(each.get(field)) for each in same}) > 1]
        told.append(", ".join([run.label, *(f"{field.replace('_', ' ')} {own[field]}" for field in differing)]))
    return told


def _flat(described: Mapping[str, Any]) -> dict[str, Any]:
    """The description with the fields of its parts among its own; not the code, which is the same in one table."""
    fields: dict[str, Any] = {}
    for name, value in described.items():
        fields |= {f"{name} {part}": each for part, each in value.items()} if isinstance(value, dict) else {name: value}
    return {name.removeprefix("augmentation "): value for name, value in fields.items() if name != "code"}


def is_current(run: runs.Run) -> bool:
    """Whether the code that shapes a training is still that which trained the run."""
    described = run.facts["described"]
    data, model = described["data"]["name"], described["model"]
    if data not in loading.NAMES or model not in architectures.NAMES:
        return False
    return described["code"] == experiment.code(data, model)


def on(run: runs.Run, data: data_views.Data) -> bool:
    """Whether the run was trained and measured on these faces."""
    return run.facts["described"]["data"] == json.loads(json.dumps(data.described()))  # which has lists for tuples


def publish(
    name: str, found: Iterable[runs.Run], data: data_views.Data, profile: str, folder: pathlib.Path | None = None
) -> pathlib.Path:
    """Writes the table of the runs to `<name>.json` in results/, or `folder`, with what it takes to judge it.

    Returns the path.  ValueError if no run is on these faces.
    """
    found = [run for run in found if on(run, data) and is_current(run)]
    if not found:
        raise ValueError(f"no run on these {data.name} faces to publish as {name!r}")
    rows = json.loads(table(found, data).to_json(orient="records", double_precision=6))
    faces = {part: len(each) for part, each in data.parts()._asdict().items()}
    codes = sorted({run.facts["described"]["code"] for run in found})
    date = max(run.facts["date"] for run in found)
    return publish_rows(name, rows, data, faces, profile, folder, codes=codes, date=date)


def publish_rows(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    data: data_views.Data,
    faces: Mapping[str, int],
    profile: str,
    folder: pathlib.Path | None = None,
    **more: Any,
) -> pathlib.Path:
    """Writes any rows of numbers measured on `data`, as `publish` does; `faces`: how many of which were counted."""
    facts = {
        "data": identity(data),
        "faces": dict(faces),
        "profile": profile,
        "device": devices.accelerator(),
        "versions": backend.versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    path = (folder or places.RESULTS) / f"{name}.json"
    files.write_text(path, json.dumps(facts | more | {"rows": list(rows)}, indent=1))
    return path


def identity(data: data_views.Data) -> dict[str, Any]:
    """What a table says of the data that its numbers were measured on."""
    described = data.described()
    return {name: described[name] for name in ("name", "fingerprint", "limit", "seed")}


def published(name: str, folder: pathlib.Path | None = None) -> tuple[pd.DataFrame, str] | None:
    """A table of `results/`, or `folder`, and a sentence on where it comes from; None if it is not there (an installed
    package)."""
    path = (folder or places.RESULTS) / f"{name}.json"
    if not path.is_file():
        return None
    facts = json.loads(path.read_text(encoding="utf-8"))
    faces = ", ".join(f"{count:,} {part}" for part, count in facts["faces"].items())
    text = f"{facts['data']['name']} ({faces} faces), {facts['profile']}, {facts['device']}, {facts['date'][:10]}"
    return pd.DataFrame(facts["rows"]), text


def long_runs(folder: pathlib.Path | None = None) -> pd.DataFrame:
    """A row for each table of long runs in `results/`: what was measured, on what, how much, where and when."""
    rows = []
    for path in sorted((folder or places.RESULTS).glob("*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        if "date" not in facts:  # settled verdicts, each of which has its own
            continue
        faces, name = facts["faces"], facts.get("data", {}).get("name", "")
        if isinstance(faces, dict):
            faces = ", ".join(f"{count:,} {part}" for part, count in faces.items())
        work = facts.get("profile") or facts["network"]
        rows.append((path.stem, name, str(faces), work, facts["device"], facts["date"][:10]))
    return pd.DataFrame(rows, columns=["results", "data", "faces", "how much", "device", "date"])
