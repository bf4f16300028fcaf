import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance
from sklearn import covariance, decomposition, linear_model

from fkp_utils.imputation import gaussian


def rows(count=300, seed=0, directions=4):
    """(N, 10) correlated coordinates of 5 points in px."""
    generator = np.random.default_rng(seed)
    return (
        48
        + generator.normal(0, 4, (count, directions)) @ np.random.default_rng(7).normal(0, 1, (directions, 10))
        + generator.normal(0, 1, (count, 10))
    )


def with_gaps(X, share=0.3, seed=0):
    gone = np.random.default_rng(seed).random((len(X), X.shape[1] // 2)) < share
    return np.where(np.repeat(gone, 2, axis=1), np.nan, X)


def known(noise=0.0):
    """The distribution of `rows`, not fitted."""
    X = rows(2000, seed=1)
    return gaussian.Gaussian(X.mean(axis=0), np.cov(X, rowvar=False), noise)


def test_complete_rows_give_their_moments():
    X = rows()
    fitted = gaussian.Gaussian.fit(X)
    np.testing.assert_allclose(fitted.mean, X.mean(axis=0))
    np.testing.assert_allclose(fitted.covariance, np.cov(X, rowvar=False, bias=True), atol=2e-6 * X.var())


def test_a_monotone_gap_gives_the_estimate_of_anderson():
    """Anderson (1957): the second variable by its regression on the first one, whose moments are those of all rows."""
    generator = np.random.default_rng(0)
    x = generator.normal(48, 5, 200)
    y = 10 + 0.7 * x + generator.normal(0, 2, 200)
    y[x > 50] = np.nan
    both = ~np.isnan(y)
    slope, intercept = np.polyfit(x[both], y[both], 1)
    left = np.mean((y[both] - slope * x[both] - intercept) ** 2)
    fitted = gaussian.Gaussian.fit(np.column_stack([x, y]), max_iter=1000, tol=1e-9)
    np.testing.assert_allclose(fitted.mean, [x.mean(), slope * x.mean() + intercept], rtol=1e-4)
    expected = np.array([[x.var(), slope * x.var()], [slope * x.var(), left + slope**2 * x.var()]])
    np.testing.assert_allclose(fitted.covariance, expected, rtol=1e-3)


def log_likelihood(model, X):
    total = 0.0
    for row in X[~np.isnan(X).all(axis=1)]:
        here = ~np.isnan(row)
        total += stats.multivariate_normal.logpdf(row[here], model.mean[here], model.covariance[np.ix_(here, here)])
    return total


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_no_round_makes_the_rows_less_likely(seed):
    X = with_gaps(rows(60, seed), seed=seed)
    found = [log_likelihood(gaussian.Gaussian.fit(X, max_iter=count, tol=0), X) for count in (1, 2, 5, 20)]
    assert (np.diff(found) > -1e-3).all()


@pytest.mark.parametrize("count", [2, 4])
def test_few_directions_are_those_of_principal_components(count):
    X = rows()
    theirs = decomposition.PCA(count).fit(X).get_covariance() * (len(X) - 1) / len(X)
    np.testing.assert_allclose(gaussian.Gaussian.fit(X, n_components=count).covariance, theirs, rtol=1e-6, atol=1e-6)


def test_without_the_worst_rows_it_is_that_of_the_minimum_covariance_determinant():
    X = rows(200)
    X[:20] += 60
    fitted = gaussian.Gaussian.fit(X, trim=0.1)
    theirs = covariance.MinCovDet(support_fraction=0.9, random_state=0).fit(X)
    np.testing.assert_allclose(fitted.mean, theirs.raw_location_)
    np.testing.assert_allclose(fitted.covariance, np.cov(X[20:], rowvar=False, bias=True), atol=1e-3)
    assert np.linalg.norm(gaussian.Gaussian.fit(X).mean - theirs.raw_location_) > 10


def test_a_column_whose_only_values_are_left_out_keeps_a_distribution():
    X = rows(200)
    X[5:, 8:] = np.nan
    X[:5] += 100
    fitted = gaussian.Gaussian.fit(X, trim=0.1)
    assert np.isfinite(fitted.mean).all()
    assert np.linalg.eigvalsh(fitted.covariance).min() > 0
    assert np.isfinite(fitted.mahalanobis(X)).all()


@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_what_is_missing_is_the_regression_on_what_is_given(noise):
    X = rows()
    mean, moments = X.mean(axis=0), np.cov(X, rowvar=False, bias=True)
    asked = rows(20, seed=1)
    filled, uncertain = gaussian.Gaussian(mean, moments, noise).conditional(np.where(np.arange(10) < 6, asked, np.nan))
    regression = linear_model.Ridge(noise * len(X)).fit(X[:, :6], X[:, 6:])
    np.testing.assert_array_equal(filled[:, :6], asked[:, :6])
    np.testing.assert_allclose(filled[:, 6:], regression.predict(asked[:, :6]))
    left = np.cov(X[:, 6:] - regression.predict(X[:, :6]), rowvar=False, bias=True)
    np.testing.assert_allclose(uncertain[6:, 6:], 20 * left)
    assert not uncertain[:6].any()


def test_where_nothing_is_given_the_mean_and_covariance_are_left():
    model = known()
    filled, uncertain = model.conditional(np.full((2, 10), np.nan))
    np.testing.assert_allclose(filled, [model.mean] * 2)
    np.testing.assert_allclose(uncertain, 2 * model.covariance)


def test_mahalanobis_length_is_per_coordinate_that_is_given():
    model, X = known(), with_gaps(rows(30))
    X[3] = np.nan
    found = model.mahalanobis(X)
    assert np.isnan(found[3])
    for row, length in zip(np.delete(X, 3, 0), np.delete(found, 3), strict=True):
        here = ~np.isnan(row)
        precision = np.linalg.inv(model.covariance[np.ix_(here, here)])
        expected = distance.mahalanobis(row[here], model.mean[here], precision)
        assert length == pytest.approx(expected / np.sqrt(here.sum()))


def test_mahalanobis_length_of_complete_rows_is_that_of_scikit_learn():
    X = rows()
    theirs = covariance.EmpiricalCovariance().fit(X).mahalanobis(X)
    np.testing.assert_allclose(gaussian.Gaussian.fit(X).mahalanobis(X), np.sqrt(theirs / 10), rtol=1e-4)


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_a_point_left_out_is_where_the_others_put_it(noise):
    model, X = known(noise), with_gaps(rows(40))
    whole = model.covariance + noise * np.eye(10)
    errors, lengths = model.left_out(X)
    np.testing.assert_array_equal(np.isnan(errors), np.isnan(lengths))
    assert not (np.isnan(errors) ^ np.isnan(X[:, ::2]))[(~np.isnan(X[:, ::2])).sum(axis=1) > 1].any()
    for row, point in np.argwhere(~np.isnan(errors)):
        own = [2 * point, 2 * point + 1]
        others = np.setdiff1d(np.flatnonzero(~np.isnan(X[row])), own)
        weights = np.linalg.solve(whole[np.ix_(others, others)], whole[np.ix_(others, own)])
        error = X[row, own] - model.mean[own] - (X[row, others] - model.mean[others]) @ weights
        spread = whole[np.ix_(own, own)] - whole[np.ix_(own, others)] @ weights
        assert errors[row, point] == pytest.approx(np.linalg.norm(error))
        assert lengths[row, point] == pytest.approx(np.sqrt(error @ np.linalg.solve(spread, error)))


def test_lengths_of_left_out_points_are_those_of_a_normal_vector():
    lengths = known().left_out(with_gaps(rows(4000, seed=3), 0.2))[1]
    np.testing.assert_allclose(np.nanmedian(lengths, axis=0), gaussian.MEDIAN_2D, rtol=0.06)


def test_a_single_point_has_no_others():
    X = np.full((1, 10), np.nan)
    X[0, 4:6] = 48
    errors, lengths = known().left_out(X)
    assert np.isnan(errors).all()
    assert np.isnan(lengths).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1}, "noise is -1; expected 0 or more"),
        ({"n_components": 0}, "n_components is 0; expected 1 or more"),
        ({"max_iter": 0}, "max_iter is 0; expected 1 or more"),
        ({"trim": 1}, "trim is 1; expected 0 or more and less than 1"),
        ({"trim": -0.1}, "trim is -0.1; expected 0 or more"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gaussian.Gaussian.fit(rows(20), **options)


def test_a_column_needs_a_value():
    X = rows(20)
    X[:, 3] = np.nan
    with pytest.raises(ValueError, match="column 3 has no value in any of 20 rows"):
        gaussian.Gaussian.fit(X)
