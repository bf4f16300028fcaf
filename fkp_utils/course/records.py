"""The numbers that a notebook returns: shown where they are made, kept in the notebook, read by report and tests."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fkp_utils.evaluation import verdicts

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


def claim(
    identity: str, statement: str, theirs: str, ours: str, holds: verdicts.Verdict | bool | None
) -> verdicts.Verdict:
    """Records and shows the test of an earlier report's claim; returns its verdict.

    identity: the claim's number, such as "S0.1", and a word that tells its parts apart ("S0.1 rows").  theirs, ours:
    the figures.  holds: a verdict; or True, False, or None where the loaded data cannot tell.
    """
    if not isinstance(holds, verdicts.Verdict):
        holds = verdicts.Verdict(None if holds is None else bool(holds))
    value = {"statement": statement, "theirs": theirs, "ours": ours, "holds": holds.holds, "why": holds.why}
    text = f"**{identity}: {holds}.** {statement} Earlier report: {theirs}. Here: {ours}."
    if holds.holds is None and holds.why:
        text += f" It cannot be told, as {holds.why}."
    _show({"name": identity, "claim": value}, text)
    return holds


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
            kind = "claim" if "claim" in data else "value"
            if data["name"] in found[f"{kind}s"]:
                raise ValueError(f"{data['name']!r} is recorded twice")
            found[f"{kind}s"][data["name"]] = data[kind]
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
