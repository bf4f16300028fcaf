import shutil

import numpy as np
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.lessons.error_analysis import unlabelled
from fkp_utils.system import places

SAMPLE = places.CHECKOUT / "data" / "sample"

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def some():
    points = np.full((2, 15, 2), 40.0)
    return faces.Faces(np.zeros((2, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15)


def test_synthetic_faces_are_new_and_others_are_those_at_hand(some):
    assert unlabelled.find("imm", "", False, some) == (some, "evaluation faces")
    made, kind = unlabelled.find("synthetic", "", False, some, seed=3)
    assert (len(made), kind) == (8, "new faces")
    assert made.images[:].any()


@pytest.mark.parametrize(("everything", "count"), [(False, 8), (True, 10)])
def test_those_of_kaggle_are_its_test_faces(some, everything, count):
    found, kind = unlabelled.find("kaggle", str(SAMPLE), everything, some)
    assert (len(found), kind) == (count, "test faces")
    assert not found.given.any()


def test_without_test_faces_those_at_hand_are_taken_and_it_is_said(some, tmp_path):
    shutil.copy(SAMPLE / "training.zip", tmp_path)
    found, kind = unlabelled.find("kaggle", str(tmp_path), True, some)
    assert found is some
    assert "the test faces are left out, as there is no test.csv" in kind
