import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fkp_utils import faces, keypoints, metrics
from fkp_utils.datasets.synthetic import generator
from fkp_utils.evaluation import comparisons
from fkp_utils.training import data_views, experiment, runs


def made(count=60, persons=20, seed=0):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    points = random.uniform(0, 8, (count, 15, 2)).astype(np.float32)
    points[::3, 4:] = np.nan
    return faces.Faces(images, points, keypoints.KAGGLE_15, subject=np.arange(count) % persons)


@dataclasses.dataclass
class Trained:
    """What a run says, without a training: predictions `error` px off, and restarts with these errors."""

    error: float
    errors: tuple[float, ...]
    seed: int = 0

    @property
    def restarts(self):
        return pd.DataFrame({"evaluation": self.errors})

    def predict(self, some):
        noise = np.random.default_rng(self.seed).normal(size=some.points.shape)
        return np.nan_to_num(some.points) + self.error * noise


class Alike(Trained):
    """Errs by a fiftieth more than `Trained` on every other person, and by as much less on the others."""

    def predict(self, some):
        points, scale = np.nan_to_num(some.points), np.where(some.subject % 2, 1.02, 0.98)
        return points + scale[:, None, None] * (super().predict(some) - points)


def test_the_difference_is_that_of_the_two_errors():
    some, first, second = made(), Trained(1, (1, 1)), Trained(2, (2, 2), seed=1)
    found = comparisons.difference(first, second, some)
    parts = [metrics.rmse(run.predict(some), some.points) for run in (first, second)]
    assert found.value == pytest.approx(parts[0] - parts[1])
    assert found.low < found.value < found.high < 0
    back = comparisons.difference(second, first, some)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    same = comparisons.difference(first, first, some)
    assert (same.value, same.low, same.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("first", "second", "factor", "expected"),
    [
        (Trained(1, (1, 1.1)), Trained(3, (3, 3.1), 1), 1, True),
        (Trained(3, (3, 3.1)), Trained(1, (1, 1.1), 1), 1, False),
        (Trained(1, (1, 3.05)), Trained(3, (3, 3.1), 1), 1, None),  # one restart was no better
        (Trained(1, (1,)), Trained(3, (3, 3.1), 1), 1, None),  # one lucky run
        (Trained(2, (2, 2)), Trained(2.01, (2.1, 2.1), 1), 1, None),  # chance over persons
        (Trained(1, (1, 1.1)), Trained(3, (3, 3.1), 1), 0.5, True),  # 1 is less than half of 9
        (Trained(2.6, (2.6, 2.7)), Trained(3, (3, 3.1), 1), 0.5, False),
        (Trained(1, (3, 3)), Trained(3, (1, 1), 1), 1, None),  # the persons say one thing, the restarts another
    ],
)
def test_lower_needs_persons_and_restarts(first, second, factor, expected):
    assert comparisons.is_lower(first, second, made(), factor).holds is expected


@pytest.mark.parametrize(
    ("restarts", "factor", "side", "lower", "higher"),
    [
        ((2.0, 2.01), 1, 96, False, False),  # within a tenth of a pixel, over persons and restarts
        ((2.0, 2.01), 1 / 1.02, 96, None, None),  # the claim has a margin of its own
        ((2.0, 2.01), 1, 8, None, None),  # in small images less matters
        ((1.0, 1.0), 1, 96, None, False),  # the restarts are lower by more, but not higher
    ],
)
def test_what_differs_too_little_is_neither_lower_nor_higher(restarts, factor, side, lower, higher):
    some = made()
    some = dataclasses.replace(some, images=np.zeros((len(some), side, side, 1), np.uint8))
    found = comparisons.is_lower(Trained(2, restarts), Alike(2, (2.0, 2.01)), some, factor)
    assert (found.holds, (~found).holds) == (lower, higher)


def test_a_baseline_that_is_as_good_is_not_beaten_nor_better():
    some = dataclasses.replace(made(), images=np.zeros((60, 96, 96, 1), np.uint8))
    run = Trained(1, (1, 1.1))
    for verdict in (found := comparisons.beats(run, run.predict(some) + 1e-4, some), ~found):
        assert verdict.holds is False
        assert "too little to matter" in verdict.why


@pytest.fixture
def split(monkeypatch):
    """Data of two limits: the smaller one's training and validation have persons 0 to 9, and an image of person 15."""
    some = made(80)
    low, high = some.select(some.subject < 10), some.select(some.subject >= 10)
    copy = high.select(high.subject == 15).select([0])
    copied = dataclasses.replace(low, images=np.concatenate([copy.images, low.images[1:]]))
    parts = {
        20: data_views.Parts(copied.select(slice(20)), copied.select(slice(20, None)), high),
        None: data_views.Parts(high, high, some),
    }
    monkeypatch.setattr(data_views.Data, "parts", lambda data: parts[data.limit])
    return some


def test_unseen_leaves_out_persons_and_copies(split):
    data = data_views.Data("kaggle", "anywhere")
    found = comparisons.unseen(data, dataclasses.replace(data, limit=20))
    assert set(found.subject) == set(range(10, 20))
    assert len(found) == (split.subject >= 10).sum() - 1


def test_everyone_who_was_not_met_may_be_of_any_part(monkeypatch):
    some = made(80)
    met, last = some.select(some.subject < 10), some.select(some.subject == some.subject.max())
    parts = {20: data_views.Parts(met, met, last), None: data_views.Parts(some, some, last)}
    monkeypatch.setattr(data_views.Data, "parts", lambda data: parts[data.limit])
    monkeypatch.setattr(data_views.Data, "faces", lambda data: some)
    data, few = data_views.Data("kaggle", "anywhere"), data_views.Data("kaggle", "anywhere", 20)
    assert set(comparisons.unseen(data, few).subject) == set(last.subject)
    assert set(comparisons.unseen(data, few, everyone=True).subject) == set(some.subject) - set(met.subject)
    assert comparisons.unseen(data, data, everyone=True) is last, "it has met all others"


