import json

import pytest

from fkp_utils import profiles
from fkp_utils.course import claims, settled
from fkp_utils.datasets import loading
from fkp_utils.evaluation import verdicts


def made(identity, *rows):
    """Tests of one identity, each given as (data, profile, holds)."""
    words = {"statement": "It is so.", "theirs": "5", "ours": "4", "notebook": "03_lenet_activations"}
    return [claims.Test(identity, **words, data=data, profile=profile, holds=holds) for data, profile, holds in rows]


@pytest.mark.parametrize(
    ("identity", "rows", "expected"),
    [
        ("S0.7 KNN", [("synthetic", "full", False), ("kaggle", "quick", True)], ("kaggle", "quick", True)),
        ("S0.7 KNN", [("synthetic", "quick", False), ("kaggle", "quick", None)], ("synthetic", "quick", False)),
        ("S0.7 KNN", [("kaggle", "quick", True), ("kaggle", "full", False)], ("kaggle", "full", False)),
        ("S0.7 KNN", [("kaggle", "quick", True), ("kaggle", "full", None)], ("kaggle", "full", None)),
        ("S0.7 KNN", [("synthetic", "full", None), ("kaggle", "smoke", None)], ("kaggle", "smoke", None)),
        ("S0.7 KNN", [("labels", "full", False), ("celeba", "full", False)], None),  # they say nothing of it
        ("S0.1 axis", [("kaggle", "full", False), ("labels", "quick", True)], ("labels", "quick", True)),
        ("S0.1 axis", [("synthetic", "full", True)], None),
        ("S0.10 small", [("labels", "full", False), ("kaggle", "quick", True)], ("kaggle", "quick", True)),
        ("S4.1 normal", [("kaggle", "full", False), ("celeba", "quick", True)], ("celeba", "quick", True)),
        ("S4.2 own network", [("kaggle", "full", False), ("celeba", "quick", True)], ("celeba", "quick", True)),
        ("S1.2 loss", [("kaggle", "full", False), ("imm", "quick", True)], ("imm", "quick", True)),
        ("S1.4 MAE", [("faces_300w", "full", False), ("landmarks68", "quick", True)], ("landmarks68", "quick", True)),
        ("S1.5 beard", [("kaggle", "full", None), ("synthetic", "quick", True)], ("synthetic", "quick", True)),
        ("S0.13 drawings", [("kaggle", "full", False), ("drawings", "quick", True)], ("drawings", "quick", True)),
        ("K.1", [("synthetic", "full", False), ("kaggle", "quick", True)], ("kaggle", "quick", True)),
    ],
)
def test_the_first_data_that_decide_a_test_settle_it(identity, rows, expected):
    for several in (rows, rows[::-1]):
        found = [(test.data, test.profile, test.holds) for test in settled.settle(made(identity, *several))]
        assert found == ([expected] if expected else [])


def test_every_claim_can_be_settled_by_data_that_there_are():
    assert {data for order in settled.SETTLING.values() for data in order} <= settled.DATA.keys()
    assert set(settled.DATA.values()) == set(loading.NAMES)
    assert set(profiles.PROFILES) <= set(settled.WORK)


@pytest.fixture
def series(tmp_path):
    """Makes the folder of a series: what its notebooks, by name, found of tests, by their identities."""

    def keep(data, profile, date="2026-01-02", **notebooks):
        folder = tmp_path / f"{data}-{profile}-{date}"
        (folder / "records").mkdir(parents=True)
        words = {"statement": "It is so.", "theirs": "5", "ours": "4 [3, 5]", "device": "GPU"}
        for name, found in notebooks.items():
            stamp = {"parameters": {"DATA": data, "PROFILE": profile}, "executed": f"{date}T03:04:05+00:00"}
            stamp["versions"] = {"fkp_utils": "0.9"}
            stamp["claims"] = {identity: words | {"holds": holds} for identity, holds in found.items()}
            (folder / "records" / f"{name.strip('_')}.json").write_text(json.dumps(stamp))
        return str(folder)

    return keep


@pytest.fixture
def publish(tmp_path):
    """Publishes series into one file; the rows that it then has."""

    def rows(*several):
        settled.publish(several, tmp_path / "kept.json")
        kept = settled.published(source=tmp_path / "kept.json").values()
        return [(test.identity, test.data, test.profile, test.holds) for test in kept]

    return rows


EDA = {"S0.1 axis": True, "S4.1 normal": True}


