"""The numbers that a notebook returns: shown where they are made, kept in the notebook, read by report and tests."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fkp_utils.evaluation import verdicts
from fkp_utils.system import devices

if TYPE_CHECKING:
    import nbformat  # takes seconds to import, and a kernel needs it for nothing else

MIME = "application/vnd.fkp.record+json"


def record(name: str, value: Any) -> None:
    """Returns `value` from the notebook under `name`, and shows it.

    value: number, string, bool, None, list or dict of these, NumPy numbers and arrays, dataclasses.  ValueError for NaN
    or infinity (a result that is not there is None) and for other types.
    """
    plain = _plain(value, name)
    _show({"name": name, "value": plain}, f"`{name}` = {_text(plain)}")


def audit(tests: Iterable[verdicts.Tested]) -> None:
    """Records tests of the earlier reports' claims, and shows them in one table with what decides each."""
    tests = list(tests)
    rows = ["| Claim | An earlier report | Its figure | Here | Verdict |", "|---|---|---|---|---|"]
    for each in tests:
        cells = (each.identity, each.statement, each.theirs, each.ours, f"**{each.verdict}**: {each.verdict.why}")
        rows.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    _show({"claims": _as_json(tests)}, "\n".join(rows))


def _as_json(tests: Iterable[verdicts.Tested]) -> dict[str, dict[str, Any]]:
    device = devices.accelerator() if "keras" in sys.modules else devices.cpu()
    return {
        each.identity: {
            "statement": each.statement,
            "theirs": each.theirs,
            "ours": each.ours,
            "holds": each.verdict.holds,
            "why": each.verdict.why,
            "device": device,
        }
        for each in tests
    }


def _show(data: dict[str, Any], text: str) -> None:
    from IPython import display

    display.display({MIME: data, "text/markdown": text, "text/plain": text.replace("**", "")}, raw=True)


def read(notebook: nbformat.NotebookNode) -> dict[str, dict[str, Any]]:
    """{"values": {name: value}, "claims": {identity: claim}} of an executed notebook; ValueError if a name repeats."""
    found: dict[str, dict[str, Any]] = {"values": {}, "claims": {}}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get(MIME)
            if data is None:
                continue
            kind = "values" if "value" in data else "claims"
            new = (
                {data["name"]: data["value"]} if "value" in data else data.get("claims", {})
            )  # {}: of an older version
            if twice := found[kind].keys() & new.keys():
                raise ValueError(f"{min(twice)!r} is recorded twice")
            found[kind] |= new
    return found


def _plain(value: Any, name: str) -> Any:
    """`value` as JSON has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(part, f"{name}[{key!r}]") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, f"{name}[{index}]") for index, part in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}; record None for a result that is not there")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"{name} is of type {type(value).__name__}; expected numbers, strings, lists or dicts")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return str(value)
