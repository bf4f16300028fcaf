import dataclasses

import numpy as np
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import label_agreement, verdicts
from fkp_utils.geometry import pose
from fkp_utils.imputation import impute
from fkp_utils.lessons import imputation

FOUR = list(keypoints.FOUR_POINTS)
OTHERS = [point for point in range(15) if point not in FOUR]


def made(count=120, complete=60, seed=0):
    """Faces of KAGGLE_15 whose points hang together; the first ones complete, the others with four points."""
    generator = np.random.default_rng(seed)
    points = 48 + generator.normal(0, 6, (count, 4)) @ generator.normal(0, 1, (4, 30))
    points = (points + generator.normal(0, 1, (count, 30))).reshape(count, 15, 2)
    points[np.ix_(range(complete, count), OTHERS)] = np.nan
    images = generator.integers(0, 255, (count, 3, 3, 1), np.uint8)
    return faces.Faces(images, points, keypoints.KAGGLE_15, np.repeat([0, 1], [complete, count - complete]))


@pytest.fixture(scope="module")
def some():
    return made()


@pytest.fixture(scope="module")
def trial(some):
    return imputation.compare(some, {name: impute.build(name) for name in ("median", "ridge")}, range(3))


def test_a_trial_is_what_hide_and_fill_give(some, trial):
    assert np.unique(trial.seeds).tolist() == [0, 1, 2]
    for seed in range(3):
        holes, hidden = impute.hide(some, seed)
        drawn = trial.seeds == seed
        rows = trial.rows[drawn]
        assert rows.tolist() == np.flatnonzero(hidden.any(axis=1)).tolist()
        np.testing.assert_array_equal(~np.isnan(trial.labels[drawn][..., 0]), hidden[rows])
        np.testing.assert_array_equal(trial.labels[drawn][hidden[rows]], some.points[rows][hidden[rows]])
        filled = impute.fill(holes, impute.build("ridge")).points[rows]
        np.testing.assert_array_equal(trial.filled["ridge"][drawn], filled)


def test_errors_are_those_on_hidden_labels(some, trial):
    groups = some.groups
    found = trial.rmse(groups, repeats=50)
    assert found["median"].value == pytest.approx(metrics.rmse(trial.filled["median"], trial.labels))
    assert found["ridge"].value < 0.6 * found["median"].value
    where = trial.seeds == 1
    part = trial.rmse(groups, where, repeats=50)["ridge"].value
    assert part == pytest.approx(metrics.rmse(trial.filled["ridge"][where], trial.labels[where]))
    squares = trial.squares()
    assert list(squares) == ["median", "ridge"]
    assert np.sqrt(squares["median"].mean()) == pytest.approx(found["median"].value)  # all lose as many points


def test_errors_by_a_value_of_the_face(some, trial):
    values = np.arange(120.0)
    values[:10] = np.nan
    middles, found = trial.by(values, [0, 40, 55, 58, 200], some.groups, repeats=20)
    assert list(found) == ["median", "ridge"]
    assert len(middles) == len(found["ridge"])
    inside = (trial.rows >= 10) & (trial.rows < 40)
    assert middles[0] == pytest.approx(trial.rows[inside].mean())
    expected = metrics.rmse(trial.filled["ridge"][inside], trial.labels[inside])
    assert found["ridge"][0].value == pytest.approx(expected)
    assert not any(55 <= middle < 58 for middle in middles)  # three faces are too few
    assert trial.by(np.full(120, np.nan), [0, 1], some.groups) == ([], {"median": [], "ridge": []})


def twice_labelled(shift):
    """60 images of source 0; of 20 of them source 1 gives four points, the nose tip `shift` px lower."""
    first = made(60, 60)
    points = first.points[:20].copy()
    points[:, OTHERS] = np.nan
    points[:, 10, 1] += shift
    return faces.Faces(
        np.concatenate([first.images[:20], first.images]),
        np.concatenate([points, first.points]),
        keypoints.KAGGLE_15,
        np.repeat([1, 0], [20, 60]),
    )


