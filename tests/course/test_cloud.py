import ast
import json
import re
import subprocess

import nbformat
import pytest

import fkp_utils
from fkp_utils.course import badges, cloud
from fkp_utils.system import places

# The fields of kernel-metadata.json and what each may be, as Kaggle documents them (docs/kernels_metadata.md of its
# command line).
FIELDS = {
    "id": str, "title": str, "code_file": str, "language": str, "kernel_type": str, "is_private": bool,
    "enable_gpu": bool, "enable_internet": bool, "dataset_sources": list, "competition_sources": list,
    "kernel_sources": list, "model_sources": list,
}  # fmt: skip
REQUIRED = {"id", "title", "code_file", "language", "kernel_type"}


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setattr(badges, "repository", lambda: "ann/faces")


def sources(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def commands(notebook):
    return [line[1:] for source in sources(notebook) for line in source.splitlines() if line.startswith("!")]


def test_kaggle_takes_the_folder(address, tmp_path):
    folder = cloud.write_kaggle("ann-2", tmp_path / "kaggle")
    found = json.loads((folder / "kernel-metadata.json").read_text(encoding="utf-8"))
    assert found.keys() <= FIELDS.keys()
    assert found.keys() >= REQUIRED
    assert all(isinstance(value, FIELDS[name]) for name, value in found.items())
    assert found["id"] == f"ann-2/{found['title'].lower().replace(' ', '-')}"
    assert found["enable_gpu"] is found["enable_internet"] is True
    assert found["competition_sources"] == ["facial-keypoints-detection"]
    assert (found["language"], found["kernel_type"]) == ("python", "notebook")
    assert {path.name for path in folder.iterdir()} == {"kernel-metadata.json", found["code_file"]}
    nbformat.validate(nbformat.read(folder / found["code_file"], as_version=4))


@pytest.mark.parametrize("make", [cloud.kaggle_notebook, cloud.colab_notebook])
def test_cells_parse_install_the_release_and_call_the_makefile(address, make):
    notebook = make()
    for source in sources(notebook):
        ast.parse(re.sub(r"(?m)^[%!].*$", "pass", source))
    clone, series = commands(notebook)
    names = next(source.splitlines()[0] for source in sources(notebook) if clone in source)
    exec(names, known := {})
    clone = clone.format(**known)  # as IPython does
    assert f"--branch v{fkp_utils.__version__} https://github.com/ann/faces " in clone
    series = series.format(PROFILE="quick")  # as IPython does
    place = re.search(r"make -C (\S+) ", series)[1]
    assert clone.endswith(f" {place}")
    here = series.replace(f"-C {place}", "--dry-run")
    done = subprocess.run(here.split(), cwd=places.CHECKOUT, capture_output=True, text=True, check=True)
    printed = done.stdout.splitlines()
    assert len(printed) == 1, "nothing is installed anew"
    assert printed[0].startswith("python3 -m fkp_utils.course.series report ")
    assert "made" in sources(notebook)[-1].split("assert ")[1], "a failure is told"


def test_kaggle_runs_everything_on_its_photos(address):
    notebook = cloud.kaggle_notebook()
    assert commands(notebook)[1].endswith("report RUN=python3 DATA=kaggle PROFILE=full JOBS=1")


def test_what_a_run_on_kaggle_leaves(address, tmp_path, monkeypatch):
    made = tmp_path / "course" / "build"
    for name in (
        "report/index.html",
        "series/kaggle-full/figures/01_eda/a.png",
        "series/kaggle-full/records/01_eda.json",
    ):
        (made / name).parent.mkdir(parents=True)
        (made / name).write_text("x")
    (made / "series/kaggle-full/records.csv").write_text("x")
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    last = sources(cloud.kaggle_notebook())[-1].replace("/kaggle/temp/course", str(tmp_path / "course"))
    exec(last, {"made": 0})
    left = {str(path.relative_to(tmp_path / "working")) for path in (tmp_path / "working").rglob("*") if path.is_file()}
    assert left == {"report/index.html", "figures/01_eda/a.png", "records/01_eda.json", "records.csv"}
    for path in sorted((tmp_path / "working").iterdir()):
        path.rename(tmp_path / path.name)
    with pytest.raises(AssertionError, match="not every notebook was executed"):
        exec(last, {"made": 2})
    assert (tmp_path / "working" / "report").is_dir()


def test_colab_mounts_nothing(address):
    notebook = cloud.colab_notebook()
    assert notebook.metadata["accelerator"] == "GPU"
    text = "\n".join(sources(notebook))
    assert "drive" not in text
    assert 'files.download(shutil.make_archive("report", "zip", ' in text


def test_the_committed_notebook_is_the_one_that_is_written_here():
    committed = nbformat.read(cloud.COLAB, as_version=4)
    assert committed == nbformat.reads(nbformat.writes(cloud.colab_notebook()), as_version=4), "run `make colab`"
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    assert max(len(line) for cell in code for line in cell.source.splitlines()) <= 88
    assert [cell.source.split(" ")[0] for cell in code if "parameters" in cell.metadata.get("tags", [])] == ["PROFILE"]


@pytest.mark.parametrize("user", ["", "Ann B", "ann/faces", "../x", "ANN"])
def test_a_name_of_no_account_is_refused(address, tmp_path, user):
    with pytest.raises(ValueError, match="make kaggle USER=<name>"):
        cloud.write_kaggle(user, tmp_path / "kaggle")
    assert not (tmp_path / "kaggle").exists()


def test_without_an_address_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(badges, "repository", lambda: badges.PLACEHOLDER)
    with pytest.raises(ValueError, match="make badges REPO="):
        cloud.write_kaggle("ann", tmp_path / "kaggle")
    assert not (tmp_path / "kaggle").exists()


def test_make_takes_the_name_that_is_given_not_that_of_the_machine(monkeypatch):
    monkeypatch.setenv("USER", "of-the-machine")
    for options, name in ((["USER=ann"], "ann"), ([], "")):
        command = ["make", "--dry-run", "kaggle", "RUN=python3", *options]
        done = subprocess.run(command, cwd=places.CHECKOUT, capture_output=True, text=True, check=True)
        assert done.stdout == f'python3 -m fkp_utils.course.cloud kaggle "{name}"\n'


@pytest.mark.parametrize("arguments", [[], ["nope"], ["kaggle"], ["kaggle", "ann", "b"], ["colab", "ann"]])
def test_other_commands_are_refused(capsys, arguments):
    assert cloud.main(arguments) == 1
    assert (
        capsys.readouterr().err == f"error: {' '.join(arguments)!r}; expected colab, or kaggle and the name of a user\n"
    )
