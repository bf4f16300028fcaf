import re

import pandas as pd
import pytest

from fkp_utils.course import claims, notebooks
from fkp_utils.evaluation import verdicts
from fkp_utils.system import places


def stamp(*identities, holds=True, data="synthetic", profile="quick"):
    claim = {"statement": "It <is> so.", "theirs": "5", "ours": "4 [3, 5]", "holds": holds, "device": "GPU"}
    return {
        "parameters": {"DATA": data, "PROFILE": profile},
        "executed": "2026-01-02T03:04:05+00:00",
        "versions": {"fkp_utils": "0.9"},
        "claims": {identity: claim for identity in identities},
    }


def lesson(name):
    """The source of what a notebook alone needs."""
    place = places.PACKAGE / "lessons" / name[3:]
    return "\n".join(
        path.read_text(encoding="utf-8") for path in [*place.rglob("*.py"), place.with_suffix(".py")] if path.is_file()
    )


EDA = ("S0.1 axis", "S4.1 normal")


def test_every_claim_of_the_reports_is_there_once():
    numbers = {"S0": 14, "S1": 5, "S2": 6, "S3": 3, "S4": 4}
    expected = [f"{report}.{number}" for report, count in numbers.items() for number in range(1, count + 1)]
    assert [claim.identity for claim in claims.CLAIMS] == expected
    assert all(claim.statement and claim.theirs for claim in claims.CLAIMS)
    assert numbers.keys() == claims.REPORTS.keys()


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.identity)
def test_the_notebook_of_a_claim_names_it(claim):
    path = places.NOTEBOOKS / f"{claim.notebook}.ipynb"
    if not path.is_file():
        pytest.skip("announced")
    code = "\n".join([*(cell["source"] for cell in notebooks.cells(path)), lesson(claim.notebook)])
    hint = f"{claim.notebook} records no test of {claim.identity}"
    assert re.search(rf'"{re.escape(claim.identity)}[ "]', code), hint


def test_what_the_notebooks_name_is_a_claim():
    known = {claim.identity for claim in claims.CLAIMS}
    for name in notebooks.names():
        code = "\n".join(cell["source"] for cell in notebooks.cells(places.NOTEBOOKS / f"{name}.ipynb"))
        assert set(re.findall(r'(?:claim|Tested)\(\s*f?"(S\d\.\d+)', code + lesson(name))) <= known, name


def test_tests_come_in_the_order_of_the_claims():
    found = claims.tests({"01_eda": stamp(*EDA), "07_grad_cam": stamp("S4.3 alike", holds=None)})
    assert [(test.identity, test.verdict) for test in found] == [
        ("S0.1 axis", "holds"), ("S4.1 normal", "holds"), ("S4.3 alike", "cannot be told here")
    ]  # fmt: skip
    assert (found[0].claim, found[0].anchor, found[0].notebook) == ("S0.1", "claim-s0-1-axis", "01_eda")


def test_a_claim_without_a_record_is_an_error_only_where_its_notebook_was_executed():
    with pytest.raises(ValueError, match=r"without a record, .*: S4.1 in 01_eda"):
        claims.tests({"01_eda": stamp("S0.1 axis")})
    assert claims.tests({"02_imputation": stamp("S0.2 KNN")})
    assert claims.tests({}) == []


def test_a_record_of_no_claim_is_an_error():
    with pytest.raises(ValueError, match=r"01_eda records 'S7\.1 x'; no claim of that number"):
        claims.tests({"01_eda": stamp(*EDA, "S7.1 x")})


def test_what_is_said_elsewhere_is_tested_too_and_comes_last():
    found = claims.tests({"13_best_model": stamp("K.2", "K.1 gain"), "02_imputation": stamp("S0.2 KNN")})
    assert [test.identity for test in found] == ["S0.2 KNN", "K.1 gain", "K.2"]
    assert len(claims.table(found, "K", {})) == 2


