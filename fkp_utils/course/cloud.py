"""The series on a GPU of Kaggle or Colab: notebooks that install the released version there and call its Makefile.

The Python that is there runs everything (`make RUN=python3`), as its TensorFlow is the one that knows the GPU.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from typing import TYPE_CHECKING, Any

import fkp_utils
from fkp_utils.course import badges
from fkp_utils.system import commands, files, places

if TYPE_CHECKING:
    import nbformat

COMPETITION = "facial-keypoints-detection"
TITLE = "Facial keypoints course"
SLUG = "facial-keypoints-course"  # Kaggle makes it of the title
COLAB = places.NOTEBOOKS / "run_series.ipynb"

_INSTALL = """\
source, place = "https://github.com/{repository}", "{place}"
!git clone --quiet --depth 1 --branch v{version} {{source}} {{place}}
assert _exit_code == 0, "the release could not be fetched"
%pip install --quiet --editable "{place}[series]\""""
_RUN = """\
!make -C {place} report RUN=python3 DATA={data} PROFILE={profile} JOBS=1
made = _exit_code"""


def kaggle_metadata(user: str) -> dict[str, Any]:
    """What `kaggle kernels push` reads: a private notebook of `user` with a GPU, internet and the competition's data.

    ValueError if `user` is not the name of an account in Kaggle's addresses.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", user):
        raise ValueError(f"the user is {user!r}; expected a name as in kaggle.com/<name>: make kaggle USER=<name>")
    return {
        "id": f"{user}/{SLUG}",
        "title": TITLE,
        "code_file": COLAB.name,
        "language": "python",
        "kernel_type": "notebook",
        "is_private": True,
        "enable_gpu": True,
        "enable_internet": True,
        "dataset_sources": [],
        "competition_sources": [COMPETITION],
        "kernel_sources": [],
        "model_sources": [],
    }


def kaggle_notebook() -> nbformat.NotebookNode:
    """Runs the series on Kaggle's photos with PROFILE=full; its output is the report, the figures and the records."""
    place = "/kaggle/temp/course"
    keep = f"""\
import pathlib, shutil

series = pathlib.Path("{place}/build/series/kaggle-full")
for folder in (series.parents[1] / "report", series / "figures", series / "records"):
    if folder.is_dir():
        shutil.copytree(folder, folder.name)
for path in series.glob("records.csv"):
    shutil.copy(path, ".")
assert made == 0, "not every notebook was executed; report/index.html shows which, and why\""""
    text = f"# {TITLE}\n\nAccept the rules of the competition first, and choose a GPU under *Settings > Accelerator*."
    return _notebook(text, _fill(_INSTALL, place), _fill(_RUN, place, "kaggle", "full"), keep)


def colab_notebook() -> nbformat.NotebookNode:
    """Runs the series on synthetic faces and offers its report as a zip; no drive is mounted."""
    place = "/content/course"
    parameters = 'PROFILE = "quick"  # smoke, quick, long or full: how much work is done'
    offer = f"""\
import shutil
from google.colab import files

files.download(shutil.make_archive("report", "zip", "{place}/build/report"))
assert made == 0, "not every notebook was executed; index.html shows which, and why\""""
    text = (
        f"# {TITLE}\n\nRuns every notebook of the course on synthetic faces and offers the report as a zip. "
        "*Runtime > Change runtime type > T4 GPU* makes training many times faster."
    )
    notebook = _notebook(text, parameters, _fill(_INSTALL, place), _fill(_RUN, place, "synthetic", "{PROFILE}"), offer)
    notebook.cells[1].metadata["tags"] = ["parameters"]
    notebook.metadata |= {"accelerator": "GPU", "colab": {"provenance": []}}
    return notebook


def write_kaggle(user: str, folder: pathlib.Path = places.BUILD / "kaggle") -> pathlib.Path:
    """Writes `kernel-metadata.json` and the notebook into `folder`; ValueError for the name of no account, and as long
    as the repository has no address to install from."""
    import nbformat

    metadata = kaggle_metadata(user)
    if badges.repository() == badges.PLACEHOLDER:
        raise ValueError("the repository has no address yet, so nothing can be installed: make badges REPO=owner/name")
    with files.replacing(folder, folder=True) as new:
        (new / "kernel-metadata.json").write_text(json.dumps(metadata, indent=1), encoding="utf-8")
        nbformat.write(kaggle_notebook(), new / metadata["code_file"])
    return folder


def _fill(text: str, place: str, data: str = "", profile: str = "") -> str:
    repository = badges.repository()
    return text.format(version=fkp_utils.__version__, repository=repository, place=place, data=data, profile=profile)


def _notebook(text: str, *sources: str) -> nbformat.NotebookNode:
    import nbformat

    cells = [nbformat.v4.new_markdown_cell(text), *map(nbformat.v4.new_code_cell, sources)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@commands.command
def main(arguments: list[str]) -> None:
    """The command line: `kaggle <user>` or `colab`."""
    import nbformat

    if arguments == ["colab"]:
        files.write_text(COLAB, nbformat.writes(colab_notebook()) + "\n")
        print(COLAB.relative_to(places.CHECKOUT))
    elif len(arguments) != 2 or arguments[0] != "kaggle":
        raise ValueError(f"{' '.join(arguments)!r}; expected colab, or kaggle and the name of a user")
    else:
        folder = write_kaggle(arguments[1]).relative_to(places.CHECKOUT)
        print(f"{folder}; now: kaggle kernels push -p {folder}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
