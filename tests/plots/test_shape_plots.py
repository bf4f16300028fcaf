import matplotlib.pyplot as plt
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
    plt.close(figure)


def test_a_sweep_shows_each_line_what_it_is_without_and_the_readings():
    found = {10.0: metrics.Estimate(3, 2, 4), 0.1: metrics.Estimate(2, 1, 3)}
    figure = shape_plots.sweep({"term": found}, metrics.Estimate(1.5, 1, 2), {"mean": 0.01}, ("weight", "error"))
    axes = figure.axes[0]
    line = next(each for each in axes.lines if each.get_label() == "term")
    np.testing.assert_allclose(line.get_xydata(), [[0.1, 2], [10, 3]])
    assert axes.get_xscale() == "log"
    assert [text.get_text().strip() for text in axes.texts] == ["mean"]
    plt.close(figure)
