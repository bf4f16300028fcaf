import keras
import numpy as np
import pytest

from fkp_utils.lessons.celeba_backbones import heads
from fkp_utils.models import architectures, layers

SIZE = (40, 60)


def made(count=120, seed=0, noise=0):
    """Maps whose means tell the points."""
    generator = np.random.default_rng(seed)
    maps = generator.uniform(0, 1, (count, 2, 2, 6))
    weights = np.random.default_rng(9).normal(0, 4, (6, 10))
    points = 25 + (maps.mean(axis=(1, 2)) @ weights).reshape(count, 5, 2) + noise * generator.normal(size=(count, 5, 2))
    points[::7, 2] = np.nan
    return maps, points


def test_a_linear_truth_is_found_in_either_unit():
    maps, points = made()
    for half_image in (False, True):
        recipe = heads.Recipe(half_image=half_image, learning_rate=0.01 if half_image else 0.3, steps=2000)
        head = heads.train(recipe, maps, points, SIZE)
        assert np.nanmean((head.predict(maps) - points) ** 2) < 0.1 * np.nanvar(points, axis=0).mean()


def test_a_head_depends_on_its_seed_alone():
    maps, points = made()
    recipe = heads.Recipe(steps=130)
    first, other, again = (heads.train(recipe, maps, points, SIZE, seed) for seed in (1, 2, 1))
    np.testing.assert_array_equal(first.kernel, again.kernel)
    np.testing.assert_array_equal(first.bias, again.bias)
    assert np.abs(first.kernel - other.kernel).max() > 0.1


def test_small_steps_of_adam_add_up_to_the_rate_times_their_number():
    maps, points = made()
    for steps in (1, 100, 130):
        head = heads.train(heads.Recipe(steps=steps), maps, 1e6 + points, SIZE)
        np.testing.assert_allclose(head.bias, steps * 1e-3, rtol=3e-3)


def test_units_are_the_same_both_ways():
    points = np.array([[[-0.5, -0.5], [59.5, 39.5], [29.5, 19.5]]])
    halves = heads._halves(points, SIZE)
    np.testing.assert_allclose(halves, [[[-1, -1], [1, 1], [0, 0]]])
    np.testing.assert_allclose(heads._pixels(halves, SIZE), points)


def test_steps_are_too_short_for_small_features_and_too_long_for_large_ones():
    maps, points = made(noise=5)
    recipe = heads.Recipe(learning_rate=0.01, steps=700)
    assert heads.reach(recipe, 100 * maps, SIZE) > 50 * heads.reach(recipe, maps, SIZE)
    found = {}
    for scale in (1, 10, 10_000):
        halves = {heads.RAW: (scale * maps[:80], scale * maps[80:])}
        found[scale] = heads.errors({"": recipe}, halves, (points[:80], points[80:]), SIZE, (0, 1))[""]
    assert found[10].max() < 0.7 * min(found[1].min(), found[10_000].min())


def test_a_step_is_as_long_as_it_was_asked_to_be_in_either_unit():
    maps, points = made()
    for half_image in (False, True):
        recipe = heads.Recipe(half_image=half_image, zeros=True, longest=0.5, steps=1)
        start = 29.5 if half_image else 0  # where a kernel and a bias of zero put a point
        moved = heads.train(recipe, maps, 1e6 + points, SIZE).predict(maps)[..., 0] - start
        np.testing.assert_allclose(moved.mean(), 0.5, rtol=0.02)
        assert heads.reach(recipe, maps, SIZE) == pytest.approx(0.5)


def test_what_is_random_at_the_start_stays_where_faces_do_not_differ():
    """Features 4 and 5 are constant on the faces to learn from, so nothing unlearns their weights."""
    maps, points = made()
    maps[:80, ..., 4:] = 0
    points[80:] = points[0]  # the new faces differ in features that tell nothing
    maps[80:, ..., :4] = maps[0, ..., :4]
    halves = {heads.RAW: (maps[:80], maps[80:])}
    recipes = {zeros: heads.Recipe(half_image=True, zeros=zeros, longest=1.0) for zeros in (True, False)}
    answers = {zeros: heads.train(recipe, maps[:80], points[:80], SIZE) for zeros, recipe in recipes.items()}
    np.testing.assert_array_equal(answers[True].kernel[4:], 0)
    assert np.abs(answers[False].kernel[4:]).min() > 0
    found = heads.errors(recipes, halves, (points[:80], points[80:]), SIZE, (0, 1))
    assert found[False].min() > 2 * found[True].max()


def test_what_the_head_sees():
    maps, _ = made(4)
    for recipe, count in ((heads.Recipe(), 6), (heads.Recipe(flat=True), 24)):
        assert heads.features(recipe, maps).shape == (4, count)
    flat = heads.features(heads.Recipe(flat=True, normalised=True), 1000 * maps)
    np.testing.assert_allclose(flat.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(flat.std(axis=1), 1, atol=1e-3)


def test_last_maps_of_both_ranges():
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 1)).astype(np.float32)
    keras.utils.set_random_seed(0)
    model = architectures.build("squeezenet", 5, (64, 64))
    own = heads.last_maps(model, images)
    expected = keras.Model(model.input, model.get_layer("head_norm").input)(images, training=False)
    np.testing.assert_allclose(own, keras.ops.convert_to_numpy(expected), atol=1e-4)
    assert own.shape == (4, 3, 3, 512)
    with pytest.raises(ValueError, match="lenet5 has none of the layers as_imagenet"):
        heads.last_maps(architectures.build("lenet5", 5), images)


def test_raw_colours_lack_the_mean_alone():
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype(np.float32)
    model = architectures.build("squeezenet", 5, (64, 64), 3)
    raw = heads.last_maps(model, images[..., ::-1], heads.RAW)
    lighter = heads.last_maps(model, images + np.array(layers.IMAGENET_MEAN[::-1], np.float32))
    np.testing.assert_allclose(raw, lighter, atol=1e-3)
