import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import experiment, faces, framed, keypoints


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_CACHE", str(tmp_path))


def dot(height, width, x, y, channels=1):
    """A black face with a bright square of 3×3 px around one of its points."""
    images = np.zeros((1, height, width, channels), np.uint8)
    images[0, y - 1 : y + 2, x - 1 : x + 2] = 255
    points = np.full((1, 15, 2), np.nan, np.float32)
    points[0, 10] = (x, y)
    return faces.Faces(images, points, keypoints.KAGGLE_15)


@given(st.sampled_from([(60, 80), (80, 60), (96, 96), (160, 240), (33, 70)]), st.sampled_from([(96, 96), (48, 64)]))
def test_points_stay_on_what_they_mark_and_the_aspect_is_kept(size, original):
    placed = framed.frame(dot(*original, 30, 20), size)
    assert placed.size == size
    bright = placed.images[0, ..., 0].astype(float)
    rows, columns = np.mgrid[: size[0], : size[1]]
    middle = np.array([(bright * columns).sum(), (bright * rows).sum()]) / bright.sum()
    np.testing.assert_allclose(placed.points[0, 10], middle, atol=0.35)
    corners = np.full((1, 15, 2), np.nan, np.float32)
    corners[0, :2] = [(10, 10), (20, 10)]
    corners[0, 2] = (10, 20)
    black = faces.Faces(np.zeros((1, *original, 1), np.uint8), corners, keypoints.KAGGLE_15)
    both = framed.frame(black, size).points[0]
    across, down = both[1, 0] - both[0, 0], both[2, 1] - both[0, 1]
    assert across == pytest.approx(down, rel=0.02)


def test_colours_become_grey_levels_only_if_asked():
    face = dot(96, 96, 40, 40, 3)
    face.images[0, :10, :10] = (255, 0, 0)
    assert framed.frame(face, (96, 96)).images.shape[3] == 3
    grey = framed.frame(face, (96, 96), grey=True)
    assert grey.images.shape[3] == 1
    assert grey.images[0, 2, 2, 0] == round(0.299 * 255)


def test_one_point_of_the_first_source_in_the_same_faces():
    data = framed.Framed(limit=200, fractions=(0.5, 0.2, 0.3), height=60, width=80)
    whole, nose = data.parts(), data.nose_tip().parts()
    plain = experiment.Data(limit=200, fractions=(0.5, 0.2, 0.3)).parts()
    assert data.nose_tip().points == ("nose_tip",)
    for each, one, every in zip(whole, nose, plain, strict=True):
        assert len(each) == len(one) == (every.source == 0).sum()
        assert one.images.shape[1:] == (60, 80, 1)
        np.testing.assert_array_equal(one.points[:, 0], each.points[:, 10])
    assert data.fingerprint() != experiment.Data(limit=200).fingerprint()


def test_every_set_has_its_nose_tip():
    sets = (keypoints.KAGGLE_15, keypoints.CELEBA_5, keypoints.IMM_58, keypoints.LANDMARKS_68)
    for each in sets:
        row = each.index(framed.NOSE_TIPS[each.name])
        assert each.mirror[row] == row


def test_sets_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    assert framed.is_there("synthetic")
    assert not framed.is_there("imm")
    (tmp_path / "01-1m.asf").touch()
    assert framed.is_there("imm", str(tmp_path))
