import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import errors

DRAWS = {"repeats": 200, "seed": 0}


def made(count=60, seed=0):
    random = np.random.default_rng(seed)
    points = (random.uniform(20, 70, (15, 2)) + random.normal(0, 4, (count, 15, 2))).astype(np.float32)
    points[count // 2 :, 4:10] = np.nan
    source = np.repeat([0, 1], [count // 2, count - count // 2])
    images = random.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    return faces.Faces(images, points, keypoints.KAGGLE_15, source, np.arange(count) % 20)


def predicted(some, error, seed=1):
    return np.nan_to_num(some.points, nan=40) + np.random.default_rng(seed).normal(0, error, some.points.shape)


def test_the_error_of_a_face_is_over_its_given_labels():
    some = made()
    found = predicted(some, 2)
    for row in (0, 40):
        assert errors.of_faces(found, some.points)[row] == pytest.approx(metrics.rmse(found[[row]], some.points[[row]]))
    none = np.full_like(some.points, np.nan)
    assert np.isnan(errors.of_faces(found, none)).all()


def test_the_worst_faces_are_left_out():
    some = made(200)
    found = some.points + np.linspace(0, 1, 200)[np.random.default_rng(0).permutation(200)][:, None, None]
    found[[7, 150]] += 40
    points = some.points.copy()
    points[90] = np.nan
    kept = errors.without_worst(found, points)
    assert np.flatnonzero(~kept).tolist() == [7, 90, 150]
    assert errors.without_worst(found, points, 0.05).sum() == 200 - 10 - 1
    assert errors.without_worst(found[:3], some.points[:3]).sum() == 2


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), max_size=60), st.integers(1, 6))
def test_parts_are_disjoint_ordered_and_without_nan(values, count):
    values = np.array(values, float)
    parts = errors.parts_of(values, count)
    rows = np.concatenate(parts) if parts else np.array([], int)
    assert sorted(rows) == np.flatnonzero(~np.isnan(values)).tolist()
    assert len(parts) <= count
    for low, high in itertools.pairwise(parts):
        assert values[low].max() < values[high].min()


def test_errors_rise_where_they_are_larger():
    some = made(200)
    value = np.arange(200.0)
    value[::7] = np.nan
    found = some.points + np.nan_to_num(value)[:, None, None] / 50
    middles, curves = errors.by_condition(value, {"one": np.nan_to_num(found)}, some.points, some.subject, 4, **DRAWS)
    assert np.all(np.diff(middles) > 0)
    assert np.all(np.diff([each.value for each in curves["one"]]) > 0)


def test_a_weakness_of_ones_own_is_told_from_one_of_all():
    some, hard = made(400), np.arange(400) % 3 == 0
    weights = np.where(hard, 2.0, 1.0)[:, None, None]
    first, second = (weights * (predicted(some, 1, seed) - np.nan_to_num(some.points, nan=40)) for seed in (1, 2))
    base = np.nan_to_num(some.points, nan=40)
    both = errors.extra(base + first, base + second, some, hard, **DRAWS)
    assert both.low < 1 < both.high
    own = errors.extra(base + first, base + second / weights, some, hard, **DRAWS)
    assert own.value == pytest.approx(2, rel=0.1)
    assert own.low > 1
    assert errors.extra(base, base, some, np.arange(400) < 5) is None


def test_hardest_are_the_largest_and_never_unknown():
    values = np.array([1, np.nan, 5, 3, 4, 2])
    assert np.flatnonzero(errors.hardest(values, 0.4)).tolist() == [2, 4]
    assert errors.hardest(values, 0.01).sum() == 1


def test_same_faces_are_hard_for_all_or_only_by_chance():
    random, groups = np.random.default_rng(0), np.arange(1000)
    one = random.random(1000)
    same = errors.hard_for_all({"one": one, "two": one**2}, groups, 0.1, **DRAWS)
    assert (same.value, same.low, same.high) == (1, 1, 1)
    other = errors.hard_for_all({"one": one, "two": random.random(1000)}, groups, 0.1, **DRAWS)
    assert other.low <= 0.1 <= other.high


def test_worst_for_all_come_first():
    first = np.array([9.0, 8, 1, 2, 3])
    second = np.array([9.0, 1, 8, 2, 3])
    assert errors.worst({"a": first, "b": second}, 2).tolist() == [0, 4]


def test_errors_by_source():
    some = made()
    table = errors.by_source({"one": predicted(some, 1), "two": predicted(some, 3)}, some, **DRAWS)
    assert table.columns.tolist() == ["all", "source 0", "source 1"]
    assert table.index.tolist() == ["one", "two"]
    first = some.source == 0
    expected = metrics.rmse(predicted(some, 3)[first], some.points[first])
    assert table.loc["two", "source 0"].value == pytest.approx(expected)
    alone = dataclasses.replace(some, source=None)
    assert errors.by_source({"one": predicted(some, 1)}, alone, **DRAWS).columns.tolist() == ["all"]


def test_better_needs_the_whole_interval():
    some = made()
    candidates = {"better": predicted(some, 1), "alike": predicted(some, 2, 5), "worse": predicted(some, 4)}
    assert errors.better(candidates, predicted(some, 2), some, **DRAWS) == ["better"]


@pytest.mark.parametrize("gaps", [True, False])
def test_hidden_labels_judge_network_and_filling(gaps):
    some = made(200)
    if not gaps:
        some = dataclasses.replace(some, points=made(400).points[:200])
    found = errors.at_filled(predicted(some, 0.5), some, made(200, 0), **DRAWS)
    assert found["network from the label"].value == pytest.approx(0.5, rel=0.2)
    assert found["filled from the label"].value > 2
    assert found["network − filled"].high < 0
    assert found["network from the filled"].value == pytest.approx(found["filled from the label"].value, rel=0.2)
