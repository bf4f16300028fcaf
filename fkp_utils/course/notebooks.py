"""The sources of the notebooks: their titles, parameters and what of the package they reach."""

from __future__ import annotations

import ast
import hashlib
import json
import pathlib
import re
from typing import Any

from fkp_utils.datasets import loading
from fkp_utils.models import architectures
from fkp_utils.system import code_version, places

LAST = "14_what_held_up"  # reads what the others have recorded, so it is executed after them
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def names() -> list[str]:
    """The notebooks of the series in order, such as `01_eda`."""
    return sorted(path.stem for path in places.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def needed(name: str) -> list[str]:
    """The notebooks whose records a notebook reads: for LAST all others, for others none."""
    return [other for other in names() if other != LAST] if name == LAST else []


def cells(path: pathlib.Path) -> list[dict[str, Any]]:
    """The cells of a notebook with their sources joined; ValueError if the file is not a notebook of format 4."""
    try:  # nbformat takes a second to import, and this is read again for every `make report`
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [cell | {"source": "".join(cell["source"])} for cell in found]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a notebook of format 4 ({type(error).__name__}: {error})") from error


def title(name: str) -> str:
    """The first heading of a notebook of the series; its name if that is no notebook."""
    try:
        return cells(places.NOTEBOOKS / f"{name}.ipynb")[0]["source"].splitlines()[0].lstrip("# ").strip()
    except (ValueError, IndexError):
        return name


def finding(values: dict[str, Any]) -> str:
    """The one sentence that a notebook records as its `finding`, fit for a cell of a table."""
    return str(values.get("finding", "")).replace("|", "/").replace("\n", " ")


def declared(path: pathlib.Path) -> dict[str, Any]:
    """Names and defaults in the one cell tagged `parameters`; ValueError if it holds anything but literals."""
    tagged = [cell for cell in cells(path) if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise ValueError(f"{path}: {len(tagged)} cells are tagged 'parameters'; expected one")
    found = {}
    for statement in ast.parse(tagged[0]["source"]).body:
        try:
            (target,) = statement.targets
            found[target.id] = ast.literal_eval(statement.value)
        except (AttributeError, ValueError) as error:
            text = ast.unparse(statement)
            raise ValueError(f"{path}: the parameters cell holds {text!r}; expected NAME = literal") from error
    return found


def checked(path: pathlib.Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """Those of `parameters` that differ from the notebook's defaults; ValueError for an unknown name or type."""
    defaults = declared(path)
    for name, value in parameters.items():
        if name not in defaults:
            raise ValueError(f"{path}: no parameter {name!r}; its parameters cell declares {', '.join(defaults)}")
        if type(value) is not type(defaults[name]):
            raise ValueError(f"{path}: {name} is {value!r}; expected a value like {defaults[name]!r}")
    return {name: value for name, value in parameters.items() if value != defaults[name]}


def modules(path: pathlib.Path, data: str) -> list[pathlib.Path]:
    """The files of the package that a notebook reaches through imports, with the layout of `data` and all models.

    A cell or module that is not Python, or a file that is no notebook, adds nothing: its execution shows the error.
    """
    try:
        sources = [_MAGIC.sub(r"\1pass", cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"]
    except ValueError:
        sources = []
    by_name = {
        "fkp_utils.datasets.loading": [loading.module(data)],
        "fkp_utils.models.architectures": [architectures.module(name) for name in architectures.NAMES],
    }
    return code_version.reached(set().union(*map(code_version.imports, sources)), by_name)


def version(name: str, data: str) -> str:
    """Hex digest of the files that shape what a notebook records: its source, `modules`, and tables of long runs.

    Contents tell what has changed where times do not: files are copied with old times, and clocks are set back.
    """
    source = places.NOTEBOOKS / f"{name}.ipynb"
    tables = sorted(places.RESULTS.glob("*.json")) if needed(name) else []
    digest = hashlib.sha256()
    for path in (source, *modules(source, data), *tables):
        digest.update(f"{path.relative_to(places.CHECKOUT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
