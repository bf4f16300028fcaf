import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons.nose_tip_to_68_points import claims, tasks


class Answers:
    """Stands for a run: answers with the labels and errors of a given size, and has as many restarts and epochs."""

    def __init__(self, points, error, seed=0, restarts=5, epochs=8, seconds=1.0, rises=False):
        self.points = points + np.random.default_rng(seed).normal(0, error, points.shape)
        values = np.mean(error) * np.linspace(0.99, 1.01, restarts)
        self.restarts = pd.DataFrame({"evaluation": values, "seed": range(restarts)})
        number = np.arange(1, epochs + 1)
        validation = 9.0 + number % 2 if rises else 20.0 - number
        self.history = pd.DataFrame(
            {"restart": 0, "epoch": number, "training": 20.0 - number, "validation": validation, "seconds": seconds}
        )
        self.facts = {"kept": 0, "device": "a device"}

    def predict(self, known):
        return self.points[: len(known)]


@pytest.fixture(scope="module")
def whole():
    generator = np.random.default_rng(0)
    points = 48 + generator.normal(0, 12, (1, 15, 2)) + generator.normal(0, 1, (200, 15, 2))
    points += generator.normal(0, 4, (200, 1, 2))
    attributes = {"beard": np.zeros(200), "smile": np.arange(200) % 2, "opening": np.zeros(200)}
    return faces.Faces(
        np.zeros((200, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15, subject=np.arange(200) // 2,
        attributes=attributes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nose(whole):
    tip = whole.keypoints.index("nose_tip")
    only = keypoints.KeypointSet("nose", ("nose_tip",), (0,), ())
    return faces.Faces(whole.images, whole.points[:, [tip]], only, subject=whole.subject)


def mean(known):
    return np.tile(known.points.mean(axis=0), (len(known), 1, 1))


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


def test_the_number_of_values_is_that_of_the_report():
    assert holds(claims.layers([480, 1280, 240])) == {"S1.1 layers": True}
    assert claims.layers([480, 1280, 240])[0].ours == "480, 1,280, 240"
    assert holds(claims.layers([480, 1280, 241])) == {"S1.1 layers": False}


def test_networks_for_the_nose_are_compared_with_the_first(whole, nose):
    trained = {
        "7×7": Answers(nose.points, 1.0, 0, seconds=2.0),
        "3×3": Answers(nose.points, 1.6, 1),
        "16 filters": Answers(nose.points, 0.6, 2, seconds=1.0),
    }
    found = claims.nose_tip(trained, mean(nose), nose, whole, repeats=50)
    assert list(holds(found)) == [
        "S1.1 off centre", "S1.1 turned", "S1.1 3×3", "S1.1 16 filters", "S1.1 3×3 turned", "S1.1 16 filters turned",
        "S1.1 faster",
    ]  # fmt: skip
    told = holds(found)
    assert told["S1.1 3×3"] is True
    assert told["S1.1 16 filters"] is False
    assert told["S1.1 faster"] is True
    assert found[-1].ours == "0.50 times the seconds of an epoch, on a device"
    assert found[0].ours.endswith("times that of other faces, 40 faces")
    trained["16 filters"] = Answers(nose.points, 0.6, 2, epochs=3)
    assert claims.nose_tip(trained, mean(nose), nose, whole, repeats=20)[-1].verdict.holds is None


def test_what_has_not_learnt_says_nothing_of_kernels(whole, nose):
    trained = {name: Answers(nose.points, 30.0, number) for number, name in enumerate(("7×7", "3×3", "16 filters"))}
    found = claims.nose_tip(trained, mean(nose), nose, whole, repeats=20)
    assert {each.verdict for each in found[:-1]} == {verdicts.unknown(claims.UNLEARNT)}


def test_hard_faces_of_few_people(whole):
    harder = np.where(np.arange(200) % 2, 3.0, 1.0)[:, None, None]  # those with a wide smile
    run = Answers(whole.points, harder)
    found = claims.few_people(run, mean(whole) + 9, whole, whole, "synthetic", repeats=50)
    assert holds(found)["S1.2 expression"] is True
    assert holds(found)["S1.2 loss"] is None
    plain = faces.Faces(whole.images, whole.points, whole.keypoints, subject=whole.subject)
    unknown = claims.few_people(run, mean(whole) + 9, plain, whole, "kaggle", repeats=20)[1]
    assert unknown.ours == "not known of kaggle, or too few"
    assert unknown.verdict.holds is None


@pytest.mark.parametrize(
    ("error", "epochs", "name", "told"),
    [(1.0, 8, "imm", True), (9.0, 8, "imm", None), (9.0, 70, "imm", False), (1.0, 70, "synthetic", None)],
)
def test_the_loss_has_to_fall_in_time(whole, error, epochs, name, told):
    run = Answers(whole.points, error, epochs=epochs)
    loss = claims.few_people(run, mean(whole), whole, whole, name, repeats=20)[-1]
    assert loss.verdict.holds is told
    assert f"after {epochs} epochs on {name}" in loss.ours
    assert float(loss.ours.split()[0]) == pytest.approx((error / 96) ** 2, rel=0.1)


def test_filters_are_learnt_if_they_have_turned_far():
    far, near = metrics.Estimate(60, 50, 70), metrics.Estimate(20, 15, 25)
    assert holds(claims.filters(far, 65, True)) == {"S1.3 filters": True}
    assert holds(claims.filters(near, 65, True)) == {"S1.3 filters": False}
    assert holds(claims.filters(far, 65, False)) == {"S1.3 filters": None}


def test_resnet_is_compared_with_small_and_its_curve_is_read(whole):
    trained = {
        "resnet18": Answers(whole.points, 2.0, 0, epochs=12, rises=True), "small": Answers(whole.points, 1.0, 1)
    }  # fmt: skip
    scores = tasks.scores({name: run.predict(whole) for name, run in trained.items()}, whole, repeats=20)
    found = claims.colour(trained, scores, mean(whole), whole, "kaggle", repeats=100)
    assert holds(found) == {"S1.4 MAE": None, "S1.4 network": True, "S1.4 erratic": True}
    assert "px in 96×96 px, kaggle, not pretrained" in found[0].ours
    steady = Answers(whole.points, 2.0, epochs=12)
    second = steady.history.assign(restart=1, validation=steady.history["validation"] + 9)
    steady.history = pd.concat([steady.history, second])
    told = claims.colour(trained | {"resnet18": steady}, scores, mean(whole), whole, "kaggle", repeats=20)[-1].ours
    assert told.startswith("rises in 0% of the epochs"), "the start of another restart is no rise"
    once = {name: Answers(whole.points, error, restarts=1) for name, error in {"resnet18": 2.0, "small": 1.0}.items()}
    alone = claims.colour(once, scores, mean(whole), whole, "kaggle", repeats=20)
    assert holds(alone)["S1.4 network"] is None, "a single training of each may be luck"
    trained["resnet18"] = Answers(whole.points, 2.0, 0, epochs=1)
    assert claims.colour(trained, scores, mean(whole), whole, "kaggle", repeats=20)[-1].ours == "one epoch only"
    trained["small"] = Answers(whole.points, 30.0)
    assert holds(claims.colour(trained, scores, mean(whole), whole, "kaggle", repeats=20))["S1.4 network"] is None


def test_the_finding_is_two_sentences():
    value = metrics.Estimate(2.0, 1.0, 3.0)
    table = pd.DataFrame({"NME (%)": {name: value for name in ("six_conv", "resnet18", "small")}})
    rmse = dict.fromkeys(("7×7", "mean point"), value)
    text = claims.finding(rmse, dict.fromkeys(("3×3", "16 filters"), value), table, table)
    assert text.startswith(
        "In images of 60×80 px the nose tip is found to 2.00 px, where the mean point errs by 2.00 px; kernels of 3×3"
    )
    assert text.endswith("in the third, ResNet-18 has 2.0% and the small network 2.0%.")
