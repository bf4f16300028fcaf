import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import test_time_augmentation, verdicts
from fkp_utils.lessons.error_analysis import claims

ALL = ("LeNet-5", "LeNet-5, blur", "small", "VGG-16")


def about(value, width=0.1):
    return metrics.Estimate(value, value - width, value + width)


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


@pytest.fixture
def audit():
    return claims.Audit(ALL)


def test_hard_faces_are_the_same_if_a_quarter_is_common(audit):
    names = ["LeNet-5", "small"]
    assert holds(audit.same_faces(about(0.5), 0.1, names, 200)) == {"S0.12 same faces": True}
    assert holds(audit.same_faces(about(0.1), 0.1, names, 200)) == {"S0.12 same faces": False}
    assert holds(audit.same_faces(about(0.3), 0.1, names, 200)) == {"S0.12 same faces": None}
    few = audit.same_faces(about(0.5), 0.1, names, 99)[0]
    assert few.verdict.holds is None
    assert few.verdict.why.endswith("there are fewer than 100 faces")
    assert few.ours == "50% [40%, 60%] of a hardest tenth are in that of all of LeNet-5, small; 10.0% by chance"


def test_kinds_are_harder_if_the_whole_ratio_is_above_one(audit):
    kinds = {kind: np.arange(50) < 20 for kind in ("off centre", "padded", "tilted", "profile", "beard")}
    ratios = dict(zip(kinds, (about(1.5), about(0.8), about(1.0), about(1.2), None), strict=True))
    found = audit.conditions(kinds, ratios)
    assert holds(found) == {
        "S0.12 off centre": True,
        "S0.12 padded": False,
        "S0.12 tilted": None,
        "S1.5 profile": True,
        "S1.5 beard": None,
        "S1.5 expression": None,
    }
    assert found[0].ours == "RMSE 1.50 [1.40, 1.60] times that of other faces, 20 faces"
    hardly = audit.conditions(kinds, ratios | {"tilted": metrics.Estimate(1.01, 0.95, 1.08)})[2].verdict
    assert (hardly.holds, (~hardly).holds) == (False, False), "less than a tenth is not hard"
    assert found[4].ours == found[5].ours == "not known, or too few"
    assert found[4].verdict.why.endswith("it takes other or more faces")


def test_a_weakness_is_of_lenet_if_it_loses_more_than_small(audit):
    found = audit.of_lenet({"padded": about(1.3), "tilted": None})
    assert holds(found) == {"S0.12 padded LeNet-5": True, "S0.12 tilted LeNet-5": None}
    assert found[1].ours == "too few faces"


def test_coarse_pixels_and_their_cure(audit):
    found = audit.pixelated({"LeNet-5": about(0.3), "small": about(0.1)}, 8)
    assert holds(found) == {"S0.12 pixelated LeNet-5": True, "S0.12 pixelated VGG-16": None}
    assert found[1].ours == "not trained in this profile"
    assert found[1].verdict.why == "it was not trained; it takes the profile full"
    for change, restarts, expected in (
        (-0.3, about(-0.2), True), (0.3, about(0.2), False), (-0.3, about(0.1), None), (-0.3, None, None)
    ):  # fmt: skip
        cure = audit.cure(about(change), about(0.2), restarts)
        assert holds(cure) == {"S0.12 cure": expected}
        assert ("over restarts" in cure[0].ours) == (restarts is not None)


def test_a_filled_label_is_further_off_if_the_network_is_nearer(audit):
    judged = {"network from the label": about(3), "network − filled": about(-1)}
    found = audit.filled(judged)
    assert holds(found) == {"S0.12 filled": True}
    assert found[0].ours == "network from the label 3.00 [2.90, 3.10] px, network − filled -1.00 [-1.10, -0.90] px"


