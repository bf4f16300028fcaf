"""The recipe of the best model, for every profile, and its answers (notebook 13)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, profiles
from fkp_utils.augmentation import augment
from fkp_utils.datasets import loading
from fkp_utils.recipes import earlier_networks, pseudo_labels
from fkp_utils.system import devices
from fkp_utils.training import data_views, experiment

if TYPE_CHECKING:
    from fkp_utils.evaluation import test_time_augmentation
    from fkp_utils.training import runs

SHARES = (0.94, 0.03, 0.03)  # of training, validation, evaluation where a model is to answer for others
HELD_OUT = (0.76, 0.04, 0.20)  # where it is judged
MANY = 1000  # faces of which such small shares still hold several people
ADAM_RATE = 2e-3  # of the steps before Muon
# Photos of one set are framed alike, so they are moved less than by augment.MODERATE.
GENTLE = augment.Augmentation(flip=0.5, rotate=5, scale=0.05, shift=0.03, brightness=0.3, contrast=0.3)
RECIPE: dict[str, Any] = {
    "model": "heatmap_wide",
    "missing": "mask",
    "sources": "apart",
    "augmentation": GENTLE,
    "loss": "huber",
    "dropout": 0.0,
    "optimizer": "muon",
    "learning_rate": 4e-3,
    "schedule": "cosine",
    "ema": 0.99,
    "batch": 32,
}


def members(data: data_views.Data, profile: profiles.Profile) -> list[experiment.Experiment]:
    """The experiments whose mean is the answer: `teachers`, which are trained if need be, and their pupils.

    Where no label is missing, the teachers themselves.
    """
    from fkp_utils.training import runs

    first = teachers(data, profile)
    if data.parts().training.given.all():
        return first
    for each in first:
        runs.run(each)
    return [pupil(each) for each in first]


def pupil(teacher: experiment.Experiment) -> experiment.Experiment:
    """The same experiment with the teacher's answers for the labels that are missing, to be run after the teacher's.

    Most faces have four labels, so most people are never seen with all 15; with the answers, they are.
    """
    return dataclasses.replace(teacher, data=teacher.data.through(pseudo_labels.PseudoLabels(teacher.key)))


def teachers(data: data_views.Data, profile: profiles.Profile, **changes: Any) -> list[experiment.Experiment]:
    """One recipe, one seed each, learning from given labels, all first trained on synthetic faces.

    The faces are those of `data`, all of them whatever the profile, in its own parts.  changes: fields of `Experiment`
    that differ from the recipe.
    """
    alone = changes | {"offset": (), "pretrained": None}  # these are of photos
    away = changes["offset"] if "offset" in changes else offset(before(profile, data.seed, **alone), data)
    found = []
    for seed in range(profile.best_members):
        first = before(profile, data.seed, seed=seed, **alone)
        own = {"precision": earlier_networks.precision(), "seed": seed, "pretrained": first}
        recipe = RECIPE | own | changes | {"offset": away}
        found.append(experiment.Experiment(data=data, epochs=profile.best_epochs, **recipe))
    return found


def before(profile: profiles.Profile, data_seed: int = 0, **changes: Any) -> experiment.Experiment:
    """What comes before the photos: the recipe on synthetic faces, more strongly augmented, as they are all alike.

    No label of theirs is hidden: the rows of Kaggle's second source lack 11 of 15, and nothing is gained by that here.
    """
    shares = SHARES if profile.best_synthetic >= MANY else data_views.FRACTIONS
    data = data_views.Data("synthetic", "", profile.best_synthetic, data_seed, shares)
    recipe = RECIPE | {"precision": earlier_networks.precision(), "augmentation": augment.STRONG} | changes
    data = data.through(data_views.AllLabels())
    return experiment.Experiment(data=data, epochs=profile.best_before, **recipe)


def offset(before: experiment.Experiment, data: data_views.Data) -> tuple[tuple[float, float], ...]:
    """How far labels lie aside of what they name, in px: `sim_to_real.offset` of the training part.

    Judged by the run of `before`, a training on synthetic faces, which is trained if need be.  Synthetic faces have no
    offset, and of other keypoints than theirs none is known: ().
    """
    from fkp_utils.recipes import sim_to_real
    from fkp_utils.training import runs

    if data.name == "synthetic":
        return ()
    faces = data.parts().training
    return sim_to_real.offset(runs.run(before), faces) if faces.keypoints == keypoints.KAGGLE_15 else ()


def steps(data: data_views.Data, profile: profiles.Profile, epochs: int) -> dict[str, experiment.Experiment]:
    """From LeNet-5 to the recipe, one change at a time; the networks with heat maps learn for so many epochs.

    Their network has two thirds of the recipe's channels.  The offset of the labels is there if they have one, a
    teacher if labels are missing; the last needs the run of the step before it.

    In the smoke profile only the first, the one before the heat maps, and that of synthetic faces.
    """
    sources = {"sources": "apart"} if "nose_tip" in data.parts().training.keypoints.names else {}
    lenet = earlier_networks.experiment_of("lenet5", data, profile, restarts=1, patience=0)
    half = {"batch": RECIPE["batch"], "precision": earlier_networks.precision()}
    maps = {"model": "heatmap", "dropout": 0.0, "epochs": epochs} | half
    falling = {"schedule": "cosine", "learning_rate": ADAM_RATE, "ema": RECIPE["ema"]}
    directions = {"optimizer": RECIPE["optimizer"], "learning_rate": RECIPE["learning_rate"]}
    drawn = data_views.Data("synthetic", "", profile.faces or profile.best_synthetic, data.seed + 1)
    changes: dict[str, dict[str, Any]] = {
        "LeNet-5, masked loss": {},
        "own outputs of the sources": sources,
        "augmentation": {"augmentation": RECIPE["augmentation"]},
        "heat maps": maps,
        "Huber loss": {"loss": RECIPE["loss"]},
        "falling rate, averaged weights": falling,
        "Muon": directions,
        "synthetic faces first": {},
    }
    found, described = {}, lenet
    for name, change in changes.items():
        described = dataclasses.replace(described, **change)
        found[name] = described
    first = dataclasses.replace(described, data=drawn.through(data_views.AllLabels()), epochs=max(1, epochs // 2))
    found["synthetic faces first"] = dataclasses.replace(described, pretrained=first)
    if profile.repeats > 1 and (away := offset(first, data)):
        found["offset of the labels"] = dataclasses.replace(found["synthetic faces first"], offset=away)
    if not data.parts().training.given.all():
        found["a teacher's labels"] = pupil(found[list(found)[-1]])
    few = ("LeNet-5, masked loss", "augmentation", "synthetic faces first")
    return {name: each for name, each in found.items() if profile.repeats > 1 or name in few}


def for_this_machine(profile: profiles.Profile) -> profiles.Profile:
    """The profile with the recipe's epochs for this machine: half of them where half precision is not fast.

    Such processors also take about twice as long for a step; so the training ends in about the same time.
    """
    if devices.fast_bfloat16():
        return profile
    halves = {name: math.ceil(getattr(profile, name) / 2) for name in ("best_before", "best_epochs")}
    return dataclasses.replace(profile, **halves)


def answer(trained: Sequence[runs.Run], faces: face_sets.Faces) -> test_time_augmentation.Averaged:
    """Mean points of the trained members over mirrored and shifted views, and how far the views of all are from it."""
    from fkp_utils.evaluation import test_time_augmentation

    seen = [test_time_augmentation.predict(run, faces) for run in trained]
    points = np.mean([each.points for each in seen], axis=0)
    apart = [((each.points - points) ** 2).sum(axis=2) + each.spread**2 for each in seen]
    return test_time_augmentation.Averaged(points, np.sqrt(np.mean(apart, axis=0)))


def seconds(run: runs.Run) -> float:
    """Of a training, with those that it builds on: the one it starts from, and its teacher's."""
    from fkp_utils.training import runs

    every = {each.facts["key"]: each for each in runs.found()}
    waiting, spent = [run.facts["key"]], {}
    while waiting:
        key = waiting.pop()
        if key in every and key not in spent:
            spent[key], described = every[key].facts["seconds"], every[key].facts["described"]
            waiting += [described["pretrained"], *(view.get("teacher") for view in described["data"]["views"])]
    return sum(spent.values())


def everything(name: str, root: str) -> data_views.Data:
    """All faces of a set, few of them held back to choose the epoch."""
    shares = SHARES if len(loading.load(name, root)) >= MANY else data_views.FRACTIONS
    return data_views.Data(name, root, fractions=shares)


def judged(name: str, root: str, profile: profiles.Profile) -> data_views.Data:
    """All faces of a set, or as many synthetic ones as the first training has, with a fifth of the people held out."""
    return data_views.Data(name, root, profile.best_synthetic if name == "synthetic" else None, fractions=HELD_OUT)