def test_what_several_series_settle_is_kept_with_what_it_rests_on(series, publish, tmp_path):
    photos = series(
        "kaggle", "quick", _01_eda=EDA, _02_imputation={"S0.2 KNN": True}, _14_what_held_up={"S0.11 x": True}
    )
    labels = series("kaggle", "full", _01_eda=dict.fromkeys(EDA, False))
    assert publish(f"{photos}/records", f"labels={labels}") == [
        ("S0.1 axis", "labels", "full", False),
        ("S0.2 KNN", "kaggle", "quick", True),
        ("S4.1 normal", "labels", "full", False),
    ]
    found = settled.published(source=tmp_path / "kept.json")
    assert found["S0.1 axis"].basis == "labels, full, 200 epochs, 50 restarts, GPU, 2026-01-02, version 0.9"
    own = claims.own([verdicts.Tested("S0.14 app", "a", "b", "c", verdicts.unknown("d"))], "kaggle", "smoke")
    assert [*settled.published([*own, found["S0.1 axis"]], tmp_path / "nothing.json")] == ["S0.14 app"]


def test_publishing_the_same_again_changes_nothing(series, publish, tmp_path):
    several = [
        f"labels={series('kaggle', 'full', _01_eda=EDA, _13_best_model={'K.1': None})}",
        series("synthetic", "quick", _01_eda=EDA, _13_best_model={"K.1": True}),
    ]
    publish(*several)
    before = (tmp_path / "kept.json").read_bytes()
    for again in (several, several[::-1], several[:1], several[1:]):
        publish(*again)
        assert (tmp_path / "kept.json").read_bytes() == before


def test_rows_of_other_data_stay_where_they_settle_a_test_first(series, publish):
    photos = series("kaggle", "quick", _13_best_model={"K.1": False, "K.2": None, "K.3": False})
    made = series("synthetic", "full", _13_best_model={"K.1": True, "K.2": True, "K.3": None})
    expected = [
        ("K.1", "kaggle", "quick", False),
        ("K.2", "synthetic", "full", True),
        ("K.3", "kaggle", "quick", False),
    ]
    assert publish(photos) != expected
    assert publish(made) == expected


@pytest.mark.parametrize(("profile", "replaced"), [("smoke", False), ("quick", True), ("long", True)])
def test_as_much_work_on_the_same_data_replaces_a_row_and_less_does_not(series, publish, tmp_path, profile, replaced):
    publish(series("kaggle", "quick", _02_imputation={"S0.2 KNN": True}, _13_best_model={"K.1": False}))
    found = publish(series("kaggle", profile, date="2026-02-03", _02_imputation={"S0.2 KNN": False}))
    assert found == [
        ("S0.2 KNN", "kaggle", profile if replaced else "quick", not replaced),
        ("K.1", "kaggle", "quick", False),
    ]
    kept = settled.published(source=tmp_path / "kept.json")
    assert [kept[name].date for name in ("S0.2 KNN", "K.1")] == [
        "2026-02-03" if replaced else "2026-01-02",
        "2026-01-02",
    ]


def test_a_row_whose_notebook_records_the_test_no_more_is_dropped(series, publish):
    publish(series("kaggle", "full", _02_imputation={"S0.2 KNN": True, "S0.2 old": True}, _13_best_model={"K.1": True}))
    without = series("synthetic", "quick", _02_imputation={"S0.2 KNN": False})
    kept = [("S0.2 KNN", "kaggle", "full", True), ("K.1", "kaggle", "full", True)]
    assert publish(without, series("celeba", "quick", _02_imputation={"S0.2 KNN": True, "S0.2 old": None})) == [
        kept[0], ("S0.2 old", "kaggle", "full", True), kept[1]
    ]  # fmt: skip
    assert publish(without) == kept


def test_series_that_cannot_be_published_are_refused(series, tmp_path, capsys):
    with pytest.raises(ValueError, match="no records; expected those of a series"):
        settled.publish([str(tmp_path / "nothing")])
    photos = series("kaggle", "quick", _01_eda=EDA)
    for name in ("celeba", "drawings", "elsewhere"):
        with pytest.raises(ValueError, match="read as 'kaggle'; expected one of kaggle, labels before it"):
            settled.publish([f"{name}={photos}"])
    for words in ([], ["publish"], ["published", photos], ["publish", str(tmp_path / "nothing")]):
        assert settled.main(words) == 1
        assert capsys.readouterr().err.startswith("error: ")


def test_what_is_published_is_read_with_what_is_known_of_it():
    found = settled.published()
    assert len(found) > 100
    assert all(test.basis.startswith(test.data) and "None" not in test.basis for test in found.values())
