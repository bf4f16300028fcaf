import pandas as pd
import pytest
from scipy import stats

from fkp_utils import metrics
from fkp_utils.course import summary
from fkp_utils.lessons.best_model import long_runs


def interval(name, value):
    return {name: value, f"{name} low": value - 0.1, f"{name} high": value + 0.1}


ACCURACY = pd.DataFrame(
    [
        {"kind": "best", "name": "teacher, one view", "minutes": 30.0, **interval("rmse", 1.3)},
        {"kind": "best", "name": "one model, one view", "minutes": 40.0, **interval("rmse", 1.2),
         **interval("against the teacher", -0.1)},
        {"kind": "best", "name": "one model, ten views", "minutes": 40.0, **interval("rmse", 1.1)},
        {"kind": "point", "name": "nose_tip", **interval("rmse", 0.9)},
        {"kind": "point", "name": "left_eyebrow_outer_end", **interval("rmse", 1.7)},
        {"kind": "curve", "name": "teacher", "minutes": 25.0, "rmse": 1.4},
        {"kind": "curve", "name": "teacher", "minutes": 30.0, "rmse": 1.25},
        {"kind": "curve", "name": "one model", "minutes": 40.0, "rmse": 1.15},
    ]
), "photos, 2 cores"  # fmt: skip
ABLATION = (
    pd.DataFrame(
        [
            {"name": "everything", "rmse": 1.3, "change": 0.0, "sd": 0.02, "seeds": 3},
            {"name": "without Huber: squared errors", "rmse": 1.4, "change": 0.1, "sd": 0.01, "seeds": 3},
            {"name": "without Muon: Adam", "rmse": 1.315, "change": 0.015, "sd": 0.003, "seeds": 3},
            {"name": "without averaged weights", "rmse": 1.292, "change": -0.008, "sd": 0.01, "seeds": 3},
            {"name": "without a falling learning rate", "rmse": 1.32, "change": 0.02, "sd": 0.02, "seeds": 3},
            {"name": "with drop-out, 0.2", "rmse": 1.8, "change": 0.5, "sd": 0.01, "seeds": 3},
        ]
    ),
    "photos",
)


def test_models_have_their_numbers_with_intervals_in_words():
    table = long_runs.models(ACCURACY)
    assert list(table.index) == ["teacher, one view", "one model, one view", "one model, ten views"]
    assert table.loc["teacher, one view"].to_dict() == {
        "minutes": "30.00", "rmse": "1.30 [1.20, 1.40]", "against the teacher": ""
    }  # fmt: skip
    assert table.loc["one model, one view", "against the teacher"] == "-0.10 [-0.20, 0.00]"


def test_errors_by_name_and_at_the_ends_of_the_curves():
    assert list(long_runs.errors(ACCURACY, "point")) == ["nose_tip", "left_eyebrow_outer_end"]
    ends = long_runs.ends(ACCURACY)
    assert {name: each.value for name, each in ends.items()} == {"teacher": 1.3, "one model": 1.2}
    assert isinstance(ends["teacher"], metrics.Estimate)
    assert list(long_runs.on_other_faces(ACCURACY)) == [
        "this recipe, one model, one view (other faces)",
        "this recipe, one model, ten views (other faces)",
    ]


def test_what_the_figures_show_is_told():
    assert "nose tip, 0.90 [0.80, 1.00] px" in long_runs.hardest(ACCURACY)
    assert "left eyebrow outer end, 1.70" in long_runs.hardest(ACCURACY)
    assert "25 of the 40 minutes" in long_runs.minutes(ACCURACY)
    assert "end at 1.25 px (teacher) and 1.15 px (one model)" in long_runs.minutes(ACCURACY)
    assert "the lowest are 1.25 px in minute 30 (teacher) and" in long_runs.minutes(ACCURACY)


def test_an_ingredient_is_told_from_chance_by_the_seeds_with_and_without_it():
    assert "does not include 0: Huber. For these" in long_runs.decided(ABLATION)
    assert long_runs.decided(ABLATION).endswith("a falling learning rate, averaged weights, Muon.")
    text = long_runs.without(ABLATION, "falling rate, averaged weights")
    assert "without the schedule is 0.020 px higher" in text
    assert "and without averaged weights is 0.008 px lower" in text
    assert text.count("so this may be chance") == 2
    assert "chance" not in long_runs.without(ABLATION, "Huber loss")


def test_a_small_spread_without_an_ingredient_is_not_enough_where_the_whole_recipe_spreads_more():
    assert stats.ttest_ind_from_stats(1.315, 0.003, 3, 1.3, 0.02, 3, equal_var=False).pvalue > 0.05
    assert "0.015 px higher (95% interval of the change -0.033 to +0.063 px, so" in long_runs.without(ABLATION, "Muon")


def test_the_tables_of_the_checkout_know_all_ingredients():
    rows = set(long_runs.ablation(summary.published("ablation"))["name"])
    waiting = {"without own outputs of the sources"}  # to be measured from a start that has the same outputs
    assert {name for step in long_runs.WITHOUT.values() for name in step.values()} - waiting <= rows


@pytest.mark.parametrize("function", [long_runs.source, long_runs.hardest, long_runs.minutes])
def test_without_results_that_is_said(function):
    assert function(None) == long_runs.MISSING


def test_without_results_tables_are_empty():
    assert not len(long_runs.models(None))
    assert not len(long_runs.part(None, "curve"))
    assert long_runs.errors(None, "point") == long_runs.on_other_faces(None) == {}
    assert long_runs.without(None, "Muon") == ""
    assert "does not include 0: none." in long_runs.decided(None)
