import json

import pandas as pd
import pytest

from fkp_utils.course import records_table


def estimate(value, low, high):
    return {"value": value, "low": low, "high": high}


@pytest.fixture
def series(tmp_path):
    """A function that writes the records of a series into a folder of this name, and its table."""

    def written(name, values, notebook="02_imputation"):
        folder = tmp_path / name
        (folder / "records").mkdir(parents=True, exist_ok=True)
        (folder / "records" / f"{notebook}.json").write_text(json.dumps({"values": values, "claims": {}}))
        records_table.write(folder)
        return folder

    return written


def test_every_number_is_a_row_with_its_interval_and_its_unit(series):
    values = {
        "rows": 180,
        "rmse": {"knn": estimate(2.5, 2, 3), "k/n": 4.0},
        "curve": [1.5, None, "word", True, [2]],
        "finding": "words",
    }
    folder = series("a", values)
    series("a", {"rows": 7}, "01_eda")
    assert (folder / "records.csv").read_text() == (
        "notebook,name,value,low,high,unit\n"
        "01_eda,rows,7.0,,,\n"
        "02_imputation,rows,180.0,,,\n"
        "02_imputation,rmse/knn,2.5,2.0,3.0,px\n"
        "02_imputation,rmse/k per n,4.0,,,px\n"
        "02_imputation,curve/0,1.5,,,\n"
        "02_imputation,curve/4/0,2.0,,,\n"
    )
    pd.testing.assert_frame_equal(
        records_table.read(folder), records_table.table(folder / "records"), check_dtype=False
    )


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("rmse/MSE", "px"),
        ("nose_rmse/16 filters", "px"),
        ("share/mean/MSE (px²)", "px²"),
        ("mse/small", "px²"),
        ("many/small/NME (%)", "%"),
        ("spread_percent/pixels", "%"),
        ("filters_degrees", "°"),
        ("rmse_by_points_given/points/0", ""),
        ("rmse_by_points_given/rmse/knn/0", "px"),
        ("rmse_by_turn/eye_distances/1", "eye distances"),
        ("px_per_grey_level/small", "px per grey level"),
        ("pxs/rmses", ""),
    ],
)
def test_a_name_tells_the_unit(name, unit):
    assert records_table.unit(name) == unit


def test_only_what_lies_beyond_both_intervals_has_changed(series):
    a = series(
        "a", {"rmse": {"apart": estimate(2, 1, 3), "near": estimate(2, 1, 3), "once": estimate(2, 2, 2)}, "x": 1}
    )
    b = series(
        "b", {"rmse": {"apart": estimate(5, 4, 6), "near": estimate(4, 3, 5), "once": estimate(9, 9, 9)}, "y": 1}
    )
    assert records_table.changed(records_table.read(a), records_table.read(b))["name"].tolist() == ["rmse/apart"]
    assert records_table.changed(records_table.read(b), records_table.read(a))["name"].tolist() == ["rmse/apart"]
    assert records_table.compare(records_table.read(a), records_table.read(b)).splitlines() == [
        "02_imputation  rmse/apart: 2 [1, 3] -> 5 [4, 6] px",
        "1 of 2 numbers with intervals changed beyond them",
        "1 of 1 numbers without an interval differ, which may be chance",
        "1 numbers are only in A, 1 only in B",
    ]


def test_the_command_takes_folders_and_files(series, capsys):
    a = series("a", {"rmse": estimate(2, 1, 3)})
    assert records_table.main([str(a), str(a / "records.csv")]) == 0
    assert capsys.readouterr().out.startswith("0 of 1 numbers with intervals changed beyond them\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "expected the folder of a series"),
        ("", "row 1 is ''; expected 'notebook,name,value,low,high,unit'"),
        ("a,b\n", "row 1 is 'a,b'"),
        ("notebook,name,value,low,high,unit\n01,rows,1,,,\n01,more,many,,,\n", "row 3: value is 'many'; expected"),
        ("notebook,name,value,low,high,unit\n01,rows,,,,\n", "row 2: value is ''; expected a number"),
        ("notebook,name,value,low,high,unit\n01,rows,1,x,2,\n", "row 2: low is 'x'; expected a number"),
        ("notebook,name,value,low,high,unit\n01,a,1,,,\n01,a,2,,,\n", "row 3: 'a' stands there twice"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, capsys, text, sentence):
    path = tmp_path / "records.csv"
    if text is not None:
        path.write_text(text)
    assert records_table.main([str(path), str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert sentence in printed.err


@pytest.mark.parametrize("arguments", [[], ["a"], ["a", ""]])
def test_two_series_are_asked_for(capsys, arguments):
    assert records_table.main(arguments) == 1
    assert "make compare A=" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"values": 1}'])
def test_a_file_that_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "01_eda.json").write_text(text)
    with pytest.raises(ValueError, match=r"01_eda\.json: not what a notebook recorded"):
        records_table.table(tmp_path)
