import numpy as np
import pytest

from fkp_utils.models import architectures, pretrained

keras = pytest.importorskip("keras")


def images(count=2, size=(96, 96), channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *size, channels), dtype=np.uint8)


def answers(model, photos):
    return keras.ops.convert_to_numpy(model(photos, training=False))


@pytest.fixture(scope="module")
def vgg16():
    return architectures.build("vgg16", 15)


def test_lenet_has_the_parameters_of_the_report():
    model = architectures.build("lenet5", 15)
    assert model.count_params() == 943_054
    shapes = [model.get_layer(name).output.shape[1:] for name in ("conv1", "pool1", "conv2", "pool2", "head_flatten")]
    assert shapes == [(94, 94, 6), (47, 47, 6), (45, 45, 16), (22, 22, 16), (7744,)]
    assert architectures.build("lenet5", 15, dropout=0.5).count_params() == 943_054


def test_three_conv_has_the_layers_of_the_report():
    model = architectures.build("three_conv", 15)
    assert model.count_params() == 8_051_502
    with_weights = [layer.name for layer in model.layers if layer.weights]
    assert with_weights == ["conv1", "conv2", "conv3", "head_dense1", "head_dense2", "head_coordinates"]
    assert model.get_layer("pool3").output.shape[1:] == (11, 11, 128)


def test_vgg_is_that_of_keras(vgg16):
    theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(96, 96, 3))
    named = [(layer.name, layer.output.shape, layer.count_params()) for layer in theirs.layers[1:]]
    own = {layer.name: (layer.name, layer.output.shape, layer.count_params()) for layer in vgg16.layers}
    assert len(named) == 18
    assert [own[name] for name, *_ in named] == named


def test_vgg_sees_what_keras_prepares(vgg16):
    colours = images(1, channels=3)
    model = architectures.build("vgg16", 5, channels=3)
    part = keras.Model(model.inputs, model.get_layer("minus_mean").output)
    expected = keras.applications.vgg16.preprocess_input(colours.astype("float32"))
    np.testing.assert_allclose(part.predict_on_batch(colours.astype("float32")), expected, atol=1e-3)
    grey = images(1)
    part = keras.Model(vgg16.inputs, vgg16.get_layer("minus_mean").output)
    expected = keras.applications.vgg16.preprocess_input(grey.repeat(3, axis=3).astype("float32"))
    np.testing.assert_allclose(part.predict_on_batch(grey.astype("float32")), expected, atol=1e-3)


def test_sizes():
    backbone = [layer for layer in architectures.build("squeezenet", 15).layers if not pretrained.is_head(layer)]
    assert sum(layer.count_params() for layer in backbone) == 722_496
    assert 300_000 < architectures.build("small", 15).count_params() < 600_000
    names = ("heatmap_half", "heatmap", "heatmap_wide")
    half, whole, wide = (architectures.build(name, 15).count_params() for name in names)
    assert 0.2 < half / whole < 0.3  # half the channels, a quarter of the kernels' weights
    assert 2 < wide / whole < 2.4  # 1.5²
    assert [layer.name for layer in architectures.build("vgg19", 15).layers if layer.name.startswith("block5")] == [
        *(f"block5_conv{number}" for number in range(1, 5)), "block5_pool"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["lenet5", "squeezenet", "small", "three_conv", "heatmap"])
