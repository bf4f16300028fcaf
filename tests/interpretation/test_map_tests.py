import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import metrics
from fkp_utils.interpretation import gradcam, map_tests
from fkp_utils.models import architectures

SIZE = (20, 24)


def spots(*places):
    maps = np.zeros((len(places), *SIZE), np.float32)
    for each, (x, y) in zip(maps, places, strict=True):
        each[y, x] = 1
    return maps


def noise(count=3, seed=0):
    return np.random.default_rng(seed).random((count, *SIZE))


def reads(row, column):
    """A model whose only output has the grey level at one place as its x, and 0 as its y."""
    image = keras.Input((*SIZE, 1))
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(image, keras.layers.Reshape((1, 2))(dense(keras.layers.Flatten()(image))))
    weights = np.zeros((SIZE[0] * SIZE[1], 2), np.float32)
    weights[row * SIZE[1] + column, 0] = 1
    dense.set_weights([weights])
    return model


def test_a_peak_is_x_before_y_and_nowhere_in_an_empty_map():
    maps = spots((3, 7), (0, 0), (5, 5))
    maps[1] = 0
    maps[2, 5, 7] = 1
    np.testing.assert_array_equal(map_tests.peaks(maps), [(3, 7), (np.nan, np.nan), (6, 5)])


def test_hits_count_given_points_within_the_radius():
    points = np.array([(3.0, 10.0), (3.0, 10.1), (np.nan, np.nan), (4.0, 4.0)])
    places = np.array([(3.0, 7.0), (3.0, 7.0), (3.0, 7.0), (np.nan, np.nan)])
    np.testing.assert_array_equal(map_tests.hits(places, points, 3), [1, 0, np.nan, 0])
    np.testing.assert_array_equal(map_tests.hits(np.array([3.0, 7.0]), points, 3), [1, 0, np.nan, 0])


@settings(max_examples=10)
@given(st.integers(0, 23), st.integers(0, 19), st.integers(1, 8))
def test_chance_is_what_random_places_hit(x, y, radius):
    points = np.array([(x, y)], float)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    every = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(float)
    expected = map_tests.hits(every, np.broadcast_to(points[0], every.shape), radius).mean()
    assert map_tests.chance(points, SIZE, radius)[0] == pytest.approx(expected)


def test_chance_of_a_missing_point_is_missing():
    assert np.isnan(map_tests.chance(np.full((1, 2), np.nan), SIZE, 3)[0])


def test_similarity_is_the_correlation_of_each_face():
    first, second = noise(), noise(seed=1)
    expected = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(first, second, strict=True)]
    np.testing.assert_allclose(map_tests.similarity(first, second), expected)
    np.testing.assert_allclose(map_tests.similarity(first, 1 - 0.5 * first), -1)


def test_a_flat_map_is_like_no_other():
    flat = np.full((3, *SIZE), 0.7) + 1e-9 * noise()
    assert np.isnan(map_tests.similarity(flat, noise())).all()


def test_similarities_are_of_each_with_each_and_leave_flat_maps_out():
    first, second, flat = noise(), noise(seed=1), np.zeros((3, *SIZE))
    second[0] = 0
    found = map_tests.similarities([first, second, flat])
    assert found[0, 0] == pytest.approx(1)
    assert found[0, 1] == pytest.approx(map_tests.similarity(first[1:], second[1:]).mean())
    assert found[0, 1] == found[1, 0]
    assert np.isnan(found[2]).all()


def test_the_mean_similarity_leaves_flat_maps_out():
    first, second = noise(), noise()
    second[0] = 0.5
    assert map_tests.mean_similarity(first, second, repeats=20).value == pytest.approx(1)
    assert map_tests.mean_similarity(first, np.zeros_like(first)) == metrics.Estimate(0, 0, 0)


def test_a_view_pulls_a_point_all_four_ways():
    model = architectures.build("lenet5", 2, SIZE)
    images = 255 * noise()[..., None].astype(np.float32)
    view = map_tests.View(model, images, "conv2")
    np.testing.assert_array_equal(view.coordinate(1, 0), gradcam.maps(model, images, (1, 0), "conv2"))
    assert view.coordinate(1, 0) is view.coordinate(1, 0)
    ways = [view.coordinate(1, axis, None, "layercam", sign) for axis in (0, 1) for sign in (1, -1)]
    np.testing.assert_allclose(view.here(1), sum(ways) / 4, atol=1e-6)
    assert not np.allclose(ways[0], ways[1])


