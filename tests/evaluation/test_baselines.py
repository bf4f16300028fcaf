import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import neighbors

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import baselines


def made(count=40, seed=0, missing=0.0, side=12, **columns):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, side, side, 1), dtype=np.uint8)
    points = random.uniform(0, side, (count, 15, 2)).astype(np.float32)
    points[random.random((count, 15)) < missing] = np.nan
    return faces.Faces(images, points, keypoints.KAGGLE_15, **columns)


def test_mean_points_are_those_of_the_source():
    some = made(missing=0.3, source=np.arange(40) % 2)
    predicted = baselines.MeanPoints().fit(some).predict(some)
    for source in (0, 1):
        rows = some.source == source
        np.testing.assert_allclose(predicted[rows], np.tile(np.nanmean(some.points[rows], 0), (20, 1, 1)), rtol=1e-5)
    together = dataclasses.replace(some, source=None)
    of_all = baselines.MeanPoints().fit(together).predict(together)
    assert metrics.mse(predicted, some.points) < metrics.mse(of_all, some.points)


def test_mean_points_of_a_source_without_the_point_are_those_of_all():
    points = made().points.copy()
    points[20:, 3] = np.nan
    some = dataclasses.replace(made(source=np.repeat([0, 1], 20)), points=points)
    predicted = baselines.MeanPoints().fit(some).predict(some)
    np.testing.assert_allclose(predicted[30, 3], points[:20, 3].mean(0), rtol=1e-5)


def test_mean_points_where_no_source_is_known():
    some = made(source=np.arange(40) % 2)
    predicted = baselines.MeanPoints().fit(some).predict(dataclasses.replace(some, source=None))
    np.testing.assert_allclose(predicted, np.tile(some.points.mean(0), (40, 1, 1)), rtol=1e-5)
    with pytest.raises(ValueError, match="faces of source 7; fitted on the sources 0, 1"):
        baselines.MeanPoints().fit(some).predict(dataclasses.replace(some, source=np.full(40, 7)))


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), neighbours=st.integers(1, 12), missing=st.sampled_from([0.0, 0.3]))
def test_nearest_faces_are_those_of_scikit_learn(seed, neighbours, missing):
    known, asked = made(30, seed, missing), made(7, seed + 1)
    predicted = baselines.NearestFaces(neighbours).fit(known).predict(asked)
    for point in range(15):
        rows = known.given[:, point]
        model = neighbors.KNeighborsRegressor(min(neighbours, rows.sum()))
        model.fit(known.images[rows].reshape(rows.sum(), -1).astype(float), known.points[rows, point])
        expected = model.predict(asked.images.reshape(7, -1).astype(float))
        np.testing.assert_allclose(predicted[:, point], expected, rtol=1e-4)


def test_one_nearest_face_of_itself_is_itself(monkeypatch):
    monkeypatch.setattr(baselines, "BLOCK", 7)
    some = made()
    np.testing.assert_allclose(baselines.NearestFaces(1).fit(some).predict(some), some.points, rtol=1e-6)


@pytest.mark.parametrize("build", [baselines.MeanPoints, baselines.NearestFaces])
def test_what_cannot_be_predicted_is_refused(build):
    some = made()
    with pytest.raises(ValueError, match=r"predicts only after fit"):
        build().predict(some)
    with pytest.raises(ValueError, match="faces of CELEBA_5; fitted on KAGGLE_15"):
        build().fit(some).predict(dataclasses.replace(some, points=some.points[:, :5], keypoints=keypoints.CELEBA_5))
    points = some.points.copy()
    points[:, 10] = np.nan
    with pytest.raises(ValueError, match="no label of nose_tip in any of 40 faces"):
        build().fit(dataclasses.replace(some, points=points))


def test_nearest_faces_refuse_other_images_and_no_neighbours():
    with pytest.raises(ValueError, match=r"images of \(10, 10, 1\); fitted on images of \(12, 12, 1\)"):
        baselines.NearestFaces().fit(made()).predict(made(side=10))
    with pytest.raises(ValueError, match="neighbours is 0; expected at least 1"):
        baselines.NearestFaces(0)
