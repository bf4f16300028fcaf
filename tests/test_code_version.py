import pathlib

import pytest

from fkp_utils import code_version


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A package where `a` imports `b`, and `c` stands alone."""
    package = tmp_path / "fkp_utils"
    (package / "datasets").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "a": "def f():\n    from fkp_utils import b\n    return b.g()\n",
        "b": '"""What b is."""\n\ndef g():\n    return 1\n',
        "c": "x = 1\n",
        "datasets/__init__": "",
        "datasets/imm": "y = 1\n",
    }.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    code_version.version.cache_clear()
    yield package
    code_version.version.cache_clear()


def changed(path: pathlib.Path, text: str) -> bool:
    before = code_version.version("fkp_utils.a")
    path.write_text(text)
    code_version.version.cache_clear()
    return code_version.version("fkp_utils.a") != before


def test_what_is_reached(tree):
    names = [path.name for path in code_version.reached({"fkp_utils.a"}, {})]
    assert names == ["__init__.py", "a.py", "b.py"]
    (tree / "a.py").write_text("from fkp_utils import datasets\n")
    assert tree / "datasets/imm.py" in code_version.reached({"fkp_utils.a"}, {"fkp_utils.datasets": ["imm"]})
    assert tree / "datasets/imm.py" not in code_version.reached({"fkp_utils.a"}, {})


def test_code_that_is_imported_changes_the_version(tree):
    assert changed(tree / "b.py", '"""What b is."""\n\ndef g():\n    return 2\n')


def test_comments_docstrings_and_other_modules_do_not(tree):
    assert not changed(
        tree / "b.py", '"""Another text."""\n\n\ndef g():  # one\n    """And one more."""\n    return 1\n'
    )
    assert not changed(tree / "c.py", "x = 2\n")


def test_a_source_that_is_not_python_imports_nothing():
    assert code_version.imports("def f(:") == set()


def test_plots_do_not_shape_a_training():
    names = {path.stem for path in code_version.reached({"fkp_utils.training"}, {})}
    assert {"training", "augment", "losses", "faces", "impute"} <= names
    assert not {"plots", "eda", "records", "series", "book"} & names
