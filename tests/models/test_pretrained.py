import os
import pathlib

import numpy as np
import pytest

from fkp_utils.models import architectures, pretrained

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

PHOTOS = [pathlib.Path(place) / "weights" for place in (os.environ.get("FKP_DATA") or "data", "../shared/data")]
SQUEEZENET = next((path for folder in PHOTOS for path in folder.glob("squeezenet*notop.h5")), None)


def keras_2(path, layers, chunks=1):
    """A file as Keras 2 writes it: layers {name: arrays}."""
    with h5py.File(path, "w") as file:
        names = [name.encode() for name in layers]
        if chunks == 1:
            file.attrs["layer_names"] = names
        for chunk, part in enumerate(np.array_split(names, chunks) if chunks > 1 else []):
            file.attrs[f"layer_names{chunk}"] = list(part)
        for name, arrays in layers.items():
            group = file.create_group(name)
            weights = [f"{name}_{part}_1:0" for part in "Wb"[: len(arrays)]]
            group.attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, array in zip(weights, arrays, strict=True):
                group[weight] = array
    return path


def weights_of(model, names=None):
    kept = [layer for layer in model.layers if not pretrained.is_head(layer)]
    return {layer.name: layer.get_weights() for layer in kept if names is None or layer.name in names}


def same(first, second):
    return all(map(np.array_equal, first, second))


@pytest.fixture(scope="module")
def lenet():
    return architectures.build("lenet5", 15, (24, 24))


@pytest.mark.parametrize("chunks", [1, 3])
def test_vgg_from_the_file_of_keras_applications(tmp_path, chunks):
    theirs = keras.applications.VGG16(include_top=False, weights=None)
    layers = {layer.name: layer.get_weights() for layer in theirs.layers}
    keras_2(tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", layers, chunks)
    model = architectures.build("vgg16", 15, (32, 32), weights=tmp_path)
    convolutions = [name for name, arrays in layers.items() if arrays]
    assert len(convolutions) == 13
    assert all(same(model.get_layer(name).get_weights(), layers[name]) for name in convolutions)


@pytest.mark.parametrize("file", ["lenet5.weights.h5", "lenet5.h5"])
def test_what_keras_saves_is_read(lenet, tmp_path, file, monkeypatch):
    (lenet.save_weights if ".weights." in file else lenet.save)(tmp_path / file)
    for weights in (tmp_path / file, str(tmp_path)):
        model = architectures.build("lenet5", 4, (24, 24), weights=weights)
        assert all(same(arrays, model.get_layer(name).get_weights()) for name, arrays in weights_of(lenet).items())


@pytest.mark.skipif(SQUEEZENET is None, reason="the ImageNet weights of SqueezeNet are not here")
def test_squeezenet_takes_its_imagenet_weights(monkeypatch):
    model = architectures.build("squeezenet", 15, weights=SQUEEZENET)
    with h5py.File(SQUEEZENET) as file:
        np.testing.assert_array_equal(
            model.get_layer("fire9_expand3x3").get_weights()[0], file["fire9/expand3x3/uniform25"]
        )
    monkeypatch.setenv("FKP_WEIGHTS", str(SQUEEZENET.parent))
    again = architectures.build("squeezenet", 15, weights="imagenet")
    assert all(same(arrays, again.get_layer(name).get_weights()) for name, arrays in weights_of(model).items())


def test_the_named_folder_comes_before_the_data_folder(tmp_path, monkeypatch):
    file = "squeezenet_v1.1_imagenet_notop.h5"
    for folder in ("named", "data/weights"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / file).touch()
    monkeypatch.setenv("FKP_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("FKP_WEIGHTS", raising=False)
    assert pretrained.find("squeezenet", "imagenet") == tmp_path / "data/weights" / file
    monkeypatch.setenv("FKP_WEIGHTS", str(tmp_path / "named"))
    assert pretrained.find("squeezenet", "imagenet") == tmp_path / "named" / file


def test_offline_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FKP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("FKP_DATA", str(tmp_path))

    def offline(*arguments, **options):
        raise Exception("URL fetch failure: Name or service not known")

    monkeypatch.setattr(keras.utils, "get_file", offline)
    with pytest.raises(architectures.WeightsError) as caught:
        architectures.build("vgg16", 15, weights="imagenet")
    for part in ("not known", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "FKP_WEIGHTS", "weights=None"):
        assert part in str(caught.value)


def test_places_without_weights_are_named(tmp_path):
    with pytest.raises(
        architectures.WeightsError, match="there are no ImageNet weights of lenet5; there are of vgg16, vgg19"
    ):
        architectures.build("lenet5", 15, weights="imagenet")
    with pytest.raises(
        architectures.WeightsError, match=r"nowhere.h5: not found; expected a file of weights, a folder"
    ):
        architectures.build("lenet5", 15, weights=tmp_path / "nowhere.h5")
    with pytest.raises(
        architectures.WeightsError, match=r"no weights of lenet5 in this folder; expected lenet5.weights.h5 or"
    ):
        architectures.build("lenet5", 15, weights=tmp_path)


def test_a_file_that_does_not_fit_is_refused_and_changes_nothing(lenet, tmp_path):
    good = weights_of(lenet, ["conv1", "conv2"])
    kernel, bias = good["conv2"]
    cases = {
        "lacks.h5": ({"conv1": good["conv1"]}, r"lacks.h5: no layer conv2; expected one of shapes 3×3×6×16 and 16"),
        "shape.h5": (
            good | {"conv2": [kernel[:2], bias]},
            r"layer conv2 has shapes 2×3×6×16 and 16; expected 3×3×6×16",
        ),
        "number.h5": (good | {"conv2": [kernel]}, r"layer conv2 has shapes 3×3×6×16; expected 3×3×6×16 and 16"),
        "nan.h5": (good | {"conv2": [kernel * np.nan, bias]}, r"layer conv2 has values that are not finite"),
    }
    model = architectures.build("lenet5", 15, (24, 24))
    before = model.get_weights()
    for name, (stored, message) in cases.items():
        with pytest.raises(architectures.WeightsError, match=message):
            pretrained.load(model, keras_2(tmp_path / name, stored))
        assert same(model.get_weights(), before)


def test_a_damaged_file_is_refused(lenet, tmp_path):
    whole = keras_2(tmp_path / "whole.h5", weights_of(lenet))
    for name, data in (("half.h5", whole.read_bytes()[:3000]), ("text.h5", b"not found"), ("empty.h5", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(architectures.WeightsError, match=f"{name}: .*expected a whole HDF5 file"):
            architectures.build("lenet5", 15, (24, 24), weights=tmp_path / name)
    with h5py.File(whole, "a") as file:
        del file["conv2"]
    with pytest.raises(architectures.WeightsError, match=r"whole.h5: .*conv2.*expected a whole HDF5 file"):
        architectures.build("lenet5", 15, (24, 24), weights=whole)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["numbers"] = np.arange(3)
    with pytest.raises(
        architectures.WeightsError, match=r"other.h5: no layer names; expected a file as keras writes it"
    ):
        architectures.build("lenet5", 15, (24, 24), weights=tmp_path / "other.h5")