def test_wrong_labels_are_found_from_nine_of_ten_on(audit):
    found = audit.wrong_labels(about(0.95, 0.02), {"swapped": 1.0, "shifted": 0.9}, 20, 200)
    assert holds(found) == {"S0.12 wrong labels": True}
    assert found[0].ours.endswith("of 20 planted faults among the first 40 of 200: swapped 100%, shifted 90%")
    assert holds(audit.wrong_labels(about(0.5), {}, 20, 200)) == {"S0.12 wrong labels": False}


def test_odd_images_are_compared_with_the_mean_points_and_with_plain_faces(audit):
    generator = np.random.default_rng(0)
    points = 48 + generator.normal(0, 8, (60, 15, 2))
    plain = faces.Faces(np.zeros((60, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15, subject=np.arange(60))
    names = ("plain", "drawing", "photographed drawing", "mouth covered")
    errors = dict(zip(names, (2.0, 3.0, 20.0, 6.0), strict=True))
    looked = {
        name: test_time_augmentation.Averaged(points + generator.normal(0, error, points.shape), np.ones((60, 15)))
        for name, error in errors.items()
    }
    always = np.tile(points.mean(axis=0), (60, 1, 1))
    odd = dict.fromkeys(names, plain)
    found = audit.odd_images(odd, looked, always, repeats=100)
    assert holds(found) == {"S0.13 drawings": True, "S0.13 photographed": False, "S1.5 occlusion": True}
    assert found[0].ours.startswith("RMSE 3.0 px, of the faces 2.0; -")
    looked["mouth covered"] = looked["plain"]
    assert holds(audit.odd_images(odd, looked, always, repeats=100))["S1.5 occlusion"] is False


def test_an_attack_succeeds_if_the_point_is_worse_than_the_mean_point(audit):
    found = audit.attacked({"before": about(2), "after": about(9)}, 4.0, 0.9)
    assert holds(found) == {"S0.13 adversarial": True}
    assert found[0].ours.endswith("after 9.00 [8.90, 9.10] px; mean point 4.0 px; noticed in 90% of pairs")
    assert holds(audit.attacked({"after": about(3)}, 4.0, 0.9)) == {"S0.13 adversarial": False}


def test_nothing_is_said_of_a_network_that_learnt_nothing():
    audit = claims.Audit(("LeNet-5",))
    for tested in (audit.cure(about(-1), about(0), about(-1)), audit.attacked({"after": about(9)}, 4.0, 0.9)):
        assert tested[0].verdict.holds is None
    assert audit.filled({"network − filled": about(-1)})[0].verdict == verdicts.unlearnt("small")
    assert holds(audit.pixelated({"LeNet-5": about(1)}, 8))["S0.12 pixelated LeNet-5"] is True


def test_the_finding_is_three_sentences():
    assert claims.finding(about(0.8), about(5.74), about(0.571)) == (
        "Of the planted wrong labels, 80% are among twice as many suspects. An attack that changes each pixel by one"
        " grey level at most moves a point by 5.7 px. The error that the network expects has a rank correlation of 0.57"
        " with the one it makes."
    )


@pytest.mark.parametrize(("gain", "holds"), [((-5, -7, -3), True), ((-1, -3, 1), None), ((4, 2, 6), False)])
def test_drawings_by_people_work_if_the_network_is_better_on_them_than_the_mean(gain, holds):
    values = {"drawings": (7, 6, 8), "photos": (5, 4, 6), "against the mean points": gain}
    rows = [("the model of the package", kind, *each) for kind, each in values.items()]
    rows += [("mean points", "drawings", 12, 10, 14)]
    table = pd.DataFrame(rows, columns=["network", "kind", "nme", "low", "high"])
    (test,) = claims.caricatures((table, "25 drawings"))
    assert test.verdict.holds is holds
    assert test.ours.startswith("NME 7.00 [6.00, 8.00]%, of photos 5.00 [4.00, 6.00]%; ")
    assert claims.caricatures(None)[0].verdict.holds is None
