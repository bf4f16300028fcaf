import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from fkp_utils import losses, metrics


def pair(seed, missing=0.3):
    generator = np.random.default_rng(seed)
    points = generator.uniform(0, 95, (6, 15, 2)).astype(np.float32)
    points[generator.random((6, 15)) < missing] = np.nan
    points[0, 0] = 40
    return points, (np.nan_to_num(points, nan=50) + generator.normal(0, 4, points.shape)).astype(np.float32)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_mse_and_mae_are_those_of_the_metrics(seed):
    points, predicted = pair(seed)
    assert float(losses.mse(points, predicted)) == pytest.approx(metrics.mse(predicted, points), rel=1e-4)
    assert float(losses.mae(points, predicted)) == pytest.approx(metrics.mae(predicted, points), rel=1e-4)


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
    assert [float(loss(points, np.zeros_like(points))) for loss in losses.LOSSES.values()] == [0, 0, 0]


def test_wing_is_steep_near_zero_and_continuous_where_it_becomes_linear():
    def wing(error):
        return float(losses.wing(np.zeros((1, 1, 2), np.float32), np.full((1, 1, 2), error, np.float32)))

    assert wing(4.9999) == pytest.approx(wing(5.0001), abs=1e-3)
    assert wing(20) - wing(19) == pytest.approx(1, abs=1e-3)
    assert wing(0.2) / 0.2 > 4


def test_the_same_in_a_graph():
    points, predicted = pair(2)
    assert float(ops.convert_to_numpy(losses.wing(ops.array(points), ops.array(predicted)))) > 0


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="no loss 'huber'; there are mse, mae, wing"):
        losses.loss("huber")
