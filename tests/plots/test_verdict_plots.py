import numpy as np
import pandas as pd

from fkp_utils.evaluation import verdicts
from fkp_utils.plots import verdict_plots

HOLDS, NOT, OPEN = verdicts.WORDS.values()


def test_shares_are_areas_that_sum_to_one(axes):
    table = {HOLDS: np.array([0, 0.5, 1]), NOT: np.array([1, 0.2, 0]), OPEN: np.array([0, 0.3, 0])}
    verdict_plots.shares(axes, np.array([-1, 0, 1]), table)
    assert [area.get_label() for area in axes.collections] == [HOLDS, NOT, OPEN]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 1), (0, 1))


def test_a_mark_for_each_test_in_the_row_of_its_claim(axes):
    table = pd.DataFrame({"claim": ["S0.1", "S0.1", "S0.2"], "verdict": [OPEN, HOLDS, NOT]})
    verdict_plots.tests(axes, table, ["S0.1", "S0.2", "S0.3"])
    found = {marks.get_label(): marks.get_offsets().tolist() for marks in axes.collections}
    assert found == {HOLDS: [[1, 0]], NOT: [[1, 1]], OPEN: [[2, 0]]}, "what holds comes first"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["S0.1", "S0.2", "S0.3"]


def test_intervals_are_coloured_by_verdict(axes):
    columns = {"value": [-1, 2], "low": [-2, 1], "high": [0, 4], "verdict": [OPEN, HOLDS]}
    verdict_plots.intervals(axes, pd.DataFrame(columns, ["a", "b"]), "px", linear=1)
    bars = {each.get_label(): each[2][0].get_segments() for each in axes.containers}
    assert [segment.tolist() for segment in bars[HOLDS]] == [[[1, 1], [4, 1]]]
    assert [segment.tolist() for segment in bars[OPEN]] == [[[-2, 0], [0, 0]]]
    assert bars[NOT] == []
    assert axes.get_xscale() == "symlog"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    axes.figure.canvas.draw()


def test_tables_are_counted_by_what_they_refute(axes):
    verdict_plots.refuted(axes, np.array([0, 0, 1, 7, 5]), np.array([2.0, 1, 0, 0, 0, 2]))
    assert [bar.get_height() for bar in axes.patches] == [2, 1, 0, 0, 0, 2], "the last bar has all that are larger"
    assert axes.lines[0].get_ydata().tolist() == [2, 1, 0, 0, 0, 2]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "5+"]


def test_variants_have_a_mark_for_each_error():
    (axes,) = verdict_plots.variants(pd.DataFrame({"here": [2.0, 3.0], "there": [np.nan, 4.0]}, ["b", "a"])).axes
    assert [line.get_label() for line in axes.lines] == ["here", "there"]
    assert axes.yaxis_inverted()
    assert axes.get_xlim()[0] == 0
