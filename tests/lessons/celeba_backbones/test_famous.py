import dataclasses

import keras
import numpy as np
import pytest

from fkp_utils import profiles
from fkp_utils.lessons.celeba_backbones import famous
from fkp_utils.models import pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    monkeypatch.setattr(pretrained, "at_hand", lambda name: None)


def test_random_weights_get_the_statistics_of_the_images():
    keras.utils.set_random_seed(0)
    backbone = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    images = np.random.default_rng(0).uniform(-1, 1, (20, 32, 32, 3)).astype("float32")
    faded = backbone.predict(images, verbose=0)
    assert famous.start(backbone, images) == "random"
    maps = backbone.predict(images, verbose=0)
    assert maps.std() > 0.1 > 1e6 * faded.std()
    norm = backbone.get_layer("bn_Conv1")
    assert norm.momentum != 0
    z = keras.Model(backbone.input, backbone.get_layer("Conv1").output).predict(images, verbose=0)
    np.testing.assert_allclose(norm.get_weights()[2], z.mean(axis=(0, 1, 2)), atol=1e-4)


def test_weights_at_hand_are_loaded(monkeypatch, tmp_path):
    keras.utils.set_random_seed(1)
    backbone = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    path = tmp_path / "mobilenetv2.weights.h5"
    loaded = []
    monkeypatch.setattr(pretrained, "at_hand", lambda name: path)
    monkeypatch.setattr(pretrained, "load", lambda model, path: loaded.append((model, path)))
    assert famous.start(backbone, np.zeros((1, 32, 32, 3), np.float32)) == "ImageNet"
    assert loaded == [(backbone, path)]


def test_profiles_and_data_decide_what_is_trained(monkeypatch):
    made = data_views.Data("synthetic", limit=240)
    found = famous.described(made, profiles.profile("smoke"), 48)
    assert list(found) == ["MobileNetV2"]
    only = found["MobileNetV2"]
    assert (only.data.limit, only.data.views[-1]) == (80, data_views.Resized(48, 48))
    assert (only.weights, only.pretrained) == ("", None)
    photos = famous.described(dataclasses.replace(made, name="kaggle", root="x"), profiles.profile("quick"), 96)
    first = photos["MobileNetV2"].pretrained
    assert (first.data.name, first.data.root, first.data.limit) == ("synthetic", "", 320)
    full = famous.described(made, profiles.profile("full"), 224)
    assert [(each.model, each.data.limit, each.weights) for each in full.values()] == [
        ("mobilenetv2", 2000, "imagenet"),
        ("densenet169", 2000, "imagenet"),
        ("xception", 1000, "imagenet"),
    ]
    monkeypatch.setattr(earlier_networks, "has_weights", lambda model: True)
    assert famous.described(made, profiles.profile("smoke"), 48)["MobileNetV2"].weights == "imagenet"
