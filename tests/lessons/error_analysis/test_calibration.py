import numpy as np
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.lessons.error_analysis import calibration


@pytest.fixture(scope="module")
def some():
    """400 faces, what a network with normal errors of a known size predicts, and that size."""
    generator = np.random.default_rng(0)
    points = 48 + generator.normal(0, 8, (400, 15, 2))
    points[:50, 4:] = np.nan
    size = generator.uniform(1, 5, 400)
    predicted = np.nan_to_num(points) + size[:, None, None] * generator.normal(0, 1, points.shape)
    known = faces.Faces(np.zeros((400, 8, 8, 1), np.uint8), points, keypoints.KAGGLE_15, subject=np.arange(400) // 2)
    return known, predicted, size


def test_as_many_labels_are_inside_as_should_be_where_the_size_of_errors_is_known(some):
    known, predicted, size = some
    found = calibration.coverage(size, predicted, known.points, known.groups, repeats=50)
    for level, share in zip(calibration.LEVELS, found, strict=True):
        assert share.value == pytest.approx(level, abs=0.01)
        assert share.low <= share.value <= share.high
    wide = calibration.coverage(3 * size, predicted, known.points, known.groups, [0.5], repeats=50)
    assert wide[0].value == pytest.approx(0.957, abs=0.01), "within 2.02 standard deviations"


def test_expected_errors_that_are_the_real_ones_can_be_relied_on(some):
    known, predicted, size = some
    found = calibration.judge(size, predicted, known, repeats=50)
    assert found.correlation.value > 0.8
    assert found.coverage[0.95].value == pytest.approx(0.95, abs=0.01)
    expected, real = found.fifths
    assert len(expected) == 5
    np.testing.assert_allclose([each.value for each in real], expected, rtol=0.1)
