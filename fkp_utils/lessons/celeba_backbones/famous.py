"""The famous networks of the earlier report: how they begin, how they are trained, and what they are measured by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import keras
import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.evaluation import baselines
from fkp_utils.models import architectures, pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, experiment, runs

FROZEN = ("mobilenetv2", "densenet169", "xception", "squeezenet")  # the first whose weights lie at hand is frozen
MOBILENET = "MobileNetV2"


def start(backbone: keras.Model, images: np.ndarray) -> str:
    """Gives a MobileNetV2 the weights it starts from; returns "ImageNet", or "random" where none lie at hand.

    Its random weights stay, but each normalisation layer takes the mean and the variance of what reaches it from these
    images (N, H, W, 3), from -1 to 1: with other statistics, random features fade from layer to layer.
    """
    if path := pretrained.at_hand("mobilenetv2"):
        pretrained.load(backbone, path)
        return "ImageNet"
    norms = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    usual = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0  # the statistics of this call replace those before it
    backbone(images, training=True)
    for layer, momentum in zip(norms, usual, strict=True):
        layer.momentum = momentum
    return "random"


def described(faces: data_views.Data, profile: profiles.Profile, side: int) -> dict[str, experiment.Experiment]:
    """The trainings of the famous networks as a whole, by name, on images of `side` px.

    The full profile takes all three at the report's sizes and numbers of faces, others MobileNetV2 alone.  The weights
    at the start are those of ImageNet where they lie at hand, and in any case in the full profile; else those of a
    network trained on synthetic faces, or random ones if the faces are synthetic themselves.
    """
    count = {"smoke": 80, "full": 2000}.get(profile.name, 2 * (profile.deep_faces or 0))
    sizes = {MOBILENET: ("mobilenetv2", side, count)}
    if profile.name == "full":
        sizes |= {"DenseNet-169": ("densenet169", 224, 2000), "Xception": ("xception", 299, 1000)}
    found = {}
    for name, (model, pixels, few) in sizes.items():
        there = dataclasses.replace(faces, limit=few).through(data_views.Resized(pixels, pixels))
        each = earlier_networks.experiment_of(model, there, profile, missing="mask", schedule="cosine")
        if profile.name == "full" or earlier_networks.has_weights(model):
            each = dataclasses.replace(each, weights="imagenet")
        elif there.name != "synthetic":
            drawn = dataclasses.replace(there, name="synthetic", root="")
            each = dataclasses.replace(each, pretrained=dataclasses.replace(each, data=drawn))
        found[name] = each
    return found


def weights(each: experiment.Experiment) -> str:
    """The weights that a training starts from, in words."""
    if each.weights:
        return "of ImageNet"
    return "of synthetic faces" if each.pretrained else "at random"


def train(networks: Mapping[str, experiment.Experiment]) -> dict[str, runs.Run]:
    """The run of each network; one whose ImageNet weights are not to be had is left out, and a line says so."""
    found = {}
    for name, each in networks.items():
        try:
            found[name] = runs.run(each)
        except architectures.WeightsError as problem:
            print(f"{name} is left out: {problem}")
    return found


def errors(networks: Mapping[str, experiment.Experiment], found: Mapping[str, runs.Run]) -> dict[str, list[float]]:
    """Of each network that was trained: the mean squared error in px², and that of the mean points on its faces."""
    return {
        name: [metrics.mse(points, faces.points) for points in (run.predict(faces), mean)]
        for name, run in found.items()
        for faces, mean in [evaluation(networks[name])]
    }


def evaluation(each: experiment.Experiment) -> tuple[face_sets.Faces, np.ndarray]:
    """The faces that a training is measured by, and their mean points (N, K, 2) in px."""
    parts = each.data.parts()
    return parts.evaluation, baselines.MeanPoints().fit(parts.training).predict(parts.evaluation)


def frozen(faces: data_views.Data, seed: int) -> tuple[keras.Model, str]:
    """A network whose backbone is to be frozen, and its weights in a word: "ImageNet", or "random" if none are at hand.

    Random ones are those of SqueezeNet, which has no normalisation that would have to be trained.
    """
    at_hand = [name for name in FROZEN if earlier_networks.has_weights(name)]
    name = at_hand[0] if at_hand else "squeezenet"
    each = experiment.Experiment(faces, name, weights="imagenet" if at_hand else "")
    return runs.build(each, faces.parts(), seed), "ImageNet" if at_hand else "random"
