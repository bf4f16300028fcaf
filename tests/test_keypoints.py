import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fkp_utils import keypoints

SETS = [each for each in vars(keypoints).values() if isinstance(each, keypoints.KeypointSet)]
CONVERSIONS = [
    (keypoints.LANDMARKS_68, keypoints.KAGGLE_15),
    (keypoints.LANDMARKS_68, keypoints.CELEBA_5),
    (keypoints.KAGGLE_15, keypoints.CELEBA_5),
]
each_set = pytest.mark.parametrize("points_of", SETS, ids=lambda points_of: points_of.name)


def points_for(points_of: keypoints.KeypointSet) -> st.SearchStrategy[np.ndarray]:
    values = st.one_of(st.floats(-50, 150, width=32), st.just(np.nan))
    return hnp.arrays(np.float64, (3, len(points_of), 2), elements=values)


@each_set
def test_tables_are_whole(points_of):
    assert len(points_of) == int(points_of.name.split("_")[1])
    assert len(set(points_of.names)) == len(points_of)
    assert sorted(points_of.mirror) == list(range(len(points_of)))
    assert {index for line in points_of.skeleton for index in line} <= set(range(len(points_of)))
    assert len(points_of.columns) == 2 * len(points_of)


@each_set
def test_a_mirror_swaps_left_and_right(points_of):
    for index, name in enumerate(points_of.names):
        other = points_of.names[points_of.mirror[index]]
        if "left" in name.split("_"):
            assert "right" in other.split("_")
        assert points_of.mirror[points_of.mirror[index]] == index


@each_set
@given(data=st.data())
def test_two_mirrors_are_the_identity(points_of, data):
    points = data.draw(points_for(points_of))
    once = keypoints.mirror(points, points_of, 96)
    np.testing.assert_allclose(keypoints.mirror(once, points_of, 96), points, atol=1e-9)


def test_the_mirror_of_the_first_pixel_is_the_last():
    points = np.zeros((15, 2))
    assert (keypoints.mirror(points, keypoints.KAGGLE_15, 96)[:, 0] == 95).all()


@pytest.mark.parametrize(("source", "target"), CONVERSIONS, ids=lambda points_of: points_of.name)
@given(data=st.data())
def test_conversion_and_mirror_commute(source, target, data):
    points = data.draw(points_for(source))
    first = keypoints.mirror(keypoints.convert(points, source, target), target, 96)
    second = keypoints.convert(keypoints.mirror(points, source, 96), source, target)
    np.testing.assert_allclose(first, second, atol=1e-9)


def test_68_by_way_of_15_is_68_to_5():
    points = np.random.default_rng(0).uniform(0, 96, (4, 68, 2))
    by_way = keypoints.convert(
        keypoints.convert(points, keypoints.LANDMARKS_68, keypoints.KAGGLE_15),
        keypoints.KAGGLE_15,
        keypoints.CELEBA_5,
    )
    np.testing.assert_allclose(by_way, keypoints.convert(points, keypoints.LANDMARKS_68, keypoints.CELEBA_5))


def test_conversion_takes_the_right_points():
    points = np.stack([np.arange(68.0), np.arange(68.0)], axis=-1)
    converted = keypoints.convert(points, keypoints.LANDMARKS_68, keypoints.KAGGLE_15)[:, 0]
    named = dict(zip(keypoints.KAGGLE_15.names, converted, strict=True))
    assert named["left_eye_center"] == np.mean(range(42, 48))
    assert named["right_eye_outer_corner"] == 36
    assert named["nose_tip"] == 30
    assert named["mouth_left_corner"] == 54
    assert named["mouth_center_bottom_lip"] == 57


def test_a_missing_part_makes_the_mean_missing():
    points = np.ones((68, 2))
    points[43] = np.nan
    converted = keypoints.convert(points, keypoints.LANDMARKS_68, keypoints.KAGGLE_15)
    assert np.isnan(converted[0]).all()
    assert np.isfinite(converted[1:]).all()


def test_errors_name_what_is_known():
    with pytest.raises(ValueError, match=r"no keypoint 'ear'.*left_eye_center"):
        keypoints.KAGGLE_15.index("ear")
    with pytest.raises(ValueError, match="no conversion from CELEBA_5 to KAGGLE_15; known: LANDMARKS_68 to"):
        keypoints.convert(np.zeros((5, 2)), keypoints.CELEBA_5, keypoints.KAGGLE_15)
    with pytest.raises(ValueError, match=r"shape \(15, 2\); LANDMARKS_68 needs \(..., 68, 2\)"):
        keypoints.convert(np.zeros((15, 2)), keypoints.LANDMARKS_68, keypoints.KAGGLE_15)
