import dataclasses
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import faces, keypoints, metrics, sweeps

ERRORS = {"a": np.array([1.0, 1.2]), "b": np.array([2.0, 2.2]), "c": np.array([1.1])}


def test_the_spread_is_that_within_trainings():
    sd, freedom = sweeps.spread(ERRORS)
    assert (sd, freedom) == (pytest.approx(math.sqrt(0.02)), 2)
    assert math.isnan(sweeps.spread({"c": np.array([1.1])})[0])


def test_intervals_narrow_with_restarts_and_need_some():
    found = sweeps.intervals(ERRORS)
    half = {name: each.high - each.value for name, each in found.items()}
    assert half["c"] == pytest.approx(4.3027 * math.sqrt(0.02), rel=1e-4)  # t of two degrees of freedom
    assert half["a"] == half["b"] == pytest.approx(half["c"] / math.sqrt(2))
    lone = sweeps.intervals({"c": np.array([1.1])})["c"]
    assert lone == metrics.Estimate(1.1, 1.1, 1.1)


def test_a_true_difference_is_within_its_interval_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        errors = {name: random.normal(mean, 0.3, 2) for name, mean in (("a", 1), ("b", 1.5), ("c", 3))}
        found = sweeps.difference(errors, "a", "b")
        hits += found.low <= -0.5 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_luck_is_what_two_restarts_differ_by():
    random = np.random.default_rng(0)
    errors = {name: random.normal(name, 0.3, 2) for name in range(200)}
    found = sweeps.luck(errors)
    assert found.low < found.value < found.high
    assert found.low < 1.96 * math.sqrt(2) * 0.3 < found.high
    differences = np.abs(np.diff(random.normal(0, 0.3, (2000, 2)))[:, 0])
    assert (differences < found.value).mean() == pytest.approx(0.95, abs=0.03)
    with pytest.raises(ValueError, match="none of 1 trainings was restarted"):
        sweeps.luck({"c": np.array([1.1])})


@pytest.mark.parametrize(
    ("first", "second", "persons", "expected"),
    [
        ("a", "b", None, True),
        ("b", "a", None, False),
        ("a", "c", None, None),
        ("a", "b", metrics.Estimate(-1, -1.5, -0.5), True),
        ("a", "b", metrics.Estimate(-0.1, -0.5, 0.5), None),
        ("a", "b", metrics.Estimate(1, 0.5, 1.5), None),
    ],
)
def test_lower_needs_restarts_and_persons(first, second, persons, expected):
    assert sweeps.is_lower(ERRORS, first, second, persons) is expected
    once = {name: each[:1] for name, each in ERRORS.items()}
    assert sweeps.is_lower(once, first, second, persons) is None


def test_the_difference_over_persons():
    random = np.random.default_rng(0)
    points = random.uniform(0, 9, (30, 5, 2)).astype(np.float32)
    some = faces.Faces(np.zeros((30, 9, 9, 1), np.uint8), points, keypoints.CELEBA_5, subject=np.arange(30) % 10)
    found = sweeps.by_persons(points + 1, points + 3, some, 50)
    assert found.value == pytest.approx(-2, abs=1e-5)


@dataclasses.dataclass
class Trained:
    errors: tuple[float, ...]

    @property
    def restarts(self):
        return pd.DataFrame({"evaluation": self.errors})


def test_specialists_are_one_network_by_the_points_each_knows():
    found = sweeps.specialists({"eyes": Trained((1.0, 2.0)), "mouth": Trained((3.0, 4.0))}, {"eyes": 2, "mouth": 1})
    np.testing.assert_allclose(found, np.sqrt([(2 + 9) / 3, (8 + 16) / 3]))


def test_early_stopping_at_a_plateau_and_after_the_best():
    validation = np.array([5, 4, 4.5, 4.2, 3, 2, 2.5, 2.6, 2.7])
    assert sweeps.stop(validation, 1) == sweeps.Stop(3, 4.5, 4)
    assert sweeps.stop(validation, 2) == sweeps.Stop(4, 4.2, 4)
    assert sweeps.stop(validation, 3) == sweeps.Stop(9, 2.7, 2)
    assert sweeps.stop(validation, 9) == sweeps.Stop(9, 2.7, 2)
    table = sweeps.stops(validation, [1, 3])
    assert table.loc[1].tolist() == pytest.approx([3, 125, 100])
    assert table.loc[3].tolist() == pytest.approx([9, 35, 0])
    assert sweeps.rises(validation) == pytest.approx(4 / 8)
    with pytest.raises(ValueError, match="patience is 0; expected at least 1"):
        sweeps.stop(validation, 0)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.integers(1, 30))
def test_more_patience_never_keeps_worse_weights(validation, patience):
    early, late = (sweeps.stop(np.array(validation), each) for each in (patience, patience + 1))
    assert late.best <= early.best <= early.last
    assert early.epoch <= late.epoch <= len(validation)
    assert sweeps.stop(np.array(validation), len(validation)).best == min(validation)


def test_the_curve_has_a_logarithmic_axis_and_a_point_for_each_rate():
    axes = plt.figure().subplots()
    value = metrics.Estimate(1, 0.5, 2)
    sweeps.rate_curve(axes, {1.0: value, 0.1: value}, "SGD")
    sweeps.band(axes, value, "black", "Adam")
    assert axes.get_xscale() == "log"
    assert axes.lines[0].get_xdata().tolist() == [0.1, 1.0]
    assert axes.get_legend_handles_labels()[1] == ["Adam", "SGD"]
    plt.close("all")
