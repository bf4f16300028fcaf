import numpy as np
import pytest

from fkp_utils.models import architectures, backbones, pretrained

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

PREPARED = {"resnet50": "resnet", "densenet121": "densenet", "mobilenetv2": "mobilenet_v2", "xception": "xception"}


def images(count, size, channels=1):
    return np.random.default_rng(0).integers(0, 256, (count, *size, channels)).astype("float32")


def answers(model, photos):
    return keras.ops.convert_to_numpy(model(photos, training=False))


@pytest.fixture(scope="module")
def mobilenet():
    return architectures.build("mobilenetv2", 5, (40, 56))


def plain(name, **options):
    return getattr(keras.applications, backbones._BACKBONES[name].application)(
        include_top=False, weights=None, **options
    )


def file_of(net, path, named=lambda number, name: name):
    """The weights of a network as Keras 2 writes them, under other names."""
    with h5py.File(path, "w") as file:
        layers = [(named(number, layer.name), layer) for number, layer in enumerate(net.layers)]
        file.attrs["layer_names"] = [name.encode() for name, _ in layers]
        for name, layer in layers:
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{place}:0".encode() for place in range(len(layer.weights))]
            for place, weight in enumerate(layer.get_weights()):
                group[f"{place}:0"] = weight
    return path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PREPARED)
def test_each_gets_what_its_weights_expect(name, channels):
    photos = images(2, (71, 80), channels)
    model = architectures.build(name, 5, (71, 80), channels)
    seen = keras.Model(model.input, model.get_layer("as_imagenet").output)
    colours = photos if channels == 3 else photos.repeat(3, axis=3)
    expected = getattr(keras.applications, PREPARED[name]).preprocess_input(colours.copy())
    np.testing.assert_allclose(answers(seen, photos), expected, atol=2e-3)


@pytest.mark.parametrize(("name", "learnt"), [("resnet50", True), ("mobilenetv2", False)])
def test_grey_becomes_three_colours_by_a_convolution_that_learns_or_by_repetition(name, learnt):
    model = architectures.build(name, 2, (32, 32))
    architectures.freeze(model)
    learning = {layer.name for layer in model.layers if layer.trainable_weights}
    assert ("head_colours" in learning) == learnt
    assert {each for each in learning if not each.startswith("head")} == set()


def test_it_is_flat_and_comes_back_from_disk(mobilenet, tmp_path):
    assert not any(isinstance(layer, keras.Model) for layer in mobilenet.layers)
    photos = images(2, (40, 56))
    assert answers(mobilenet, photos).shape == (2, 5, 2)
    mobilenet.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(answers(again, photos), answers(mobilenet, photos), atol=1e-3)


def test_names_do_not_depend_on_what_was_built_before():
    first, second = ([layer.name for layer in architectures.build("xception", 2, (71, 71)).layers] for _ in range(2))
    assert first == second
    assert {"conv2d_1", "conv2d_4", "batch_normalization_4"} <= set(first)


def test_statistics_of_normalisation_settle(mobilenet):
    norms = [layer for layer in mobilenet.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) > 50
    assert all(layer.momentum == 0.9 for layer in norms)


@pytest.mark.parametrize("name", ["mobilenetv2", "xception"])
def test_published_files_with_other_names_are_read_in_order(name, tmp_path):
    """Files of that kind number their layers: convolution2d_1, batchnormalization_1, …"""
    net = plain(name, input_shape=(96, 96, 3))
    path = file_of(net, tmp_path / "weights.h5", lambda number, _: f"layer_{number}")
    model = architectures.build(name, 5, (96, 96), weights=path)
    own = [layer for layer in model.layers if layer.weights and not pretrained.is_head(layer)]
    theirs = [layer for layer in net.layers if layer.weights]
    assert len(own) == len(theirs)
    for layer, other in zip(own, theirs, strict=True):
        assert all(map(np.array_equal, layer.get_weights(), other.get_weights())), (layer.name, other.name)


def test_a_file_of_another_architecture_is_refused(tmp_path):
    path = file_of(plain("mobilenetv2", input_shape=(96, 96, 3), alpha=0.5), tmp_path / "half.h5")
    with pytest.raises(
        architectures.WeightsError, match=r"half.h5: layer Conv1 has shapes 3×3×3×16; expected 3×3×3×32"
    ):
        architectures.build("mobilenetv2", 5, weights=path)


@pytest.mark.parametrize("name", backbones._BACKBONES)
def test_where_their_weights_come_from_is_known(name, tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    assert pretrained.at_hand(name) is None
    file = pretrained._PUBLISHED[name].files[0]
    (tmp_path / file).touch()
    assert pretrained.at_hand(name) == tmp_path / file
    assert pretrained.find(name, "imagenet") == tmp_path / file