def test_the_verdict_on_a_claim_counts_its_tests():
    first, normal = claims.CLAIMS[0], next(claim for claim in claims.CLAIMS if claim.identity == "S4.1")
    found = claims.tests({"01_eda": stamp("S0.1 a", "S4.1 b")})
    found += claims.tests({"02_imputation": stamp("S0.1 c", "S0.1 d", "S0.2 e", holds=False)})
    assert claims.verdict(first, found, []) == "1 holds, 2 do not"
    assert claims.verdict(normal, found, []) == "holds"
    assert claims.verdict(first, [], ["01_eda"]) == "not executed here"
    assert claims.verdict(first, [], []) == "announced"


def test_the_front_table_has_a_row_a_claim_and_leads_to_the_cells():
    found = claims.tests({"01_eda": stamp(*EDA)})
    table = claims.front(found, ["01_eda"])
    assert len(table) == len(claims.CLAIMS)
    row = table.iloc[0]
    assert (row["claim"], row["here"]) == ("S0.1", "holds")
    assert row["page"] == '<a href="01_eda.ipynb#claim-s0-1-axis">01</a>'
    assert table.iloc[1]["page"] == "02"
    assert table.iloc[1]["here"] == "announced"
    assert set(table["settled"]) == {"–"}
    kept = {test.identity: test for test in claims.tests({"01_eda": stamp(*EDA, holds=False)})}
    settled = claims.front(found, ["01_eda"], kept).set_index("claim")
    assert settled.loc["S0.1", ["settled", "here"]].tolist() == ["does not hold", "holds"]
    assert settled.loc["S0.2", "settled"] == "–"


def test_the_table_of_a_report_is_html_with_what_settles_each_test():
    found = claims.tests({"01_eda": stamp(*EDA)})
    table = claims.table(found, "S0", {})
    assert list(table) == ["claim", "statement", "theirs", "settled", "rests on", "here (synthetic, quick)"]
    assert table["claim"].tolist() == ['<a href="01_eda.ipynb#claim-s0-1-axis">S0.1 axis</a>']
    assert "data-text" in claims.styled(table).to_html()
    assert table["statement"].tolist() == ["It &lt;is&gt; so."]
    assert table[["settled", "rests on"]].to_numpy().tolist() == [["–", "–"]]
    kept = {test.identity: test for test in claims.tests({"01_eda": stamp(*EDA, holds=False, data="celeba")})}
    row = claims.table(found, "S4", kept).iloc[0]
    assert row["settled"] == "does not hold: 4 [3, 5]"
    assert row["rests on"] == "celeba, quick, 12 epochs, 2 restarts, GPU, 2026-01-02, version 0.9"
    assert row["here (synthetic, quick)"] == "holds: 4 [3, 5]"
    assert claims.table(found, "S2", kept).empty


def test_the_reason_of_a_verdict_stands_beside_it():
    made = stamp(*EDA)
    made["claims"]["S0.1 axis"]["why"] = "the whole interval lies above 0"
    found = claims.tests({"01_eda": made})
    assert found[0].told == "holds: 4 [3, 5]; the whole interval lies above 0"
    frame = claims.frame(found)
    assert frame.index.tolist() == list(EDA)
    assert frame.loc["S0.1 axis"].to_dict() == {
        "claim": "S0.1", "report": "S0", "statement": "It <is> so.", "here": "4 [3, 5]", "verdict": "holds",
        "why": "the whole interval lies above 0", "notebook": "01_eda",
        "rests on": "synthetic, quick, 12 epochs, 2 restarts, GPU, 2026-01-02, version 0.9",
    }  # fmt: skip
    assert claims.frame([]).empty


def test_tests_of_the_last_page_are_counted_with_the_others():
    tested = verdicts.Tested("S0.14 app", "An app is there.", "one", "none", verdicts.unknown("nobody looked"))
    (found,) = claims.own([tested], "kaggle", "smoke")
    assert (found.identity, found.holds, found.why, found.notebook) == ("S0.14 app", None, "nobody looked", claims.PAGE)
    assert claims.counts([found]).loc["S0"].tolist() == [0, 0, 1]


def test_counts_are_of_tests_by_report():
    table = claims.counts(claims.tests({"01_eda": stamp(*EDA)}))
    assert isinstance(table, pd.DataFrame)
    assert table["holds"].to_dict() == {"S0": 1, "S1": 0, "S2": 0, "S3": 0, "S4": 1, "K": 0}
    assert list(table) == list(verdicts.WORDS.values())
