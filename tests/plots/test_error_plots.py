import itertools

import numpy as np
import pandas as pd

from fkp_utils import metrics
from fkp_utils.plots import error_plots


def estimates(values):
    return [metrics.Estimate(value, value - 0.5, value + 0.5) for value in values]


def test_a_table_of_errors_shows_its_numbers(axes):
    error_plots.error_table(axes, pd.DataFrame({"one": [1.04, 2.0], "two": [3.0, np.nan]}, index=["eye", "nose"]))
    assert [text.get_text() for text in axes.texts] == ["1.0", "3.0", "2.0"]
    assert [text.get_color() for text in axes.texts] == ["black", "white", "white"], "1, 3 and 2 of 3"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["eye", "nose"]


def test_reliability_has_a_line_where_both_agree(axes):
    error_plots.reliability(axes, [1, 2], estimates([1.5, 2.5]), "net")
    assert axes.get_xlim() == axes.get_ylim()
    low, high = axes.get_xlim()
    assert low == 0
    assert high >= 3
    assert axes.get_legend_handles_labels()[1] == ["net"]
    error_plots.reliability(axes, [1, 2], estimates([3.5, 6.5]), "other")
    assert axes.get_ylim()[1] >= 7, "the second network fits in, too"


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


def test_errors_by_time_are_named_by_their_numbers_and_start_at_zero(axes):
    errors = dict(zip(["0  LeNet", "1  maps"], estimates([4, 2]), strict=True))
    error_plots.error_by_time(axes, errors, {"0  LeNet": 10.0, "1  maps": 100.0})
    assert [text.get_text() for text in axes.texts] == ["0", "1"]
    assert axes.get_xscale() == "log"
    assert axes.get_ylim()[0] == 0


def test_numbers_of_dots_that_are_close_together_are_all_read(axes):
    names = ["3", "4", "5", "6", "9", "10"]
    errors = dict(zip(names, estimates([3.67, 3.5, 3.9, 3.2, 2.03, 1.96]), strict=True))
    error_plots.error_by_time(axes, errors, dict(zip(names, [17.1, 15.6, 17.6, 19.4, 60, 60], strict=True)))
    axes.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(first.overlaps(second) for first, second in itertools.combinations(boxes, 2))
    assert all(axes.bbox.contains(*corner) for box in boxes for corner in box.corners())


def test_minutes_have_a_line_for_each_training_and_the_error_at_its_end(axes):
    rows = [("teacher", 25.0, 1.3), ("teacher", 30.0, 1.2), ("one model", 31.0, 1.2), ("one model", 36.0, 1.1)]
    curves = pd.DataFrame(rows, columns=["name", "minutes", "rmse"])
    error_plots.training_minutes(axes, curves, {"teacher": estimates([1.4])[0]})
    assert axes.get_legend_handles_labels()[1] == ["synthetic faces (25 min)", "teacher", "one model"]
    assert axes.get_xlim()[0] == 23
    assert 0 < axes.get_ylim()[0] < 1.1
    assert len(axes.containers) == 1


def test_one_model_needs_no_legend_and_two_conditions_two_panels():
    curve = ([1.0, 2.0], {"a": estimates([1, 2])})
    figure = error_plots.condition_sheet({name: curve for name in "wx"}, {name: name for name in "wx"})
    assert len(figure.axes) == 2
    assert not figure.legends
    assert not any(axes.get_legend() for axes in figure.axes)


def test_coverage_is_in_percent(axes):
    error_plots.coverage(axes, {0.5: metrics.Estimate(0.4, 0.3, 0.6), 0.9: metrics.Estimate(0.9, 0.8, 1)}, "net")
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(x, [50, 90])
    np.testing.assert_allclose(y, [40, 90])
    assert axes.get_legend_handles_labels()[1] == ["net"]
