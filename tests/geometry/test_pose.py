import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import keypoints
from fkp_utils.geometry import pose

KAGGLE_15, CELEBA_5, IMM_58, LANDMARKS_68 = SETS = (
    keypoints.KAGGLE_15,
    keypoints.CELEBA_5,
    keypoints.IMM_58,
    keypoints.LANDMARKS_68,
)


def face(points_of, nose=(50.0, 60.0)):
    """One face (1, K, 2): left eye at (70, 40), right eye at (30, 40), the nose where asked, all else at the mouth."""
    points = np.full((1, len(points_of), 2), (50.0, 80.0))
    for index, name in enumerate(points_of.names):
        if name.startswith(("left_eye", "right_eye")) and "brow" not in name:
            angle = 2 * np.pi * index / (6 if points_of is LANDMARKS_68 else 8)
            around = 4 * np.array([np.cos(angle), np.sin(angle)]) * ("center" not in name and len(points_of) > 5)
            points[0, index] = np.array([70.0 if name.startswith("left") else 30.0, 40.0]) + around
        if name in ("nose_tip", "nose", "nose_5", "nose_bridge_3"):
            points[0, index] = nose
    return points


def turned(points, degrees, centre=(48, 48)):
    """The points as seen when the image is rotated clockwise."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points - centre) @ np.array([[c, s], [-s, c]]) + centre


each_set = pytest.mark.parametrize("points_of", SETS, ids=lambda points_of: points_of.name)


@each_set
def test_eyes_and_nose_are_found_in_every_set(points_of):
    expected = [[(70, 40), (30, 40), (52, 60)]]
    np.testing.assert_allclose(pose.eyes_and_nose(face(points_of, (52, 60)), points_of), expected, atol=1e-9)


@each_set
def test_signs_of_tilt_and_turn(points_of):
    frontal = face(points_of)
    assert pose.tilt(frontal, points_of) == pytest.approx(0)
    assert pose.turn(frontal, points_of) == pytest.approx(0)
    assert pose.tilt(turned(frontal, 20), points_of) == pytest.approx(20)
    assert pose.turn(face(points_of, nose=(60, 60)), points_of) == pytest.approx(0.25)  # nose to the image's right
    assert pose.turn(face(points_of, nose=(40, 66)), points_of) == pytest.approx(-0.25)


@each_set
@given(degrees=st.floats(-80, 80), size=st.floats(0.2, 5), shift=st.floats(-50, 50), nose=st.floats(30, 70))
def test_turn_depends_on_neither_tilt_nor_size_nor_place(points_of, degrees, size, shift, nose):
    upright = face(points_of, nose=(nose, 60))
    moved = turned(upright, degrees) * size + shift
    assert pose.turn(moved, points_of) == pytest.approx(pose.turn(upright, points_of), abs=1e-6)
    assert pose.tilt(moved, points_of) == pytest.approx(degrees, abs=1e-6)


@each_set
@given(degrees=st.floats(-80, 80), nose=st.floats(30, 70))
def test_a_mirror_turns_both_signs_round(points_of, degrees, nose):
    points = turned(face(points_of, nose=(nose, 60)), degrees)
    mirrored = keypoints.mirror(points, points_of, 96)
    assert pose.turn(mirrored, points_of) == pytest.approx(-pose.turn(points, points_of), abs=1e-6)
    assert pose.tilt(mirrored, points_of) == pytest.approx(-pose.tilt(points, points_of), abs=1e-6)


@each_set
def test_missing_points_give_nan_where_they_are_needed(points_of):
    points = np.repeat(face(points_of), 2, axis=0)
    nose = {KAGGLE_15: "nose_tip", CELEBA_5: "nose", IMM_58: "nose_5", LANDMARKS_68: "nose_bridge_3"}[points_of]
    points[0, points_of.index(nose)] = np.nan
    assert np.isnan(pose.turn(points, points_of)).tolist() == [True, False]
    assert not np.isnan(pose.tilt(points, points_of)).any()
    points[1] = np.nan
    assert np.isnan(pose.tilt(points, points_of)).tolist() == [False, True]


def test_eyes_in_one_place_give_no_turn():
    points = face(CELEBA_5)
    points[0, 0] = points[0, 1]
    assert np.isnan(pose.turn(points, CELEBA_5)).all()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 5, 2\).*IMM_58"):
        pose.tilt(face(CELEBA_5), IMM_58)
    with pytest.raises(ValueError, match="KAGGLE_15"):
        pose.turn(face(CELEBA_5), KAGGLE_15)
