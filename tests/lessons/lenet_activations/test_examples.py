import dataclasses

import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.lessons.lenet_activations import examples

LEVEL = np.array([[62.0, 40], [34, 40], [48, 56], [60, 70], [36, 70]])  # left eye, right eye, nose, mouth


def test_half_of_the_faces_have_gaps_if_there_are_any():
    points = np.tile(LEVEL, (40, 1, 1))
    known = faces.Faces(np.full((40, 96, 96, 1), 60, np.uint8), points, keypoints.CELEBA_5)
    assert len(examples.with_and_without_gaps(known, 4)) == 4
    points[[1, 7, 25], 4] = np.nan
    points[30] = np.nan
    rows = examples.with_and_without_gaps(dataclasses.replace(known, points=points), 4)
    assert set(rows[2:]) < {1, 7, 25}
    assert not set(rows[:2]) & {1, 7, 25, 30}


def test_a_sheet_has_the_best_the_middle_and_the_worst():
    errors = np.array([5.0, np.nan, 1, 9, 3, 7, 2, 8, 4, 6])
    assert errors[examples.best_middle_worst(errors, 2)].tolist() == [1, 2, 4, 5, 8, 9]
    assert len(examples.best_middle_worst(np.arange(13.0))) == 12