def test_the_second_source_is_measured_on_images_that_both_labelled():
    candidates = {"ridge": impute.build("ridge"), "knn": impute.build("knn")}
    both = twice_labelled(8)
    found = imputation.compare_sources(both, candidates)
    assert sorted(found.rows) == list(range(20))
    np.testing.assert_array_equal(found.labels[:, OTHERS], both.points[found.rows + 20][:, OTHERS])
    assert np.isnan(found.labels[:, FOUR]).all()
    rest = both.select(range(40, 80))  # not the twins
    expected = impute.fill(both.select(found.rows), impute.build("knn"), rest).points
    np.testing.assert_array_equal(found.filled["knn"], expected)
    groups = both.groups
    moved = impute.one_convention(both, label_agreement.source_offsets(both, 100)["same image"])
    with_shift, without = (
        imputation.compare_sources(each, candidates).rmse(groups, repeats=20)["ridge"].value for each in (both, moved)
    )
    assert without < 0.8 * with_shift


def test_too_few_images_of_two_sources_tell_nothing():
    both = twice_labelled(0)
    candidates = {"median": impute.build("median")}
    assert imputation.compare_sources(both.select(range(11, 80)), candidates) is None
    assert imputation.compare_sources(dataclasses.replace(both, source=None), candidates) is None


def test_claims_are_told_from_the_errors(some):
    names = ("forward_fill", "median", "knn", "ridge")
    trial = imputation.compare(some, {name.replace("_", " "): impute.build(name) for name in names}, range(3))
    tilt = np.where(np.arange(len(some)) % 2, 20.0, 1.0)
    found = {each.identity: each for each in imputation.claims(trial, tilt, some.groups, repeats=100)}
    assert list(found) == [
        "S0.2 forward fill", "S0.2 KNN", "S0.2 KNN of six", "S0.2 median", "S0.2 median tilt"
    ]  # fmt: skip
    assert found["S0.2 forward fill"].verdict.holds is True
    assert found["S0.2 KNN of six"].verdict.holds is False, "ridge knows how the points hang together"
    level = imputation.claims(trial, np.zeros(len(some)), some.groups, repeats=100)[-1]
    assert level.verdict == verdicts.unknown("too few faces are tilted")


def test_the_faces_that_are_shown_are_level_and_tilted_and_alike_otherwise():
    generator = np.random.default_rng(3)
    face = generator.normal(0, 8, (15, 2))
    names = ("left_eye_center", "right_eye_center", "nose_tip")
    face[[keypoints.KAGGLE_15.index(name) for name in names]] = [(15, -10), (-15, -10), (0, 4)]
    turns = np.exp(1j * np.radians(np.linspace(-60, 60, 80)))
    turned = (face @ [1, 1j]) * turns[:, None]
    points = 48 + np.stack([turned.real, turned.imag], axis=-1) + generator.normal(0, 0.3, (80, 15, 2))
    points[np.ix_(range(60, 80), OTHERS)] = np.nan
    images = generator.integers(0, 255, (80, 3, 3, 1), np.uint8)
    some = faces.Faces(images, points[generator.permutation(80)], keypoints.KAGGLE_15)
    trial = imputation.compare(some, {"median": impute.build("median")}, [0])
    lean = np.abs(pose.tilt(some.points, some.keypoints))[trial.rows]
    level, tilted = imputation.level_and_tilted(some, trial)
    assert lean[level] < np.median(lean) < lean[tilted] < 45
    glasses = np.zeros(80, bool)
    glasses[trial.rows[[level, tilted]]] = True
    known = dataclasses.replace(some, attributes={"glasses": glasses})
    others = imputation.level_and_tilted(known, trial)
    assert not glasses[trial.rows[list(others)]].any()
    labels = trial.labels.copy()
    labels[[level, tilted], : OTHERS[-1]] = np.nan  # one hidden point is left, and most faces have lost eleven
    others = imputation.level_and_tilted(some, dataclasses.replace(trial, labels=labels))
    assert not {level, tilted} & set(others)
