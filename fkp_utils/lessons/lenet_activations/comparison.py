"""The networks that notebook 03 compares: LeNet-5, trained on labels with gaps in several ways, by label source."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.io.formats import style

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap
from fkp_utils.models import label_sources
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, runs

FILLINGS = {name.replace("_", " "): name for name in earlier_networks.IMPUTERS}


def two_sources(faces: face_sets.Faces) -> bool:
    """Whether two label sources gave the labels."""
    return earlier_networks.sources(faces) == "apart"


def overview(parts: data_views.Parts) -> pd.DataFrame:
    """A row for each part: its faces, the share that has all labels, and that of the second source if there are two."""
    table = pd.DataFrame({"faces": [len(part) for part in parts]}, parts._fields)
    table["complete"] = [part.given.all(axis=1).mean() for part in parts]
    if two_sources(parts.training):
        table["second source"] = [np.mean(part.source == 1) for part in parts]
    return table


def ways(faces: face_sets.Faces) -> dict[str, str]:
    """What can be done about missing labels, as the field `missing` of an experiment, by name; "mask" where none is."""
    gaps = {} if faces.given.all() else FILLINGS | {"complete rows": "drop"}
    return gaps | {"masked": "mask"}


def learning_table(networks: Mapping[str, runs.Run], epochs: int) -> pd.DataFrame:
    """A row for each network: epochs, those of the kept restart that were kept, and the lowest validation RMSE in px.

    The last column counts no epoch after the first `epochs`, so that networks compare that were trained for longer.
    """
    rows = {}
    for name, run in networks.items():
        history = run.history
        rows[name] = {
            "epochs": int(history["epoch"].max()),
            "best epoch": int(run.restarts.loc[run.restarts["kept"], "best_epoch"].iloc[0]),
            "validation RMSE": float(history["validation"].min()),
            f"in {epochs} epochs": float(history.loc[history["epoch"] <= epochs, "validation"].min()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def errors(
    predicted: Mapping[str, np.ndarray], faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> dict[str, dict[str, metrics.Estimate]]:
    """RMSE in px on given labels of each prediction (N, K, 2): on "all faces", and where two sources are, on each."""
    groups = faces.groups
    return {
        title: {
            name: bootstrap.rmse(points[rows], faces.points[rows], groups[rows], repeats, seed)
            for name, points in predicted.items()
        }
        for title, rows in _where(faces).items()
    }


def sizes(faces: face_sets.Faces) -> dict[str, int]:
    """How many faces there are of each kind that `errors` tells apart."""
    return {title: int(rows.sum()) for title, rows in _where(faces).items()}


def _where(faces: face_sets.Faces) -> dict[str, np.ndarray]:
    where = {"all faces": np.ones(len(faces), bool)}
    if faces.source is not None and two_sources(faces):
        where |= {name: faces.source == number for number, name in enumerate(("first source", "second source"))}
    return where


def second_source(run: runs.Run, faces: face_sets.Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What a network says of the points that the second source puts elsewhere, on its M faces, read in two ways.

    Returns the points (M, P, 2) in px by the outputs of the first source, those by the second source's own, the labels,
    and the groups (M,) of the faces.
    """
    columns = [faces.keypoints.index(name) for name in label_sources.RELABELLED]
    second = faces.select(np.flatnonzero(faces.source == 1))
    as_first = dataclasses.replace(second, source=np.zeros_like(second.source))
    shared, own = (run.predict(each)[:, columns] for each in (as_first, second))
    return shared, own, second.points[:, columns], faces.groups[faces.source == 1]


def errors_shown(table: pd.DataFrame) -> style.Styler:
    """The table of runs as the page shows it: squared errors on given and on all labels, the report's, and the cost."""
    columns = {
        "variant": "network",
        "eval mse": "given labels",
        "eval all mse": "all labels",
        "earlier mse": "earlier report",
        "epochs": "epochs",
        "seconds": "seconds",
    }
    shown = table.reindex(columns=list(columns)).rename(columns=columns)
    precise, whole = list(shown.columns[1:4]), list(shown.columns[4:])
    shown[precise] = shown[precise].astype(float)
    look = shown.style.format(precision=2, na_rep="–", subset=precise).hide(axis="index")
    return look.format(precision=0, thousands=",", na_rep="–", subset=whole)


def flattered(table: pd.DataFrame) -> str:
    """What filled labels do to the squared errors of a table of runs, in a sentence for the page."""
    if "eval all mse" not in table or table["eval all mse"].isna().all():
        return "No label of these faces is missing, so there is nothing to fill."
    change = table["eval all mse"].astype(float) / table["eval mse"].astype(float) - 1
    return (
        f"**What to see.** Where filled labels count, errors change by {change.min():+.0%} to {change.max():+.0%}."
        f" The largest change is that of *{table['variant'][change.abs().idxmax()]}*."
    )
