import numpy as np
import pytest
from scipy import stats

from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, verdicts

DRAWS = {"repeats": 200, "seed": 0}


@pytest.mark.parametrize("statistic", ["mean", "rmse", "difference", "rank correlation"])
def test_intervals_are_those_of_scipy(statistic):
    """Where no persons are drawn together, the percentile bootstrap of SciPy is the same but for its draws."""
    random = np.random.default_rng(1)
    first, second = random.gamma(2, 2, 300), random.gamma(2, 2.5, 300)
    if statistic == "mean":
        ours, function, data = bootstrap.mean(first, repeats=4000), np.mean, (first,)
    elif statistic == "rmse":
        points = np.stack([first, second], axis=1)[:, None]
        ours = bootstrap.rmse(points, np.zeros_like(points), repeats=4000)
        function, data = (lambda x, y, axis=-1: np.sqrt((x**2 + y**2).mean(axis) / 2)), (first, second)
    elif statistic == "difference":
        points = [np.stack([each, each], axis=1)[:, None] for each in (first, second)]
        ours = bootstrap.rmse_difference(*points, np.zeros_like(points[0]), repeats=4000)
        function = lambda x, y, axis=-1: np.sqrt((x**2).mean(axis)) - np.sqrt((y**2).mean(axis))  # noqa: E731
        data = (first, second)
    else:
        rank = lambda rows: stats.spearmanr(first[rows], first[rows] + second[rows]).statistic  # noqa: E731
        ours = bootstrap.statistic(rank, np.arange(300), repeats=1000)
        function, data = (lambda x, y: stats.spearmanr(x, y).statistic), (first, first + second)
    many = 1000 if statistic == "rank correlation" else 4000
    theirs = stats.bootstrap(
        data,
        function,
        n_resamples=many,
        paired=len(data) > 1,
        method="percentile",
        random_state=np.random.default_rng(2),  # SciPy 1.14 knows no `rng`
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.06 * width)


def test_the_ratio_is_that_of_the_root_mean_squares():
    random = np.random.default_rng(0)
    hard, groups = random.random(400) < 0.3, np.arange(400) % 50
    values = random.uniform(1, 2, 400) * np.where(hard, 2, 1)
    values[0] = np.nan
    ratio = bootstrap.rmse_ratio(values, hard, groups, **DRAWS)
    expected = [np.sqrt(np.nanmean(values[rows] ** 2)) for rows in (hard, ~hard)]
    assert ratio.value == pytest.approx(expected[0] / expected[1])
    assert ratio.low < ratio.value < ratio.high
    assert verdicts.above(ratio, 1).holds is True
    assert verdicts.above(bootstrap.rmse_ratio(values, ~hard, groups, **DRAWS), 1).holds is False
    assert verdicts.above(bootstrap.rmse_ratio(values, random.random(400) < 0.3, groups, **DRAWS), 1).holds is None
    assert bootstrap.rmse_ratio(values, np.arange(400) < 9, groups) is None
    assert verdicts.above(None).holds is None


def test_the_bootstrap_draws_groups_whole():
    values, groups = np.repeat([0.0, 10.0], 50), np.repeat([0, 1], 50)
    found = bootstrap.statistic(lambda rows: values[rows].mean(), groups, 500)
    assert (found.value, found.low, found.high) == (5, 0, 10)  # single faces would give about 4 to 6


def test_intervals_cover_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(0)
    rmse, mean = 0, 0
    for trial in range(200):
        errors = generator.normal(0, 2, (100, 1, 2))
        found = bootstrap.rmse(errors, np.zeros_like(errors), repeats=200, seed=trial)
        rmse += found.low <= 2 <= found.high
        found = bootstrap.mean(errors[:, 0, 0] + 1, repeats=200, seed=trial)
        mean += found.low <= 1 <= found.high
    assert 178 <= rmse <= 199
    assert 178 <= mean <= 199


def test_interval_of_groups_is_that_of_independent_faces():
    generator = np.random.default_rng(0)
    person = generator.normal(0, 2, (80, 1, 2))
    errors, groups = np.repeat(person, 10, axis=0), np.repeat(np.arange(80), 10)
    one = bootstrap.rmse(person, np.zeros_like(person))
    whole = bootstrap.rmse(errors, np.zeros_like(errors), groups)
    naive = bootstrap.rmse(errors, np.zeros_like(errors))
    assert [whole.value, whole.low, whole.high] == pytest.approx([one.value, one.low, one.high])
    assert whole.value == pytest.approx(metrics.rmse(errors, np.zeros_like(errors)))
    assert whole.high - whole.low > 2 * (naive.high - naive.low)


def test_intervals_leave_out_what_is_missing():
    values = np.array([1.0, np.nan, 3.0, np.nan])
    found = bootstrap.mean(values)
    assert found.value == 2
    assert 1 <= found.low <= found.high <= 3
    assert found == bootstrap.mean(values)  # the same seed
    with pytest.raises(ValueError, match="no value is given"):
        bootstrap.mean([np.nan, np.nan])


def test_largest_share_is_sure_only_where_the_data_are():
    generator = np.random.default_rng(0)
    values = generator.normal([0, 1, 1], 1, (400, 3))
    values[::3, 1] = np.nan
    shares = bootstrap.largest_share(values, np.arange(400), repeats=400)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == 0
    assert 0.001 < shares[1] < 0.999
    one_group_decides = bootstrap.largest_share(np.array([[9.0, 0], [0, 1], [0, 1]]), np.array([0, 1, 2]), repeats=400)
    assert one_group_decides[1] == pytest.approx((2 / 3) ** 3, abs=0.1)


def test_difference_interval_covers_the_truth_and_groups_widen_it():
    generator = np.random.default_rng(0)
    second = np.arange(600) % 2 == 0
    persons = np.repeat(np.arange(60), 10)
    values = generator.normal(0, 1, 600) + 2 * second
    found = bootstrap.difference(values, second, np.arange(600))
    assert found.low < 2 < found.high
    assert found.high - found.low == pytest.approx(4 * np.sqrt(2 / 300), rel=0.2)
    shifted = values + np.repeat(generator.normal(0, 3, 60), 10) * np.where(second, 1, -1)
    alone, together = (bootstrap.difference(shifted, second, groups) for groups in (np.arange(600), persons))
    assert together.high - together.low > 2 * (alone.high - alone.low)
    with pytest.raises(ValueError, match="no value"):
        bootstrap.difference(values, np.ones(600, bool), persons)