def test_all_are_unseen_by_the_same_or_other_data(split):
    data = data_views.Data("kaggle", "anywhere")
    assert len(comparisons.unseen(data, data)) == len(split)
    drawn = data_views.Data("synthetic")
    assert len(comparisons.unseen(drawn, dataclasses.replace(drawn, limit=20))) == len(split)
    assert len(comparisons.unseen(data, drawn)) == len(split)


def test_new_people_are_drawn_where_faces_are_made_and_none_is_left_out(split):
    few, photos = data_views.Data("synthetic", limit=20), data_views.Data("kaggle", "anywhere")
    assert len(comparisons.unseen(few, few, new=60)) == len(few.parts().evaluation)
    assert comparisons.unseen(photos, photos, new=60) is split


def test_new_people_are_in_no_part_of_the_data(monkeypatch):
    monkeypatch.setattr(generator, "FACES", 40)
    data = data_views.Data("synthetic").through(data_views.Resized(32, 32))
    found, met = comparisons.unseen(data, data, new=60), data.faces().images[:]
    assert len(found) > len(data.parts().evaluation)
    assert found.size == (32, 32)
    assert not any((image == met).all(axis=(1, 2, 3)).any() for image in found.images[:])


@pytest.mark.parametrize(
    ("first", "by_seed", "expected"),
    [
        ((2.5, 3.5, 4.5), True, True),  # each better than the other of its seed, by as much
        ((2.5, 3.5, 4.5), False, None),  # but not better than all of the others
        ((2.5, 3.5, 5.5), True, None),
        ((1.0, 1.1, 1.2), False, True),
    ],
)
def test_restarts_of_one_seed_are_pairs(first, by_seed, expected):
    one, other = Trained(1, first), Trained(3, (3, 4, 5), 1)
    assert comparisons.is_lower(one, other, made(), by_seed=by_seed).holds is expected


def test_the_interval_over_restarts_is_that_of_students_t():
    random = np.random.default_rng(0)
    first, second = random.normal(2, 0.1, 4), random.normal(2.1, 0.3, 7)
    for found, expected in (
        (comparisons.over_restarts(first, second), stats.ttest_ind(first, second, equal_var=False)),
        (comparisons.over_restarts(first, second[:4], paired=True), stats.ttest_rel(first, second[:4])),
    ):
        assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert comparisons.over_restarts(first, second).value == pytest.approx(first.mean() - second.mean())
    assert comparisons.over_restarts([2.0, 2.0], [3.0, 3.0]) == metrics.Estimate(-1, -1, -1)
    assert comparisons.over_restarts(first, second[:1]) is None


def test_trainings_from_other_seeds_are_asked_anything(monkeypatch):
    first, second = (experiment.Experiment(data=data_views.Data(limit=80), epochs=2, seed=seed) for seed in (0, 5))
    second = dataclasses.replace(second, restarts=4)
    asked = []
    monkeypatch.setattr(runs, "run", lambda each: asked.append((each.seed, each.restarts)) or each)
    found = comparisons.over_seeds(first, second, lambda run: 1.0 + run.seed, 3)
    assert asked == [(0, 1), (1, 1), (2, 1), (5, 1), (6, 1), (7, 1)]
    assert found == comparisons.over_restarts([1, 2, 3], [6, 7, 8])
    assert comparisons.over_seeds(first, second, lambda run: 1.0, 1) is None
    assert len(asked) == 6


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (Trained(1, (1, 1.1)), True),
        (Trained(3, (3, 3.1)), False),
        (Trained(1, (1,)), None),  # one lucky run
        (Trained(1, (1, 2.5)), None),  # one restart was no better
        (Trained(2, (1.9, 1.9)), None),  # chance over persons
        (Trained(1, (3, 3)), None),  # the persons say one thing, the restarts another
    ],
)
def test_a_baseline_is_beaten_over_persons_by_every_restart(run, expected):
    some = made()
    baseline = Trained(2, (), seed=1).predict(some)
    assert comparisons.beats(run, baseline, some).holds is expected


def test_the_extra_cost_of_a_step_is_a_difference_of_differences():
    some = made()
    one, two, three = (Trained(error, (error,)) for error in (1, 2, 3))
    squares = [metrics.mse(run.predict(some), some.points) for run in (one, two, three)]
    found = comparisons.extra_cost((three, one), (two, one), some)
    assert found.value == pytest.approx(squares[2] - squares[1], rel=1e-6)
    assert found.low > 0
    same = comparisons.extra_cost((three, one), (three, one), some)
    assert (same.value, same.low, same.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_what_matters_of_a_squared_error_is_what_matters_of_its_root():
    some = made()
    run, small = Trained(2, (2,)), comparisons.matters(some)
    usual = metrics.rmse(run.predict(some), some.points)
    assert math.sqrt(usual**2 + comparisons.matters_squared(run, some)) == pytest.approx(usual + small)


def test_the_extra_cost_over_restarts_pairs_those_of_one_seed():
    changed = Trained(1, (3.0, 4.0, 5.0)), Trained(1, (2.0, 3.0, 4.0))
    usual = Trained(1, (2.0, 3.0, 4.0)), Trained(1, (1.0, 2.0, 3.0))
    found = comparisons.extra_cost_of_restarts(changed, usual)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))  # 5, 7, 9 against 3, 5, 7
    assert comparisons.extra_cost_of_restarts(2 * (Trained(1, (1.0,)),), 2 * (Trained(1, (1.0,)),)) is None
