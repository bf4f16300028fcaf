import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import faces, keypoints, metrics
from fkp_utils.imputation import impute, imputers

FOUR = list(keypoints.FOUR_POINTS)
OTHERS = [point for point in range(15) if point not in FOUR]
each_imputer = pytest.mark.parametrize("name", list(impute.IMPUTERS))


def made(count=120, complete=40, seed=0):
    """Faces of KAGGLE_15, the first ones complete, the others with four points, each of its own image; two a person."""
    generator = np.random.default_rng(seed)
    points = 48 + generator.normal(0, 6, (count, 4)) @ generator.normal(0, 1, (4, 30))
    points = (points + generator.normal(0, 1, (count, 30))).reshape(count, 15, 2)
    points[np.ix_(range(complete, count), OTHERS)] = np.nan
    images = generator.integers(0, 255, (count, 3, 3, 1), np.uint8)
    source = np.repeat([0, 1], [complete, count - complete])
    return faces.Faces(images, points, keypoints.KAGGLE_15, source, subject=np.arange(count) // 2)


@each_imputer
def test_given_labels_stay_and_missing_ones_are_filled(name):
    some = made()
    filled = impute.fill(some, impute.build(name))
    assert filled.given.all()
    np.testing.assert_array_equal(filled.points[some.given], some.points[some.given])
    assert filled.images is some.images
    assert not some.given.all()


@each_imputer
def test_the_reference_alone_is_learnt_from(name):
    some = made()
    reference, one = some.select(range(100)), some.select([110])
    alone = impute.fill(one, impute.build(name), reference)
    among = impute.fill(some.select(range(110, 120)), impute.build(name), reference)
    np.testing.assert_allclose(alone.points[0], among.points[0], atol=1e-4)
    imputer = impute.build(name)
    impute.fill(one, imputer, reference)
    assert not hasattr(imputer, "n_features_in_")  # a copy is fitted


def test_the_imputers_are_known_by_name():
    assert isinstance(impute.build("knn"), imputers.NearestNeighbours)
    assert impute.build("knn").n_neighbors == 9  # S0.2
    with pytest.raises(ValueError, match="no imputer 'mean'; known: forward_fill, median, knn"):
        impute.build("mean")


def test_a_point_that_nobody_has_and_other_keypoints_are_refused():
    some = made()
    points = some.points.copy()
    points[:, 10] = np.nan
    with pytest.raises(ValueError, match="column nose_tip_x has no value"):
        impute.fill(dataclasses.replace(some, points=points), impute.build("median"))
    celeba = faces.Faces(some.images, np.ones((120, 5, 2)), keypoints.CELEBA_5)
    with pytest.raises(ValueError, match="feature names"):
        impute.fill(some, impute.build("median"), celeba)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), share=st.floats(0.1, 0.9) | st.just(1.0), keep=st.none() | st.integers(1, 14))
def test_hide_takes_labels_of_complete_faces_only(seed, share, keep):
    some = made()
    holes, hidden = impute.hide(some, seed, share, keep)
    complete = some.given.all(axis=1)
    losing = hidden.any(axis=1)
    assert not losing[~complete].any()
    assert losing.sum() == pytest.approx(share * complete.sum(), abs=2)
    np.testing.assert_array_equal(holes.given, some.given & ~hidden)
    np.testing.assert_array_equal(holes.points[holes.given], some.points[holes.given])
    assert (holes.given[losing].sum(axis=1) == (keep or 4)).all()
    if keep is None:
        assert holes.given[losing][:, FOUR].all()
    again = impute.hide(some, seed, share, keep)[1]
    np.testing.assert_array_equal(again, hidden)


def test_hide_follows_the_patterns_that_are_there():
    some = made(count=400, complete=300)
    points = some.points.copy()
    points[390:] = 50
    points[390:, 3] = np.nan  # a tenth of the incomplete faces lack one point only
    hidden = impute.hide(dataclasses.replace(some, points=points), 0, 0.9)[1]
    patterns, counts = np.unique(hidden[hidden.any(axis=1)], axis=0, return_counts=True)
    assert [np.flatnonzero(pattern).tolist() for pattern in patterns] == [[3], OTHERS]
    assert counts[0] / counts.sum() == pytest.approx(0.1, abs=0.06)


@pytest.mark.parametrize("seed", range(5))
def test_persons_and_copies_are_hidden_together(seed):
    some = made(complete=120)
    losing = impute.hide(some, seed, keep=4)[1].any(axis=1)
    np.testing.assert_array_equal(losing[::2], losing[1::2])
    images = some.images.copy()
    images[60:] = images[:60]  # every image is there twice, of persons that differ
    twice = dataclasses.replace(some, images=images, subject=None)
    losing = impute.hide(twice, seed, keep=4)[1].any(axis=1)
    np.testing.assert_array_equal(losing[:60], losing[60:])
    assert 0 < losing.mean() < 0.6


def test_what_cannot_be_hidden_is_refused():
    with pytest.raises(ValueError, match=r"all 20 faces are complete.*give keep"):
        impute.hide(made(20, 20), 0)
    with pytest.raises(ValueError, match="none of 20 faces is complete"):
        impute.hide(made(20, 0), 0)
    for keep in (0, 15):
        with pytest.raises(ValueError, match=f"keep is {keep}; expected 1 to 14"):
            impute.hide(made(), 0, keep=keep)


def test_one_convention_takes_away_what_is_clear_of_zero():
    some = made()
    offsets = {"nose_tip_y": metrics.Estimate(5, 4, 6), "left_eye_center_x": metrics.Estimate(0.2, -0.1, 0.5)}
    moved = impute.one_convention(some, offsets)
    change = some.points - moved.points
    assert change[40:, 10, 1] == pytest.approx(5, abs=1e-4)
    change[40:, 10, 1] = 0
    assert np.nanmax(np.abs(change)) == 0
    np.testing.assert_array_equal(moved.given, some.given)
    for source, count in ((None, 1), (np.zeros(120, int), 1), (np.arange(120) % 3, 3)):
        with pytest.raises(ValueError, match=rf"{count} label source\(s\); expected two"):
            impute.one_convention(dataclasses.replace(some, source=source), offsets)
