import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import keypoints, metrics


def made(count=40, points=15, missing=0.3, noise=1.0, seed=0):
    """Points (N, K, 2) with gaps, and predictions with normal errors of sd `noise` px."""
    random = np.random.default_rng(seed)
    labels = random.uniform(20, 70, (count, points, 2))
    predicted = labels + random.normal(0, noise, labels.shape)
    labels[random.random((count, points)) < missing] = np.nan
    labels[0, 0] = 30.0
    return predicted, labels


@pytest.mark.parametrize("measure", [metrics.mse, metrics.rmse, metrics.mae])
def test_only_given_labels_count(measure):
    predicted, labels = made()
    wild = np.where(np.isnan(labels), 1e9, predicted)
    assert measure(wild, labels) == measure(predicted, labels) > 0


def test_errors_by_hand():
    labels = np.array([[[10.0, 20], [np.nan, np.nan]], [[10, 20], [30, 40]]])
    predicted = np.array([[[13.0, 20], [0, 0]], [[10, 16], [30, 40]]])
    assert metrics.mse(predicted, labels) == pytest.approx(25 / 6)
    assert metrics.rmse(predicted, labels) == pytest.approx((25 / 6) ** 0.5)
    assert metrics.mae(predicted, labels) == pytest.approx(7 / 6)
    np.testing.assert_allclose(metrics.per_point(predicted, labels), [2.5, 0])
    percent = [[100 * 4.5**0.5 / 10, 100 * 8**0.5 / 20], [0, 0]]
    np.testing.assert_allclose(metrics.percentage_error(predicted, labels), percent)


def test_a_point_that_is_never_given_has_no_error():
    predicted, labels = made()
    labels[:, 3] = np.nan
    assert np.isnan(metrics.per_point(predicted, labels)).tolist() == [index == 3 for index in range(15)]


def test_distances_are_told_in_those_of_the_outer_eye_corners():
    labels = np.full((1, 15, 2), 50.0)
    for side, x in (("left", 80), ("right", 20)):
        labels[0, keypoints.KAGGLE_15.index(f"{side}_eye_outer_corner")] = x, 40
    assert metrics.nme(labels + np.array([3, 4]), labels, keypoints.KAGGLE_15) == pytest.approx(5 / 60)
    labels[0, keypoints.KAGGLE_15.index("left_eye_outer_corner")] = np.nan
    with pytest.raises(ValueError, match="no face has both eyes given"):
        metrics.nme(labels, labels, keypoints.KAGGLE_15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda predicted, labels: (predicted[:, :3], labels), r"predicted \(40, 3, 2\) and points \(40, 15, 2\)"),
        (lambda predicted, labels: (predicted, np.full_like(labels, np.nan)), "no label is given"),
        (lambda predicted, labels: (np.full_like(predicted, np.nan), labels), "face 0: no finite prediction"),
    ],
)
def test_what_cannot_be_measured_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        metrics.rmse(*change(*made()))


def test_an_interval_holds_the_value_and_narrows_with_more_faces():
    widths = []
    for count in (20, 500):
        predicted, labels = made(count)
        found = metrics.rmse_interval(predicted, labels)
        assert found.value == pytest.approx(metrics.rmse(predicted, labels))
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_persons_are_drawn_whole():
    """Ten times the same faces tell no more than the faces once, if those of a person are drawn together."""
    predicted, labels = (np.tile(each, (10, 1, 1)) for each in made(30))
    persons = np.tile(np.arange(30), 10)
    whole, single = (metrics.rmse_interval(predicted, labels, groups) for groups in (persons, None))
    assert whole.high - whole.low > 2 * (single.high - single.low)
    assert whole.value == pytest.approx(single.value)


@given(seed=st.integers(0, 99), shift=st.floats(0, 3))
@settings(deadline=None, max_examples=20)
def test_a_paired_interval_is_that_of_the_difference(seed, shift):
    first, labels = made(seed=seed)
    second = first + shift
    there, back = metrics.paired_interval(first, second, labels), metrics.paired_interval(second, first, labels)
    assert there.value == pytest.approx(metrics.rmse(first, labels) - metrics.rmse(second, labels))
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.low - 1e-9 <= there.value <= there.high + 1e-9


def test_pairs_tell_what_two_intervals_cannot():
    """Faces differ much in how hard they are, the two predictions little, but always in the same direction."""
    random = np.random.default_rng(0)
    first, labels = made(missing=0.5)
    first = labels + (first - labels) * random.uniform(0.2, 5, (len(labels), 1, 1))
    first, second = np.nan_to_num(first), np.nan_to_num(labels + (first - labels) * 1.1)
    one, other = (metrics.rmse_interval(each, labels) for each in (first, second))
    assert one.high > other.low
    assert metrics.paired_interval(first, second, labels).high < 0


def test_pairs_of_groups_without_labels_do_not_count():
    predicted, labels = made()
    labels[:20] = np.nan
    groups = np.arange(40) // 2
    for measure, others in (
        (metrics.paired_interval, (predicted, predicted + 1)),
        (metrics.rmse_interval, (predicted,)),
    ):
        few = measure(*(each[20:] for each in others), labels[20:], groups[20:])
        every = measure(*others, labels, groups)
        assert dataclasses.astuple(every) == pytest.approx(dataclasses.astuple(few))


def test_a_mean_leaves_out_what_is_not_there():
    values = np.array([1.0, np.nan, 3, 5])
    found = metrics.mean_interval(values)
    assert found.value == 3
    assert str(found) == f"3.00 [{found.low:.2f}, {found.high:.2f}]"
    with pytest.raises(ValueError, match="nothing to measure on"):
        metrics.mean_interval(np.full(3, np.nan))
