"""What notebook 12 shows and says of measures of pictures, of its trainings, and of long runs on photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fkp_utils import metrics

BOUNDS = ["rmse", "low", "high"]

# Columns of `ingredients.looks` that are compared, and what a figure calls them.
UNITS = {
    "turn": "|turn| (eye distances)",
    "tilt": "|tilt| (degrees)",
    "grey level": "mean grey level",
    "contrast": "sd of grey levels",
    "sharpness": "sharpness (log10)",
    "off centre": "off centre (px)",
}


def compared(looks: Mapping[str, pd.DataFrame]) -> str:
    """How synthetic faces vary in UNITS, next to photos; looks: tables of "synthetic" faces and, if any, "photos"."""
    made = looks["synthetic"]
    if "photos" not in looks:
        found = made[list(UNITS)].quantile([0.05, 0.95])
        tilt, turn = found["tilt"], found["turn"]
        return (
            "Without photos there is one line in each panel."
            f" Nine of ten heads are tilted by {tilt.iloc[0]:.0f}° to {tilt.iloc[1]:.0f}°"
            f" and turned by {turn.iloc[0]:.2f} to {turn.iloc[1]:.2f} eye distances."
        )
    reach = {kind: looks[kind][list(UNITS)].quantile([0.05, 0.95]) for kind in ("synthetic", "photos")}
    ratio = {
        name: float(np.ptp(reach["synthetic"][name].to_numpy()) / np.ptp(reach["photos"][name].to_numpy()))
        for name in UNITS
    }
    text = ", ".join(f"{name} {value:.2f}" for name, value in ratio.items())
    less = [name for name, value in ratio.items() if value < 1]
    lacking = f"Photos vary more in: {', '.join(less)}." if less else "In none of the six do photos vary more."
    return (
        "The range from the 5th to the 95th percentile does not feel the few photos with wrong labels."
        f" That of synthetic faces, divided by that of photos, is: {text}. {lacking}"
    )


def learnt(numbers: Sequence[int], found: Sequence[metrics.Estimate], level: float) -> str:
    """What networks that learnt from so many synthetic faces err by, and which are better than the mean face's level.

    A sentence goes on with it: on which faces.
    """
    text = ", ".join(f"{each} px after {number:,}" for number, each in zip(numbers, found, strict=True))
    better = [f"{number:,}" for number, each in zip(numbers, found, strict=True) if each.high < level]
    return (
        f"the RMSE is {text} faces. The mean synthetic face gets {level:.2f} px. Numbers of faces after which the"
        f" network is better than that: {', '.join(better) or 'none'}."
    )


def by_photos(table: pd.DataFrame) -> tuple[list[int], dict[str, list[metrics.Estimate]]]:
    """Numbers of photos that networks learnt from, and their RMSE in px at each, by whether they learnt from others.

    Ways that were not measured at all of the numbers are left out.
    """
    rows = table[table["photos"] > 0].sort_values("photos", kind="stable")
    numbers = sorted({int(number) for number in rows["photos"]})
    ways = {str(way): part for way, part in rows.groupby("way", sort=False) if len(part) == len(numbers)}
    return numbers, {way: [metrics.Estimate(*row) for row in part[BOUNDS].to_numpy()] for way, part in ways.items()}


def gain(numbers: Sequence[int], found: Mapping[str, Sequence[metrics.Estimate]], before: int) -> str:
    """What `by_photos` gives, in words: for the fewest photos and for the most; before: synthetic faces met first."""
    parts = []
    for place in (0, -1):
        each = ", ".join(f"{way} {errors[place]} px" for way, errors in found.items())
        parts.append(f"With {numbers[place]:,} photos the RMSE is: {each}.")
    return " ".join([*parts, f"*After synthetic* means after {before:,} synthetic faces."])


def alone(table: pd.DataFrame) -> pd.DataFrame:
    """What networks that have met no photo get on photos, a row for each way and number of faces."""
    rows = table[table["photos"] == 0]
    ways = rows["way"].str.removeprefix("synthetic alone").str.lstrip(", ").replace("", "as they are")
    columns = {"answers": ways, "synthetic faces": rows["synthetic"], "photos counted": rows["counted"]}
    return pd.DataFrame(columns | {"RMSE (px)": _errors(rows)}).drop_duplicates(ignore_index=True)


def alone_in_words(table: pd.DataFrame) -> str:
    """What networks that have met no photo err by, as they are and in the best way; and with how few photos alone.

    Ways that leave photos out, or take labels of photos, do not count as best.
    """
    rows = table[table["photos"] == 0]
    plain = rows[rows["way"] == "synthetic alone"].sort_values("synthetic").iloc[-1]
    best = rows[~rows["way"].str.contains("worst|learnt")].sort_values("rmse").iloc[0]
    numbers, found = by_photos(table)
    worse = [number for number, each in zip(numbers, found["photos alone"], strict=True) if each.value > best["rmse"]]
    way = best["way"].removeprefix("synthetic alone").lstrip(", ") or "as they are"
    few = " and with ".join(f"{number:,}" for number in worse) or "no number"
    return (
        f"After {plain['synthetic']:,} synthetic faces and no photo, the RMSE on photos is"
        f" {metrics.Estimate(*plain[BOUNDS])} px, and in the best way that leaves no photo out and takes no"
        f" label ({way}) it is"
        f" {metrics.Estimate(*best[BOUNDS])} px. Photos alone, in the figure above, are worse than that with"
        f" {few} of them; but they were measured on other photos."
    )


def log(table: pd.DataFrame) -> pd.DataFrame:
    """The changes of the generator, each once, with the network that measured it and its RMSE in px on photos."""
    networks = table["network"].str.replace(r" as best\w*\.before$", "", regex=True)  # the recipe, the same for all
    columns = {"change": table["note"], "network": networks, "synthetic faces": table["synthetic"]}
    return pd.DataFrame(columns | {"RMSE (px)": _errors(table)}).drop_duplicates(ignore_index=True)


def worth(table: pd.DataFrame) -> tuple[dict[str, metrics.Estimate], float]:
    """How much the RMSE in px grows without each ingredient, the most first, and what it is where all of them vary."""
    whole = float(table.loc[table["way"] == "everything", "rmse"].iloc[0])
    rows = table[table["way"] != "everything"].sort_values("more", ascending=False)
    more = rows[["more", "more low", "more high"]].to_numpy()
    names = rows["way"].str.removeprefix("without ")
    return {name: metrics.Estimate(*row) for name, row in zip(names, more, strict=True)}, whole


def signs(worth: Mapping[str, metrics.Estimate], faces: int) -> str:
    """Which ingredients are worth something, which do harm, and how many are neither, after so many faces, in words."""
    above = [f"{name} ({each.value:+.2f} px)" for name, each in worth.items() if each.low > 0]
    below = [f"{name} ({each.value:+.2f} px)" for name, each in worth.items() if each.high < 0]
    rest = len(worth) - len(above) - len(below)
    return (
        f"Each network learnt from {faces:,} synthetic faces."
        f" The error grows without {', '.join(above) or 'none of them'}."
        f" It falls without {', '.join(below) or 'none of them'}."
        f" The intervals of {rest or 'none'} of the others include 0."
    )


def _errors(rows: pd.DataFrame) -> list[str]:
    return [str(metrics.Estimate(*row)) for row in rows[BOUNDS].to_numpy()]
