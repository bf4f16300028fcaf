"""What notebook 05 trains, by profile, and what each augmentation changes against none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.augmentation import augment
from fkp_utils.evaluation import comparisons, verdicts
from fkp_utils.models import architectures
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, runs

WORDS = {True: "pays", False: "costs", None: "cannot be told"}
SMOKE = ("none", "standard", "flip", "no swap")  # what a test tries
MORE = {
    "scale": augment.Augmentation(scale=0.1),
    "crop": augment.Augmentation(crop=0.1),
    "occlusion": augment.Augmentation(occlusion=0.4),
    "blur": augment.Augmentation(blur=1.5),
    "noise": augment.Augmentation(noise=12),
    "strong": augment.STRONG,
}


def usual(faces: face_sets.Faces) -> dict[str, str]:
    """Fields of an experiment: masked labels, and own outputs for the second label source where there are two."""
    return {"missing": "mask", "sources": earlier_networks.sources(faces)}


def of_profile(ways: Mapping[str, augment.Augmentation], profile: str) -> dict[str, augment.Augmentation]:
    """The augmentations that a profile trains with: a few of these in `smoke`, these in `quick`, more in `full`."""
    kept = {name: way for name, way in ways.items() if profile != "smoke" or name in SMOKE}
    return kept | (MORE if profile == "full" else {})


def networks(
    data: data_views.Data, few: data_views.Data, profile: profiles.Profile, settings: Mapping[str, Any]
) -> dict[str, tuple[str, data_views.Data, dict[str, Any]]]:
    """By title: the model, the faces it learns from, and fields of its experiment.

    settings: of a network on few faces.  A profile that restarts VGG adds it, from ImageNet weights, on so many faces
    as the profile gives it; `full` adds networks that learn from all faces.
    """
    short = dict(settings)
    long = {name: short[name] for name in ("missing", "sources")}
    found = {"LeNet-5": ("lenet5", few, short), "small": ("small", few, short)}
    if profile.name == "full":
        restarts = {"restarts": short["restarts"]}
        found |= {"LeNet-5, all": ("lenet5", data, long), "small, all": ("small", data, long | restarts)}
    if profile.deep_restarts > 1:
        own = long | earlier_networks.from_imagenet(profile.vgg_epochs)
        found |= {"VGG-16": ("vgg16", dataclasses.replace(data, limit=profile.deep_faces), own)}
    return found


def with_and_without(
    chosen: Mapping[str, tuple[str, data_views.Data, dict[str, Any]]], profile: profiles.Profile
) -> dict[str, tuple[runs.Run, runs.Run]]:
    """By title of the network, its run with STANDARD and the one with no augmentation.

    A network whose weights are not at hand is left out, with a line that says so.
    """
    found = {}
    for title, (model, where, changes) in chosen.items():
        pair = [
            earlier_networks.experiment_of(model, where, profile, augmentation=way, **changes)
            for way in (augment.STANDARD, augment.NONE)
        ]
        try:
            found[title] = (runs.run(pair[0]), runs.run(pair[1]))
        except architectures.WeightsError as problem:
            print(f"{title} is left out: {problem}")
    return found


@dataclasses.dataclass(frozen=True)
class Gain:
    """What an augmentation changes against none.

    change: RMSE in px of the kept restart minus that of the kept one without, over persons.  restarts: the mean
    evaluation error in px of all restarts minus that without, over pairs of the same seed; None if one of the two
    was not restarted.  verdict: whether the error is lower, by persons and by restarts.
    """

    change: metrics.Estimate
    restarts: metrics.Estimate | None
    verdict: verdicts.Verdict


def gains(
    trained: Mapping[str, runs.Run], faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> dict[str, Gain]:
    """By name, what each run gains against the one that is called "none"; that one and "no swap" are left out."""
    none = trained["none"]
    found = {}
    for name, run in trained.items():
        if name in ("none", "no swap"):
            continue
        found[name] = Gain(
            comparisons.difference(run, none, faces, repeats, seed),
            comparisons.over_restarts(run.restarts["evaluation"], none.restarts["evaluation"], paired=True),
            comparisons.is_lower(run, none, faces, repeats=repeats, seed=seed, by_seed=True),
        )
    return found


def gain_table(found: Mapping[str, Gain]) -> pd.DataFrame:
    """A row for each augmentation, the largest gain first: persons, then restarts, then the verdict and its reason."""
    rows = {
        name: {
            "kept restart: change (px)": str(gain.change),
            "all restarts: mean change (px)": str(gain.restarts or "–"),
            "verdict": WORDS[gain.verdict.side],
            "reason": gain.verdict.why,
        }
        for name, gain in ((name, found[name]) for name in by_change(found))
    }
    return pd.DataFrame(rows).T


def by_change(found: Mapping[str, Gain]) -> list[str]:
    """The names, that with the lowest error of its kept restart first."""
    return sorted(found, key=lambda name: found[name].change.value)


def in_words(found: Mapping[str, Gain]) -> str:
    """Which augmentations pay, which cost, and of which neither can be told."""
    by_word: dict[str, list[str]] = {word: [] for word in WORDS.values()}
    for name in by_change(found):
        by_word[WORDS[found[name].verdict.side]].append(name)
    pays, costs, unknown = (", ".join(names) for names in by_word.values())
    told = [f"{pays or 'none of them'} pays", f"{costs or 'none of them'} costs"]  # "none" alone names a run
    return ", ".join(told + ([f"and it cannot be told of {unknown}"] if unknown else []))


def at_length(table: pd.DataFrame) -> str:
    """By network, how STANDARD changes the RMSE of long runs, with its 95% interval over restarts, in words.

    table: a row for each variant, as `summary.published` gives it, with mean and standard deviation over its restarts.
    """
    told = []
    errors = {
        row["variant"]: comparisons.spread(row["eval rmse"], row["sd"], int(row["restarts"]))
        for _, row in table.iterrows()
        if row["restarts"] > 1
    }
    for name, error in errors.items():
        plain = name.replace(", augmented", "")
        if plain != name and plain in errors:
            change = comparisons.over_restarts(error, errors[plain])
            told.append(f"{change} px in {name.partition(',')[0]}")
    return " and by ".join(told)


def left_from_right(points: np.ndarray, faces: face_sets.Faces) -> float:
    """How far apart predicted points (N, K, 2) put left and right: the sum of the horizontal distances over all given
    pairs, as a share of the same sum of the labels.
    """
    mirror = list(faces.keypoints.mirror)
    paired = np.array(mirror) != np.arange(len(mirror))
    predicted, labelled = (np.abs(each - each[:, mirror])[:, paired, 0] for each in (points, faces.points))
    return float(predicted[~np.isnan(labelled)].sum() / np.nansum(labelled))


def gap(pairs: Mapping[str, tuple[runs.Run, runs.Run]], new: Mapping[str, face_sets.Faces]) -> pd.DataFrame:
    """RMSE in px on the training faces as they are, on new faces, and their difference; rows as "network, way"."""
    rows = {}
    for name, (augmented, plain) in pairs.items():
        for way, run in (("none", plain), ("standard", augmented)):
            learnt = run.scores["training"]["mse"] ** 0.5
            error = metrics.rmse(run.predict(new[name]), new[name].points)
            rows[f"{name}, {way}"] = {"learnt": learnt, "new": error, "gap": error - learnt}
    return pd.DataFrame(rows).T
