import pandas as pd
import pytest

from fkp_utils import metrics
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons import what_held_up

HOLDS, NOT, OPEN = verdicts.WORDS.values()


def table(*rows):
    """Tests, each given as (identity, here, verdict, why)."""
    columns = ["claim", "report", "statement", "here", "verdict", "why", "notebook"]
    made = [(i.split()[0], i[:2], f"{i} is so.", here, verdict, why, "03_x") for i, here, verdict, why in rows]
    return pd.DataFrame(made, [row[0] for row in rows], columns)


def variants(*names):
    errors = [3.0 + number for number in range(len(names))]
    return pd.DataFrame({"variant": names, "eval mse": errors}), "photos, a GPU"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("vgg16, ImageNet, augmented", "lenet5"), True),
        (("lenet5", "vgg16, ImageNet, augmented"), False),
        (("vgg16, ImageNet", "lenet5"), False),
        (("lenet5", "small"), None),
    ],
)
def test_the_best_of_all_variants_is_that_of_the_lowest_error(names, expected):
    found = what_held_up.claims(variants(*names))
    assert [each.identity for each in found] == ["S0.11 best", "S0.14 app", "S4.4 API"]
    assert found[0].verdict.holds is expected
    assert found[0].verdict.why
    assert found[0].ours.startswith(f"{names[0]}: MSE 3.00 px², first of 2; photos, a GPU")
    assert found[0].ours.endswith("; VGG-16 was not trained") == (expected is None)


def test_what_is_not_there_is_not_told(monkeypatch):
    assert what_held_up.claims(None)[0].verdict == verdicts.unknown("it takes the table of long runs")
    assert [each.verdict.holds for each in what_held_up.claims(None)[1:]] == [True, True]
    monkeypatch.setattr(what_held_up.importlib.util, "find_spec", lambda name: None)
    gone = what_held_up.claims(None)[1:]
    assert [(each.ours, each.verdict.holds) for each in gone] == [("no app yet", None), ("no function yet", None)]


def test_verdicts_are_counted_and_claims_of_mixed_ones_named():
    tests = table(
        ("S0.2 a", "", HOLDS, ""), ("S0.2 b", "", NOT, ""), ("S0.3 a", "", HOLDS, ""), ("S0.3 b", "", OPEN, "")
    )
    assert what_held_up.counts(tests) == {HOLDS: 2, NOT: 1, OPEN: 1}
    assert what_held_up.fared(tests) == "2 hold, 1 do not, and 1 cannot be told"
    assert what_held_up.mixed(tests) == ["S0.2"]


def test_an_interval_is_read_from_what_was_found():
    assert what_held_up.interval("changes by -1.70 [-1,041.5, 1.99] px") == metrics.Estimate(-1.7, -1041.5, 1.99)
    assert what_held_up.interval("12 faces are tilted") is None
    assert what_held_up.interval("1.0 [0.5, 1.5], 2.0 [1.5, 2.5] px") is None, "which of the two?"


def test_changes_are_those_of_the_rmse_in_pixels():
    tests = table(
        ("S0.1 a", "RMSE changes by 0.30 [0.10, 0.50] px with bars", HOLDS, ""),
        ("S0.1 b", "RMSE changes by -0.30 [-0.50, -0.10] px", NOT, "restarts differ"),
        ("S0.1 c", "cost changes by 0.30 [0.10, 0.50] px²", HOLDS, ""),
        ("S0.1 d", "RMSE changes by 0.3 [0.1, 0.5] px, by 0.2 [0.1, 0.3] px covered", HOLDS, ""),
        ("S0.1 e", "not trained", OPEN, ""),
    )
    found = what_held_up.changes(tests)
    assert found.index.tolist() == ["S0.1 b", "S0.1 a"]
    assert found.loc["S0.1 b"].tolist() == [-0.3, -0.5, -0.1, NOT, "restarts differ"]
    assert what_held_up.changes(tests[4:]).empty


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("LeNet-5 was not restarted, or is no better than the mean points", "a network had not learnt enough"),
        (
            "it is so in 50% of the bootstrap draws; one of the two was not restarted",
            "too few restarts, or they differ",
        ),
        ("one of the two did not train", "a network was not trained"),
        ("the interval over persons from -1 to 1 includes 0", "the interval, or the draws, leave it open"),
        ("it was not trained", "a network was not trained"),
        ("too few faces are tilted", "the data lack what it takes"),
        ("", "no reason is recorded"),
    ],
)
def test_reasons_are_of_a_few_kinds(why, kind):
    assert what_held_up.reason(why) == kind


def test_reasons_are_counted_where_a_claim_is_open():
    tests = table(
        ("S0.1 a", "", OPEN, "there is 1 restart"),
        ("S0.1 b", "", OPEN, "it was not trained"),
        ("S0.1 c", "", OPEN, "nothing was restarted"),
        ("S0.1 d", "", HOLDS, "the whole interval lies above 0"),
    )
    found = what_held_up.reasons(tests)
    assert found["tests"].to_dict() == {"too few restarts, or they differ": 2, "a network was not trained": 1}
    assert found["for example"].iloc[0] == "S0.1 a is so."
    assert what_held_up.reasons(tests[3:]).empty


def test_what_is_decided_here_and_elsewhere_is_compared():
    here = pd.DataFrame({"verdict": ["holds", "holds", "cannot be told here", "holds"]}, ["a", "b", "c", "d"])
    words = ["holds", "does not hold", "holds"]
    settled = pd.DataFrame({"verdict": words, "here": "1 px", "rests on": "photos"}, ["a", "b", "c"])
    both, decided, opposite = what_held_up.in_both(here, settled)
    assert [list(each.index) for each in (both, decided, opposite)] == [["a", "b", "c"], ["a", "b"], ["b"]]
    assert both.loc["c", "settled rests on"] == "photos"


def test_a_report_in_words_counts_and_names_what_was_refuted():
    tests = table(
        ("S0.1 a", "", HOLDS, ""),
        ("S0.1 b", "", NOT, ""),
        ("S0.2 c", "", NOT, ""),
        ("S0.2 d", "", OPEN, ""),
        ("S1.1 e", "", OPEN, ""),
    )
    first, second, third = what_held_up.in_words(tests, {"S0": "Faces", "S1": "Noses", "S2": "Rates"}, 1).split("\n")
    assert first == (
        "- **Faces (S0).** Of 4 tests of 2 claims, 1 holds, 2 do not, and 1 cannot be told."
        " Refuted: “S0.1 b is so” (03), and 1 more."
    )
    assert second == "- **Noses (S1).** Of 1 test of 1 claim, 0 hold, 0 do not, and 1 cannot be told."
    assert third == "- **Rates (S2).** Nothing was tested."


def test_networks_are_named_by_what_tells_them_apart():
    rows = [
        ("lenet5, masked, drop-out", 7.5, None, 10),
        ("small, drop-out", 5.0, 6.0, 20),
        ("mean points", 18, None, None),
    ]
    whole = pd.DataFrame(rows, columns=["variant", "eval mse", "earlier mse", "parameters"])
    found = what_held_up.variant_errors(whole)
    assert found.index.tolist() == ["small", "lenet5, masked", "mean points"]
    assert found["earlier report"].iloc[0] == 6
    assert list(found) == ["here", "earlier report"]
    told = what_held_up.best_variant(found, "photos, a GPU")
    assert told.startswith(f"The best is *small* with {found['here'].iloc[0]:.2f} px² on the evaluation faces")
    assert "The work behind it: photos, a GPU." in told
