import dataclasses
import math

import hypothesis
import nbformat
import numpy as np
import pytest
from hypothesis import strategies as st

from fkp_utils.course import records
from fkp_utils.evaluation import verdicts
from fkp_utils.system import devices


@dataclasses.dataclass
class Interval:
    low: float
    high: float


@pytest.fixture
def shown(monkeypatch):
    """A notebook whose one cell has the outputs that were shown."""
    from IPython import display

    cell = nbformat.v4.new_code_cell()

    def show(data, raw):
        assert raw
        cell.outputs.append(nbformat.v4.new_output("display_data", data))

    monkeypatch.setattr(display, "display", show)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell])


def test_values_come_back_as_json_has_them(shown):
    records.record("rows", np.int64(3))
    records.record("interval", Interval(0.5, np.float32(1.5)))
    records.record("list", (np.array([[1, 2]]), None, True, "text"))
    found = records.read(shown)["values"]
    assert found == {"rows": 3, "interval": {"low": 0.5, "high": 1.5}, "list": [[[1, 2]], None, True, "text"]}


def test_a_value_is_shown_where_it_is_made(shown):
    records.record("share", {"x": 0.123456, "of": [1, 2]})
    assert shown.cells[1].outputs[0].data["text/markdown"] == "`share` = {x: 0.1235, of: [1, 2]}"


def test_an_audit_is_one_table_of_several_tests(shown):
    tests = [
        verdicts.Tested("S0.1 a", "It is so.", "5", "4 | 3", verdicts.Verdict(True, "the interval lies above it")),
        verdicts.Tested("S0.1 b", "It is not.", "6", "7", verdicts.unknown("nothing was restarted")),
    ]
    records.audit(tests)
    found = records.read(shown)["claims"]
    assert list(found) == ["S0.1 a", "S0.1 b"]
    assert found["S0.1 b"] == {
        "statement": "It is not.", "theirs": "6", "ours": "7", "holds": None, "why": "nothing was restarted",
        "device": devices.cpu(),
    }  # fmt: skip
    text = shown.cells[1].outputs[0].data["text/markdown"]
    assert "| S0.1 a | It is so. | 5 | 4 / 3 | **holds**: the interval lies above it |" in text
    with pytest.raises(ValueError, match=r"'S0\.1 a' is recorded twice"):
        records.audit(tests[:1])
        records.read(shown)


def test_a_name_is_recorded_once(shown):
    records.record("rows", 1)
    records.record("rows", 2)
    with pytest.raises(ValueError, match="'rows' is recorded twice"):
        records.read(shown)


@pytest.mark.parametrize("value", [math.nan, np.inf, [1.0, [np.nan]], {"a": -math.inf}])
def test_no_result_is_none_not_nan(value):
    with pytest.raises(ValueError, match="record None"):
        records.record("score", value)


def test_where_a_wrong_value_is_is_said():
    with pytest.raises(ValueError, match=r"score\['a'\]\[1\] is of type object"):
        records.record("score", {"a": [1, object()]})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@hypothesis.given(plain)
def test_plain_values_are_kept_as_they_are(value):
    assert records._plain(value, "value") == value
