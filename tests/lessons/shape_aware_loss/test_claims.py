import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons.shape_aware_loss import claims, distances, networks


class Answers:
    """Stands for a run: answers with the labels and errors of a given size, and has as many restarts."""

    def __init__(self, points, error, seed=0, restarts=5):
        self.points = points + np.random.default_rng(seed).normal(0, error, points.shape)
        errors = error * np.linspace(0.99, 1.01, restarts)
        self.restarts = pd.DataFrame({"evaluation": errors, "seed": range(restarts)})

    def predict(self, known):
        return self.points


@pytest.fixture(scope="module")
def known():
    generator = np.random.default_rng(0)
    points = 48 + generator.normal(0, 8, (1, 15, 2)) * generator.uniform(0.7, 1.3, (80, 1, 1))
    points = points + generator.normal(0, 3, (80, 1, 2))
    return faces.Faces(
        np.zeros((80, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15, subject=np.repeat(np.arange(40), 2)
    )


def audit(known, error=1.0, restarts=5):
    mean = np.tile(known.points.mean(axis=0), (len(known), 1, 1))
    return claims.Audit(Answers(known.points, error, restarts=restarts), mean, known, repeats=100)


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


def test_a_heavy_term_is_told_from_a_light_one(known):
    tests = audit(known)
    swept = {
        ("CGD", 0.01): Answers(known.points, 0.9, 1),
        ("CGD", 134.4): Answers(known.points, 3.0, 1),
        ("by size", 134.4): Answers(known.points, 2.0, 1),
    }
    found = tests.weight(0.002, swept)
    assert holds(found) == {
        "S3.2 scale": True, "S3.2 mean": False, "S3.2 sum over a batch": True, "S3.2 by size": True
    }  # fmt: skip
    assert "At α = 134," in found[-1].statement
    assert holds(tests.weight(0.02, swept))["S3.2 scale"] is False
    assert networks.table(swept, known).index.tolist() == list(swept)
    errors = networks.errors(tests.alone, swept, known, repeats=20)
    assert list(errors) == ["MSE", "CGD 0.01", "CGD 134", "by size 134"]
    assert errors["CGD 134"].value == pytest.approx(3, rel=0.1)


def test_distances_can_be_learnt_if_the_network_beats_fixed_ones(known):
    fixed = distances.distances(known.points).mean(axis=0)
    assert holds(audit(known, 0.3).structure(fixed)) == {"S3.2 structure": False}
    single = audit(known, 0.3, restarts=1).structure(fixed)[0].verdict
    assert single == verdicts.unknown("LeNet-5 was not restarted; it takes restarts")
    assert audit(known, 30.0).structure(fixed)[0].verdict == verdicts.unlearnt("LeNet-5")


def test_reasons_are_compared_with_masked_labels(known):
    pairs = {
        "masked": (Answers(known.points, 2.0, 1), Answers(known.points, 1.0)),
        "forward fill": (Answers(known.points, 5.0, 1), Answers(known.points, 2.0, 2)),
        "flips": (Answers(known.points, 1.0, 1), Answers(known.points, 0.9, 2)),
    }
    found = audit(known).reasons(pairs)
    assert holds(found) == {
        "S3.2 forward fill": True,
        "S3.2 flips": True,
        "S3.2 their augmentation": None,
        "S3.2 fill alone": False,
        "S3.3 mixture": None,
    }
    assert found[0].statement == "CGD costs more with forward fill than without."
    assert found[1].statement == "CGD costs less with flips than without."
    assert found[2].ours == "not trained in this profile"


def test_a_reason_that_changes_the_cost_by_less_than_matters_is_none(known):
    runs = [Answers(known.points, 1.0, seed) for seed in range(4)]
    flips = audit(known).reasons({"masked": tuple(runs[:2]), "flips": tuple(runs[2:])})[1].verdict
    assert (flips.holds, (~flips).holds) == (False, False)
    assert flips.why.endswith("too little to matter")


def test_shape_knowledge_helps_where_the_change_is_below_zero(known):
    change = {
        (place, name): metrics.Estimate(value, value - 0.1, value + 0.1)
        for place, value in zip(claims.PLACES, (-0.5, 0.5), strict=True)
        for name in ("as they are", "covered")
    }
    found = audit(known).prior(Answers(known.points, 0.5, 1), change)
    assert holds(found) == {"S3.2 prior in the labels": True, "S3.2 prior after the network": False}
    assert found[0].ours == "RMSE changes by -0.50 [-0.60, -0.40] px as they are, -0.50 [-0.60, -0.40] px covered"
    little = {key: metrics.Estimate(-0.01, -0.09, 0.07) for key in change}
    assert holds(audit(known).prior(Answers(known.points, 0.5, 1), little))["S3.2 prior after the network"] is False
    little = {key: metrics.Estimate(-0.01, -0.12, 0.07) for key in change}
    assert holds(audit(known).prior(Answers(known.points, 0.5, 1), little))["S3.2 prior after the network"] is None
    weak, batch = metrics.Estimate(0.01, 0, 0.02), metrics.Estimate(0.5, 0.4, 0.6)
    text = claims.finding(0.0017, weak, batch, change)
    assert text.startswith("With α = 0.01 the shape term is 0.17% of the loss and changes LeNet-5's error by +0.01 px")
    assert text.endswith(
        "by -0.50 px where it fills missing labels, and by +0.50 px where it corrects the network's answers."
    )


def test_each_network_is_compared_with_the_mean_points_and_with_its_other_loss(known):
    mean = np.tile(known.points.mean(axis=0), (len(known), 1, 1))
    found = {
        ("Small", "mse"): Answers(known.points, 1.0),
        ("Small", "cgd"): Answers(known.points, 1.5, 1),
        ("Large", "mse"): Answers(known.points, 20.0, restarts=1),
        ("Large", "cgd"): Answers(known.points, 20.0, restarts=1),
    }
    tested = holds(claims.networks(found, mean, known, repeats=100))
    assert list(tested) == ["S3.1 Small", "S3.1 Large", "S3.2 Small", "S3.2 Large"]
    assert tested["S3.1 Small"] is True
    assert tested["S3.2 Small"] is True
    assert tested["S3.2 Large"] is None, "it has not learnt enough"
    none = claims.networks({}, mean, known)
    assert [(each.identity, each.verdict.holds) for each in none] == [("S3.1 networks", None)]
