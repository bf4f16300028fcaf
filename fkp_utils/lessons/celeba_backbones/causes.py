"""Seven things that can make frozen features fail: recipes with all, some or none of them, and which of them decide."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils.lessons.celeba_backbones import heads

# Fields of a recipe, in the order in which the causes are removed one after another.
CAUSES = {
    "half_image": "units",
    "normalised": "scale of features",
    "longest": "length of a step",
    "zeros": "weights at the start",
    "faces": "number of faces",
    "steps": "number of steps",
    "inputs": "range of the input",
}
NONE = "none"
REMOVED, ADDED, IN_TURN = "one removed", "one added", "removed in turn"
WAYS = (REMOVED, ADDED, IN_TURN)
ENOUGH = 1.5  # times the error of the recipe without any cause: up to here a cause is made good


def recipes(bad: heads.Recipe, good: heads.Recipe) -> dict[tuple[str, str], heads.Recipe]:
    """Recipes by the way, one of WAYS, and the cause that is changed, NONE for the bad and the good recipe themselves.

    "one removed": the bad recipe without this cause.  "one added": the good recipe with this cause.  "removed in turn":
    the bad recipe without this cause and without those before it.
    """
    names = list(CAUSES)
    found = {(REMOVED, NONE): bad, (ADDED, NONE): good}
    for count, (name, word) in enumerate(CAUSES.items(), 1):
        found[REMOVED, word] = _changed(bad, good, [name])
        found[ADDED, word] = _changed(good, bad, [name])
        found[IN_TURN, word] = _changed(bad, good, names[:count])
    return found


def _changed(recipe: heads.Recipe, other: heads.Recipe, names: list[str]) -> heads.Recipe:
    """The recipe with these fields of the other one."""
    return dataclasses.replace(recipe, **{name: getattr(other, name) for name in names})


def panels(values: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Values of `recipes` by the way, then by the cause; what is removed in turn begins with the bad recipe too."""
    first = {REMOVED: values[REMOVED, NONE], ADDED: values[ADDED, NONE], IN_TURN: values[REMOVED, NONE]}
    return {way: {NONE: first[way]} | {word: values[way, word] for word in CAUSES.values()} for way in WAYS}


def reaches(
    described: Mapping[tuple[str, str], heads.Recipe],
    maps: Mapping[str, tuple[np.ndarray, np.ndarray]],
    size: tuple[int, int],
) -> pd.DataFrame:
    """The reach of a step in px of each recipe: a row for each cause, a column for each way.  maps: as `heads.errors`.

    size: (height, width) of the image in px.
    """
    found = {key: heads.reach(recipe, maps[recipe.inputs][0], size) for key, recipe in described.items()}
    return pd.DataFrame(panels(found))


def decisive(error: Mapping[tuple[str, str], np.ndarray]) -> tuple[list[str], list[str]]:
    """Causes that are enough: removed alone from the bad recipe, and those that are too much, added to the good one.

    error: (S,) squared errors of each of `recipes`; medians are compared, by ENOUGH.
    """
    limit = ENOUGH * np.median(error[ADDED, NONE])
    saving = [word for word in CAUSES.values() if np.median(error[REMOVED, word]) <= limit]
    ruining = [word for word in CAUSES.values() if np.median(error[ADDED, word]) > limit]
    return saving, ruining


def listed(error: Mapping[tuple[str, str], np.ndarray], way: str, words: Iterable[str]) -> str:
    """Causes with the median error of their recipe in this way."""
    return ", ".join(f"{word} ({np.median(error[way, word]):,.0f})" for word in words)


def medians(error: Mapping[tuple[str, str], np.ndarray]) -> dict[str, float]:
    """The median error of each recipe, by one name for each; those removed in turn are numbered."""
    numbers = {word: count for count, word in enumerate(CAUSES.values(), 1)}
    words = {REMOVED: "removed {}", ADDED: "added {}", IN_TURN: "in turn {}: {}"}
    return {
        words[way].format(*([numbers[word], word] if way == IN_TURN else [word])): float(np.median(values))
        for (way, word), values in error.items()
    }
