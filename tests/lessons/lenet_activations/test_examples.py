import numpy as np
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.lessons.lenet_activations import examples

LEVEL = np.array([[62.0, 40], [34, 40], [48, 56], [60, 70], [36, 70]])  # left eye, right eye, nose, mouth


@pytest.fixture
def known():
    """40 faces with the points of CELEBA_5; 0 to 9 look ahead, and of these 0 to 4 are bright."""
    points = np.tile(LEVEL, (40, 1, 1))
    points[10:, 2, 0] += np.linspace(5, 15, 30)  # turned
    images = np.full((40, 96, 96, 1), 60, np.uint8)
    images[:5] = 200
    images[3, ::2] = 240  # sharp
    images[30:] = 250  # bright, but turned
    return faces.Faces(images, points, keypoints.CELEBA_5)


def test_clear_faces_look_ahead_and_are_bright_and_sharp(known):
    rows = examples.clear(known, 4)
    assert rows[0] == 3
    assert set(rows) < set(range(5))


def test_faces_with_gaps_are_those_that_lack_a_label(known):
    assert examples.clear(known, 2, complete=False).tolist() == []
    points = known.points.copy()
    points[[1, 7, 25], 4] = np.nan
    points[30] = np.nan
    gappy = faces.Faces(known.images, points, known.keypoints)
    assert set(examples.clear(gappy, 2, complete=False)) < {1, 7, 25}
    assert not set(examples.clear(gappy, 4)) & {1, 7, 25, 30}


def test_a_point_outside_the_image_does_no_harm(known):
    points = known.points.copy()
    points[:, 0] = (130, -20)
    points[:, 1:] += 60
    assert len(examples.clear(faces.Faces(known.images, points, known.keypoints), 3)) == 3


def test_a_sheet_has_the_best_the_middle_and_the_worst():
    errors = np.array([5.0, np.nan, 1, 9, 3, 7, 2, 8, 4, 6])
    assert errors[examples.best_middle_worst(errors, 2)].tolist() == [1, 2, 4, 5, 8, 9]
    assert len(examples.best_middle_worst(np.arange(13.0))) == 12
