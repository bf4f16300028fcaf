import numpy as np
import pandas as pd
import pytest

from fkp_utils.plots import common as plots
from fkp_utils.plots import training_plots


def history(restarts=2, epochs=3, lost=None):
    rows = [(number, epoch, 9.0 / epoch + number, 10.0 / epoch + number) for number in range(restarts)
            for epoch in range(1, epochs + 1)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["restart", "epoch", "training", "validation"])
    if lost:
        table.loc[0, "training"] = lost
    return table


def test_every_restart_has_two_curves_and_the_kept_one_its_best_epoch(axes):
    training_plots.learning_curves(axes, history(), kept=1)
    *curves, dot = axes.lines
    assert [line.get_color() for line in curves] == [plots.BLUE, plots.ORANGE] * 2
    np.testing.assert_allclose(curves[0].get_xydata(), [(1, 9.0), (2, 4.5), (3, 3.0)])
    assert dot.get_xydata().tolist() == [[3, 10 / 3 + 1]]
    assert curves[2].get_linewidth() > curves[0].get_linewidth()


def test_curves_share_a_scale_that_an_explosion_does_not_stretch():
    figure = training_plots.curve_sheet({name: (history(epochs=20, lost=1e6), 0) for name in ("a", "b", "c", "d")})
    *panels, off, last = figure.axes
    assert [axes.get_title() for axes in panels] == ["a", "b", "c", "d"]
    assert not off.axison
    assert not last.axison
    assert {axes.get_ylim() for axes in panels} == {panels[0].get_ylim()}
    assert panels[0].get_ylim()[1] < 20
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "validation"]


def test_curves_have_the_level_of_the_mean_points_and_another_unit():
    figure = training_plots.curve_sheet({"a": (history(epochs=20), 0), "b": (history(), 0)}, 2, level=4.0, unit="loss")
    first, second = figure.axes
    for axes in (first, second):
        assert [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"] == [4.0]
    assert (first.get_yscale(), first.get_ylabel(), second.get_ylabel()) == ("log", "loss", "")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "validation", "mean points"]
    for level in (50.0, 0.1):
        low, high = training_plots.curve_sheet({"a": (history(epochs=20), 0)}, level=level).axes[0].get_ylim()
        assert low < level < high


def test_no_curve_is_cut_off_where_another_is_shorter():
    figure = training_plots.curve_sheet({"a": (history(epochs=20), 0), "b": (history(epochs=3), 0)})
    assert {axes.get_xlim() for axes in figure.axes} == {(0.5, 20.5)}


def test_one_curve_fills_the_figure():
    assert len(training_plots.curve_sheet({"a": (history(), 0)}).axes) == 1


def test_paths_are_drawn_over_their_valley():
    path = np.array([[-8.0, 1.5], [-4, -1], [0, 0.1]])
    figure = training_plots.descent_sheet({"plain": path, "momentum": path}, [1, 25])
    assert [axes.get_title() for axes in figure.axes] == ["plain", "momentum"]
    for axes in figure.axes:
        assert path.tolist() in [line.get_xydata().tolist() for line in axes.lines]
        assert axes.get_xlim()[0] < -8


def test_losses_by_rate_leave_out_what_explodes(axes):
    losses = {"after 2": np.array([0.02, 0.01, np.nan]), "after 5": np.array([0.01, 0.004, 1e9])}
    training_plots.loss_by_rate(axes, [0.1, 0.3, 1.0], losses, 0.01)
    assert axes.get_ylim() == pytest.approx((0.0032, 0.05))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "0.3", "1"]
    assert axes.get_legend_handles_labels()[1] == ["after 2", "after 5", "mean points"]
    inside = [label.get_text() for label in axes.get_yticklabels() if 0.0032 < label.get_position()[1] < 0.06]
    assert inside == ["0.005", "0.01", "0.02", "0.05"]
