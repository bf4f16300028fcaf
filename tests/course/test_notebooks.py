import json

import pytest

from fkp_utils.course import notebooks
from fkp_utils.system import places


@pytest.fixture
def path(tmp_path):
    return tmp_path / "01_topic.ipynb"


def test_parameters_are_read(path, write_notebook):
    write_notebook(path, ["parameters"])
    assert notebooks.declared(path) == {"DATA": "synthetic", "ROOT": "", "PROFILE": "quick", "SEED": 0}
    assert notebooks.checked(path, {"SEED": 0, "DATA": "kaggle"}) == {"DATA": "kaggle"}


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_one_cell_of_parameters(path, count, write_notebook):
    write_notebook(path, ["parameters"] * count)
    with pytest.raises(ValueError, match=f"{count} cells are tagged 'parameters'; expected one"):
        notebooks.declared(path)


@pytest.mark.parametrize("line", ["print(1)", "A = B = 1", "A = open('x')", "A += 1", "A.b = 1"])
def test_parameters_are_literals(path, line, write_notebook):
    write_notebook(path, ["parameters"])
    text = path.read_text().replace("SEED = 0", line)
    path.write_text(text)
    with pytest.raises(ValueError, match="expected NAME = literal"):
        notebooks.declared(path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"SEEDS": 1}, "no parameter 'SEEDS'.*declares DATA, ROOT, PROFILE, SEED"), ({"SEED": True}, "SEED is True")],
)
def test_unknown_parameters_and_other_types_are_refused(path, parameters, message, write_notebook):
    write_notebook(path, ["parameters"])
    with pytest.raises(ValueError, match=message):
        notebooks.checked(path, parameters)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"worksheets": []})])
def test_a_file_that_is_no_notebook_is_refused(path, content):
    path.write_text(content)
    with pytest.raises(ValueError, match="not a notebook of format 4"):
        notebooks.cells(path)
    assert notebooks.modules(path, "synthetic") == []


@pytest.fixture
def reached(path, write_notebook):
    def names(*sources, data="synthetic"):
        write_notebook(path, sources)
        return {str(found.relative_to(places.CHECKOUT / "fkp_utils")) for found in notebooks.modules(path, data)}

    return names


def test_modules_are_followed(reached):
    assert reached("import numpy") == set()
    assert reached("from fkp_utils import keypoints") == {"__init__.py", "keypoints.py"}
    assert {"faces.py", "keypoints.py"} <= reached("import fkp_utils.metrics, fkp_utils.faces")


def test_only_the_layout_of_the_data_is_reached(reached):
    for data, other in (("kaggle", "celeba"), ("celeba", "kaggle")):
        found = reached("from fkp_utils.datasets import loading", data=data)
        assert f"datasets/{data}.py" in found
        assert f"datasets/{other}.py" not in found


def test_magics_and_broken_cells_hide_no_import(reached):
    cell = "%matplotlib inline\n!ls\nif True:\n    %pip install x\nfrom fkp_utils import keypoints"
    assert reached(cell, "this is not Python") == {"__init__.py", "keypoints.py"}


def test_a_title_is_the_first_heading(monkeypatch, path, write_notebook):
    write_notebook(path, [])
    monkeypatch.setattr(places, "NOTEBOOKS", path.parent)
    assert notebooks.names() == ["01_topic"]
    assert notebooks.title("01_topic") == "01 · topic"


def test_a_finding_fits_a_cell_of_a_table():
    assert notebooks.finding({"finding": "a|b\nc"}) == "a/b c"
    assert notebooks.finding({}) == ""
