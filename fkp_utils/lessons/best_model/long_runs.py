"""Tables of long runs on photos: what the recipe reaches, and what it reaches without one of its parts (notebook 13).

Each table is as `course.summary.published` gives it, its rows and a sentence on where they come from, or None where
the package is installed without results.
"""

from __future__ import annotations

import pandas as pd

from fkp_utils import metrics
from fkp_utils.evaluation import comparisons, verdicts

Published = tuple[pd.DataFrame, str] | None
MISSING = "No table of long runs is at hand here."
WHOLE = "everything"  # the row that the others are compared with
WITHOUT = {  # rows of runs without an ingredient, by the step that brings it in
    "own outputs of the sources": {"it": "without own outputs of the sources"},
    "augmentation": {"it": "without augmentation"},
    "heat maps": {"maps": "without heat maps: a dense head (small)"},
    "Huber loss": {"it": "without Huber: squared errors"},
    "falling rate, averaged weights": {
        "the schedule": "without a falling learning rate",
        "averaged weights": "without averaged weights",
    },
    "Muon": {"it": "without Muon: Adam"},
    "synthetic faces first": {"it": "without synthetic faces before"},
    "offset of the labels": {"it": "without the offset of the labels"},
}


def source(published: Published) -> str:
    """Where a table comes from."""
    return published[1] if published else MISSING


def part(published: Published, kind: str) -> pd.DataFrame:
    """The rows of a kind: "best" (a model), "point" (a keypoint) or "curve" (an epoch); none without a table."""
    if not published:
        return pd.DataFrame(columns=["name", "rmse"])
    rows = published[0]
    return rows[rows["kind"] == kind].drop(columns="kind").dropna(axis=1, how="all")


def errors(published: Published, kind: str) -> dict[str, metrics.Estimate]:
    """RMSE in px by name, of the rows of a kind."""
    return {row["name"]: _estimate(row, "rmse") for _, row in part(published, kind).iterrows()}


def ends(published: Published) -> dict[str, metrics.Estimate]:
    """The errors to one view at the ends of the trainings, by the names of their curves."""
    view = ", one view"
    return {name.removesuffix(view): one for name, one in errors(published, "best").items() if name.endswith(view)}


def models(published: Published) -> pd.DataFrame:
    """A row for each model of the table, a column for each of its numbers, with intervals in words."""
    rows = part(published, "best").set_index("name")
    return pd.DataFrame.from_dict({name: _cells(row) for name, row in rows.iterrows()}, orient="index").fillna("")


def without(published: Published, step: str) -> str:
    """A sentence on the runs without what a step brings in; "" where there are none."""
    rows = ablation(published).set_index("name")
    parts = [
        f"without {what} is {_side(rows.loc[name], rows.loc[WHOLE])}"
        for what, name in WITHOUT.get(step, {}).items()
        if name in rows.index
    ]
    return f"In the long runs on photos, the error {' and '.join(parts)}." if parts else ""


def ablation(published: Published) -> pd.DataFrame:
    """The table of runs without an ingredient; an empty one where there is none."""
    return published[0] if published else pd.DataFrame(columns=["name", "rmse", "change", "sd", "epochs", "seeds"])


def decided(published: Published) -> str:
    """Ingredients of the recipe whose absence changes the error by more than chance does, and the others."""
    rows = ablation(published).set_index("name")
    names = [name for step in WITHOUT.values() for name in step.values() if name in rows.index]
    words = {name: name.removeprefix("without ").partition(":")[0] for name in names}
    clear = [words[name] for name in names if _is_clear(_change(rows.loc[name], rows.loc[WHOLE]))]
    others = [word for word in words.values() if word not in clear]
    return (
        "**What to see.** Leaving these out changes the error, by a 95% interval over the seeds that does not include"
        f" 0: {', '.join(clear) or 'none'}. For these, the change cannot be told from chance:"
        f" {', '.join(others) or 'none'}."
    )


def hardest(published: Published) -> str:
    """Which points have the smallest and the largest error."""
    points = errors(published, "point")
    if not points:
        return MISSING
    order = [name.replace("_", " ") for name in sorted(points, key=lambda name: points[name].value)]
    ends_ = sorted(points.values(), key=lambda point: point.value)
    return (
        f"**What to see.** The smallest error is that of the {order[0]}, {ends_[0]} px, the largest that of the"
        f" {order[-1]}, {ends_[-1]} px."
    )


def minutes(published: Published) -> str:
    """How long the trainings took, where their errors end, and when they are lowest."""
    curves = part(published, "curve")
    if curves.empty:
        return MISSING
    start, end = curves["minutes"].min(), curves["minutes"].max()
    ends_, lowest = [], []
    for name, rows in curves.groupby("name", sort=False):
        best = rows.loc[rows["rmse"].idxmin()]
        ends_.append(f"{rows['rmse'].iloc[-1]:.2f} px ({name})")
        lowest.append(f"{best['rmse']:.2f} px in minute {best['minutes']:.0f} ({name})")
    return (
        f"**What to see.** {start:.0f} of the {end:.0f} minutes go to synthetic faces and to the first epoch on photos."
        f" The validation errors end at {' and '.join(ends_)}; the lowest are {' and '.join(lowest)}."
    )


def on_other_faces(published: Published) -> dict[str, metrics.Estimate]:
    """RMSE in px of the recipe's models, but the teacher's, by names that say that the faces are not Kaggle's."""
    found = errors(published, "best").items()
    return {f"this recipe, {name} (other faces)": one for name, one in found if not name.startswith("teacher")}


def _change(row: pd.Series, whole: pd.Series) -> metrics.Estimate | None:
    """RMSE in px of a row minus that of the whole recipe, with its 95% interval over the seeds of both."""
    first, second = (comparisons.spread(each["rmse"], each["sd"], int(each["seeds"])) for each in (row, whole))
    return comparisons.over_restarts(first, second)


def _is_clear(change: metrics.Estimate | None) -> bool:
    return verdicts.below(change).holds is not None


def _side(row: pd.Series, whole: pd.Series) -> str:
    change = _change(row, whole)
    interval = f"95% interval of the change {change.low:+.3f} to {change.high:+.3f} px" if change else "one seed"
    chance = "" if _is_clear(change) else ", so this may be chance"
    return f"{abs(row['change']):.3f} px {'higher' if row['change'] > 0 else 'lower'} ({interval}{chance})"


def _estimate(row: pd.Series, name: str) -> metrics.Estimate:
    return metrics.Estimate(*(float(row[column]) for column in (name, f"{name} low", f"{name} high")))


def _cells(row: pd.Series) -> dict[str, str]:
    names = [name for name in row.dropna().index if not name.endswith((" low", " high"))]
    return {
        name: str(_estimate(row, name)) if f"{name} low" in row and pd.notna(row[f"{name} low"]) else f"{row[name]:.2f}"
        for name in names
    }
