import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import base, pipeline, preprocessing
from sklearn import impute as sklearn_impute

from fkp_utils.imputation import impute, imputers

NAMES = list(impute.IMPUTERS)
each_imputer = pytest.mark.parametrize("name", NAMES)


@st.composite
def tables(draw):
    """(N, 2K) coordinates with gaps; every column has a value, and x and y are missing together."""
    count, points = draw(st.integers(2, 12)), draw(st.integers(1, 4))
    values = draw(arrays.arrays(float, (count, 2 * points), elements=st.floats(0, 95).map(lambda v: round(v, 2))))
    missing = draw(arrays.arrays(bool, (count, points)))
    for column in np.flatnonzero(missing.all(axis=0)):
        missing[draw(st.integers(0, count - 1)), column] = False
    values[np.repeat(missing, 2, axis=1)] = np.nan
    return values


def faces_table(count=120, seed=0, missing=0.3):
    """Coordinates of 6 points that hang together, with gaps at random."""
    generator = np.random.default_rng(seed)
    values = 48 + generator.normal(0, 5, (count, 4)) @ generator.normal(0, 1, (4, 12))
    values += generator.normal(0, 0.3, (count, 12))
    values[np.repeat(generator.random((count, 6)) < missing, 2, axis=1)] = np.nan
    return values


@each_imputer
@settings(max_examples=40)
@given(X=tables())
def test_given_values_stay_and_every_gap_is_filled(name, X):
    before = X.copy()
    imputer = impute.build(name)
    for filled in (imputer.fit_transform(X), imputer.fit(X).transform(X)):
        assert filled.shape == X.shape
        assert np.isfinite(filled).all()
        np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    np.testing.assert_array_equal(X, before)


@each_imputer
def test_it_is_a_transformer_of_scikit_learn(name):
    X = faces_table()
    imputer = impute.build(name)
    copy = base.clone(imputer)
    assert copy is not imputer
    assert {key: str(value) for key, value in copy.get_params().items()} == {
        key: str(value) for key, value in imputer.get_params().items()
    }
    names = [f"{point}_{axis}" for point in "abcdef" for axis in "xy"]
    table = pd.DataFrame(X, columns=names)
    filled = imputer.set_output(transform="pandas").fit_transform(table)
    assert list(filled.columns) == names == list(imputer.get_feature_names_out())
    assert imputer.n_features_in_ == 12
    chain = pipeline.make_pipeline(impute.build(name), preprocessing.StandardScaler())
    assert np.isfinite(chain.fit_transform(X)).all()
    first, again = (impute.build(name).fit_transform(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@each_imputer
def test_what_does_not_fit_is_refused(name):
    X = faces_table(20)
    imputer = impute.build(name)
    with pytest.raises(ValueError, match="not fitted"):  # NotFittedError is a ValueError
        imputer.transform(X)
    with pytest.raises(ValueError, match=r"10 features.*12 features"):
        imputer.fit(X).transform(X[:, :10])
    with pytest.raises(ValueError, match="infinity"):
        imputer.fit(np.where(np.isnan(X), np.inf, X))
    with pytest.raises(ValueError, match="2D array"):
        imputer.fit(X[0])
    X[:, 3] = np.nan
    with pytest.raises(ValueError, match="column 3 has no value in any of 20 rows"):
        imputer.fit(X)
    with pytest.raises(ValueError, match="column b_y has no value"):
        imputer.fit(pd.DataFrame(X, columns=[f"{point}_{axis}" for point in "abcdef" for axis in "xy"]))


@each_imputer
def test_a_complete_table_is_returned_as_it_is(name):
    X = faces_table(30, missing=0)
    np.testing.assert_array_equal(impute.build(name).fit_transform(X), X)


@given(tables())
def test_forward_fill_is_that_of_pandas(X):
    filled = imputers.ForwardFill().fit_transform(X)
    np.testing.assert_array_equal(filled, pd.DataFrame(X).ffill().bfill())


@given(tables())
def test_forward_fill_goes_on_where_the_fitted_rows_end(X):
    later = X[::-1]
    filled = imputers.ForwardFill().fit(X).transform(later)
    np.testing.assert_array_equal(filled, pd.DataFrame(np.vstack([X, later])).ffill().to_numpy()[len(X) :])


def test_the_median_is_the_median():
    X = faces_table()
    filled = impute.build("median").fit_transform(X)
    np.testing.assert_allclose(filled, np.where(np.isnan(X), np.nanmedian(X, axis=0), X))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000), count=st.integers(2, 60), neighbours=st.integers(1, 12), missing=st.floats(0.05, 0.9),
    new=st.booleans(),
)  # fmt: skip
def test_nearest_neighbours_are_those_of_scikit_learn(seed, count, neighbours, missing, new):
    generator = np.random.default_rng(seed)
    X = generator.normal(48, 10, (count, 8))
    X[generator.random(X.shape) < missing] = np.nan
    X[0] = 40  # every column has a value
    asked = generator.normal(48, 10, (20, 8)) if new else X.copy()
    asked[generator.random(asked.shape) < missing] = np.nan
    expected = sklearn_impute.KNNImputer(n_neighbors=neighbours).fit(X).transform(asked)
    np.testing.assert_allclose(imputers.NearestNeighbours(neighbours).fit(X).transform(asked), expected, atol=1e-6)


def test_nearest_neighbours_at_the_pattern_of_the_kaggle_set():
    generator = np.random.default_rng(0)
    X = 48 + generator.normal(0, 5, (400, 6)) @ generator.normal(0, 1, (6, 30)) + generator.normal(0, 1, (400, 30))
    X[130:, 8:] = np.nan
    X[generator.random(400) < 0.05, 4:6] = np.nan
    X[5, :] = np.nan  # a face without any point takes the mean
    expected = sklearn_impute.KNNImputer(n_neighbors=9).fit_transform(X)
    np.testing.assert_allclose(imputers.NearestNeighbours().fit_transform(X), expected, atol=1e-6)


def test_blocks_of_rows_give_the_same_values(monkeypatch):
    X = faces_table(200)
    whole = imputers.NearestNeighbours().fit_transform(X)
    monkeypatch.setattr(imputers, "CELLS", 500)
    np.testing.assert_allclose(imputers.NearestNeighbours().fit_transform(X), whole)


def test_neighbours_may_be_fewer_than_asked_for():
    X = np.array([[1.0, 1], [3, 3], [2, np.nan]])
    assert imputers.NearestNeighbours(50).fit_transform(X)[2, 1] == 2
    far = np.array([[np.nan, 5.0], [np.nan, 7.0], [1.0, np.nan]])  # no common coordinate: the mean of the column
    assert imputers.NearestNeighbours(1).fit_transform(far)[2, 1] == 6


@pytest.mark.parametrize("neighbours", [0, -1, 2.5, "9"])
def test_a_number_of_neighbours_is_an_integer_from_1(neighbours):
    with pytest.raises(ValueError, match=r"n_neighbors is .*expected an integer from 1"):
        imputers.NearestNeighbours(neighbours).fit(faces_table(10))


@given(arrays.arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 4))))
def test_masks_are_distinct_and_hold_every_row_once(given_values):
    found = list(imputers.masks(given_values))
    for mask, rows in found:
        np.testing.assert_array_equal(given_values[rows], np.tile(mask, (len(rows), 1)))
    assert len({mask.tobytes() for mask, _ in found}) == len(found)
    assert sorted(np.concatenate([rows for _, rows in found])) == list(range(len(given_values)))
