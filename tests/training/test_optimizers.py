import keras
import numpy as np
import pytest
from keras import ops

from fkp_utils.training import optimizers


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(6, 3, name="first"),
            keras.layers.Conv2D(8, 3, name="second"),
            keras.layers.DepthwiseConv2D(3, name="depthwise"),
            keras.layers.Conv2D(4, 1, name="head_maps"),
        ]
    )


def moved(model, optimizer):
    """How far one step of a training moves each weight, by path."""
    before = [ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    model.compile(optimizer, "mse", run_eagerly=True)
    generator = np.random.default_rng(0)
    model.fit(generator.normal(size=(16, 8, 8, 1)), generator.normal(size=(16, 2, 2, 4)), batch_size=16, verbose=0)
    return {
        "/".join(weight.path.split("/")[-2:]): ops.convert_to_numpy(weight) - old
        for weight, old in zip(model.trainable_variables, before, strict=True)
    }


def test_a_step_of_muon_moves_all_directions_of_a_convolution_equally_far(model):
    rate = 0.01
    steps = moved(model, optimizers.build("muon", rate))
    kernel = steps["second/kernel"].reshape(-1, 8)
    lengths = np.linalg.svd(kernel, compute_uv=False) / (rate * optimizers.SIZE * np.sqrt(max(kernel.shape)))
    assert lengths.min() > 0.5
    assert lengths.max() < 1.3
    assert np.sqrt((kernel**2).mean()) == pytest.approx(rate * optimizers.SIZE, rel=0.3)


def test_all_other_weights_take_the_step_of_adam(model):
    start = model.get_weights()
    ours = moved(model, optimizers.build("muon", 0.01))
    model.set_weights(start)
    theirs = moved(model, optimizers.build("adam", 0.01))
    same = {name for name in ours if np.allclose(ours[name], theirs[name], atol=1e-5)}
    assert same == set(ours) - {"second/kernel"}


@pytest.mark.parametrize("name", optimizers.NAMES)
def test_each_lowers_the_loss(model, name):
    model.compile(optimizers.build(name, keras.optimizers.schedules.CosineDecay(0.01, 40)), "mse", run_eagerly=True)
    images = np.random.default_rng(0).normal(size=(16, 8, 8, 1))
    targets = np.stack([images[:, 2:4, 2:4, 0]] * 4, axis=-1)
    history = model.fit(images, targets, batch_size=8, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.9 * history[0]
