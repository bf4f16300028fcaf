import keras
import numpy as np
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.lessons.error_analysis import attacks


@pytest.fixture(scope="module")
def model():
    """Two points, of which each coordinate is a weighted sum of the pixels."""
    inputs = keras.Input((6, 6, 1))
    outputs = keras.layers.Reshape((2, 2))(keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
    made = keras.Model(inputs, outputs)
    random = np.random.default_rng(0)
    made.set_weights([random.normal(0, 0.1, (36, 4)).astype(np.float32), np.zeros(4, np.float32)])
    return made


@pytest.fixture
def images():
    return np.random.default_rng(1).uniform(20, 230, (5, 6, 6, 1)).astype(np.float32)


@pytest.mark.parametrize("direction", attacks.DIRECTIONS)
@pytest.mark.parametrize("steps", [1, 10])
def test_a_linear_network_moves_by_the_sum_of_its_weights(model, images, direction, steps):
    changed = attacks.push(model, images, 1, direction, 3, steps)
    assert np.abs(changed - images).max() == pytest.approx(3, abs=1e-4)
    axis = attacks.DIRECTIONS[direction][0]
    expected = 3 * np.abs(model.get_weights()[0][:, 2 + axis]).sum()
    np.testing.assert_allclose(attacks.moved(model, images, changed, 1, direction), expected, rtol=1e-3)
    assert (attacks.moved(model, images, changed, 0, direction) < expected / 2).all()


def test_changes_stay_within_grey_levels(model):
    bright = np.full((1, 6, 6, 1), 254, np.float32)
    for changed in (attacks.push(model, bright, 0, "up", 8, 5), attacks.random_change(bright, 8)):
        assert changed.max() == 255
        assert changed.min() == 246


def test_an_attack_moves_further_than_chance_and_further_with_more(model, images):
    found = attacks.strength(model, images, 0, "right", [1, 4], steps=3, repeats=50)
    assert set(found) == {"PGD", "FGSM", "at random"}
    assert found["FGSM"][0].low > abs(found["at random"][0].value)
    assert found["PGD"][1].value == pytest.approx(4 * found["PGD"][0].value, rel=1e-3)
    assert found["PGD"][0].value == pytest.approx(found["FGSM"][0].value, rel=1e-3)


@pytest.mark.parametrize(
    ("direction", "budget", "steps", "message"),
    [("east", 1, 1, "direction is 'east'"), ("up", 0, 1, "budget 0"), ("up", 1, 0, "steps 0")],
)
def test_what_cannot_be_done(model, images, direction, budget, steps, message):
    with pytest.raises(ValueError, match=message):
        attacks.push(model, images, 0, direction, budget, steps)


def test_only_one_point_is_kept():
    points = np.arange(24.0).reshape(3, 4, 2)
    kept = attacks.only(points, 2)
    np.testing.assert_array_equal(kept[:, 2], points[:, 2])
    assert np.isnan(np.delete(kept, 2, axis=1)).all()


def test_errors_are_counted_at_one_point_and_shown_beside_the_change():
    points = np.full((5, 2, 2), 3.0)
    known = faces.Faces(np.zeros((5, 6, 6, 1), np.uint8), points, keypoints.KeypointSet("two", ("a", "b"), (1, 0), ()))
    answer = points + [[0, 0], [3, 4]]
    found = attacks.at_point({"before": points, "after": answer}, known, 1, 20)
    assert found["before"].value == 0
    assert found["after"].value == pytest.approx(np.sqrt(12.5))
    images = np.zeros((5, 6, 6, 1), np.float32)
    shown, marks = attacks.before_and_after(images, images + 1, known, {"before": points, "after": answer}, 2)
    assert [len(each) for each in shown.values()] == [2, 2, 2]
    assert (shown["change × 16"] == 144).all()
    assert marks["change × 16"] == {}
    np.testing.assert_array_equal(marks["after"]["predicted"], answer[:2])
