"""The address of the repository, stamped from one place into badges, setup cells and the project's metadata."""

from __future__ import annotations

import pathlib
import re
import sys
import tomllib

from fkp_utils.system import files, places

_NAME = re.compile(r"[\w.-]+/[\w.-]+")


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


def stamp(new: str, root: pathlib.Path = places.CHECKOUT) -> list[pathlib.Path]:
    """Writes `new` (owner/name) in the place of the present repository in all that names it; returns the files changed.

    ValueError if `new` is not of the form owner/name.
    """
    if not _NAME.fullmatch(new):
        raise ValueError(f"the repository is {new!r}; expected owner/name, as in `make badges REPO=owner/name`")
    old = repository(root)
    changed = []
    for path in [*sorted((root / "notebooks").glob("*.ipynb")), root / "README.md", root / "pyproject.toml"]:
        text = path.read_text(encoding="utf-8")
        stamped = re.sub(rf"(github(?:\.com)?/){re.escape(old)}(?![\w-]|\.(?!git\b)\w)", rf"\g<1>{new}", text)
        if stamped != text:
            files.write_text(path, stamped)
            changed.append(path)
    return changed


if __name__ == "__main__":
    try:
        print("\n".join(str(path.relative_to(places.CHECKOUT)) for path in stamp(sys.argv[1])) or "nothing to change")
    except ValueError as error:
        sys.exit(f"error: {error}")
