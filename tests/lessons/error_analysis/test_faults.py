import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import faces, keypoints
from fkp_utils.lessons.error_analysis import faults
from fkp_utils.training import data_views


def made(count=60, seed=0):
    random = np.random.default_rng(seed)
    face = random.uniform(25, 70, (15, 2))
    points = (face + random.normal(0, 5, (count, 15, 2))).astype(np.float32)
    points[count // 2 :, [2, 3, 4, 5]] = np.nan
    return faces.Faces(np.zeros((count, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15)


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_only_the_faces_with_a_fault_change_and_gaps_stay(share, seed):
    some = made()
    points, kinds = faults.plant(some, share, seed)
    assert (kinds > 0).sum() == round(share * len(some))
    np.testing.assert_array_equal(points[kinds == 0], some.points[kinds == 0])
    np.testing.assert_array_equal(np.isnan(points), np.isnan(some.points))


def test_as_many_of_each_kind_each_as_it_is_called():
    some = made(80)
    points, kinds = faults.plant(some, 0.5, 1)
    assert np.bincount(kinds)[1:].tolist() == [10] * 4
    by_name = {name: kinds == number for number, name in enumerate(faults.KINDS)}
    old, new = some.points, points
    mirror = list(some.keypoints.mirror)
    np.testing.assert_array_equal(new[by_name["swapped"]][:, mirror], old[by_name["swapped"]])
    move = (new - old)[by_name["shifted"]]
    assert np.nanstd(move, axis=1).max() < 1e-4
    length = np.linalg.norm(np.nanmean(move, axis=1), axis=1)
    assert (length > faults.SHIFT[0] * 96 - 0.1).all()
    assert (length < faults.SHIFT[1] * 96 + 0.1).all()
    scaled = by_name["scaled"]
    np.testing.assert_allclose(np.nanmean(new[scaled], 1), np.nanmean(old[scaled], 1), atol=1e-4)
    factor = np.nanstd(new[scaled], axis=1) / np.nanstd(old[scaled], axis=1)
    assert ((factor < 0.81) | (factor > 1.24)).all()
    for row in np.flatnonzero(by_name["another face"]):
        same = np.nan_to_num(np.abs(old - new[row]), nan=0).max((1, 2)) == 0
        assert same.any()
        assert not same[row]


def test_a_label_whose_mirror_is_missing_is_not_swapped():
    some = made(80)
    points = some.points.copy()
    points[:, some.keypoints.index("left_eye_center")] = np.nan
    points, kinds = faults.plant(dataclasses.replace(some, points=points), 1, 1)
    swapped = kinds == faults.KINDS.index("swapped")
    assert swapped.any()
    assert np.isnan(points[swapped, some.keypoints.index("left_eye_center")]).all()
    right = some.keypoints.index("right_eye_center")
    np.testing.assert_array_equal(points[swapped, right], some.points[swapped, right])


def test_the_same_seed_plants_the_same():
    first, again, other = (faults.plant(made(), 0.2, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    assert (first[1] != other[1]).any()


def test_a_share_is_a_share():
    with pytest.raises(ValueError, match=r"share is 1\.5; expected 0 to 1"):
        faults.plant(made(), 1.5)


DATA = data_views.Data(limit=90)


def rows(part):
    return part.attributes["row"].tolist()


def test_faults_are_learnt_from_but_do_not_judge():
    spoilt = DATA.through(faults.Faults(0.3))
    whole, parts, clean = spoilt.faces(), spoilt.parts(), DATA.parts()
    assert (whole.attributes["fault"] > 0).sum() == 27
    assert [rows(part) for part in parts] == [rows(part) for part in clean]
    assert not np.array_equal(parts.training.points, clean.training.points, equal_nan=True)
    np.testing.assert_array_equal(parts.evaluation.points, clean.evaluation.points)
    folds = spoilt.through(data_views.Fold(0)).parts()
    assert (folds.evaluation.attributes["fault"] > 0).any(), "in a fold they judge, as that is how they are looked for"


def test_no_fault_is_the_plain_data():
    for first, second in zip(DATA.parts(), DATA.through(faults.Faults(0.0)).parts(), strict=True):
        np.testing.assert_array_equal(first.points, second.points)
