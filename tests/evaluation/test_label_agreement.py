import numpy as np
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.evaluation import label_agreement


def made(count):
    """Faces of KAGGLE_15 whose points move by 2 px."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (count, 4, 4, 1), np.uint8)
    return faces.Faces(images, generator.normal(48, 2, (count, 15, 2)), keypoints.KAGGLE_15)


def test_copies_are_every_pair_of_equal_images():
    images = np.zeros((5, 4, 4, 1), np.uint8)
    images[1] = images[3] = 7
    images[4] = 9
    some = faces.Faces(images, np.zeros((5, 15, 2)), keypoints.KAGGLE_15)
    assert label_agreement.copies(some).tolist() == [[0, 2], [1, 3]]
    assert label_agreement.copies(some.select([0, 1])).shape == (0, 2)


def test_the_difference_of_sources_is_measured_on_copies_and_on_all_rows():
    first = made(300)
    generator = np.random.default_rng(1)
    images = np.concatenate([first.images, generator.integers(0, 255, (300, 4, 4, 1), np.uint8)])
    images[300:330] = first.images[:30]  # 30 images are labelled by both
    points = np.concatenate([first.points, first.points + np.array([3, 5])])  # its faces lie further right
    points[300:330] = first.points[:30] + np.array([0, 5])
    points[300:, 2] = np.nan
    both = faces.Faces(images, points, keypoints.KAGGLE_15, source=np.repeat([4, 7], 300))
    shuffled = both.select(generator.permutation(600))
    found = label_agreement.source_offsets(shuffled, repeats=200)
    same, everything = found["same image"], found["all rows"]
    assert same.keys() == everything.keys()
    assert "left_eye_inner_corner_x" not in same
    assert len(same) == 28
    assert same["nose_tip_y"].value == pytest.approx(5, abs=1e-4)
    assert same["nose_tip_x"].value == pytest.approx(0, abs=1e-4)
    assert everything["nose_tip_x"].value == pytest.approx(2.7, abs=0.1)
    assert everything["nose_tip_y"].low < 5 < everything["nose_tip_y"].high


def test_one_source_cannot_be_compared():
    with pytest.raises(ValueError, match="two"):
        label_agreement.source_offsets(made(10))
