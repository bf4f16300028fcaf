"""The numbers of a whole series in one tidy table, `records.csv`, and what differs between the tables of two series.

A number's unit is told by its name: by `px`, `rmse` or `percent` in it, and so on (UNITS, AXES).
"""

from __future__ import annotations

import csv
import io
import json
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd

from fkp_utils.system import commands, files

FILE = "records.csv"
COLUMNS = ["notebook", "name", "value", "low", "high", "unit"]
# Words in names.  The outermost part of a name that has one decides, and in it the first word of this table.
UNITS = {"mse": "px²", "%": "%", "percent": "%", "nme": "%", "degrees": "°", "seconds": "s", "px": "px", "rmse": "px",
         "mae": "px"}  # fmt: skip
# Whole parts of names that are of another unit than the words around them would say.
AXES = {"points": "", "eye_distances": "eye distances", "px_per_grey_level": "px per grey level"}
_ESTIMATE = {"value", "low", "high"}


def unit(name: str) -> str:
    """The unit of a number by its name, whose parts stand between slashes; "" if it has none, or no part tells it."""
    parts = name.split("/")
    for part in parts:
        if part in AXES:
            return AXES[part]
    for part in parts:
        words = re.findall(r"[a-z]+|%", part.lower())
        found = [known for word, known in UNITS.items() if word in words]
        if found:
            return found[0]
    return ""


def numbers(value: Any, name: str) -> Iterator[dict[str, Any]]:
    """The rows of one recorded value: one for a number, or for an estimate with its interval; parts after a slash.

    Words, truth values and None are no numbers, so they have no row.
    """
    if isinstance(value, dict) and value.keys() == _ESTIMATE:
        yield {"name": name, **value, "unit": unit(name)}
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(part, f"{name}/{str(key).replace('/', ' per ')}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield {"name": name, "value": value, "unit": unit(name)}


def table(records: pathlib.Path) -> pd.DataFrame:
    """All numbers in a folder of records (NAME.json), with COLUMNS; low and high are NaN without an interval.

    ValueError for a file that is no record.
    """
    rows = []
    for path in sorted(records.glob("*.json")):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))["values"].items()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not what a notebook recorded; expected JSON with 'values'") from error
        rows += [{"notebook": path.stem, **row} for name, value in values for row in numbers(value, name)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({name: float for name in ("value", "low", "high")})


def write(series: pathlib.Path) -> pathlib.Path:
    """Writes `records.csv` of the series in the folder `series` beside its records; returns the path."""
    path = series / FILE
    files.write_text(path, table(series / "records").to_csv(index=False, lineterminator="\n"))
    return path


def read(place: pathlib.Path) -> pd.DataFrame:
    """The table of a series: its folder, or the file itself.  ValueError for what is not there or not such a table."""
    path = place / FILE if place.is_dir() else place
    if not path.is_file():
        raise ValueError(f"{path}: not found; expected the folder of a series, such as build/series/synthetic-quick")
    text = path.read_text(encoding="utf-8")
    header = next(csv.reader(io.StringIO(text)), [])
    if header != COLUMNS:
        raise ValueError(f"{path}: row 1 is {','.join(header)!r}; expected {','.join(COLUMNS)!r}")
    found = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
    for column in ("value", "low", "high"):
        known = pd.to_numeric(found[column].replace("", "nan"), errors="coerce")
        wrong = known.isna() & (found[column] != "") | known.isna() & (column == "value")
        if wrong.any():
            row = int(wrong.idxmax())
            raise ValueError(f"{path}: row {row + 2}: {column} is {found[column][row]!r}; expected a number")
        found[column] = known.astype(float)
    twice = found.duplicated(["notebook", "name"])
    if twice.any():
        row = int(twice.idxmax())
        raise ValueError(f"{path}: row {row + 2}: {found['name'][row]!r} stands there twice; expected once")
    return found


def changed(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The numbers of both tables whose intervals do not overlap: the columns of each end in " A" and " B"."""
    both = _both(first, second)
    apart = (both["low B"] > both["high A"]) | (both["high B"] < both["low A"])
    return both[apart & _has_interval(both)].reset_index(drop=True)


def compare(first: pd.DataFrame, second: pd.DataFrame) -> str:
    """What `make compare` prints: the numbers that changed beyond their intervals, and how many others there are.

    An interval of no width, as of a single training, says nothing of chance, so it counts as none.
    """
    both, found = _both(first, second), changed(first, second)
    lines = []
    for row in found.itertuples(index=False, name=None):
        each = dict(zip(found.columns, row, strict=True))
        a, b = (f"{each[f'value {s}']:.4g} [{each[f'low {s}']:.4g}, {each[f'high {s}']:.4g}]" for s in "AB")
        lines.append(f"{each['notebook']}  {each['name']}: {a} -> {b} {each['unit A']}".rstrip())
    measured = _has_interval(both)
    differ = int((~measured & (both["value A"] != both["value B"])).sum())
    lines.append(f"{len(found)} of {int(measured.sum())} numbers with intervals changed beyond them")
    lines.append(f"{differ} of {int((~measured).sum())} numbers without an interval differ, which may be chance")
    lines.append(f"{len(first) - len(both)} numbers are only in A, {len(second) - len(both)} only in B")
    return "\n".join(lines)


def _both(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    return first.merge(second, on=["notebook", "name"], suffixes=(" A", " B"))


def _has_interval(both: pd.DataFrame) -> pd.Series:
    return (both["high A"] > both["low A"]) & (both["high B"] > both["low B"])


@commands.command
def main(arguments: list[str]) -> None:
    """The command line of `make compare`: the places of two tables."""
    if len(arguments) != 2 or not all(arguments):
        raise ValueError("two series are compared, by their folders or tables: make compare A=<series> B=<series>")
    first, second = (read(pathlib.Path(place)) for place in arguments)
    print(compare(first, second))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
