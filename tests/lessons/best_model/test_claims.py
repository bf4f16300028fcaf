import numpy as np
import pytest

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, metrics
from fkp_utils.lessons.best_model import claims

POINTS = np.random.default_rng(0).uniform(20, 70, (40, 15, 2))
FACES = face_sets.Faces(np.zeros((40, 4, 4, 1), np.uint8), POINTS, keypoints.KAGGLE_15)


def off(size, seed):
    return POINTS + np.random.default_rng(seed).normal(0, size, POINTS.shape)


@pytest.mark.parametrize(("first", "rough", "expected"), [(3, 2, True), (1, 0.5, False)])
def test_claims_are_told_from_the_errors(first, rough, expected):
    predicted = {"LeNet-5": off(first, 1), "heat maps": off(1, 2), "views": off(2 if first == 1 else 1, 3)}
    way = metrics.Estimate(1.0, 0.9, 1.1) if first == 1 else metrics.Estimate(-2.0, -2.1, -1.9)
    found = {each.identity: each for each in claims.claims(predicted, off(rough, 4), "heat maps", FACES, way, 100)}
    assert list(found) == ["K.1", "K.2"]
    assert [each.verdict.holds for each in found.values()] == [expected, expected]
    assert all(each.ours.startswith("RMSE changes by ") for each in found.values())
    alone = claims.claims(predicted, off(rough, 4), "heat maps", FACES, None, 100)
    assert [each.verdict.holds for each in alone] == [None, expected], "a single training of each may be luck"


@pytest.mark.parametrize(("side", "expected"), [(96, False), (4, None)])
def test_a_gain_that_is_too_small_is_none(side, expected):
    faces = face_sets.Faces(np.zeros((40, side, side, 1), np.uint8), POINTS, keypoints.KAGGLE_15, subject=np.arange(40))
    first, scale = off(1, 1), np.tile([0.95, 1.05], 20)[:, None, None]  # better for one person, worse for the next
    last = POINTS + scale * (first - POINTS)
    none = metrics.Estimate(0.0, -0.01, 0.01)
    found = claims.claims({"LeNet-5": first, "views": last}, first, "views", faces, none, 100)
    assert [each.verdict.holds for each in found] == [expected, expected]


def test_the_finding_names_the_largest_step():
    error = {name: metrics.Estimate(value, 0, 9) for name, value in {"a": 4.0, "b": 3.0, "c": 2.9}.items()}
    change = {"b": metrics.Estimate(-1.0, -2, 0), "c": metrics.Estimate(-0.1, -1, 0)}
    found = claims.finding(error, change, metrics.Estimate(-0.5, -1, 0))
    assert found == (
        "In 2 steps the error goes from 4.00 px (LeNet-5) to 2.90 px. The largest step is “b”, with -1.00 px. Reading a"
        " heat map at its mean place, and not at its highest one, changes the error by -0.50 px."
    )
