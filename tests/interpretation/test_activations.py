import dataclasses

import numpy as np
import pytest
from sklearn import linear_model, model_selection

from fkp_utils import faces, keypoints, metrics
from fkp_utils.interpretation import activations
from fkp_utils.models import architectures

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def lenet():
    keras.utils.set_random_seed(0)
    return architectures.build("lenet5", 15, (24, 24))


def made(count=20, seed=0, side=24, **columns):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, side, side, 1), dtype=np.uint8)
    points = random.uniform(0, side, (count, 15, 2)).astype(np.float32)
    return faces.Faces(images, points, keypoints.KAGGLE_15, **columns)


def test_outputs_are_the_models_whatever_the_batch(lenet):
    some = made()
    outputs = activations.layer_outputs(lenet, some, batch=7)
    assert list(outputs) == [layer.name for layer in lenet.layers]
    assert outputs["conv1"].shape == (20, 22, 22, 6)
    assert outputs["head_dense1"].shape == (20, 120)
    assert outputs["head_dense2"].shape == (20, 84)
    np.testing.assert_allclose(outputs["points"], lenet.predict(some.images, verbose=0), atol=1e-4)
    ((name, one),) = activations.layer_outputs(lenet, some.images, ["pool1"], batch=20).items()
    assert name == "pool1"
    np.testing.assert_allclose(one, outputs["pool1"], atol=1e-5)


def test_unknown_layers_and_no_images_are_refused(lenet):
    with pytest.raises(ValueError, match="lenet5 has no layer 'conv3'; it has image, centred, conv1"):
        activations.layer_outputs(lenet, made(), ["conv3"])
    with pytest.raises(ValueError, match=r"images of shape \(0, 24, 24, 1\)"):
        activations.layer_outputs(lenet, made(0))


def test_layers_in_order(lenet):
    assert activations.conv_and_pool_layers(lenet) == ["conv1", "pool1", "conv2", "pool2"]


def test_filters_are_the_kernels(lenet):
    assert activations.filters(lenet, "conv2").shape == (3, 3, 6, 16)
    np.testing.assert_array_equal(activations.filters(lenet, "conv1"), lenet.get_layer("conv1").get_weights()[0])
    with pytest.raises(ValueError, match="pool1 has no filters; lenet5 has them in conv1, conv2"):
        activations.filters(lenet, "pool1")
    with pytest.raises(ValueError, match="head_dense1 has no filters"):
        activations.filters(lenet, "head_dense1")


def test_units_that_cannot_fire_are_dead():
    model = architectures.build("lenet5", 15, (24, 24))
    for name, dead in (("conv1", [1, 4]), ("head_dense2", list(range(21)))):
        kernel, bias = model.get_layer(name).get_weights()
        bias[:] = 1
        bias[dead] = -1
        model.get_layer(name).set_weights([0 * kernel, bias])
    some = made()
    rates = activations.firing_rates(model, some, "conv1", batch=6)
    assert np.flatnonzero(rates == 0).tolist() == [1, 4]
    assert rates[0] == 1
    assert np.flatnonzero(activations.firing_rates(model, some, "head_dense2") == 0).tolist() == list(range(21))


def spots(count, seed, side=24, **columns):
    """Faces whose points all lie at one bright spot, to be read from where the light is."""
    random = np.random.default_rng(seed)
    middle = random.uniform(6, side - 6, (count, 1, 2))
    y, x = np.mgrid[:side, :side]
    distance = (x - middle[..., 0, None]) ** 2 + (y - middle[..., 1, None]) ** 2
    images = (255 * np.exp(-distance / 40)).astype(np.uint8)[..., None]
    return faces.Faces(images, np.repeat(middle, 15, axis=1), keypoints.KAGGLE_15, **columns)


