import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from fkp_utils.interpretation import gradcam
from fkp_utils.models import architectures

IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 40, 48, 1)).astype(np.float32)


def looks_at(row, column):
    """A model whose only output, in x, is the grey level at one place, through a convolution that copies the image."""
    image = keras.Input((40, 48, 1))
    copy = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="copy")(image)
    flat = keras.layers.Flatten()(copy)
    weights = np.zeros((40 * 48, 2), np.float32)
    weights[row * 48 + column, 0] = 0.1
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(image, keras.layers.Reshape((1, 2))(dense(flat)))
    dense.set_weights([weights])
    return model


def test_the_gradient_of_a_coordinate_is_where_the_model_looks():
    gradient = gradcam.input_gradient(looks_at(7, 30), IMAGES, (0, 0))
    expected = np.zeros_like(IMAGES)
    expected[:, 7, 30] = 0.1
    np.testing.assert_allclose(gradient, expected, atol=1e-6)
    assert not gradcam.input_gradient(looks_at(7, 30), IMAGES, (0, 1)).any()


@pytest.mark.parametrize("method", ["layercam", "saliency"])
def test_maps_that_keep_places_peak_where_the_model_looks(method):
    found = gradcam.maps(looks_at(7, 30), IMAGES, (0, 0), "copy", method)
    assert found.shape == (3, 40, 48)
    for each in found:
        assert np.unravel_index(each.argmax(), each.shape) == (7, 30)
        assert each.max() == 1


def test_nothing_raises_a_coordinate_that_depends_on_nothing():
    assert not gradcam.maps(looks_at(7, 30), IMAGES, (0, 1), "copy", "layercam").any()


def test_nearness_pulls_the_point_towards_the_place():
    model = looks_at(7, 30)
    places = np.array(model(IMAGES))[:, 0] + [5.0, 0.0]
    gradient = gradcam.input_gradient(model, IMAGES, gradcam.nearness(0, places))
    assert gradient[:, 7, 30] == pytest.approx(0.5, rel=1e-3)  # 5 px away, 0.1 px a grey level


def test_a_map_keeps_its_cells_in_place():
    found = gradcam.enlarged(np.eye(4)[None], (16, 16))[0]
    np.testing.assert_allclose(found, found.T, atol=1e-6)
    np.testing.assert_allclose(found, found[::-1, ::-1], atol=1e-6)
    assert found[:2, :2].min() > 0.9


def test_enlarged_maps_keep_their_place_and_reach_one():
    maps = np.zeros((1, 12, 16))
    maps[0, 2, 5] = 0.3
    large = gradcam.enlarged(maps, (48, 64))
    assert large.shape == (1, 48, 64)
    assert large.max() == pytest.approx(large[0, 9:11, 21:23].max())
    assert large.max() == pytest.approx(1)
    assert large[0, 30:].max() == 0


@pytest.mark.parametrize(
    ("layer", "method", "message"),
    [("copy", "lime", "no method 'lime'; there are gradcam"), ("flatten", "gradcam", "no layer 'flatten' with maps")],
)
def test_unknown_methods_and_layers_are_refused(layer, method, message):
    with pytest.raises(ValueError, match=message):
        gradcam.maps(looks_at(1, 1), IMAGES, (0, 0), layer, method)


def all_maps(model, images):
    """The input gradient and every method's maps at three layers, by name."""
    found = {"gradient": gradcam.input_gradient(model, images, (4, 1))}
    for method in gradcam.METHODS:
        for layer in ("stem", "block2_add", "merge"):
            found[f"{method} {layer}"] = gradcam.maps(model, images, (4, 1), layer, method)
    return found


ELSEWHERE = """
import sys
from fkp_utils.system import backend
backend.load_keras()
sys.path.insert(0, sys.argv[1])
import keras, numpy as np, test_gradcam
model, images = keras.models.load_model(sys.argv[2]), np.load(sys.argv[3])
np.savez(sys.argv[4], **test_gradcam.all_maps(model, images))
"""


@pytest.mark.slow
def test_both_backends_draw_the_same_maps(tmp_path):
    pytest.importorskip("jax")
    keras.utils.set_random_seed(0)
    model = architectures.build("small", 6, (40, 48))
    model.save(tmp_path / "small.keras")
    np.save(tmp_path / "images.npy", IMAGES)
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    paths = [str(tmp_path / name) for name in ("small.keras", "images.npy", "found.npz")]
    command = [sys.executable, "-c", ELSEWHERE, os.path.dirname(__file__), *paths]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": other})
    ours, theirs = all_maps(model, IMAGES), np.load(paths[2])
    assert sorted(ours) == sorted(theirs.files)
    assert len(ours) == 13
    for name in ours:
        assert ours[name].std() > 0
        assert np.corrcoef(ours[name].ravel(), theirs[name].ravel())[0, 1] >= 0.99, name
