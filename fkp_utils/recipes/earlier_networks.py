"""The variants of the earlier report's tables as experiments of a profile's size, with its figures (S0.7–S0.10)."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import profiles
from fkp_utils.models import pretrained
from fkp_utils.system import devices
from fkp_utils.training import data_views, experiment

if TYPE_CHECKING:
    from fkp_utils.training import runs

Key = TypeVar("Key", bound=Hashable)


@dataclasses.dataclass(frozen=True)
class Earlier:
    """What the earlier report says of a variant: epochs, then mean squared errors in px², and the mean absolute one."""

    epochs: int | None
    training: float | None
    validation: float | None
    evaluation: float
    mae: float


# By label, without drop-out.  Its "dev" errors are those of the evaluation part; of the nearest faces, on given labels.
EARLIER = {
    "nearest faces": Earlier(None, None, None, 17.24, 2.43),
    "lenet5, forward fill": Earlier(20, 29.92, 18.10, 20.01, 3.29),
    "lenet5, median": Earlier(15, 24.29, 11.19, 13.61, 2.52),
    "lenet5, knn": Earlier(10, 32.22, 12.30, 19.95, 2.83),
    "vgg16, knn": Earlier(24, 28.19, 9.79, 13.17, 2.26),
    "vgg19, knn": Earlier(38, 21.06, 9.92, 13.18, 2.28),
    "vgg16, ImageNet, knn": Earlier(79, 9.86, 4.20, 4.37, 1.32),
    "vgg19, ImageNet, knn": Earlier(101, 7.96, 4.47, 4.29, 1.34),
    "vgg16, ImageNet, knn, augmented": Earlier(49, 5.85, 4.23, 3.97, 1.33),
    "vgg19, ImageNet, knn, augmented": Earlier(62, 6.05, 4.32, 4.31, 1.35),
}

DEEP = ("vgg16", "vgg19", "resnet50", "densenet121", "densenet169", "mobilenetv2", "xception")
FEW = 8  # faces of a batch where VGG learns from some hundreds
IMPUTERS = ("forward_fill", "median", "knn")  # those of the earlier report


def earlier(label: str) -> Earlier | None:
    """The earlier report's figures for the variant with this label, None if it has none."""
    return EARLIER.get(label.split(", drop-out")[0])


def has_weights(model: str) -> bool:
    """Whether ImageNet weights of the model lie where they are searched for, so that nothing need be downloaded."""
    return pretrained.published(model) and pretrained.at_hand(model) is not None


def experiment_of(
    model: str, data: data_views.Data, profile: profiles.Profile, **changes: Any
) -> experiment.Experiment:
    """An experiment of the profile's size as in S0.6: Adam, drop-out, the epoch of lowest validation error.

    DEEP networks get the profile's `deep` numbers.  VGG has epochs of its own, a learning rate of 1e-4, without which
    it does not learn from scratch, and of few faces small batches, so that an epoch has enough steps.  `changes` are
    fields of `Experiment` that differ.
    """
    usual: dict[str, Any] = {
        "data": dataclasses.replace(data, limit=data.limit or profile.faces),
        "epochs": profile.epochs,
        "restarts": profile.restarts,
        "patience": profile.patience,
        "dropout": 0.1,
    }
    if model in DEEP:
        usual |= {"epochs": profile.deep_epochs, "restarts": profile.deep_restarts}
        usual["data"] = dataclasses.replace(data, limit=data.limit or profile.deep_faces)
    if model.startswith("vgg"):
        usual |= {"epochs": profile.vgg_epochs, "learning_rate": 1e-4, "precision": precision()}
        usual |= {"batch": FEW} if profile.deep_faces else {}
    return experiment.Experiment(**{"model": model} | usual | changes)


def precision() -> str:
    """What the layers of large networks pass on: half precision where the processor computes with it."""
    return "bfloat16" if devices.fast_bfloat16() else "float32"


def from_imagenet(epochs: int) -> dict[str, Any]:
    """Fields of an experiment from ImageNet weights: the head trains alone for a quarter of the epochs, up to five."""
    return {"weights": pretrained.IMAGENET, "frozen_epochs": min(5, epochs // 4)}


def sources(faces: face_sets.Faces) -> str:
    """Field `sources` of an experiment: "apart" where there are two label sources, which get outputs of their own."""
    two = faces.source is not None and len(np.unique(faces.source)) == 2
    return "apart" if two else "together"


def train(described: Mapping[Key, experiment.Experiment]) -> dict[Key, runs.Run]:
    """The run of each experiment; one whose ImageNet weights are not to be had is left out, and a line says so."""
    from fkp_utils.training import runs

    found = {}
    for key, each in described.items():
        try:
            found[key] = runs.run(each)
        except pretrained.WeightsError as problem:
            print(f"{each.model} is left out: {problem}")
    return found
