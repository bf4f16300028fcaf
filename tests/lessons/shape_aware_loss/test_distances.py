import dataclasses

import numpy as np
import pandas as pd
import pytest

from fkp_utils import metrics
from fkp_utils.datasets import loading
from fkp_utils.lessons.shape_aware_loss import distances
from fkp_utils.training import losses


@pytest.fixture(scope="module")
def faces():
    loaded = loading.load("synthetic", limit=500)
    loaded = loaded.select(loaded.source == 0)
    return dataclasses.replace(loaded, points=loaded.truth)


def test_distances_of_all_pairs():
    none = [np.nan, np.nan]
    points = np.array([[[0, 0], [3, 4], [0, 8]], [[0, 0], none, [6, 8]], [none, [1, 1], none]])
    found = distances.distances(points)
    np.testing.assert_allclose(found, [[5, 8, 5], [np.nan, 10, np.nan], [np.nan] * 3])
    np.testing.assert_allclose(distances.sizes(points), [6, 10, np.nan])


def test_graph_distance_is_that_of_the_loss(faces):
    predicted = (faces.points + np.random.default_rng(0).normal(0, 2, faces.points.shape)).astype(np.float32)
    points = np.array(faces.points)
    points[::2, 4] = np.nan
    expected = float(losses.graph_distance(points, predicted))
    assert distances.graph_distance(predicted, points) == pytest.approx(expected, rel=1e-4)


def test_faces_of_one_shape_and_many_sizes_vary_in_pixels_only(faces):
    scale = np.linspace(0.5, 1.5, len(faces), dtype=np.float32)
    table = distances.spread(dataclasses.replace(faces, points=faces.points[:1] * scale[:, None, None])).to_numpy()
    upper, lower = np.triu_indices(15, 1), np.tril_indices(15, -1)
    np.testing.assert_allclose(table[upper], 0, atol=1e-3)
    np.testing.assert_allclose(table[lower], 100 * scale.std(), rtol=1e-3)
    assert np.isnan(np.diag(table)).all()


def test_each_pair_has_a_name_in_both_halves():
    names = ["left_eye", "nose", "mouth"]
    table = pd.DataFrame([[np.nan, 1, 2], [3, np.nan, 4], [5, 6, np.nan]], names, names)
    by_size, by_pixels = distances.by_pair(table)
    assert by_size.to_dict() == {"left eye to nose": 1, "left eye to mouth": 2, "nose to mouth": 4}
    assert by_pixels.tolist() == [3, 5, 6]


def test_the_error_of_a_moved_face_is_its_place(faces):
    points = np.array(faces.points)
    points[::2, 4] = np.nan
    assert distances.place_and_form(faces.points + np.float32(2), points) == pytest.approx((2, 0), abs=1e-5)
    generator = np.random.default_rng(0)
    predicted = faces.points + generator.normal(0, 3, (len(faces), 1, 2)) + generator.normal(0, 1, faces.points.shape)
    place, form = distances.place_and_form(predicted, points)
    assert place**2 + form**2 == pytest.approx(metrics.mse(predicted, points))
    assert place == pytest.approx(3, rel=0.15)
    assert form == pytest.approx(1, rel=0.1)


def test_the_change_of_distances_is_below_zero_if_they_are_better(faces):
    labelled = distances.distances(faces.points)
    found = distances.change(labelled + 1, labelled.mean(axis=0), faces, repeats=50)
    assert found.high < 0
    assert found.value == pytest.approx(1 - labelled.var(axis=0).mean(), rel=1e-6)
