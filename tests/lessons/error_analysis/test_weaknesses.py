import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.evaluation import face_conditions
from fkp_utils.lessons.error_analysis import weaknesses


def test_ratios_are_of_each_kind_with_enough_faces():
    hard = np.arange(100) < 30
    errors = np.where(hard, 4.0, 2.0)
    kinds = {"hard": hard, "rare": np.arange(100) < 3}
    found = weaknesses.ratios(errors, kinds, np.arange(100), repeats=50)
    assert found["hard"].value == pytest.approx(2)
    assert found["rare"] is None


def test_a_weakness_is_the_own_of_the_network_that_loses_more():
    generator = np.random.default_rng(0)
    points = np.tile(48 + generator.normal(0, 10, (1, 15, 2)), (100, 1, 1))
    images = generator.integers(0, 255, (100, 96, 96, 1)).astype(np.uint8)
    images[:40, :8] = 0  # eight lines that repeat the outermost one
    some = faces.Faces(images, points, keypoints.KAGGLE_15, subject=np.arange(100))
    conditions = face_conditions.measure(some)
    second = points + generator.normal(0, 2, points.shape)
    first = points + generator.normal(0, 2, points.shape) * np.where(np.arange(100) < 40, 3, 1)[:, None, None]
    found = weaknesses.own(first, second, some, conditions, repeats=50)
    assert tuple(found) == weaknesses.OWN
    assert found["padded"].value == pytest.approx(3, rel=0.1)
    assert found["tilted"] is None, "no face is tilted more than another"


def test_the_largest_error_and_its_share_are_told():
    points = np.zeros((4, 15, 2))
    points[0, 3] = np.nan
    some = faces.Faces(np.zeros((4, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15)
    predicted = np.ones((4, 15, 2))
    predicted[2] = 3
    told = weaknesses.largest(some, predicted)
    share = 270 / (270 + 30 + 30 + 28)
    assert told.startswith(f"The largest error is that of row 2: this face makes {share:.1%} of")
    assert told.endswith("where one makes 25.00% on average.")
    rows = faces.Faces(some.images, points, some.keypoints, attributes={"row": np.array([5, 6, 8, 9])})
    assert "row 8:" in weaknesses.largest(rows, predicted)


def test_the_order_of_the_points_is_told():
    table = pd.DataFrame({"one": [1.0, 2.0, 3.0], "other": [3.0, 2.0, 1.0]}, ["eye", "nose", "mouth"])
    told = weaknesses.points(table, "one", "other")
    assert told.startswith("*one* errs most at mouth, by 3.0 px, and least at eye, by 1.0 px.")
    assert told.endswith("that of other have a rank correlation of -1.00.")
