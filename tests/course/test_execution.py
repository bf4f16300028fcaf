import getpass
import json
import os
import pwd
import re
import sys
import tempfile
import time

import nbformat
import pytest

from fkp_utils.course import execution
from fkp_utils.system import places, progress

pytestmark = pytest.mark.usefixtures("environment")


def test_kernels_inherit_nothing_of_the_shell_that_shapes_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    foreign = {"LC_ALL": "en_US.UTF-8", "PYTHONIOENCODING": "ascii", "TZ": "Asia/Kathmandu", "JUPYTER_PATH": "mine"}
    given = {"FKP_CACHE": "cache", "FKP_RUNS": "some/runs", "FKP_DATA": "~/faces"}
    for name, value in (foreign | given).items():
        monkeypatch.setenv(name, value)
    execution.environment("other")
    assert os.environ["JUPYTER_PATH"] == "mine"
    execution.environment("python3")
    assert "JUPYTER_PATH" not in os.environ
    assert "PYTHONIOENCODING" not in os.environ
    assert [os.environ[name] for name in ("LC_ALL", "PYTHONUTF8", "TZ")] == ["C", "1", "UTC"]
    folders = [str(tmp_path / place) for place in ("cache", "some/runs", "home/faces")]
    assert [os.environ[name] for name in given] == folders


def test_without_a_folder_and_name_of_the_user_the_series_has_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "BUILD", tmp_path / "build")
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    execution.environment("python3")
    assert os.environ["HOME"] == str(tmp_path / "build/home")
    assert (tmp_path / "build/home").is_dir()
    assert getpass.getuser() == "somebody"
    monkeypatch.setenv("HOME", str(tmp_path))
    execution.environment("python3")
    assert os.environ["HOME"] == str(tmp_path)


FIGURE = """
import matplotlib.pyplot as plt
from fkp_utils.plots import common as plots
plots.style()
figure, axes = plt.subplots()
axes.plot([0.5, 1.5], [0, 1])
axes.set_title("5 × 1.5")
plots.save_figure(figure, "line", alt="A line.")
"""


def test_a_notebook_gives_the_same_on_an_odd_machine(tmp_path, monkeypatch, write_notebook):
    """Braces in folders, a long one for temporary files, another kernel, and settings of a user and of a country."""
    value = "import sys, time\nfrom fkp_utils.course import records\n"
    value += "records.record('told', f'{1.5} × {time.localtime(0).tm_hour} {sys.prefix}')"
    monkeypatch.setenv("PYTHONPATH", str(places.CHECKOUT))
    source = tmp_path / "a {y} b" / "06_odd.ipynb"
    source.parent.mkdir()
    write_notebook(source, ["parameters", FIGURE, value])
    execution.execute(source, tmp_path / "usual", {}, "python3")
    long = tmp_path / ("long" * 40)
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    for folder in (long, kernel):
        folder.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["false"], "display_name": "other", "language": "python"}')
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nsavefig.bbox: tight\nfont.size: 30\n")
    odd = {"LC_ALL": "en_US.UTF-8", "PYTHONIOENCODING": "ascii", "TZ": "Asia/Kathmandu"}
    places_of_a_user = {"JUPYTER_PATH": str(kernel.parents[1]), "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    for name, text in (odd | places_of_a_user).items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    execution.execute(source, tmp_path / "{odd}", {}, "python3")
    usual, other = (tmp_path / name for name in ("usual", "{odd}"))
    assert (usual / "figures/06_odd/line.png").read_bytes() == (other / "figures/06_odd/line.png").read_bytes()
    found = [
        json.loads((made / "records/06_odd.json").read_text(encoding="utf-8"))["values"] for made in (usual, other)
    ]
    assert found[0] == found[1] == {"told": f"1.5 × 0 {sys.prefix}"}


@pytest.mark.parametrize(
    ("parameters", "sentence"), [({"COLOUR": 1}, "no parameter 'COLOUR'"), ({"SEED": "1"}, "SEED is")]
)
def test_parameters_that_do_not_fit_stop_before_the_first_cell(tmp_path, parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        execution.execute(places.NOTEBOOKS / "01_eda.ipynb", tmp_path, parameters, "python3")
    kept = nbformat.read(tmp_path / "failed" / "01_eda.ipynb", as_version=4)
    assert not any(cell.outputs for cell in kept.cells if cell.cell_type == "code")
    assert sentence in kept.metadata["fkp"]["error"]


def test_a_kernel_that_dies_is_told_with_its_last_words(tmp_path, write_notebook):
    path = tmp_path / "06_dies.ipynb"
    said = "get_ipython().kernel.log.error('no memory is left')"
    write_notebook(path, ["parameters", f"import os\n{said}\nos.kill(os.getpid(), 9)"])
    with pytest.raises(ValueError, match=r"06_dies: DeadKernelError: Kernel died\n  .*no memory is left\n"):
        execution.execute(path, tmp_path / "made", {}, "python3")
    kept = nbformat.read(tmp_path / "made" / "failed" / "06_dies.ipynb", as_version=4)
    assert "no memory is left" in kept.metadata["fkp"]["error"]
    assert kept.metadata["fkp"]["processor_seconds"] > 0


def test_a_line_of_progress_names_cell_and_seconds(capsys, monkeypatch):
    monkeypatch.setitem(progress.EVERY, "plain", 0.1)
    line = execution._Progress("01_eda", live=False)
    line.cell, line.cells = 3, 28
    time.sleep(1.5)
    line.stop("done")
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"01_eda +cell 3 of 28 +\d+ s", lines[0])
    assert re.fullmatch(r"01_eda +done +\d+ s", lines[-1])