def test_layers_from_the_named_one_on_are_fresh():
    trained, fresh = (architectures.build("lenet5", 2, SIZE) for _ in range(2))
    found = map_tests.randomised(trained, fresh, "head_dense1")
    for layer in found.layers:
        source = fresh if layer.name.startswith("head") else trained
        for ours, theirs in zip(layer.get_weights(), source.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(trained.get_layer("conv1").get_weights()[0], fresh.get_layer("conv1").get_weights()[0])
    with pytest.raises(ValueError, match="no layer 'conv9'; lenet5 has image"):
        map_tests.randomised(trained, fresh, "conv9")


def test_random_maps_are_constant_in_a_cell():
    maps = map_tests.random_maps(2, SIZE, 5, seed=3)
    assert maps.shape == (2, *SIZE)
    assert len(np.unique(maps)) == 2 * 4 * 5
    assert len(np.unique(maps[0, 5:10, 20:])) == 1
    np.testing.assert_array_equal(maps, map_tests.random_maps(2, SIZE, 5, seed=3))


def test_a_disc_is_strongest_at_its_point():
    points = np.array([(3.0, 7.0), (20.0, 1.0)])
    maps = map_tests.discs(points, SIZE)
    np.testing.assert_array_equal(map_tests.peaks(maps), points)
    assert maps.max() == 1
    assert maps.min() >= 0


@settings(max_examples=10)
@given(st.floats(0, 1), st.booleans())
def test_what_is_erased_is_not_what_is_kept(share, insert):
    images = 255 * noise(seed=5)[..., None]
    maps = np.round(noise(), 1)  # with equal values
    found = map_tests.erased(images, maps, share, insert)
    same = np.isclose(found, images)[..., 0]
    count = round(share * SIZE[0] * SIZE[1])
    assert (same.sum(axis=(1, 2)) == (count if insert else SIZE[0] * SIZE[1] - count)).all()
    strong = same if insert else ~same
    for values, chosen in zip(maps, strong, strict=True):
        if 0 < count < values.size:
            assert values[chosen].min() >= values[~chosen].max()
    assert np.allclose(found[~same], np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), found.shape)[~same])


def test_a_point_moves_when_what_it_is_read_from_is_erased():
    images = 255 * noise()[..., None].astype(np.float32)
    model, shares = reads(7, 3), (0, 1 / 480, 1)
    gone = np.abs(images[:, 7, 3, 0] - images.mean(axis=(1, 2, 3)))
    found = map_tests.moved(model, images, spots(*[(3, 7)] * 3), shares, 0)
    np.testing.assert_allclose(found, [np.zeros(3), gone, gone], rtol=1e-4)
    found = map_tests.moved(model, images, spots(*[(3, 7)] * 3), shares, 0, insert=True)
    np.testing.assert_allclose(found, [gone, np.zeros(3), np.zeros(3)], rtol=1e-4)


def test_small_shows_where_it_sees_a_point():
    keras.utils.set_random_seed(0)
    model = architectures.build("small", 2, (48, 64))
    kernel = np.zeros_like(model.get_layer("head_coordinates").get_weights()[0])
    kernel[5, 2] = kernel[64 + 5, 3] = -1  # output 1 is read from map 5 alone
    rest = model.get_layer("head_coordinates").get_weights()[1:]
    model.get_layer("head_coordinates").set_weights([kernel, *rest])
    images = np.random.default_rng(0).uniform(0, 255, (2, 48, 64, 1)).astype(np.float32)
    inner = keras.Model(model.input, model.get_layer("head_weights").output)
    height, width = model.get_layer("maps").output.shape[1:3]
    weights = np.asarray(inner(images)).reshape(2, height, width, 64)
    found = map_tests.place_maps(model, images, 1)
    assert found.shape == (2, 48, 64)
    assert found.max(axis=(1, 2)).tolist() == [1, 1]
    cells = found.reshape(2, height, 48 // height, width, 64 // width).mean(axis=(2, 4))
    likeness = [map_tests.similarity(cells, weights[..., each]).min() for each in range(64)]
    assert np.argmax(likeness) == 5
    assert likeness[5] > 0.7
    with pytest.raises(ValueError, match="lenet5 has no maps that mean places"):
        map_tests.place_maps(architectures.build("lenet5", 2, SIZE), images, 1)
