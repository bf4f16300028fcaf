import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils.lessons.regularisation_and_learning_rate import early_stopping
from fkp_utils.plots import training_plots


def test_early_stopping_at_a_plateau_and_after_the_best():
    validation = np.array([5, 4, 4.5, 4.2, 3, 2, 2.5, 2.6, 2.7])
    assert early_stopping.stop(validation, 1) == early_stopping.Stop(3, 4.5, 4)
    assert early_stopping.stop(validation, 2) == early_stopping.Stop(4, 4.2, 4)
    assert early_stopping.stop(validation, 3) == early_stopping.Stop(9, 2.7, 2)
    assert early_stopping.stop(validation, 9) == early_stopping.Stop(9, 2.7, 2)
    table = early_stopping.stops(validation, [1, 3])
    assert table.loc[1].tolist() == pytest.approx([3, 125, 100])
    assert table.loc[3].tolist() == pytest.approx([9, 35, 0])
    assert early_stopping.rises(validation) == pytest.approx(4 / 8)
    with pytest.raises(ValueError, match="patience is 0; expected at least 1"):
        early_stopping.stop(validation, 0)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.integers(1, 30))
def test_more_patience_never_keeps_worse_weights(validation, patience):
    early, late = (early_stopping.stop(np.array(validation), each) for each in (patience, patience + 1))
    assert late.best <= early.best <= early.last
    assert early.epoch <= late.epoch <= len(validation)
    assert early_stopping.stop(np.array(validation), len(validation)).best == min(validation)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_it_stops_where_keras_stops(patience):
    validation = np.array([5, 4, 4.5, 4.2, 3, 2, 2.5, 2.6, 2.7, 1])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    callback = keras.callbacks.EarlyStopping("val_loss", patience=patience)
    callback.set_model(model)
    callback.on_train_begin()
    model.stop_training, epoch = False, 0
    while not model.stop_training:
        callback.on_epoch_end(epoch, {"val_loss": validation[epoch]})
        epoch += 1
    assert early_stopping.stop(validation, patience).epoch == epoch


def test_patiences_up_to_half_of_the_epochs():
    assert early_stopping.patiences(1) == [1]
    assert early_stopping.patiences(36) == [1, 2, 3, 5, 10]


def test_plateau_and_end_of_a_curve():
    curve = np.array([5, 5, 4.6, 4.4, 3, *np.full(5, 2.0), *np.full(8, 2.2), 3, 2.6])
    assert early_stopping.plateau(curve, 5) == 3
    assert early_stopping.plateau(curve, 2) == len(curve)
    assert early_stopping.end(curve) == pytest.approx(100 * (2.8 / 2 - 1))
    assert early_stopping.end(np.array([2.0])) == 0


def test_stops_are_drawn_once_for_each_training():
    axes = plt.figure().subplots()
    table = early_stopping.stops(np.array([5, 4, 4.5, 4.2, 3, 2, 2.5]), [1, 2, 5])
    training_plots.early_stopping(axes, [table, table])
    assert len(axes.lines) == 4
    assert axes.get_legend_handles_labels()[1] == ["weights at the stop", "best weights until then"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "5"]
    plt.close("all")