def test_points_are_read_where_they_can_be_read(lenet):
    train, test = spots(150, 0), spots(60, 1, subject=np.arange(60) // 2)
    readouts = activations.linear_readouts(lenet, train, test, ["image", "conv2", "points"], repeats=100)
    blind = metrics.rmse(np.tile(train.points.mean(0), (60, 1, 1)), test.points)
    assert readouts["image"].value < 0.3 < blind
    assert readouts["conv2"].low <= readouts["conv2"].value <= readouts["conv2"].high
    one = activations.linear_readouts(lenet, train, test, ["conv2"], repeats=100)["conv2"]
    assert one.value == pytest.approx(readouts["conv2"].value, rel=1e-3)
    noise = activations.linear_readouts(lenet, made(150), made(60, 1), ["conv2"], repeats=10)["conv2"]
    assert noise.value == pytest.approx(24 / 12**0.5, rel=0.1)


def test_copies_of_an_image_are_drawn_together(lenet):
    train, test = spots(150, 0), spots(40, 1)
    once, often = (
        activations.linear_readouts(lenet, train, test.select(np.tile(np.arange(40), count)), ["conv2"])["conv2"]
        for count in (1, 4)
    )
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.15)


def test_readout_uses_given_labels_only(lenet):
    train, test = spots(120, 0), spots(40, 1)
    points = train.points.copy()
    points[60:, 1:] = np.nan
    few = dataclasses.replace(train, points=points)
    result = activations.linear_readouts(lenet, few, test, ["conv1"], repeats=10)["conv1"]
    half = activations.linear_readouts(lenet, train.select(slice(60)), test, ["conv1"], repeats=10)["conv1"]
    assert result.value == pytest.approx(half.value, rel=0.5)
    points[1:, 2] = np.nan
    with pytest.raises(ValueError, match="fewer than three training labels of left_eye_inner_corner"):
        activations.linear_readouts(lenet, dataclasses.replace(train, points=points), test, ["conv1"])


def activations_and_points(count, features):
    """Activations (count + 9, features), and three points (count + 9, 3, 2) that they tell but for noise of 1 px."""
    random = np.random.default_rng(0)
    values = random.normal(size=(count + 9, features))
    return values, (values[:, :6] + 5 + random.normal(size=(count + 9, 6))).reshape(-1, 3, 2)


@pytest.mark.parametrize(("count", "features"), [(30, 50), (40, 20)])
def test_the_penalty_is_the_best_for_faces_left_out(count, features):
    values, points = activations_and_points(count, features)
    train, test, flat = values[:count], values[count:], points[:count].reshape(count, -1)
    unit = ((train - train.mean(axis=0)) ** 2).sum(axis=1).mean()
    fits = [linear_model.Ridge(unit * penalty) for penalty in activations.PENALTIES]
    left_out = [model_selection.cross_val_predict(fit, train, flat, cv=count) for fit in fits]
    best = min(range(len(fits)), key=lambda number: ((left_out[number] - flat) ** 2).mean())
    assert 0 < best < len(fits) - 1
    expected = fits[best].fit(train, flat).predict(test).reshape(-1, 3, 2)
    for scale in (1, 1000):
        found = activations._ridge(scale * train, points[:count], scale * test)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_points_of_the_same_faces_are_read_as_if_there_were_no_others():
    values, points = activations_and_points(40, 60)
    points[:15, :2] = np.nan
    found = activations._ridge(values[:40], points[:40], values[40:])
    np.testing.assert_allclose(found[:, :2], activations._ridge(values[15:40], points[15:40, :2], values[40:]))
    np.testing.assert_allclose(found[:, 2:], activations._ridge(values[:40], points[:40, 2:], values[40:]))


def test_activations_that_never_change_tell_the_mean():
    points = np.random.default_rng(0).normal(size=(20, 3, 2))
    found = activations._ridge(np.ones((20, 5)), points, np.ones((4, 5)))
    np.testing.assert_allclose(found, np.tile(points.mean(axis=0), (4, 1, 1)))


def test_a_table_of_layers_adds_up(lenet):
    table = activations.layer_table(lenet).set_index("layer")
    assert table.index.tolist() == [layer.name for layer in lenet.layers]
    assert table["parameters"].sum() == lenet.count_params()
    assert table.loc["conv1"].tolist() == ["Conv2D", "22 × 22 × 6", 60]
    assert table.loc["points", "output"] == "15 × 2"


def test_a_table_of_rates_counts_the_dead():
    table = activations.firing_table({"a": np.array([0, 1, 0.5, 0, 0]), "b": np.array([1.0, 1])})
    assert table.to_numpy().tolist() == [["a", 5, 3, 1, 0.3], ["b", 2, 0, 2, 1.0]]
