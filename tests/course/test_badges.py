import json
import shutil
import subprocess
import sys

import pytest

from fkp_utils.course import badges, notebooks
from fkp_utils.system import places


@pytest.fixture
def copy(tmp_path):
    """A copy of all that names the repository."""
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(places.CHECKOUT / name, tmp_path)
    shutil.copytree(places.CHECKOUT / "notebooks", tmp_path / "notebooks")
    return tmp_path


def test_badges_lead_to_the_notebook():
    text = badges.badges("notebooks/01_eda.ipynb", "somebody/faces")
    colab, kaggle = (
        "https://colab.research.google.com/github/",
        "https://kaggle.com/kernels/welcome?src=https://github.com/",
    )
    for start in (colab, kaggle):
        assert f"({start}somebody/faces/blob/main/notebooks/01_eda.ipynb)" in text


def test_another_repository_is_stamped_everywhere(copy):
    old = badges.repository()
    changed = badges.stamp("some-body/faces.course", copy)
    assert {path.name for path in changed} == {"pyproject.toml", "README.md"} | {
        f"{n}.ipynb" for n in notebooks.names()
    }
    assert badges.repository(copy) == "some-body/faces.course"
    for path in changed:
        text = path.read_text(encoding="utf-8")
        assert f"/{old}" not in text
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            first, setup = cells[0], next(cell for cell in cells if cell["cell_type"] == "code")
            assert badges.badges(f"notebooks/{path.name}", "some-body/faces.course") in "".join(first["source"])
            assert "git+https://github.com/some-body/faces.course" in "".join(setup["source"])
    assert badges.stamp("some-body/faces.course", copy) == []


def test_stamping_and_stamping_back_leaves_every_byte(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    badges.stamp("some-body/faces.course", copy)
    badges.stamp(badges.repository(), copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_longer_name_is_another_repository(copy):
    readme = copy / "README.md"
    old = badges.repository()
    readme.write_text(f"github.com/{old}-2 github.com/{old}.js github.com/{old}.git github.com/{old}.")
    badges.stamp("a/b", copy)
    assert readme.read_text() == f"github.com/{old}-2 github.com/{old}.js github.com/a/b.git github.com/a/b."


@pytest.mark.parametrize("name", ["", "faces", "https://github.com/a/b", "a/b/c", "a b/c"])
def test_a_name_of_another_form_is_refused(copy, name):
    with pytest.raises(ValueError, match="expected owner/name"):
        badges.stamp(name, copy)


def test_the_command_refuses_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "fkp_utils.course.badges", "faces"],
        cwd=places.CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "error: the repository is 'faces'; expected owner/name, as in `make badges REPO=owner/name`\n"
