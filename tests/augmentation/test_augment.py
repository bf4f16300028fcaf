"""What depends most on the backend runs again with JAX in `test_the_same_on_jax`."""

import dataclasses
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import faces, keypoints
from fkp_utils.augmentation import augment, augment_layer, corruptions, warp

SIZE = HEIGHT, WIDTH = 72, 96
MIRROR = (1, 0, 2, 4, 3)
FLIP = augment.Augmentation(flip=1)
GEOMETRY = augment.Augmentation(flip=0.5, rotate=30, scale=0.2, shift=0.1, crop=0.2)
ALL = dataclasses.replace(augment.STRONG, chance=1)
ON_JAX = "markers_stay or two_are_the_identity or nothing_happens or continues or compiled or gradient"
XLA = [False, True] if keras.backend.backend() == "tensorflow" else [True]


def made(count=8, seed=0, channels=1):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, *SIZE, channels)).astype(np.float32)
    points = random.uniform(20, 52, (count, len(MIRROR), 2)).astype(np.float32)
    points[0, 1] = np.nan
    return images, points


def run(augmentation, images, points, seed=0, mirror=MIRROR, training=True, xla=None):
    layer = augment.layer(augmentation, mirror, images.shape[1:3], seed)
    if xla is not None:
        layer.supports_jit = xla
    return [np.asarray(value) for value in layer([images, points], training=training)]


