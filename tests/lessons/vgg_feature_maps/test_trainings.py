import dataclasses
import types

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, profiles
from fkp_utils.lessons.vgg_feature_maps import claims, trainings
from fkp_utils.models import architectures, pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, runs


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


POINTS = 12 + np.random.default_rng(0).normal(0, 8, (60, 15, 2))
SOME = faces.Faces(np.zeros((60, 24, 24, 1), np.uint8), POINTS, keypoints.KAGGLE_15, subject=np.arange(60) // 4)


def test_missing_weights_are_left_out(monkeypatch):
    def find(name, weights):
        if name != "vgg16":
            raise architectures.WeightsError("not here")

    monkeypatch.setattr(pretrained, "find", find)
    assert trainings.available(["squeezenet", "vgg16"]) == ["vgg16"]


class Answers:
    """Stands for a run: answers with the labels and errors of a given size, and has as many restarts."""

    def __init__(self, points, error, seed=0, restarts=5):
        self.points = points + np.random.default_rng(seed).normal(0, error, points.shape)
        self.restarts = pd.DataFrame({"evaluation": error * np.linspace(0.99, 1.01, restarts)})
        epochs = [(number, epoch, error * (3 - epoch)) for number in range(restarts) for epoch in (1, 2)]
        self.history = pd.DataFrame(epochs, columns=["restart", "epoch", "validation"])

    def predict(self, known):
        return self.points


def starts(error=1.0, known=("vgg16", "squeezenet"), restarts=5):
    scratch = {"vgg16": Answers(SOME.points, 3.0, 1), "vgg19": Answers(SOME.points, 3.01, 2)}
    pairs = {
        "small": {"from scratch": Answers(SOME.points, 2.0), "synthetic faces": Answers(SOME.points, error, 1)},
        "squeezenet": {"from scratch": Answers(SOME.points, 4.0), "ImageNet": Answers(SOME.points, 3.5, 1, restarts)},
        "vgg16": {"from scratch": scratch["vgg16"], "ImageNet": Answers(SOME.points, error, 2)},
    }
    return trainings.Starts(pairs, scratch, SOME, SOME, known, repeats=100)


def test_a_better_start_is_told_from_one_that_halves_the_error():
    found = holds(claims.networks(starts(), "kaggle", "full"))
    assert found == {
        "S0.9 lower": True, "S0.9 half": True, "S0.9 lower squeezenet": True, "S0.9 half squeezenet": False,
        "S0.9 synthetic": True, "S0.8": None,
    }  # fmt: skip
    assert holds(claims.networks(starts(5.0), "kaggle", "full"))["S0.9 synthetic"] is False
    assert holds(claims.networks(starts(restarts=1), "kaggle", "full"))["S0.9 lower squeezenet"] is None


def test_networks_do_alike_within_a_twentieth_of_the_error():
    some = starts()
    same = dataclasses.replace(some, scratch=some.scratch | {"vgg19": some.scratch["vgg16"]})
    assert claims.networks(same, "kaggle", "full")[-1].verdict.holds is True
    worse = dataclasses.replace(some, scratch=some.scratch | {"vgg19": some.pairs["squeezenet"]["from scratch"]})
    assert claims.networks(worse, "kaggle", "full")[-1].verdict.holds is False


def test_what_was_not_trained_cannot_be_told_and_why():
    some = starts()
    pairs = {"small": some.pairs["small"]}
    alone = dataclasses.replace(some, pairs=pairs, scratch={"vgg16": some.scratch["vgg16"]}, known=("vgg16",))
    tested = claims.networks(alone, "synthetic", "smoke")
    assert set(holds(tested).values()) == {None}
    whys = [each.verdict.why for each in tested]
    assert whys == [
        *["vgg16 is not trained from them in the profile smoke"] * 2,
        *["the ImageNet weights of squeezenet are not to be had"] * 2,
        "no photo is here",
        "VGG-19 is not trained in the profile smoke",
    ]
    assert tested[4].ours.endswith("px; but our faces are synthetic, too: this shows what more faces bring")


def test_starts_are_compared_in_one_table():
    some = starts()
    table = some.table()
    assert table["network"].tolist() == ["small", "small", "squeezenet", "squeezenet", "vgg16", "vgg16"]
    assert table["MSE (px²)"].tolist() == pytest.approx([4, 1, 16, 12.25, 9, 1], rel=0.1)
    assert table["minus from scratch (px)"][0] == "0.00 [0.00, 0.00]"
    assert some.gain("small", "synthetic faces").high < 0
    assert list(some.histories()["small"]) == ["from scratch", "synthetic faces"]
    assert some.first_and_lowest().startswith("small from scratch, 4.00 and 2.00 px; small synthetic faces, 2.00 and")


QUICK = profiles.PROFILES["quick"]


def test_squeezenet_trains_its_head_first_and_only_where_it_has_weights():
    data = data_views.Data(limit=1000)
    assert trainings.squeezenet(data, QUICK, ["vgg16"], epochs=8) == {}
    found = trainings.squeezenet(data, QUICK, ["squeezenet"], epochs=8)["squeezenet"]
    assert list(found) == ["from scratch", "ImageNet"]
    plain, tuned = found.values()
    assert (plain.weights, plain.frozen_epochs, plain.epochs) == ("", 0, 8)
    assert tuned == dataclasses.replace(plain, weights="imagenet", learning_rate=3e-4, frozen_epochs=2)


def test_vgg_is_compared_only_where_it_is_restarted(monkeypatch):
    monkeypatch.setattr(runs, "run", lambda described: described)
    data = data_views.Data(limit=100)
    scratch, pairs = trainings.deep(data, QUICK, ["vgg16", "squeezenet"], missing="mask")
    assert (list(scratch), pairs) == (["vgg16"], {})
    assert scratch["vgg16"].missing == "mask"
    scratch, pairs = trainings.deep(data, profiles.PROFILES["full"], ["vgg16", "squeezenet"])
    assert list(scratch) == ["vgg16", "vgg19"]
    assert list(pairs) == ["vgg16"]
    assert pairs["vgg16"]["from scratch"] == scratch["vgg16"]
    assert pairs["vgg16"]["ImageNet"] == dataclasses.replace(scratch["vgg16"], weights="imagenet", frozen_epochs=5)


def test_layers_are_read_before_and_after_a_training(monkeypatch):
    small = architectures.build("small", 15, (24, 24))
    trained, seeds = types.SimpleNamespace(model=lambda: small, seed=2), []
    monkeypatch.setattr(runs, "build", lambda described, parts, seed: seeds.append(seed) or small)
    monkeypatch.setattr(data_views.Data, "parts", lambda self: None)
    described = earlier_networks.experiment_of("small", data_views.Data(limit=100), QUICK)
    found = trainings.readouts_inside({"from scratch": described}, {"from scratch": trained}, SOME, SOME, repeats=20)
    assert list(found) == ["from scratch, before", "from scratch, after"]
    assert seeds == [2], "the weights that the kept restart began with"
    layers = ["image", "stem_relu", "block1_relu", "block2_relu", "block3_relu", "block4_relu", "merge_relu", "maps"]
    assert all(list(each) == layers for each in found.values())


def test_long_runs_stand_beside_the_earlier_report():
    variants = ["vgg16, knn, drop-out 0.1", "small, masked, drop-out 0.1", "lenet5, knn, drop-out 0.1"]
    table = pd.DataFrame({"variant": variants, "eval mse": [12.0, 5.0, 20.0]})
    found = trainings.long_runs(table).set_index("network and training")
    assert found.loc["vgg16, knn"].tolist() == [13.17, 12.0]
    assert found.loc["small, masked", "long run of the course"] == 5
    assert not any(label.startswith("lenet") for label in found.index)
    alone = trainings.long_runs(None)
    assert list(alone) == ["network and training", "earlier report", "long run of the course"]
    assert alone["long run of the course"].isna().all()


def test_networks_that_have_learnt_nothing_are_not_compared():
    some = starts()
    blank = {"from scratch": Answers(SOME.points, 9.0), "ImageNet": Answers(SOME.points, 20.0, 1)}
    pairs, scratch = some.pairs | {"vgg16": blank}, dict.fromkeys(("vgg16", "vgg19"), blank["from scratch"])
    found = {
        each.identity: each.verdict
        for each in claims.networks(dataclasses.replace(some, pairs=pairs, scratch=scratch), "kaggle", "full")
    }
    for identity in ("S0.9 lower", "S0.9 half", "S0.8"):
        assert found[identity].holds is None
        assert "no better than the mean points" in found[identity].why
    assert found["S0.9 lower squeezenet"].holds is True
