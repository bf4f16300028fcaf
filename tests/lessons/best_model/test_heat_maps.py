import numpy as np
import pytest

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.lessons.best_model import heat_maps
from fkp_utils.models import architectures


def test_weights_are_shares_of_the_maps_the_points_come_from():
    model = architectures.build("heatmap", 3, (48, 64))
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 1)).astype(np.float32)
    maps = heat_maps.weights(model, images)
    assert maps.shape == (2, 12, 16, 3)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 1, rtol=1e-4)
    rows, columns = np.mgrid[:12, :16] * 4 + 1.5
    means = np.stack([np.einsum("nhwo,hw->no", maps, places) for places in (columns, rows)], axis=-1)
    np.testing.assert_allclose(model.predict_on_batch(images), means, atol=1e-2)


def test_the_highest_place_is_the_middle_of_its_cell():
    maps = np.zeros((1, 12, 16, 2))
    maps[0, 2, 5, 0] = maps[0, 11, 15, 1] = 1
    np.testing.assert_allclose(heat_maps.highest(maps, (48, 64)), [[(21.5, 9.5), (61.5, 45.5)]])


def test_the_width_of_a_map_is_the_standard_deviation_of_its_places():
    maps = np.zeros((2, 12, 16, 1))
    maps[0, 2, 5] = 1
    maps[1, 2, [5, 7], 0] = maps[1, 4, [5, 7], 0] = 0.25  # one cell of 4 px from the mean, in x and in y
    np.testing.assert_allclose(heat_maps.widths(maps, (48, 64)), [0, 4 * 2**0.5], atol=1e-6)
    np.testing.assert_allclose(heat_maps.widths(maps, (48, 32)), [0, (4**2 + 2**2) ** 0.5], atol=1e-6)


def test_a_network_without_maps_is_refused():
    with pytest.raises(ValueError, match="lenet5 draws no heat maps"):
        heat_maps.weights(architectures.build("lenet5", 3), np.zeros((1, 96, 96, 1)))


def test_faces_with_all_points_are_chosen_and_sorted_by_spread():
    points = np.random.default_rng(0).uniform(0, 20, (6, 15, 2))
    points[[1, 4], 3] = np.nan
    faces = face_sets.Faces(np.zeros((6, 20, 30, 1), np.uint8), points, keypoints.KAGGLE_15)
    some = heat_maps.complete(faces, 3, (40, 60))
    assert some.images.shape == (3, 40, 60, 1)
    np.testing.assert_allclose(some.points, 2 * points[[0, 2, 3]] + 0.5, atol=1e-4)
    assert heat_maps.surest_first(faces, np.array([5.0, 0, 1, 3, 0, 2])).tolist() == [2, 5, 3, 0]


def test_three_points_of_any_set_are_shown():
    names = [keypoints.KAGGLE_15.names[point] for point in heat_maps.shown(keypoints.KAGGLE_15)]
    assert names == list(heat_maps.SHOWN)
    assert heat_maps.shown(keypoints.CELEBA_5) == [0, 2, 4]