class Inside(keras.Model):
    """The layer in a graph, as a training has it."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs, training=True)


def markers(count, seed, width=2.0):
    """Dark images with a bright Gaussian spot at each point, the points at least 22 px apart."""
    random = np.random.default_rng(seed)
    places = np.array([(22, 20), (72, 20), (48, 36), (22, 54), (72, 54)], float)
    points = (places + random.uniform(-2, 2, (count, 5, 2))).astype(np.float32)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    squares = (x[..., None] - points[:, None, None, :, 0]) ** 2 + (y[..., None] - points[:, None, None, :, 1]) ** 2
    return (60 + 120 * np.exp(-squares / 2 / width**2).sum(-1, keepdims=True)).astype(np.float32), points


def centroid(image, point, reach=7):
    """Centre of mass of the brightness near a point."""
    column, row = np.rint(point).astype(int)
    y, x = np.mgrid[row - reach : row + reach + 1, column - reach : column + reach + 1]
    mass = image[y, x, 0] - np.median(image)
    mass[mass < 0.2 * mass.max()] = 0
    return np.array([(mass * x).sum(), (mass * y).sum()]) / mass.sum()


def distances(images, points):
    """From each point at least 10 px inside to the spot in the image."""
    inside = ((points >= 10) & (points <= (WIDTH - 11, HEIGHT - 11))).all(-1)
    return np.array([np.linalg.norm(centroid(images[f], points[f, k]) - points[f, k]) for f, k in np.argwhere(inside)])


@pytest.mark.parametrize("xla", XLA)
@pytest.mark.parametrize("augmentation", [GEOMETRY, dataclasses.replace(ALL, occlusion=0, noise=0, pixelate=3)])
def test_markers_stay_at_their_points(augmentation, xla):
    images, points = markers(24, 1)
    found = distances(*run(augmentation, images, points, seed=3, xla=xla))
    assert len(found) > 60
    assert found.max() < 0.5
    assert found.mean() < 0.2


@pytest.mark.parametrize("field", ["rotate", "scale", "shift", "crop", "flip"])
def test_each_move_keeps_markers_at_their_points(field):
    images, points = markers(12, 2)
    moved = run(augment.Augmentation(**{field: getattr(GEOMETRY, field)}), images, points, seed=1)
    assert np.nanmax(np.abs(moved[1] - points)) > 2
    assert distances(*moved).max() < 0.3


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_inverse_brings_points_back(seed):
    points = np.random.default_rng(seed).uniform(-20, 120, (3, 7, 2)).astype(np.float32)
    layer = augment.layer(dataclasses.replace(GEOMETRY, rotate=180), MIRROR, SIZE, seed)
    matrix = layer.matrix(layer.draw(3))
    moved = warp.move(points, matrix)
    assert np.abs(np.asarray(moved) - points).max() > 0.5
    np.testing.assert_allclose(np.asarray(warp.move(moved, warp.inverse(matrix))), points, atol=2e-3)


def test_an_image_moved_there_and_back_is_the_same_inside():
    images, _ = markers(6, 3, width=4)
    layer = augment.layer(augment.Augmentation(rotate=10, scale=0.05, shift=0.02), MIRROR, SIZE, 1)
    matrix = layer.matrix(layer.draw(6))
    back = warp.sample(warp.sample(images, warp.inverse(matrix)), matrix)
    assert np.abs(np.asarray(back) - images)[:, 20:-20, 20:-20].max() < 5  # of 120; two bilinear samplings blur


@pytest.mark.parametrize("xla", XLA)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_flip_is_the_mirror_and_two_are_the_identity(xla, channels):
    images, points = made(channels=channels)
    once = run(FLIP, images, points, xla=xla)
    np.testing.assert_array_equal(once[0], images[:, :, ::-1])
    np.testing.assert_array_equal(once[1][..., 0], WIDTH - 1 - points[:, MIRROR, 0])
    np.testing.assert_array_equal(once[1][..., 1], points[:, MIRROR, 1])
    twice = run(FLIP, *once, xla=xla)
    np.testing.assert_array_equal(twice[0], images)
    np.testing.assert_allclose(twice[1], points, atol=1e-5)


def test_without_swap_only_the_order_of_points_differs():
    images, points = made(count=40)
    right = run(GEOMETRY, images, points)
    wrong = run(dataclasses.replace(GEOMETRY, swap=False), images, points)
    np.testing.assert_array_equal(right[0], wrong[0])
    same = [np.array_equal(a, b, equal_nan=True) for a, b in zip(right[1], wrong[1], strict=True)]
    swapped = [np.array_equal(a, b[list(MIRROR)], equal_nan=True) for a, b in zip(right[1], wrong[1], strict=True)]
    assert all(a != b for a, b in zip(same, swapped, strict=True))
    assert 10 < sum(swapped) < 30


def test_both_samplings_agree():
    images, _ = made(channels=3)
    layer = augment.layer(GEOMETRY, MIRROR, SIZE, 4)
    matrix = warp.inverse(layer.matrix(layer.draw(len(images))))
    gathered, transformed = (np.asarray(warp.sample(images, matrix, compiled)) for compiled in (True, False))
    assert np.abs(gathered - transformed).max() < 0.05


def test_what_lies_outside_repeats_the_border():
    images = np.zeros((1, *SIZE, 1), np.float32)
    images[:, :, 0] = 200
    matrix = np.array([[[1, 0, 10], [0, 1, 0]]], np.float32)
    moved = np.asarray(warp.sample(images, warp.inverse(matrix)))
    assert (moved[0, :, :11] == 200).all()
    assert (moved[0, :, 11:] == 0).all()


@pytest.mark.parametrize(
    ("augmentation", "training"), [(augment.NONE, True), (ALL, False), (augment.Augmentation(chance=0, blur=2), True)]
)
def test_nothing_happens_when_it_should_not(augmentation, training):
    images, points = made()
    same = run(augmentation, images, points, training=training)
    np.testing.assert_array_equal(same[0], images)
    np.testing.assert_array_equal(same[1], points)


@pytest.mark.parametrize("field", ["brightness", "contrast", "occlusion", "blur", "pixelate", "noise"])
def test_what_spoils_the_image_leaves_the_points(field):
    images, points = markers(16, 4)
    changed = run(augment.Augmentation(**{field: getattr(ALL, field)}), images, points)
    np.testing.assert_array_equal(changed[1], points)
    assert (np.abs(changed[0] - images).max((1, 2, 3)) > 1).mean() > 0.7
    assert changed[0].min() >= 0
    assert changed[0].max() <= 255


def test_points_that_leave_the_image_become_missing():
    images, points = made(count=30)
    points[:, 0] = (1, 1)
    moved = run(augment.Augmentation(shift=0.2), images, points)[1]
    gone = np.isnan(moved[:, 0]).all(-1)
    assert 0.5 < gone.mean() < 1  # it stays where both shifts are downwards: one time in four
    assert np.isnan(moved[0, 1]).all()
    left = moved[~np.isnan(moved)].reshape(-1, 2)
    assert ((left >= -0.5) & (left <= (WIDTH - 0.5, HEIGHT - 0.5))).all()


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_seeds_reproduce_and_differ(seed):
    images, points = made()
    one, same, other = (run(ALL, images, points, seed=number) for number in (seed, seed, seed + 1))
    np.testing.assert_array_equal(one[0], same[0])
    np.testing.assert_array_equal(one[1], same[1])
    assert np.abs(one[0] - other[0]).mean() > 1


def test_the_state_continues_where_it_was():
    images, points = made()
    layer, resumed = (augment.layer(ALL, MIRROR, SIZE, seed) for seed in (0, 9))
    first = np.asarray(layer([images, points], training=True)[0])
    for to, value in zip(resumed.variables, [np.asarray(v) for v in layer.variables], strict=True):
        to.assign(value)
    second, again = (np.asarray(one([images, points], training=True)[0]) for one in (layer, resumed))
    np.testing.assert_array_equal(second, again)
    assert np.abs(first - second).mean() > 1


@pytest.mark.parametrize("xla", XLA)
def test_it_runs_compiled_for_batches_of_any_size(xla):
    layer = augment.layer(ALL, MIRROR, SIZE, 0)
    layer.supports_jit = xla
    model = Inside(layer)
    model.compile(jit_compile=xla)
    for count in (8, 5):
        images, points = made(count)
        changed = model.predict_on_batch([images, points])
        assert changed[0].shape == images.shape
        assert changed[1].shape == points.shape
        assert np.isfinite(changed[0]).all()


def test_missing_points_do_no_harm_to_a_gradient():
    images, points = (keras.Input((*SIZE, 1)), keras.Input((len(MIRROR), 2)))
    moved = augment.layer(ALL, MIRROR, SIZE, 0)([images, points])
    guess = keras.layers.Reshape((len(MIRROR), 2))(keras.layers.Dense(10)(keras.layers.Flatten()(moved[0] / 255)))

    def loss(_, pair):
        present = ~keras.ops.isnan(pair[..., :2])
        return keras.ops.mean(keras.ops.where(present, keras.ops.nan_to_num(pair[..., :2]) - pair[..., 2:], 0) ** 2)

    model = keras.Model([images, points], keras.ops.concatenate([moved[1], guess], axis=-1))
    model.compile("sgd", loss)
    faces_, labels = made()
    labels[:, 0] = (1, 1)
    assert np.isfinite(model.train_on_batch([faces_, labels], labels))
    assert all(np.isfinite(np.asarray(weights)).all() for weights in model.get_weights())


def test_blur_and_blocks_are_what_they_say():
    table = corruptions.kernels(60, 2.0, 3).reshape(3, corruptions.LEVELS + 1, 60, 60)
    np.testing.assert_allclose(table.sum(-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(table[0, 0], np.eye(60))
    place = np.arange(60)
    spread = np.sqrt((table[0, :, 30] * (place - 30.0) ** 2).sum(-1))
    np.testing.assert_allclose(spread[3:], np.arange(3, corruptions.LEVELS + 1) / corruptions.LEVELS * 2, atol=0.02)
    np.testing.assert_allclose(table[2, 0, 4], np.where(np.isin(place, [3, 4, 5]), 1 / 3, 0), rtol=1e-5)


def test_noise_is_normal_and_independent():
    grey, deviation = np.zeros((64, *SIZE, 1), np.float32), np.full(64, 10, np.float32)
    noise = np.asarray(corruptions.grain(grey, deviation, keras.random.SeedGenerator(0)))[..., 0]
    assert abs(noise.mean()) < 0.1
    assert abs(noise.std() - 10) < 0.2
    assert abs((noise**4).mean() / noise.std() ** 4 - 3) < 0.15
    for shifted in (np.roll(noise, 1, 0), np.roll(noise, 1, 1), np.roll(noise, 1, 2)):
        assert abs((noise * shifted).mean()) < 1


def test_light_about_the_mean():
    images = np.full((1, *SIZE, 1), 100, np.float32)
    images[:, :, :48] = 60
    lit = np.asarray(corruptions.light(images, *np.array([[80], [1.5], [0.5]], np.float32)))
    assert (lit[0, 0, 0, 0], lit[0, 0, -1, 0]) == (25, 55)


def test_the_layer_is_made_again_from_its_config():
    layer = augment.layer(ALL, MIRROR, SIZE, 5)
    again = augment_layer.Augment.from_config(layer.get_config())
    images, points = made()
    results = [np.asarray(one([images, points], training=True)[0]) for one in (layer, again)]
    np.testing.assert_array_equal(*results)


def test_faces_are_augmented_with_their_truth():
    random = np.random.default_rng(0)
    truth = random.uniform(30, 60, (5, 15, 2)).astype(np.float32)
    points = np.where(np.arange(15)[None, :, None] % 3 == 0, np.nan, truth)
    images = random.integers(0, 256, (5, 96, 96, 1), np.uint8)
    made_faces = faces.Faces(images, points, keypoints.KAGGLE_15, truth=truth, subject=np.arange(5))
    changed = augment.apply(made_faces, FLIP)
    np.testing.assert_array_equal(changed.images, images[:, :, ::-1])
    np.testing.assert_allclose(changed.points, keypoints.mirror(points, keypoints.KAGGLE_15, 96), atol=1e-5)
    np.testing.assert_allclose(changed.truth, keypoints.mirror(truth, keypoints.KAGGLE_15, 96), atol=1e-5)
    np.testing.assert_array_equal(changed.subject, made_faces.subject)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: augment.Augmentation(flip=1.5), "flip is 1.5; expected a number from 0 to 1"),
        (lambda: augment.Augmentation(rotate=-5), "rotate is -5"),
        (lambda: augment.Augmentation(blur=float("nan")), "blur is nan"),
        (lambda: augment.Augmentation(pixelate=2.5), "expected a whole number of pixels"),
        (lambda: augment.layer(FLIP, (1, 2, 0), SIZE, 0), r"mirror is \(1, 2, 0\); expected pairs"),
        (lambda: augment.layer(FLIP, (0, 5), SIZE, 0), r"mirror is \(0, 5\)"),
    ],
)
def test_wrong_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="this is the run with JAX")
def test_the_same_on_jax():
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "pytest", "--numprocesses", "0", "-p", "no:cacheprovider", __file__, "-k", ON_JAX]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-4000:]


@pytest.mark.parametrize(
    ("augmentation", "label"),
    [
        (augment.NONE, ""),
        (augment.STANDARD, "augmented"),
        (augment.STRONG, "strongly augmented"),
        (augment.Augmentation(flip=0.5, swap=False), "augmented by flip without swap"),
        (augment.Augmentation(brightness=0.3, contrast=0.2), "augmented by brightness + contrast"),
    ],
)
def test_labels_tell_augmentations_apart(augmentation, label):
    assert augmentation.label == label
