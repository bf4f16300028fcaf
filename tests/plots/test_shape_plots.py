import numpy as np
import pandas as pd

from fkp_utils import metrics
from fkp_utils.plots import shape_plots


def test_a_number_for_every_pair():
    names = list("abc")
    figure = shape_plots.pair_table(pd.DataFrame([[np.nan, 1, 2], [3, np.nan, 4], [5, 6, np.nan]], names, names), "%")
    axes = figure.axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0"]
    assert [label.get_text() for label in axes.get_xticklabels()] == names


def test_a_sweep_shows_each_line_no_change_and_the_readings():
    found = {10.0: metrics.Estimate(3, 2, 4), 0.1: metrics.Estimate(2, 1, 3)}
    figure = shape_plots.sweep({"term": found, "other": found}, {"mean": 0.01}, ("weight", "change"))
    axes = figure.axes[0]
    term, other = (bars.lines[0].get_xydata() for bars in axes.containers)
    np.testing.assert_allclose(term, [[0.1, 2], [10, 3]])
    assert (other[:, 0] > term[:, 0]).all(), "intervals of two lines would cover each other"
    assert axes.get_xscale() == "log"
    assert [text.get_text().strip() for text in axes.texts] == ["mean"]
    assert [text.get_text() for text in figure.legends[0].texts] == ["without the term", "term", "other"]
