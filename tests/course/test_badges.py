import json
import re
import shutil
import subprocess
import sys

import pytest

import fkp_utils
from fkp_utils.course import badges, notebooks
from fkp_utils.system import places


@pytest.fixture
def copy(tmp_path):
    """A copy of all that names the repository."""
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
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
    assert {path.name for path in changed} == {"pyproject.toml", "README.md", "CITATION.cff", "run_series.ipynb"} | {
        f"{n}.ipynb" for n in notebooks.names()
    }
    assert badges.repository(copy) == "some-body/faces.course"
    for path in changed:
        text = path.read_text(encoding="utf-8")
        assert f"/{old}" not in text
        if path.stem in notebooks.names():
            cells = json.loads(text)["cells"]
            first, setup = cells[0], next(cell for cell in cells if cell["cell_type"] == "code")
            assert badges.badges(f"notebooks/{path.name}", "some-body/faces.course") in "".join(first["source"])
            tagged = f'git+https://github.com/some-body/faces.course@v{fkp_utils.__version__}"'
            assert tagged in "".join(setup["source"])
    assert badges.stamp("some-body/faces.course", copy) == []


def test_the_tag_of_an_older_release_is_replaced(copy):
    badges.stamp("a/b", copy)
    new = {path: path.read_text(encoding="utf-8") for path in (copy / "notebooks").glob("*.ipynb")}
    for path, text in new.items():
        path.write_text(text.replace(f"v{fkp_utils.__version__}", "v0.0.9rc1"), encoding="utf-8")
    badges.stamp("a/b", copy)
    assert {path: path.read_text(encoding="utf-8") for path in new} == new


def test_badges_of_the_readme_are_shown_once_they_lead_somewhere(copy):
    def shown():
        return (copy / "README.md").read_text(encoding="utf-8").split(badges.START)[1].split(badges.END)[0]

    badges.stamp(badges.PLACEHOLDER, copy)
    assert shown() == ""
    assert "repository-code" not in (copy / "CITATION.cff").read_text(encoding="utf-8")
    badges.stamp("ann/faces", copy)
    assert len(re.findall(r"^\[!\[.*ann(?:/|\.github\.io/)faces.*\)$", shown(), re.MULTILINE)) == 4
    assert "https://github.com/ann/faces/actions/workflows/tests.yml" in shown()
    assert (copy / "CITATION.cff").read_text(encoding="utf-8").count('"https://github.com/ann/faces"') == 1


def test_a_readme_without_a_place_for_badges_is_refused_and_nothing_is_written(copy):
    (copy / "README.md").write_text("no badges")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=r"README\.md lacks the line .*make badges"):
        badges.stamp("a/b", copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_stamping_and_stamping_back_leaves_every_byte(copy):
    badges.stamp(badges.repository(), copy)  # with the tag of this release
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    badges.stamp("some-body/faces.course", copy)
    badges.stamp(badges.repository(), copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_longer_name_is_another_repository(copy):
    readme = copy / "README.md"
    old = badges.repository()
    place = badges.START + badges.END
    readme.write_text(place + f"github.com/{old}-2 github.com/{old}.js github.com/{old}.git github.com/{old}.")
    badges.stamp("a/b", copy)
    assert readme.read_text().endswith(
        f"{badges.END}github.com/{old}-2 github.com/{old}.js github.com/a/b.git github.com/a/b."
    )


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
