import base64
import json

import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.course import browser_model
from fkp_utils.models import architectures
from fkp_utils.system import backend

backend.load_keras()
import keras  # noqa: E402


@pytest.fixture(scope="module")
def described():
    """What the page gets of a network of 68 points, and the network."""
    model = architectures.build("heatmap_half", 68)
    return browser_model.describe(model), model


def small(*layers, size=(8, 8, 1)):
    image = keras.Input(size)
    x = image
    for layer in layers:
        x = layer(x)
    return keras.Model(image, x)


def test_weights_lie_one_after_the_other_and_none_is_left_out(described):
    found, model = described
    weights = np.frombuffer(base64.b64decode(found["weights"]), "<f4")
    ranges = [value for each in found["operations"] for name, value in each.items() if name in browser_model.ARRAYS]
    assert sorted(ranges) == sorted(ranges, key=lambda each: each[1])
    assert [first for first, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == len(weights)
    kernels = [each for each in found["operations"] if each["kind"] == "convolution"]
    assert len(kernels) == sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers)
    last = model.get_layer("head_maps").get_weights()[0]
    np.testing.assert_array_equal(weights[slice(*kernels[-1]["kernel"])], last.ravel())
    assert json.loads(json.dumps(found)) is not None


def test_an_operation_reads_earlier_ones_only(described):
    for place, operation in enumerate(described[0]["operations"]):
        assert all(source < place for source in operation["inputs"])
        assert (operation["kind"] == "input") == (not operation["inputs"])


def test_the_fifteen_points_are_means_of_the_68_and_a_second_sources_outputs_are_left_out(described):
    few, many = described[0]["sets"]
    assert few["names"] == keypoints.KAGGLE_15.names
    assert few["outputs"][0] == [42, 43, 44, 45, 46, 47]
    assert many["outputs"] == [[output] for output in range(68)]
    [only] = browser_model.describe(architectures.build("heatmap_half", 17))["sets"]
    assert only["outputs"] == [[output] for output in range(15)]
    assert only["mirror"] == keypoints.KAGGLE_15.mirror


@pytest.mark.parametrize(("read_again", "kinds"), [(False, []), (True, ["scale", "sum"])])
def test_a_normalisation_is_a_part_of_a_convolution_only_if_nothing_else_reads_that(read_again, kinds):
    image, normalisation = keras.Input((8, 8, 1)), keras.layers.BatchNormalization()
    convolved = keras.layers.Conv2D(3, 3)(image)
    normalised = normalisation(convolved)
    model = keras.Model(image, keras.layers.Add()([convolved, normalised]) if read_again else normalised)
    statistics = [np.full(3, 0.5), np.full(3, 4 - normalisation.epsilon)]
    normalisation.set_weights([np.array([2.0, 1, 1]), np.ones(3), *statistics])
    found = browser_model.operations(model)
    assert [each["kind"] for each in found] == ["input", "convolution", *kinds]
    np.testing.assert_allclose(found[1]["bias"], [0, 0, 0] if read_again else [0.5, 0.75, 0.75], rtol=1e-6)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            keras.layers.Activation("gelu", name="odd"),
            "odd: a browser does not know the layer Activation; it knows Inp",
        ),
        (keras.layers.Conv2D(2, 3, dilation_rate=2, name="odd"), r"odd: dilation_rate is \(2, 2\); a browser knows"),
        (keras.layers.Conv2D(2, 3, activation="gelu", name="odd"), "odd: activation is 'gelu'; a browser knows"),
        (keras.layers.UpSampling2D(2, interpolation="bilinear", name="odd"), "odd: interpolation is 'bilinear'"),
        (keras.layers.ReLU(max_value=6, name="odd"), "odd: max_value is 6"),
        (keras.layers.Softmax(name="odd"), "odd: softmax over axis -1"),
    ],
)
def test_what_a_browser_does_not_know_is_refused_by_the_layers_name(layer, message):
    with pytest.raises(ValueError, match=message):
        browser_model.operations(small(layer))


def test_a_layer_that_is_used_twice_is_refused():
    twice = keras.layers.ReLU(name="twice")
    with pytest.raises(ValueError, match=r"expected (each to be|a layer that is) used once"):
        browser_model.operations(small(twice, keras.layers.ReLU(), twice))


@pytest.mark.parametrize(
    ("name", "channels", "message"),
    [
        ("lenet5", 1, "conv1: activation is 'relu'; a browser knows 'linear'"),
        ("heatmap_half", 3, "3 channels; expected 1"),
    ],
)
def test_networks_that_cannot_be_on_the_page_are_refused(name, channels, message):
    with pytest.raises(ValueError, match=message):
        browser_model.describe(architectures.build(name, 15, channels=channels))


def test_examples_are_pictures_inside_the_script(described, tmp_path):
    assert len(described[0]["examples"]) >= 2
    for address in described[0]["examples"].values():
        assert address.startswith("data:image/png;base64,")
    browser_model.write(tmp_path / "model.js", None)
    assert (tmp_path / "model.js").read_text(encoding="utf-8") == "window.FKP_MODEL = null;\n"
