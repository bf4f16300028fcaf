import numpy as np
import pytest

from fkp_utils.models import architectures, pretrained

keras = pytest.importorskip("keras")


@pytest.mark.parametrize(
    ("name", "values", "units"),
    [("nose_tip", 480, [240]), ("nose_tip_3x3", 1280, [240]), ("nose_tip_16", 240, [120])],
)
def test_the_nets_of_the_nose_tip_have_the_figures_of_the_report(name, values, units):
    model = architectures.build(name, 1, (60, 80))
    assert model.get_layer("head_flatten").output.shape[1:] == (values,)
    assert model.get_layer("head_dense1").units == units[0]
    filters, kernels = (16 if name == "nose_tip_16" else 32), (3, 3, 3) if "3x3" in name else (7, 7, 5)
    shapes = [model.get_layer(f"conv{number}").kernel.shape for number in (1, 2, 3)]
    assert [shape[0] for shape in shapes] == list(kernels)
    assert {shape[3] for shape in shapes} == {filters}


def test_six_convolutions_leave_195_values():
    model = architectures.build("six_conv", 58, (160, 240))
    assert model.get_layer("head_flatten").output.shape[1:] == (195,)
    assert model.get_layer("conv1").kernel.shape == (3, 3, 1, 65)
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [2000, 300, 116]
    assert "pool6" not in [layer.name for layer in model.layers]


@pytest.mark.parametrize(("size", "channels"), [((64, 64), 3), ((60, 80), 1)])
def test_resnet_is_flat_and_takes_any_size(size, channels, tmp_path):
    model = architectures.build("resnet18", 68, size, channels, dropout=0.1)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    backbone = [layer for layer in model.layers if not pretrained.is_head(layer)]
    learnt = sum(int(np.prod(weight.shape)) for layer in backbone for weight in layer.trainable_weights)
    assert learnt == 11_176_512
    photos = np.random.default_rng(0).integers(0, 256, (2, *size, channels)).astype("float32")
    points = model.predict_on_batch(photos)
    assert points.shape == (2, 68, 2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict_on_batch(photos), points, atol=1e-3)


def test_resnet_sees_colours_as_imagenet_has_them():
    model = architectures.build("resnet18", 2, (32, 32), 3)
    part = keras.Model(model.inputs, model.get_layer("normal").output)
    colour = np.full((1, 32, 32, 3), [255, 0, 0.406 * 255], np.float32)
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, 0]
    np.testing.assert_allclose(part.predict_on_batch(colour)[0, 0, 0], expected, atol=1e-5)


def test_there_are_no_imagenet_weights_of_resnet_to_be_had():
    with pytest.raises(architectures.WeightsError, match="no ImageNet weights of resnet18"):
        architectures.build("resnet18", 2, (32, 32), weights="imagenet")
