import dataclasses

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons.celeba_backbones import causes, claims, famous, heads
from fkp_utils.training import data_views, experiment


class Answers:
    """Stands for a run: answers with the labels and errors of a given size, and has as many restarts."""

    def __init__(self, points, error, restarts=3):
        self.points = points + np.random.default_rng(0).normal(0, error, points.shape)
        self.restarts = pd.DataFrame({"evaluation": [error] * restarts})

    def predict(self, known):
        return self.points


@pytest.fixture(scope="module")
def known():
    points = 48 + np.random.default_rng(1).normal(0, 4, (80, 5, 2))
    return faces.Faces(np.zeros((80, 96, 96, 1), np.uint8), points, keypoints.CELEBA_5, subject=np.repeat(range(40), 2))


def mean_of(known):
    return np.tile(known.points.mean(axis=0), (len(known), 1, 1))


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


def test_the_small_network_is_compared_with_the_mean_points(known):
    better = claims.own_network(Answers(known.points, 1.0), mean_of(known), known, repeats=50)
    assert better.verdict.holds is True
    assert better.ours.endswith(f"against {metrics.mse(mean_of(known), known.points):.2f} px²")
    assert claims.own_network(Answers(known.points, 9.0), mean_of(known), known, repeats=50).verdict.holds is False


def test_famous_networks_are_worse_if_they_do_not_beat_the_mean_points(known, monkeypatch):
    monkeypatch.setattr(famous, "evaluation", lambda each: (known, mean_of(known)))
    described = {name: experiment.Experiment(model="mobilenetv2") for name in ("Worse", "Better", "Missing")}
    described["Better"] = dataclasses.replace(described["Better"], weights="imagenet")
    found = {"Worse": Answers(known.points, 40.0), "Better": Answers(known.points, 0.5)}
    tested = claims.networks(described, found, repeats=50)
    assert holds(tested) == {"S4.2 Worse": True, "S4.2 Better": False}
    assert tested[0].ours.endswith("px² at 96 px, weights at the start at random")
    assert tested[1].ours.endswith("weights at the start of ImageNet")


def test_a_cause_that_is_enough_alone_is_told_from_the_restarts():
    error = {key: np.full(5, 2000.0) for key in causes.recipes(heads.Recipe(), heads.Recipe(heads.OWN))}
    error[causes.ADDED, causes.NONE] = np.full(5, 100.0)
    error[causes.REMOVED, "units"] = np.full(5, 120.0)
    error[causes.REMOVED, "number of steps"] = np.array([120.0, 120, 2000, 2000, 2000])
    tested = claims.frozen(error, 90.0, "random")
    assert holds(tested) == {
        "S4.2 frozen": True,
        "S4.2 units": True,
        "S4.2 scale of features": False,
        "S4.2 length of a step": False,
        "S4.2 weights at the start": False,
        "S4.2 number of faces": False,
        "S4.2 number of steps": None,
        "S4.2 range of the input": False,
    }
    assert tested[1].ours == "random weights: MSE 120 px², without any 100"
    assert holds(claims.frozen(error, 1900.0, "random"))["S4.2 frozen"] is False
    failed = [each.verdict for each in claims.frozen(error, 60.0, "random")[1:]]
    assert {verdict.holds for verdict in failed} == {None}
    assert "the recipe without any cause is worse than the mean points" in failed[0].why
    assert claims.finding(0.5, error, 60.0, "random").endswith("As that fails too, nothing is told of a cause.")
    text = claims.finding(0.5, error, 90.0, "random")
    assert "22.2 times that of the mean points with all suspected causes of failure, and 1.1 times without" in text
    others = " or ".join(causes.CAUSES.values())
    assert text.endswith(f"to remove units alone; to add {others} alone to a recipe that works is too much.")


def test_maps_are_alike_if_they_are_at_every_depth():
    same, other = metrics.Estimate(0.95, 0.93, 0.97), metrics.Estimate(0.1, 0.0, 0.2)
    assert claims.maps({"conv1": same, "conv2": same}, learnt=True).verdict.holds is True
    found = claims.maps({"conv1": same, "conv2": other}, learnt=True)
    assert found.verdict.holds is False
    assert found.ours == f"conv1 r = {same}, conv2 r = {other}"
    unlearnt = claims.maps({"conv1": same}, learnt=False).verdict
    assert unlearnt == verdicts.unlearnt("the network")


def test_a_word_says_where_weights_come_from():
    each = experiment.Experiment(data_views.Data("kaggle"), "mobilenetv2")
    assert famous.weights(each) == "at random"
    assert famous.weights(dataclasses.replace(each, weights="imagenet")) == "of ImageNet"
    assert famous.weights(dataclasses.replace(each, pretrained=experiment.Experiment())) == "of synthetic faces"
