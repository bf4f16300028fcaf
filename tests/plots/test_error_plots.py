import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fkp_utils import metrics
from fkp_utils.plots import error_plots


def estimates(values):
    return [metrics.Estimate(value, value - 0.5, value + 0.5) for value in values]


def test_a_table_of_errors_shows_its_numbers():
    _, axes = plt.subplots()
    error_plots.error_table(axes, pd.DataFrame({"one": [1.04, 2.0], "two": [3.0, np.nan]}, index=["eye", "nose"]))
    assert [text.get_text() for text in axes.texts] == ["1.0", "3.0", "2.0"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["eye", "nose"]


def test_reliability_has_a_line_where_both_agree():
    _, axes = plt.subplots()
    error_plots.reliability(axes, [1, 2], estimates([1.5, 2.5]), "net")
    assert axes.get_xlim() == axes.get_ylim()
    low, high = axes.get_xlim()
    assert low == 0
    assert high >= 3
    assert axes.get_legend_handles_labels()[1] == ["net"]


def test_pairs_have_rows_by_name_and_one_legend():
    images = {"plain": np.zeros((3, 8, 8, 1)), "odd one": np.full((2, 8, 8, 1), 300.0)}
    points = {"plain": {"given": np.ones((3, 5, 2)), "predicted": np.ones((3, 5, 2))}, "odd one": {}}
    figure = error_plots.pairs_sheet(images, points)
    assert len(figure.axes) == 6
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["plain", "odd\none"]
    assert [text.get_text() for text in figure.legends[0].texts] == ["given", "predicted"]
    assert figure.axes[3].images[0].get_array().max() <= 255


def test_conditions_have_a_panel_each_with_its_unit():
    curve = ([1.0, 2.0], {"a": estimates([1, 2]), "b": estimates([2, 3])})
    figure = error_plots.condition_sheet({name: curve for name in "wxyz"}, {name: f"unit {name}" for name in "wxyz"})
    assert len(figure.axes) == 6
    assert [axes.get_xlabel() for axes in figure.axes[:4]] == [f"unit {name}" for name in "wxyz"]
    assert [axes.axison for axes in figure.axes] == [True] * 4 + [False] * 2
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b"]
