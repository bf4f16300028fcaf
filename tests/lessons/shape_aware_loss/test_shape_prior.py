import dataclasses

import numpy as np
import pytest

from fkp_utils import metrics
from fkp_utils.datasets import loading
from fkp_utils.lessons.shape_aware_loss import distances, shape_prior
from fkp_utils.training import data_views


@pytest.fixture(scope="module")
def faces():
    loaded = loading.load("synthetic", limit=500)
    loaded = loaded.select(loaded.source == 0)
    return dataclasses.replace(loaded, points=loaded.truth)


def with_errors(faces, whole, single, seed=0):
    generator = np.random.default_rng(seed)
    shift = generator.normal(0, whole, (len(faces), 1, 2))
    return faces.points + shift + generator.normal(0, single, faces.points.shape)


def test_points_that_err_by_themselves_are_drawn_to_the_shape(faces):
    known, others = faces.select(slice(0, 120)), faces.select(slice(120, None))
    predicted = with_errors(others, 1.0, 2.0)
    prior = shape_prior.ShapePrior.fit(known, others, predicted)
    again = with_errors(others, 1.0, 2.0, seed=1)
    assert metrics.rmse(prior.improve(again), others.points) < 0.85 * metrics.rmse(again, others.points)


def test_the_two_parts_of_an_error_are_told_apart(faces):
    prior = shape_prior.ShapePrior.fit(faces, faces, with_errors(faces, 3.0, 1.0))
    assert prior.error[0, 0] - prior.error[0, 2] == pytest.approx(1.0, rel=0.15)
    assert prior.error[0, 2] == pytest.approx(9.0, rel=0.25)
    assert prior.error[0, 1] == 0


def test_missing_labels_do_not_count_and_other_sources_stay(faces):
    points = np.array(faces.points)
    points[::2, 3:9] = np.nan
    source = np.arange(len(faces)) % 3 // 2
    holed = dataclasses.replace(faces, points=points, source=source)
    predicted = with_errors(faces, 1.0, 2.0)
    prior = shape_prior.ShapePrior.fit(holed, holed, predicted)
    better = prior.improve(predicted, source)
    assert np.isfinite(better).all()
    np.testing.assert_array_equal(better[source == 1], predicted[source == 1])
    assert metrics.rmse(better, faces.points) < metrics.rmse(predicted, faces.points)


def test_without_labels_there_is_no_prior(faces):
    empty = dataclasses.replace(faces, points=np.full_like(faces.points, np.nan))
    with pytest.raises(ValueError, match="no label of source 0"):
        shape_prior.ShapePrior.fit(faces, empty, np.zeros_like(faces.points))


def test_the_share_of_errors_that_move_the_whole_face(faces):
    prior = shape_prior.ShapePrior.fit(faces, faces, with_errors(faces, 3.0, 1.0))
    assert prior.whole_share == pytest.approx(0.9, abs=0.03)
    assert shape_prior.ShapePrior.fit(faces, faces, with_errors(faces, 0.0, 1.0)).whole_share < 0.02


def test_errors_are_measured_on_validation_if_it_has_the_first_source(faces):
    first, second = (dataclasses.replace(faces, source=np.full(len(faces), source)) for source in (0, 1))
    assert shape_prior.measured_on(data_views.Parts(first, first, first)) is first
    assert shape_prior.measured_on(data_views.Parts(first, second, second)) is first
    with pytest.raises(ValueError, match=f"no face of source {distances.FIRST}"):
        shape_prior.measured_on(data_views.Parts(second, second, first))
