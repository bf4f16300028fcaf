"""The steps from LeNet-5 to the recipe: what each of them changes, in words and in one table (notebook 13)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.lessons.best_model import long_runs
from fkp_utils.recipes import best_model
from fkp_utils.training import data_views, experiment, runs

OFFSET, PUPIL, VIEWS = "offset of the labels", "a teacher's labels", "mean of ten views"
ALL = ("LeNet-5, masked loss", *long_runs.WITHOUT, PUPIL, VIEWS)  # in their order
COLUMNS = ("RMSE (px)", "change (px)", "verdict", "parameters", "seconds, all in all")
WORDS = {True: "pays", False: "costs", None: "cannot be told"}
EFFECTS = {
    True: "so the step pays",
    False: "so the step costs",
    None: "so from these faces it cannot be told whether the step pays",
}


class Sequence:
    """The steps that a profile trains, one after the other; what they predict for the evaluation faces, by step.

    long: the table of long runs in which one ingredient was left out.  repeats, seed: of bootstraps over persons.
    """

    def __init__(
        self,
        described: Mapping[str, experiment.Experiment],
        data: data_views.Data,
        profile: profiles.Profile,
        long: long_runs.Published = None,
        repeats: int = 1000,
        seed: int = 0,
    ) -> None:
        self.described, self.data, self.profile, self.long = described, data, profile, long
        self.faces = data.parts().evaluation
        self.draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
        self.trained: dict[str, runs.Run] = {}
        self.predicted: dict[str, np.ndarray] = {}

    def train(self, name: str) -> str:
        """Trains a step, or finds it trained, and says what it changes; or why it is left out."""
        from IPython import display

        if name in self.described:
            self.trained[name] = runs.run(self.described[name])
            self.predicted[name] = self.trained[name].predict(self.faces)
            display.clear_output(wait=True)  # the line of progress
        why = reason(name, self.data, self.profile)
        return sentences(name, self.predicted, self.faces, self.long, why, **self.draws)


def sentences(
    name: str,
    predicted: Mapping[str, np.ndarray],
    faces: face_sets.Faces,
    long: long_runs.Published = None,
    why: str = "left out",
    repeats: int = 1000,
    seed: int = 0,
) -> str:
    """What a step changes, in words: on these faces, and in the long runs where there are such.

    predicted: points (N, K, 2) in px of the N faces by step, in the order of the steps.  why: it is left out, if it is.
    """
    more = long_runs.without(long, name)
    if name not in predicted:
        return f"**What to see.** On this page the step is {why}. {more}".rstrip()
    people = faces.points, faces.groups, repeats, seed
    text = f"**What to see.** The RMSE is {bootstrap.rmse(predicted[name], *people)} px."
    names = list(predicted)
    if names.index(name):
        before = names[names.index(name) - 1]
        change = bootstrap.rmse_difference(predicted[name], predicted[before], *people)
        text += f" Against the step before it ({before}) it changes by {change} px,"
        text += f" {EFFECTS[verdicts.below(change).holds]}."
    return f"{text} {more}".rstrip()


def changes(
    predicted: Mapping[str, np.ndarray], faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> dict[str, metrics.Estimate]:
    """By step, the RMSE in px minus that of the step before it, on the same faces; the first step has none."""
    names = list(predicted)
    return {
        after: bootstrap.rmse_difference(predicted[after], predicted[before], faces.points, faces.groups, repeats, seed)
        for before, after in itertools.pairwise(names)
    }


def reason(name: str, data: data_views.Data, profile: profiles.Profile) -> str:
    """Why a step is left out."""
    if name == OFFSET and data.name == "synthetic":
        return "left out: synthetic labels have no offset"
    if name == PUPIL and data.parts().training.given.all():
        return "left out: no label is missing"
    return f"left out by the {profile.name} profile" if profile.repeats == 1 else "left out: no offset was found"


def numbered(errors: Mapping[str, metrics.Estimate]) -> dict[str, metrics.Estimate]:
    """The same, with the number of each step before its name."""
    return {f"{ALL.index(name)}  {name}": value for name, value in errors.items()}


def seconds(trained: Mapping[str, runs.Run]) -> dict[str, float]:
    """Of each training, with those that it builds on; the views of the last network need no other."""
    found = {name: best_model.seconds(run) for name, run in trained.items()}
    return found | {VIEWS: found[list(found)[-1]]}


def table(
    trained: Mapping[str, runs.Run],
    error: Mapping[str, metrics.Estimate],
    change: Mapping[str, metrics.Estimate],
    data: data_views.Data,
    profile: profiles.Profile,
) -> pd.DataFrame:
    """A row for each step, those that are left out too, with what it reaches and what it takes."""
    cost, last, rows = seconds(trained), list(trained)[-1], {}
    for name in ALL:
        if name not in error:
            rows[name] = {"verdict": reason(name, data, profile)}
            continue
        facts = trained.get(name, trained[last]).facts
        rows[name] = {"RMSE (px)": str(error[name])}
        if name in change:
            rows[name] |= {"change (px)": str(change[name]), "verdict": WORDS[verdicts.below(change[name]).holds]}
        rows[name] |= {"parameters": f"{facts['parameters']:,}", "seconds, all in all": f"{cost[name]:.0f}"}
    found = pd.DataFrame(list(rows.values()), index=list(rows), columns=COLUMNS).fillna("")
    return found.set_axis([f"{number}  {name}" for number, name in enumerate(found.index)])


def summary(error: Mapping[str, metrics.Estimate], change: Mapping[str, metrics.Estimate]) -> str:
    """How far the error falls, which steps pay, which cost, and of which it cannot be told."""
    kinds: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for name, found in change.items():
        kinds[verdicts.below(found).holds].append(f"*{name}* ({found.value:+.2f} px)")
    start = {True: "Steps that pay", False: "Steps that cost", None: "Steps that cannot be told"}
    text = " ".join(f"{start[kind]}: {', '.join(found) or 'none'}." for kind, found in kinds.items())
    first, *_, last = error.values()
    return f"**What to see.** In {len(change)} steps the error goes from {first} px to {last} px. {text}"
