import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from fkp_utils import metrics
from fkp_utils.training import losses


def pair(seed, missing=0.3):
    generator = np.random.default_rng(seed)
    points = generator.uniform(0, 95, (6, 15, 2)).astype(np.float32)
    points[generator.random((6, 15)) < missing] = np.nan
    points[0, 0] = 40
    return points, (np.nan_to_num(points, nan=50) + generator.normal(0, 4, points.shape)).astype(np.float32)


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_mse_and_mae_are_those_of_the_metrics(seed):
    points, predicted = pair(seed)
    assert float(losses.mse(points, predicted)) == pytest.approx(metrics.mse(predicted, points), rel=1e-4)
    assert float(losses.mae(points, predicted)) == pytest.approx(metrics.mae(predicted, points), rel=1e-4)


def distance_by_hand(points, predicted, relative=False):
    """Pair by pair, in plain Python."""
    found = []
    for face, guess in zip(points.astype(float), predicted.astype(float), strict=True):
        pairs = [
            (np.linalg.norm(face[i] - face[j]), np.linalg.norm(guess[i] - guess[j]))
            for i in range(len(face))
            for j in range(i)
            if not np.isnan(face[[i, j]]).any()
        ]
        size = np.mean([labelled for labelled, _ in pairs]) if relative and pairs else 1
        found += [abs(labelled - guessed) / size for labelled, guessed in pairs]
    return np.mean(found)


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_graph_distance_is_that_of_all_given_pairs(seed):
    points, predicted = pair(seed)
    assert float(losses.graph_distance(points, predicted)) == pytest.approx(
        distance_by_hand(points, predicted), rel=1e-3
    )
    relative = float(losses.relative_graph_distance(points, predicted))
    assert relative == pytest.approx(distance_by_hand(points, predicted, relative=True), rel=1e-3)


def test_graph_distance_does_not_see_where_a_face_is():
    points, _ = pair(0, missing=0)
    turned = points @ np.array([[0.8, -0.6], [0.6, 0.8]], np.float32) + 30
    assert float(losses.graph_distance(points, turned)) < 1e-3
    assert float(losses.graph_distance(points, points * np.float32([-1, 1]))) < 1e-3, "nor if it is mirrored"
    assert float(losses.graph_distance(points, 1.1 * points)) > 1


@pytest.mark.parametrize("name", losses.WEIGHTED)
def test_alpha_weighs_the_shape_term(name):
    points, predicted = pair(3)
    none, one, four = (float(losses.loss(name, alpha)(points, predicted)) for alpha in (0, 1, 4))
    assert none == pytest.approx(float(losses.mse(points, predicted)))
    assert four - none == pytest.approx(4 * (one - none), rel=1e-3)
    assert one > none
    assert float(losses.loss(name)(points, predicted)) == pytest.approx(none + 0.01 * (one - none), rel=1e-3)


def test_points_that_coincide_have_a_finite_gradient():
    start = keras.initializers.Zeros()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(30, kernel_initializer=start)])
    model.add(keras.layers.Reshape((15, 2)))
    model.compile("sgd", losses.loss("cgd", 1.0))
    model.fit(np.ones((6, 1), np.float32), pair(0)[0], verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("name", losses.LOSSES)
def test_a_missing_label_carries_no_weight(name):
    points, predicted = pair(0)
    elsewhere = np.where(np.isnan(points), predicted + 1000, predicted)
    loss = losses.loss(name)
    assert float(loss(points, elsewhere)) == pytest.approx(float(loss(points, predicted)), rel=1e-6)
    assert float(loss(points, np.nan_to_num(points))) == 0


@pytest.mark.parametrize("name", losses.LOSSES)
def test_no_gradient_is_nan(name):
    points, _ = pair(1, missing=0.9)
    points[1] = np.nan
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Reshape((15, 2))(keras.layers.Dense(30)(inputs)))
    model.compile("sgd", losses.loss(name))
    model.fit(np.ones((6, 4), np.float32), points, batch_size=3, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_a_batch_without_labels_has_no_loss():
    points = np.full((2, 15, 2), np.nan, np.float32)
    assert [float(loss(points, np.zeros_like(points))) for loss in losses.LOSSES.values()] == [0] * len(losses.LOSSES)


def test_wing_is_steep_near_zero_and_continuous_where_it_becomes_linear():
    def wing(error):
        return float(losses.wing(np.zeros((1, 1, 2), np.float32), np.full((1, 1, 2), error, np.float32)))

    assert wing(4.9999) == pytest.approx(wing(5.0001), abs=1e-3)
    assert wing(20) - wing(19) == pytest.approx(1, abs=1e-3)
    assert wing(0.2) / 0.2 > 4


def test_huber_is_half_the_square_and_linear_from_three_pixels_on():
    def huber(error):
        return float(losses.huber(np.zeros((1, 1, 2), np.float32), np.full((1, 1, 2), error, np.float32)))

    assert huber(2) == pytest.approx(2)
    assert huber(3.0001) == pytest.approx(huber(2.9999), abs=1e-3)
    assert huber(-20) - huber(19) == pytest.approx(3, abs=1e-3)


def test_the_same_in_a_graph():
    points, predicted = pair(2)
    assert float(ops.convert_to_numpy(losses.wing(ops.array(points), ops.array(predicted)))) > 0


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="no loss 'hubert'; there are mse, mae, wing, huber"):
        losses.loss("hubert")
