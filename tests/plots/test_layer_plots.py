import numpy as np
import pandas as pd
import pytest

from fkp_utils import metrics
from fkp_utils.plots import common as plots
from fkp_utils.plots import layer_plots


def estimates(*values):
    return [metrics.Estimate(value, value - 0.1, value + 0.1) for value in values]


def texts(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


def test_panels_have_the_layers_and_one_legend():
    lines = {"own": estimates(0.5, 0.2), "other": estimates(0.1, 0.2)}
    figure = layer_plots.curves_by_layer({"random": lines, "trained": lines}, ["first", "last"], "|r|")
    assert [axes.get_title() for axes in figure.axes] == ["random", "trained"]
    assert texts(figure.axes[0]) == ["first", "last"]
    assert figure.axes[0].get_ylim()[0] == 0
    assert not any(axes.get_legend() for axes in figure.axes)
    assert [text.get_text() for text in figure.legends[0].texts] == ["own", "other"]


def test_readouts_are_lines_with_intervals_aside_of_each_other():
    found = {
        "random": dict(zip("ab", estimates(5, 4), strict=True)),
        "trained": dict(zip("ab", estimates(5, 3), strict=True)),
    }
    figure = layer_plots.readouts(found, ["first", "last"])
    axes = figure.axes[0]
    first, second = (line for line in axes.lines if not line.get_label().startswith("_"))
    np.testing.assert_allclose(first.get_ydata(), [5, 4])
    assert (first.get_xdata() < second.get_xdata()).all()
    assert texts(axes) == ["first", "last"]
    assert len(axes.containers) == 2


def test_before_is_dashed_and_has_the_colour_of_after():
    found = {
        name: {"a": each} for name, each in zip(("1, before", "1, after", "2, before"), estimates(5, 4, 3), strict=True)
    }
    figure = layer_plots.readouts(found, ["a"], before_and_after=True)
    lines = figure.axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["--", "-", "--"]
    assert [line.get_color() for line in lines] == [plots.BLUE, plots.BLUE, plots.ORANGE]


@pytest.mark.parametrize("epochs", [1, 3])
def test_every_restart_is_a_line_and_every_start_a_colour(epochs):
    rows = [(restart, epoch, 5.0 - epoch) for restart in (0, 1) for epoch in range(1, epochs + 1)]
    history = pd.DataFrame(rows, columns=["restart", "epoch", "validation"])
    figure = layer_plots.starts({"small": {"from scratch": history, "others": history}})
    axes = figure.axes[0]
    assert len(axes.lines) == 4
    assert [text.get_text() for text in axes.get_legend().texts] == ["from scratch", "others"]
    assert axes.get_xlim() == (0.5, epochs + 0.5)
    assert axes.get_ylim()[0] == 0 < 4 < axes.get_ylim()[1]
