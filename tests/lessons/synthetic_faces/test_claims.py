import types

import numpy as np
import pytest

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, metrics
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons.synthetic_faces import claims

MORE = {
    "beard": metrics.Estimate(0.5, 0.2, 0.8),
    "cover": metrics.Estimate(0.1, -0.2, 0.4),
    "profile": metrics.Estimate(-1.0, -1.5, -0.5),
}


@pytest.fixture
def faces():
    """30 faces of 15 persons, two each."""
    points = np.random.default_rng(0).normal(48, 8, (30, 15, 2)).astype(np.float32)
    images = np.zeros((30, 8, 8, 1), np.uint8)
    return face_sets.Faces(images, points, keypoints.KAGGLE_15, subject=np.repeat(np.arange(15), 2))


def network(off):
    """What finds each point `off` px beside its label."""
    return types.SimpleNamespace(predict=lambda faces: faces.points + off)


def verdicts_of(off, faces):
    mean = np.broadcast_to(faces.points.mean(axis=0), faces.points.shape)
    return claims.claims(network(off), mean, faces, np.full(40, 2.0), MORE, repeats=50)


def test_a_change_makes_a_face_harder_if_its_interval_says_so(faces):
    found = verdicts_of(1.0, faces)
    assert [each.identity for each in found] == ["S1.5 beard alone", "S1.5 cover alone", "S1.5 profile alone"]
    assert [each.verdict.holds for each in found] == [True, None, False]
    assert found[0].statement == "What is called 'beard' makes a face harder."
    assert found[0].ours == "changed alone on the same 40 faces, it adds 0.50 [0.20, 0.80] px to the 2.00 of a face"


def test_nothing_is_told_by_a_network_that_is_no_better_than_the_mean_points(faces):
    reason = verdicts.unlearnt("the network")
    assert [each.verdict for each in verdicts_of(30.0, faces)] == [reason] * 3
