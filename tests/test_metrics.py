import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fkp_utils import keypoints, metrics

coordinates = st.floats(-1000, 1000).map(lambda value: round(value, 3))
some_points = arrays.arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 5), st.just(2)), elements=coordinates)


def with_gaps(points, gaps):
    points = points.copy()
    points[np.broadcast_to(gaps[..., None], points.shape)] = np.nan
    return points


@given(some_points, st.data())
def test_only_given_labels_count(points, data):
    gaps = data.draw(arrays.arrays(bool, points.shape[:2]))
    gaps.flat[0] = False
    errors = data.draw(arrays.arrays(float, points.shape, elements=coordinates))
    labels, predicted = with_gaps(points, gaps), points + errors
    expected = (predicted - points)[~gaps]
    assert metrics.mse(predicted, labels) == pytest.approx((expected**2).mean())
    assert metrics.rmse(predicted, labels) == pytest.approx(np.sqrt((expected**2).mean()))
    assert metrics.mae(predicted, labels) == pytest.approx(np.abs(expected).mean())
    elsewhere = np.where(gaps[..., None], np.nan, predicted)  # what is predicted for a missing label does not matter
    assert metrics.mse(elsewhere, labels) == metrics.mse(predicted, labels)


def test_figures_by_hand():
    points = np.array([[[0, 0], [10, 10]], [[0, 0], [np.nan, np.nan]]], float)
    predicted = np.array([[[3, 0], [10, 14]], [[0, 1], [99, 99]]], float)
    assert metrics.mse(predicted, points) == pytest.approx((9 + 16 + 1) / 6)
    assert metrics.mae(predicted, points) == pytest.approx((3 + 4 + 1) / 6)
    np.testing.assert_allclose(metrics.per_point(predicted, points), [np.sqrt(10 / 4), np.sqrt(16 / 2)])


def test_a_point_that_is_never_given_has_no_error():
    points = np.zeros((3, 2, 2))
    points[:, 1] = np.nan
    assert np.isnan(metrics.per_point(np.ones((3, 2, 2)), points)).tolist() == [False, True]


@given(st.floats(0.1, 10))
def test_percentage_error_does_not_depend_on_the_image_size(factor):
    generator = np.random.default_rng(0)
    points = generator.uniform(20, 80, (50, 3, 2))
    predicted = points + generator.normal(0, 2, points.shape)
    found = metrics.percentage_error(predicted, points)
    np.testing.assert_allclose(metrics.percentage_error(factor * predicted, factor * points), found)
    expected = 100 * np.sqrt(((predicted - points)[:, 1, 0] ** 2).mean()) / points[:, 1, 0].mean()
    assert found[1, 0] == pytest.approx(expected)


EYES = {
    keypoints.KAGGLE_15: ("left_eye_outer_corner", "right_eye_outer_corner"),
    keypoints.CELEBA_5: ("left_eye", "right_eye"),
    keypoints.IMM_58: ("left_eye_0", "right_eye_0"),
    keypoints.LANDMARKS_68: ("left_eye_3", "right_eye_0"),
}


@pytest.mark.parametrize("points_of", EYES, ids=lambda points_of: points_of.name)
def test_nme_is_in_units_of_the_distance_of_the_eyes(points_of):
    left, right = map(points_of.index, EYES[points_of])
    assert points_of.mirror[left] == right
    points = np.random.default_rng(0).uniform(0, 90, (2, len(points_of), 2))
    points[:, left], points[:, right] = (70, 40), (30, 40)
    assert metrics.nme(points + np.array([3, 4]), points, points_of) == pytest.approx(5 / 40)
    points[1, left] = np.nan  # its eyes are not both given, so it does not count
    off = points + np.array([[[3, 4]], [[50, 50]]])
    assert metrics.nme(off, points, points_of) == pytest.approx(5 / 40)
    np.testing.assert_allclose(metrics.nme_of_faces(off, points, points_of), [5 / 40, np.nan])
    np.testing.assert_allclose(metrics.nme_of_points(off, points, points_of), np.full(len(points_of), 5 / 40))
    points[0, left] = np.nan
    with pytest.raises(ValueError, match="both eyes"):
        metrics.nme(points, points, points_of)


@pytest.mark.parametrize(
    "measure",
    [metrics.mse, metrics.rmse, metrics.mae, metrics.per_point, metrics.percentage_error, metrics.errors],
)
def test_what_cannot_be_measured_is_refused(measure):
    points = np.zeros((4, 2, 2))
    bad = np.zeros((4, 2, 2))
    bad[2, 1, 0] = np.nan
    with pytest.raises(ValueError, match="face 2: no finite prediction"):
        measure(bad, points)
    bad[2, 1, 0] = np.inf
    with pytest.raises(ValueError, match="face 2: no finite prediction"):
        measure(bad, points)
    with pytest.raises(ValueError, match=r"\(4, 2, 2\).*\(4, 1, 2\)"):
        measure(points, points[:, :1])
    with pytest.raises(ValueError, match="expected the same"):
        measure(points.reshape(4, 4), points.reshape(4, 4))
    with pytest.raises(ValueError, match="no label is given"):
        measure(points, np.full((4, 2, 2), np.nan))


def test_an_estimate_reads_well():
    assert str(metrics.Estimate(1.234, 1.0, 1.5)) == "1.23 [1.00, 1.50]"
