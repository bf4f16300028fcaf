import dataclasses

import numpy as np
import pytest

from fkp_utils import metrics
from fkp_utils.datasets import loading
from fkp_utils.lessons import shape_aware_loss
from fkp_utils.training import losses


@pytest.fixture(scope="module")
def faces():
    loaded = loading.load("synthetic", limit=500)
    loaded = loaded.select(loaded.source == 0)
    return dataclasses.replace(loaded, points=loaded.truth)


def spoilt(faces, whole, single, seed=0):
    generator = np.random.default_rng(seed)
    shift = generator.normal(0, whole, (len(faces), 1, 2))
    return faces.points + shift + generator.normal(0, single, faces.points.shape)


def test_points_that_err_by_themselves_are_drawn_to_the_shape(faces):
    known, others = faces.select(slice(0, 120)), faces.select(slice(120, None))
    predicted = spoilt(others, 1.0, 2.0)
    prior = shape_aware_loss.ShapePrior.fit(known, others, predicted)
    again = spoilt(others, 1.0, 2.0, seed=1)
    assert metrics.rmse(prior.improve(again), others.points) < 0.85 * metrics.rmse(again, others.points)


def test_the_two_parts_of_an_error_are_told_apart(faces):
    prior = shape_aware_loss.ShapePrior.fit(faces, faces, spoilt(faces, 3.0, 1.0))
    assert prior.error[0, 0] - prior.error[0, 2] == pytest.approx(1.0, rel=0.15)
    assert prior.error[0, 2] == pytest.approx(9.0, rel=0.25)
    assert prior.error[0, 1] == 0


def test_missing_labels_do_not_count_and_other_sources_stay(faces):
    points = np.array(faces.points)
    points[::2, 3:9] = np.nan
    source = np.arange(len(faces)) % 3 // 2
    holed = dataclasses.replace(faces, points=points, source=source)
    predicted = spoilt(faces, 1.0, 2.0)
    prior = shape_aware_loss.ShapePrior.fit(holed, holed, predicted)
    better = prior.improve(predicted, source)
    assert np.isfinite(better).all()
    np.testing.assert_array_equal(better[source == 1], predicted[source == 1])
    assert metrics.rmse(better, faces.points) < metrics.rmse(predicted, faces.points)


def test_without_labels_there_is_no_prior(faces):
    empty = dataclasses.replace(faces, points=np.full_like(faces.points, np.nan))
    with pytest.raises(ValueError, match="no label of source 0"):
        shape_aware_loss.ShapePrior.fit(faces, empty, np.zeros_like(faces.points))


def test_distances_of_all_pairs():
    none = [np.nan, np.nan]
    points = np.array([[[0, 0], [3, 4], [0, 8]], [[0, 0], none, [6, 8]], [none, [1, 1], none]])
    found = shape_aware_loss.distances(points)
    np.testing.assert_allclose(found, [[5, 8, 5], [np.nan, 10, np.nan], [np.nan] * 3])
    np.testing.assert_allclose(shape_aware_loss.sizes(points), [6, 10, np.nan])


def test_graph_distance_is_that_of_the_loss(faces):
    predicted = spoilt(faces, 1.0, 2.0).astype(np.float32)
    points = np.array(faces.points)
    points[::2, 4] = np.nan
    expected = float(losses.graph_distance(points, predicted))
    assert shape_aware_loss.graph_distance(predicted, points) == pytest.approx(expected, rel=1e-4)


def test_faces_of_one_shape_and_many_sizes_vary_in_pixels_only(faces):
    scale = np.linspace(0.5, 1.5, len(faces), dtype=np.float32)
    table = shape_aware_loss.spread(
        dataclasses.replace(faces, points=faces.points[:1] * scale[:, None, None])
    ).to_numpy()
    upper, lower = np.triu_indices(15, 1), np.tril_indices(15, -1)
    np.testing.assert_allclose(table[upper], 0, atol=1e-3)
    np.testing.assert_allclose(table[lower], 100 * scale.std(), rtol=1e-3)
    assert np.isnan(np.diag(table)).all()
