import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import faces, keypoints
from fkp_utils.geometry import alignment

SHAPE = np.array([[66, 37], [30, 37], [48, 57], [62, 72], [34, 72]], float)


def moved(degrees, size, shift):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return size * SHAPE @ np.array([[c, s], [-s, c]]) + shift


@given(st.floats(-180, 180), st.floats(0.3, 3), st.floats(-40, 40), st.integers(0, 3))
def test_a_moved_face_comes_back_even_with_points_missing(degrees, size, shift, missing):
    points = moved(degrees, size, shift)[None]
    points[0, :missing] = np.nan
    back = alignment.move(points, alignment.similarity(points, SHAPE))
    np.testing.assert_allclose(back[0, missing:], SHAPE[missing:], atol=1e-6)
    assert np.isnan(back[0, :missing]).all()


def test_a_face_with_one_point_has_no_transform():
    points = np.full((1, 5, 2), np.nan)
    points[0, 2] = 40
    assert np.isnan(alignment.similarity(points, SHAPE)).any()


def test_alignment_takes_framing_away_and_leaves_expression():
    generator = np.random.default_rng(0)
    framing = [(generator.normal(0, 15), generator.uniform(0.8, 1.2), generator.normal(0, 6, 2)) for _ in range(200)]
    points = np.stack([moved(*each) for each in framing])
    aligned = alignment.move(points, alignment.align(points))
    assert np.std(aligned, axis=0).max() < 1e-6
    np.testing.assert_allclose(aligned.mean((0, 1)), points.mean((0, 1)), atol=1e-6)
    points[::2, 2, 1] += 4  # half the noses are longer
    aligned = alignment.move(points, alignment.align(points))
    assert np.std(aligned, axis=0)[2, 1] > 1 > np.std(aligned, axis=0)[:2].max()


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_image_follows_the_points(channels):
    images = np.zeros((2, 60, 80, channels), np.uint8)
    images[0, 20:25, 30:35] = images[1, 40:45, 50:55] = 200
    first = np.array([[32, 22], [42, 22], [32, 12], [2, 2], [5, 5]])
    points = np.stack([first, first + 20])
    both = faces.Faces(images, points, keypoints.CELEBA_5)
    assert alignment.mean_image(both).max() == 100
    transforms = alignment.similarity(points, points[0])
    mean = alignment.mean_image(both, transforms)
    np.testing.assert_allclose(mean, images[0], atol=1)
    assert both.images[1, 42, 52].max() == 200  # the faces themselves stay


def test_mean_image_of_a_turned_image():
    image = np.zeros((1, 61, 61, 1), np.uint8)
    image[0, 10:13, 40:43] = 200  # right of the middle, above it
    points = np.array([[[41, 11], [30, 30], [11, 11], [0, 5], [5, 0]]], float)
    target = np.stack([60 - points[0, :, 1], points[0, :, 0]], axis=1)  # a quarter turn clockwise about (30, 30)
    one = faces.Faces(image, points, keypoints.CELEBA_5)
    mean = alignment.mean_image(one, alignment.similarity(points, target))
    np.testing.assert_allclose(mean, np.rot90(image[0], -1), atol=1)


def test_mean_image_without_a_transform_is_refused():
    one = faces.Faces(np.zeros((1, 9, 9, 1), np.uint8), np.full((1, 5, 2), np.nan), keypoints.CELEBA_5)
    with pytest.raises(ValueError, match="face 0 has no transform"):
        alignment.mean_image(one, alignment.similarity(one.points, SHAPE))
