import types

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fkp_utils import faces, keypoints, profiles
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons.augmentation import claims, variants
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views

PAIRED = np.array(keypoints.KAGGLE_15.mirror) != np.arange(15)


@pytest.fixture(scope="module")
def some():
    generator = np.random.default_rng(0)
    points = generator.uniform(20, 70, (40, 15, 2)).astype(np.float32)
    points[:5, 3] = np.nan
    images = generator.integers(0, 255, (40, 3, 3, 1), np.uint8)
    return faces.Faces(images, points, keypoints.KAGGLE_15)


def run(some, error, restarts=3, twins=0.0, early=0.0):
    """A run that errs by `error` px everywhere, by `twins` more at points with a twin, and learns in eight epochs."""
    offset = np.full((15, 1), error, np.float32)
    offset[PAIRED] += twins
    history = [
        {"restart": number, "epoch": epoch, "training": error, "validation": error + 8 - epoch + early}
        for number in range(restarts)
        for epoch in range(1, 9)
    ]
    evaluation = error + np.arange(restarts) / 100
    return types.SimpleNamespace(
        predict=lambda shown: np.nan_to_num(shown.points) + offset,
        history=pd.DataFrame(history),
        restarts=pd.DataFrame({"evaluation": evaluation, "validation": error}),
        facts={"described": {"epochs": 8}},
        scores={"training": {"mse": (error / 2) ** 2}},
    )


def all_of(some, restarts, **more):
    trained = {"none": run(some, 2, restarts), "standard": run(some, 1.5, restarts), "flip": run(some, 1.8, restarts)}
    trained |= {"no swap": run(some, 2.5, restarts, twins=3), "rotate": run(some, 3, restarts)}
    pairs = {"LeNet-5": (run(some, 1, restarts, early=2), run(some, 2, restarts))} | more
    new = dict.fromkeys(pairs, some)
    return {each.identity: each for each in claims.claims(trained, pairs, some, new, repeats=100)}


def test_claims_are_told_from_the_errors(some):
    found = all_of(some, 3)
    assert list(found) == [
        "S2.5 cost", "S2.5 pairs", "S0.10 LeNet-5", "S0.10 VGG-16", "S3.3 first epochs", "S3.3 epochs",
        "S0.10 flip", "S0.10 rotate",
    ]  # fmt: skip
    holds = {identity: each.verdict.holds for identity, each in found.items()}
    assert holds == {
        "S2.5 cost": True, "S2.5 pairs": True, "S0.10 LeNet-5": True, "S0.10 VGG-16": None,
        "S3.3 first epochs": False, "S3.3 epochs": False, "S0.10 flip": True, "S0.10 rotate": False,
    }  # fmt: skip
    assert "-1.00" in found["S0.10 LeNet-5"].ours
    assert "above 0" in found["S2.5 cost"].verdict.why  # as the change that is shown
    assert found["S0.10 rotate"].ours == "RMSE changes by 1.00 [1.00, 1.00] px"


def test_one_training_tells_nothing_and_a_network_that_was_trained_is_not_missing(some):
    vgg = (run(some, 1, 1), run(some, 2, 1))
    found = all_of(some, 1, **{"VGG-16": vgg})
    assert found["S0.10 VGG-16"].theirs == claims.VGG
    assert found["S2.5 pairs"].verdict == verdicts.of_restarts([True])
    assert all(each.verdict.holds is None for each in found.values())


@pytest.mark.parametrize(
    ("name", "more"), [("quick", []), ("long", ["VGG-16"]), ("full", ["LeNet-5, all", "small, all", "VGG-16"])]
)
def test_vgg_is_trained_where_it_is_restarted_from_imagenet_weights(name, more):
    profile, data, few = profiles.profile(name), data_views.Data(), data_views.Data(limit=100)
    settings = {"missing": "mask", "sources": "apart", "epochs": 9, "restarts": 2, "batch": 32}
    found = variants.networks(data, few, profile, settings)
    assert list(found) == ["LeNet-5", "small", *more]
    assert found["small"] == ("small", few, settings)
    if more:
        model, where, changes = found["VGG-16"]
        described = earlier_networks.experiment_of(model, where, profile, **changes)
        assert (described.weights, described.data.limit) == ("imagenet", profile.deep_faces)
        assert (described.epochs, described.frozen_epochs) == (profile.vgg_epochs, 4 if name == "long" else 5)


def test_gains_have_persons_and_restarts_and_a_reason(some):
    trained = {"none": run(some, 2), "no swap": run(some, 4), "shift": run(some, 1), "flip": run(some, 1, restarts=1)}
    gains = variants.gains(trained, some, repeats=50)
    assert list(gains) == ["shift", "flip"]
    assert gains["shift"].change.value == pytest.approx(-1)
    assert gains["shift"].restarts.value == pytest.approx(-1)
    assert gains["flip"].restarts is None
    table = variants.gain_table(gains | {"noise": variants.gains(trained, some)["shift"]})
    assert table.loc["shift", "verdict"] == "pays"
    assert table.loc["flip", "reason"].startswith("one of the two was not restarted")
    assert variants.in_words(gains) == "shift pays, none of them costs, and it cannot be told of flip"


def test_an_augmentation_that_changes_too_little_neither_pays_nor_costs(some):
    none, noise = run(some, 2), run(some, 2.003)
    none.restarts["evaluation"], noise.restarts["evaluation"] = [2.0, 2.0002, 2.0004], [2.0, 2.0003, 2.0003]
    gains = variants.gains({"none": none, "noise": noise}, some, repeats=50)  # in images of 3 px
    assert gains["noise"].verdict.holds is False
    assert (gains["noise"].verdict.holds, (~gains["noise"].verdict).holds) == (False, False)
    assert variants.gain_table(gains).loc["noise", "verdict"] == "cannot be told"
    assert variants.in_words(gains) == "none of them pays, none of them costs, and it cannot be told of noise"


def test_left_from_right_and_gap(some):
    assert variants.left_from_right(np.nan_to_num(some.points), some) == pytest.approx(1)
    middle = np.nan_to_num(some.points).copy()
    middle[..., 0] = 48
    assert variants.left_from_right(middle, some) == 0
    gap = variants.gap({"small": (run(some, 1), run(some, 2))}, {"small": some})
    assert gap.loc["small, none"].tolist() == pytest.approx([1, 2, 1])


def test_a_profile_chooses_what_is_trained(some):
    ways = dict.fromkeys(("none", "standard", "flip", "no swap", "rotate"))
    assert "rotate" not in variants.of_profile(ways, "smoke")
    assert variants.of_profile(ways, "quick") == ways
    assert "strong" in variants.of_profile(ways, "full")
    assert variants.usual(some) == {"missing": "mask", "sources": "together"}


def test_long_runs_are_compared_by_mean_and_spread_of_their_restarts():
    names = ["lenet5, augmented, drop-out 0.1", "lenet5, drop-out 0.1", "small, augmented", "mean points"]
    table = pd.DataFrame({"variant": names, "eval rmse": [2.5, 3.0, 2.0, 4.0], "sd": 0.1, "restarts": 2})
    half = stats.t.ppf(0.975, 2) * 0.1  # of two means of two, which vary alike
    assert variants.at_length(table) == f"-0.50 [{-0.5 - half:.2f}, {-0.5 + half:.2f}] px in lenet5"
    assert variants.at_length(table[2:]) == ""
