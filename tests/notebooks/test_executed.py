"""Every notebook, executed with PROFILE=smoke by the runner of the series."""

import json
import re
import subprocess

import nbformat
import pytest
from PIL import Image

from fkp_utils.course import front, notebooks, series
from fkp_utils.system import places

NAMES = notebooks.names()


@pytest.mark.parametrize("name", NAMES)
def test_executes(smoke, name):
    path = smoke.made / "notebooks" / f"{name}.ipynb"
    assert path.is_file(), smoke.last.stdout
    executed = nbformat.read(path, as_version=4)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    noise = [output.text for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    assert not noise, f"{name} writes to stderr: {noise}"
    assert executed.metadata["fkp"]["parameters"]["PROFILE"] == "smoke"


@pytest.mark.parametrize("name", NAMES)
def test_returns_named_results(smoke, name):
    found = json.loads((smoke.made / "records" / f"{name}.json").read_text(encoding="utf-8"))
    stamped = {"parameters", "versions", "cores", "executed", "seconds", "processor_seconds", "trainings"}
    assert found.keys() == stamped | {"values", "claims"}
    assert 20 < len(found["values"]["finding"]) < 400
    assert found["values"]["finding"].endswith(".")
    assert found["claims"], f"{name} tests no claim"


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_written_with_their_texts(smoke, name):
    executed = nbformat.read(smoke.made / "notebooks" / f"{name}.ipynb", as_version=4)
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    written = list((smoke.made / "figures" / name).glob("[!.]*"))
    assert len(shown) == len(written) > 0
    assert all(len(output.metadata["image/png"]["alt"]) > 20 for output in shown)
    for path in written:
        assert path.suffix == ".png"
        with Image.open(path) as picture:
            assert picture.width <= 1100


def test_the_longest_begin_first(smoke):
    begun = {}
    for name in NAMES:
        executed = nbformat.read(smoke.made / "notebooks" / f"{name}.ipynb", as_version=4)
        begun[executed.metadata["papermill"]["start_time"]] = name
    in_turn = [begun[when] for when in sorted(begun)]
    assert sorted(in_turn[: len(series.LONGEST)]) == sorted(series.LONGEST)


def test_the_report_succeeds(smoke):
    assert smoke.last.returncode == 0, smoke.last.stdout
    lines = [line for line in smoke.last.stdout.splitlines() if not re.match(r"\w+ +cell \d+ of \d+ +\d+ s$", line)]
    assert sorted(line.split()[0] for line in lines[:-1]) == NAMES, smoke.last.stdout
    assert re.fullmatch(r"report: build/report/index.html  \(\d+ s\)", lines[-1])


@pytest.mark.parametrize("name", NAMES)
def test_executes_on_photos(smoke_on_photos, name):
    path = smoke_on_photos.made / "records" / f"{name}.json"
    assert path.is_file(), smoke_on_photos.last.stdout
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["parameters"]["DATA"] == "kaggle"
    assert "/" not in found["parameters"]["ROOT"]
    page = (smoke_on_photos.folder / f"build/report/{name}.html").read_text(encoding="utf-8")
    assert "data: kaggle" in page


def test_the_working_tree_stays_clean(smoke):
    command = ["git", "status", "--porcelain"]
    assert subprocess.run(command, cwd=smoke.folder, capture_output=True, text=True, check=True).stdout == ""


def test_with_nothing_changed_nothing_is_executed(smoke, tmp_path):
    copy = smoke.copy(tmp_path / "copy")
    assert copy.report().returncode == 0
    assert copy.work < 10
    assert copy.last.stdout.startswith("report: ")


def test_the_front_of_the_repository_is_refreshed(smoke, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{front.START}old\n{front.END}after\n")
    front.refresh_readme(readme, smoke.made / "records")
    text = readme.read_text()
    for name in NAMES:
        finding = json.loads((smoke.made / "records" / f"{name}.json").read_text())["values"]["finding"]
        assert f"| [{notebooks.title(name)}](notebooks/{name}.ipynb) | {finding} |" in text
    front.refresh_readme(readme, tmp_path)
    assert readme.read_text() == text, "findings are kept where there are no records"

    kept = tmp_path / "figures" / NAMES[0] / "kept.png"
    kept.parent.mkdir(parents=True)
    kept.touch()
    front.refresh_figures(tmp_path / "figures", tmp_path)
    assert kept.is_file(), "figures are kept where there are none"
    (tmp_path / "figures" / "01_old").mkdir(parents=True)
    front.refresh_figures(tmp_path / "figures", smoke.made / "figures")
    pictures = list((tmp_path / "figures").glob("*/*"))
    assert {path.parent.name for path in pictures} == set(NAMES)
    assert not (tmp_path / "figures" / "01_old").exists()
    assert sum(path.stat().st_size for path in pictures) < 1_000_000 * len(NAMES)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.width <= front.WIDTH


def test_the_readme_has_every_notebook_with_its_finding():
    text = (places.CHECKOUT / "README.md").read_text(encoding="utf-8")
    _, between, _ = front.parts(text, front.START, front.END)
    hint = "the README's table is not that of the notebooks; run `make figures`"
    assert between == front.table(places.CHECKOUT / "no records", between), hint
    assert all(len(finding) > 20 for _, finding in front._ROW.findall(between)), hint
    assert len(front._ROW.findall(between)) == len(NAMES), hint


def test_a_readme_without_the_table_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("nothing")
    with pytest.raises(ValueError, match=r"README\.md lacks the line .*make figures"):
        front.refresh_readme(tmp_path / "README.md", tmp_path)
