import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import faces, keypoints
from fkp_utils.evaluation import test_time_augmentation
from fkp_utils.lessons.error_analysis import calibration

SHIFT = st.tuples(st.integers(-5, 5), st.integers(-5, 5))


def marked(count=3):
    """Images that are black but for a bright pixel at each of two mirror points, and one in the middle of the face."""
    random = np.random.default_rng(0)
    points = np.zeros((count, 5, 2), np.float32)
    images = np.zeros((count, 40, 50, 1), np.uint8)
    for row in range(count):
        for point, value in enumerate((250, 200, 150, 100, 50)):
            x, y = random.integers(8, 32, 2)
            points[row, point] = x, y
            images[row, y, x] = value
    return faces.Faces(images, points, keypoints.CELEBA_5)


def where(images, mirrored):
    """A network that finds the pixels by their brightness, left and right ones by the side they are on."""
    values = (200, 250, 150, 50, 100) if mirrored else (250, 200, 150, 100, 50)
    rows = [[np.argwhere(image[..., 0] == value)[0][::-1] for value in values] for image in images]
    return np.array(rows, float)


@given(shift=SHIFT, flip=st.booleans())
@settings(max_examples=30)
def test_points_of_a_view_come_back(shift, flip):
    some = marked()
    seen = test_time_augmentation.view(some, shift, flip)
    found = test_time_augmentation.back(where(seen.images, flip), some, shift, flip)
    np.testing.assert_array_equal(found, some.points)


def test_a_perfect_network_has_no_spread_and_a_blind_one_has():
    some = marked()
    calls = iter([False, True] * 5)
    perfect = types.SimpleNamespace(offset=(), predict=lambda seen: where(seen.images, next(calls)))
    found = test_time_augmentation.predict(perfect, some)
    np.testing.assert_allclose(found.points, some.points, atol=1e-9)
    np.testing.assert_allclose(found.spread, 0, atol=1e-5)
    blind = types.SimpleNamespace(offset=(), predict=lambda seen: np.full(seen.points.shape, 20.0))
    found = test_time_augmentation.predict(blind, some)
    assert (found.face > 2).all()
    assert found.face.shape == (3,)


def test_labels_that_lie_aside_are_answered_in_all_views():
    some, calls = marked(), iter([False, True] * 5)
    offset = tuple((1.5 + point / 8, point / 4) for point in range(some.points.shape[1]))
    aside = types.SimpleNamespace(offset=offset, predict=lambda seen: where(seen.images, next(calls)) + offset)
    found = test_time_augmentation.predict(aside, some)
    np.testing.assert_allclose(found.points, some.points + offset, atol=1e-9)
    np.testing.assert_allclose(found.spread, 0, atol=1e-5)


def test_calibration_finds_what_made_the_errors():
    random = np.random.default_rng(0)
    spread = random.lognormal(0, 0.6, 4000)
    squares = ((np.hypot(1.0, 1.5 * spread)[:, None] * random.normal(0, 1, (4000, 20))) ** 2).mean(axis=1)
    squares[:20] *= 1000  # wrong labels
    squares[20:30] = np.nan
    found = calibration.calibrate(spread, np.where(np.arange(4000) < 20, squares / 900, squares))
    assert found.floor == pytest.approx(1, rel=0.15)
    assert found.factor == pytest.approx(1.5, rel=0.1)
    assert found([0, 2]) == pytest.approx([found.floor, np.hypot(found.floor, 2 * found.factor)])
    with pytest.raises(ValueError, match="2 faces with a spread and an error; expected at least three"):
        calibration.calibrate(spread[:2], squares[100:102])


def test_reliability_of_a_true_estimate_lies_on_the_line():
    random = np.random.default_rng(0)
    expected = random.uniform(1, 4, 3000)
    actual = np.abs(expected * random.normal(0, 1, 3000))
    actual[0] = np.nan
    wanted, found = calibration.reliability(expected, actual, np.arange(3000), 5, 200)
    assert np.all(np.diff(wanted) > 0)
    assert [each.value for each in found] == pytest.approx(wanted, rel=0.12)


def test_rank_correlation_and_noticing():
    values, groups = np.arange(100.0), np.arange(100) // 5
    assert calibration.rank_correlation(values, values**3, groups, 50).value == pytest.approx(1)
    turned = calibration.rank_correlation(values, -values, groups, 50)
    assert turned.high == pytest.approx(-1)
    assert calibration.noticed(np.array([1, 2]), np.array([3, 4])) == 1
    assert calibration.noticed(np.array([1, 2]), np.array([1, 2])) == 0.5
    assert calibration.noticed(np.array([3]), np.array([1, 2])) == 0
