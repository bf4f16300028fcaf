import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.lessons.error_analysis import unlabelled


def test_synthetic_faces_are_new_and_others_are_those_at_hand():
    points = np.full((3, 15, 2), 40.0)
    some = faces.Faces(np.zeros((3, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15)
    assert unlabelled.find("imm", "", False, some) is some
    made = unlabelled.find("synthetic", "", False, some, seed=3)
    assert len(made) == 8
    assert made.images[:].any()
