"""The address of the repository, stamped from one place into badges, setup cells and the project's metadata."""

from __future__ import annotations

import pathlib
import re
import sys
import tomllib

import fkp_utils
from fkp_utils.course import front
from fkp_utils.system import commands, files, places

PLACEHOLDER = "facial-keypoints/course"  # leads nowhere; `make badges REPO=owner/name` puts a real one in its place
START, END = "<!-- badges: written by `make badges` -->\n", "<!-- end of badges -->\n"
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_CITED = re.compile(r'^repository-code: "https://github\.com/.*"\n', re.MULTILINE)


def repository(root: pathlib.Path = places.CHECKOUT) -> str:
    """`owner/name` as pyproject.toml has it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def badges(path: str, name: str) -> str:
    """The Colab and Kaggle badges of the notebook at `path` in the repository `name`, as Markdown."""
    address = f"github.com/{name}/blob/main/{path}"
    colab = f"https://colab.research.google.com/{address.replace('github.com', 'github')}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://{address}"
    shield = "https://img.shields.io/badge/Open%20in"
    return (
        f"[![Open in Colab]({shield}-Colab-f9ab00?logo=googlecolab)]({colab}) "
        f"[![Open in Kaggle]({shield}-Kaggle-20beff?logo=kaggle)]({kaggle})"
    )


def shown(name: str) -> str:
    """What the README shows of the repository `name`: whether its tests pass, its report, the series on Colab and the
    course on Binder; "" for the placeholder, whose badges would lead nowhere."""
    if name == PLACEHOLDER:
        return ""
    owner, project = name.split("/")
    tests = f"https://github.com/{name}/actions/workflows/tests.yml"
    shield = "https://img.shields.io/badge"
    return (
        f"[![Tests]({tests}/badge.svg)]({tests})\n"
        f"[![Report]({shield}/report-read-4c72b0)](https://{owner}.github.io/{project}/)\n"
        f"[![Run the series in Colab]({shield}/series-Colab-f9ab00?logo=googlecolab)]"
        f"(https://colab.research.google.com/github/{name}/blob/main/notebooks/run_series.ipynb)\n"
        f"[![Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/{name}/main?labpath=notebooks)\n"
    )


def stamp(new: str, root: pathlib.Path = places.CHECKOUT) -> list[pathlib.Path]:
    """Writes `new` (owner/name) in the place of the present repository in all that names it, and this version's tag
    where notebooks install the package; returns the files changed.

    ValueError if `new` is not of the form owner/name, or the README has no place for badges.
    """
    if not _NAME.fullmatch(new):
        raise ValueError(f"the repository is {new!r}; expected owner/name, as in `make badges REPO=owner/name`")
    old = repository(root)
    found = {path: path.read_text(encoding="utf-8") for path in _files(root)}
    stamped = {
        path: re.sub(rf"(github(?:\.com)?/){re.escape(old)}(?![\w-]|\.(?!git\b)\w)", rf"\g<1>{new}", text)
        for path, text in found.items()
    }
    installed = re.compile(rf"(git\+https://github\.com/{re.escape(new)})(@v[\w.]+)?(?=\\?\")")
    cloned = re.compile(r"(git clone .*--branch )v[\w.]+")
    version = fkp_utils.__version__
    for path in (path for path in found if path.suffix == ".ipynb"):
        stamped[path] = cloned.sub(rf"\g<1>v{version}", installed.sub(rf"\g<1>@v{version}", stamped[path]))
    readme, citation = root / "README.md", root / "CITATION.cff"
    head, _, tail = front.parts(stamped[readme], START, END)
    stamped[readme] = head + shown(new) + tail
    address = "" if new == PLACEHOLDER else f'repository-code: "https://github.com/{new}"\n'
    stamped[citation] = _CITED.sub("", stamped[citation]) + address
    changed = [path for path in found if stamped[path] != found[path]]
    for path in changed:
        files.write_text(path, stamped[path])
    return changed


def _files(root: pathlib.Path) -> list[pathlib.Path]:
    """All that names the repository."""
    others = [root / name for name in ("README.md", "pyproject.toml", "CITATION.cff")]
    return [*sorted((root / "notebooks").glob("*.ipynb")), *others]


@commands.command
def main(arguments: list[str]) -> None:
    """The command line of `make badges`: the repository."""
    changed = stamp(" ".join(arguments))
    print("\n".join(str(path.relative_to(places.CHECKOUT)) for path in changed) or "nothing to change")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
