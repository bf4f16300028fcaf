import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model
from sklearn.covariance import empirical_covariance

from fkp_utils.imputation import shape_models

SHAPE = np.array([[66, 37], [30, 37], [48, 57], [62, 72], [34, 72]], float)


def moved(generator, count, noise=0.0):
    """(N, 10) coordinates of SHAPE, tilted, scaled and shifted."""
    angle, size = generator.uniform(-0.6, 0.6, count), generator.uniform(0.7, 1.3, count)
    turn = size * np.exp(1j * angle)
    points = (SHAPE[:, 0] + 1j * SHAPE[:, 1] - 48 - 55j) * turn[:, None] + 48 + 55j + generator.normal(0, 5, (count, 1))
    return np.stack([points.real, points.imag], axis=2).reshape(count, -1) + generator.normal(0, noise, (count, 10))


def hidden(X, keep, generator):
    """X with all but `keep` points of each second row hidden."""
    points = len(X[0]) // 2
    gone = generator.random((len(X), points)).argsort(axis=1) >= keep
    gone[1::2] = False
    return np.where(np.repeat(gone, 2, axis=1), np.nan, X)


def error(imputer, X, holes):
    return float(np.sqrt(((imputer.fit_transform(holes) - X)[np.isnan(holes)] ** 2).mean()))


def gaussian(generator, count, directions=3, noise=0.5):
    """(N, 10) rows of `directions` directions and equal noise."""
    values = 48 + generator.normal(0, 6, (count, directions)) @ generator.normal(0, 1, (directions, 10))
    return values + generator.normal(0, noise, (count, 10))


@given(seed=st.integers(0, 1000), keep=st.integers(2, 4))
@settings(max_examples=20)
def test_a_rigid_face_is_filled_exactly_by_the_aligned_mean(seed, keep):
    generator = np.random.default_rng(seed)
    X = moved(generator, 30)
    assert error(shape_models.AlignedMean(), X, hidden(X, keep, generator)) < 1e-3


def test_the_aligned_mean_of_a_face_with_one_point_is_the_mean():
    generator = np.random.default_rng(0)
    X = moved(generator, 30)
    holes = hidden(X, 5, generator)
    holes[0, 2:] = np.nan
    filled = shape_models.AlignedMean().fit_transform(holes)
    np.testing.assert_allclose(filled[0, 2:], np.nanmean(holes[:, 2:], axis=0))


def test_the_aligned_mean_needs_x_and_y():
    with pytest.raises(ValueError, match="3 columns; expected x and y"):
        shape_models.AlignedMean().fit(np.zeros((4, 3)))


@pytest.mark.parametrize("model", [shape_models.IterativeRidge, shape_models.ProbabilisticPCA])
def test_a_gaussian_fitted_to_complete_rows_is_that_of_its_moments(model):
    X = gaussian(np.random.default_rng(0), 500)
    fitted = model().fit(X)
    np.testing.assert_allclose(fitted.mean_, X.mean(axis=0))
    np.testing.assert_allclose(fitted.covariance_, empirical_covariance(X), atol=1e-3 * X.var())


def test_ridge_on_complete_rows_is_ridge_regression():
    generator = np.random.default_rng(0)
    X = gaussian(generator, 300)
    asked = gaussian(generator, 20)
    asked[:, 6:] = np.nan
    penalty = 0.05
    fitted = shape_models.IterativeRidge(penalty).fit(X)
    alpha = penalty * X.var(axis=0).mean() * len(X)
    expected = linear_model.Ridge(alpha).fit(X[:, :6], X[:, 6:]).predict(asked[:, :6])
    np.testing.assert_allclose(fitted.transform(asked)[:, 6:], expected, atol=1e-2)


@pytest.mark.parametrize("model", [shape_models.IterativeRidge(), shape_models.ProbabilisticPCA(3)])
def test_incomplete_rows_are_filled_nearly_as_well_as_the_true_model_would(model):
    generator = np.random.default_rng(0)
    X = gaussian(generator, 600)
    holes = hidden(X, 3, generator)
    truth = model.fit(gaussian(np.random.default_rng(0), 600))  # the same directions, all rows complete
    best = float(np.sqrt(((truth.transform(holes) - X)[np.isnan(holes)] ** 2).mean()))
    means = float(np.sqrt(((np.nanmean(holes, axis=0) - X)[np.isnan(holes)] ** 2).mean()))
    assert error(model, X, holes) < 1.05 * best < 0.2 * means


def test_ppca_has_few_directions_and_equal_noise():
    X = gaussian(np.random.default_rng(0), 2000, directions=2)
    values = np.linalg.eigvalsh(shape_models.ProbabilisticPCA(2).fit(X).covariance_)
    assert np.ptp(values[:8]) < 1e-6
    assert values[0] == pytest.approx(0.25, rel=0.1)
    assert values[8] > 20 * values[0]


def test_many_points_that_repeat_each_other_are_filled_in_a_few_rounds():
    generator = np.random.default_rng(0)
    X = 48 + generator.normal(0, 6, (150, 4)) @ generator.normal(0, 1, (4, 80)) + generator.normal(0, 0.5, (150, 80))
    holes = hidden(X, 4, generator)
    assert error(shape_models.IterativeRidge(max_iter=20), X, holes) < 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (shape_models.IterativeRidge(ridge=-1), "ridge is -1; expected 0 or more"),
        (shape_models.IterativeRidge(max_iter=0), "max_iter is 0; expected 1 or more"),
        (shape_models.ProbabilisticPCA(n_components=0), "n_components is 0; expected 1 or more"),
        (shape_models.ProbabilisticPCA(max_iter=0), "max_iter is 0; expected 1 or more"),
    ],
)
def test_parameters_out_of_range_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(gaussian(np.random.default_rng(0), 20))
