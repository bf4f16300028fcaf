import pathlib
import shutil

import pytest

from fkp_utils.recipes import pseudo_labels
from fkp_utils.system import code_version, places
from fkp_utils.training import data_views, experiment


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
    monkeypatch.setattr(places, "PACKAGE", package)
    code_version.version.cache_clear()
    yield package
    code_version.version.cache_clear()


def changed(path: pathlib.Path, text: str) -> bool:
    before = code_version.version("fkp_utils.a")
    path.write_text(text)
    code_version.version.cache_clear()
    return code_version.version("fkp_utils.a") != before


def test_what_is_reached(tree):
    names = [path.name for path in code_version.reached({"fkp_utils.a"})]
    assert names == ["__init__.py", "a.py", "b.py"]
    (tree / "a.py").write_text("from fkp_utils import datasets\n")
    assert tree / "datasets/imm.py" in code_version.reached(
        {"fkp_utils.a"}, {"fkp_utils.a": ["fkp_utils.datasets.imm"]}
    )
    assert tree / "datasets/imm.py" not in code_version.reached({"fkp_utils.a"})


def test_relative_imports_are_followed(tree):
    (tree / "a.py").write_text("from . import b\n")
    assert tree / "b.py" in code_version.reached({"fkp_utils.a"})
    (tree / "datasets/__init__.py").write_text("from .imm import y\nfrom .. import c\n")
    found = code_version.reached({"fkp_utils.datasets"})
    assert {tree / "datasets/imm.py", tree / "c.py"} <= set(found)


def test_code_that_is_imported_changes_the_version(tree):
    assert changed(tree / "b.py", '"""What b is."""\n\ndef g():\n    return 2\n')


def test_a_release_is_not_another_code(tree):
    assert not changed(tree / "__init__.py", '__version__ = "9.9.9"\n')
    assert changed(tree / "__init__.py", '__version__ = "9.9.9"\nversion = 9\n')


def test_comments_docstrings_and_other_modules_do_not(tree):
    assert not changed(
        tree / "b.py", '"""Another text."""\n\n\ndef g():  # one\n    """And one more."""\n    return 1\n'
    )
    assert not changed(tree / "c.py", "x = 2\n")


def test_a_module_that_moves_keeps_its_version(tree):
    before = code_version.version("fkp_utils.a")
    (tree / "room").mkdir()
    (tree / "room/__init__.py").write_text('"""A room."""\n')
    (tree / "b.py").rename(tree / "room/b.py")
    (tree / "a.py").write_text("def f():\n    from fkp_utils.room import b\n    return b.g()\n")
    code_version.version.cache_clear()
    assert code_version.version("fkp_utils.a") == before


def test_there_is_no_version_of_nothing(tree):
    with pytest.raises(ValueError, match=r"no module fkp_utils\.z"):
        code_version.version("fkp_utils.z")
    with pytest.raises(ValueError, match="no file"):
        code_version.digest(tree.glob("synthetic*.py"))


def test_a_source_that_is_not_python_imports_nothing():
    assert code_version.imports("def f(:") == set()


def test_plots_do_not_shape_a_training():
    names = {path.stem for path in code_version.reached({"fkp_utils.training.loop"})}
    assert {"loop", "augment", "losses", "faces", "impute", "data_views"} <= names
    assert not {"common", "eda", "records", "series", "book"} & names


def test_an_edit_of_the_views_at_test_time_makes_a_pupils_run_invalid_and_one_of_a_plot_does_not(tmp_path, monkeypatch):
    package = tmp_path / "fkp_utils"
    shutil.copytree(places.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(places, "PACKAGE", package)
    data = data_views.Data(limit=80).through(pseudo_labels.PseudoLabels("teacher"))

    def key():
        code_version.version.cache_clear()
        return experiment.Experiment(data=data).key, experiment.Experiment(data=data_views.Data(limit=80)).key

    def edit(name, old, new):
        text = (package / name).read_text()
        assert old in text
        (package / name).write_text(text.replace(old, new))

    pupil, plain = key()
    edit("plots/common.py", "WIDTH = 7.2", "WIDTH = 9.2")
    assert key() == (pupil, plain)
    edit("evaluation/test_time_augmentation.py", "SHIFTS = ((0, 0),", "SHIFTS = ((1, 1),")
    assert key()[0] != pupil
    assert key()[1] == plain
    edit("training/data_views.py", "max(round(self.share", "min(round(self.share")
    assert key()[1] != plain
    code_version.version.cache_clear()


def test_a_class_of_somebody_elses_has_a_version_by_its_source():
    class Own:
        x = 1

    class Other:
        x = 2

    assert code_version.of(Own) != code_version.of(Other)
    assert code_version.of(data_views.Fold) == code_version.version("fkp_utils.training.data_views")
    with pytest.raises(ValueError, match="Typed has no source"):
        code_version.of(type("Typed", (), {"__module__": "__main__"}))