@pytest.mark.parametrize(("size", "channels"), [((96, 96), 1), ((45, 70), 3)])
def test_images_of_bytes_to_points_in_pixels_and_back_from_disk(name, size, channels, tmp_path):
    model = architectures.build(name, 4, size, channels, dropout=0.2)
    assert (model.input.name, model.layers[-1].name) == ("image", "points")
    assert model.name == name
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    photos = images(2, size, channels)
    points = model.predict(photos, verbose=0)
    assert points.shape == (2, 4, 2)
    assert points.dtype == np.float32
    np.testing.assert_allclose(answers(model, photos.astype("float32")), points, atol=1e-3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(answers(again, photos), points, atol=1e-3)


@pytest.mark.parametrize("name", ["lenet5", "small"])
def test_zero_is_the_middle_and_one_the_edge(name):
    model = architectures.build(name, 2, (40, 60))
    layer = model.get_layer("head_coordinates")
    kernel, bias = layer.get_weights()
    for value, expected in ((0, [29.5, 19.5]), (1, [59.5, 39.5]), (-1, [-0.5, -0.5])):
        layer.set_weights([0 * kernel, bias + value])
        np.testing.assert_allclose(answers(model, images(1, (40, 60)))[0], [expected] * 2)


def test_mean_places_of_a_map():
    model = architectures.build("small", 1, (96, 48))
    maps = model.get_layer("maps")
    assert maps.output.shape[1:3] == (6, 3)
    part = keras.Model(maps.output, model.get_layer("head_means").output)
    bright = np.zeros((1, 6, 3, 64), np.float32)
    bright[0, 5, 0, 0] = bright[0, 2, 1, 1] = bright[0, 3, 1, 1] = 50
    places = part.predict_on_batch(bright)[0].reshape(2, 64)
    np.testing.assert_allclose(places[:, 0], [-2 / 3, 5 / 6], atol=1e-4)
    np.testing.assert_allclose(places[:, 1:3], 0, atol=1e-4)


def test_a_heat_map_answers_with_its_own_mean_place():
    model = architectures.build("heatmap", 3, (96, 48))
    maps = model.get_layer("head_maps")
    assert maps.output.shape[1:] == (24, 12, 3)
    part = keras.Model(maps.output, model.output)
    drawn = np.zeros((1, 24, 12, 3), np.float32)
    drawn[0, 2, 1, 0] = drawn[0, 9, 4, 1] = drawn[0, 9, 5, 1] = 50
    expected = [(5.5, 9.5), (19.5, 37.5), (23.5, 47.5)]  # the middle of its 4 px, of two places, of the image
    np.testing.assert_allclose(part.predict_on_batch(drawn)[0], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet"}, "no model 'resnet'; there are lenet5, vgg16, vgg19, squeezenet, small"),
        ({"outputs": 0}, "outputs is 0; expected at least one point"),
        ({"size": (96, 8)}, r"size is \(96, 8\); lenet5 needs at least 10 px each way"),
        ({"channels": 2}, r"channels is 2; expected 1 \(grey\) or 3 \(RGB\)"),
        ({"dropout": 1.0}, "dropout is 1.0; expected a share from 0 to below 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        architectures.build(**{"name": "lenet5", "outputs": 15} | arguments)


@pytest.mark.parametrize("name", architectures.NAMES)
def test_the_smallest_images_are_enough(name):
    side = architectures._ARCHITECTURES[name].smallest
    assert architectures.build(name, 2, (side, side)).output.shape == (None, 2, 2)


def test_frozen_backbones_keep_their_weights_and_statistics():
    model = architectures.build("small", 2, (32, 32))
    everything = {layer.name for layer in model.layers if layer.trainable_weights}
    statistics = model.get_layer("stem_norm").moving_mean
    for frozen, learning in ((True, {"head_coordinates"}), (False, everything)):
        architectures.freeze(model, frozen)
        assert {layer.name for layer in model.layers if layer.trainable_weights} == learning
        before = keras.ops.convert_to_numpy(statistics)
        model(images(8, (32, 32)), training=True)
        assert np.array_equal(before, keras.ops.convert_to_numpy(statistics)) == frozen


def test_transfer_copies_what_fits():
    source, target = architectures.build("lenet5", 15, (24, 24)), architectures.build("lenet5", 5, (24, 24))
    before = target.get_layer("head_coordinates").get_weights()[0]
    assert architectures.transfer(source, target) == ["conv1", "conv2", "head_dense1", "head_dense2"]
    np.testing.assert_array_equal(
        source.get_layer("conv2").get_weights()[0], target.get_layer("conv2").get_weights()[0]
    )
    np.testing.assert_array_equal(target.get_layer("head_coordinates").get_weights()[0], before)
    assert architectures.transfer(source, architectures.build("lenet5", 15, (24, 24)))[-1] == "head_coordinates"
    with pytest.raises(ValueError, match="no layer of lenet5 has the name and shapes of one of small"):
        architectures.transfer(source, architectures.build("small", 15, (24, 24)))
