"""The command line that the benchmarks share: each option is a name with its default."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from fkp_utils import profiles
from fkp_utils.system import places

HELP = {
    "data": "name of the data set",
    "root": "folder of the data",
    "faces": "how many synthetic faces",
    "rows": "how many rows",
    "repeats": "how often each is timed",
    "models": "networks, separated by commas",
    "results": "folder of the table",
    "before": "a checkout of an earlier version",
}
CHOICES = {"profile": tuple(profiles.PROFILES)}


def parse(text: str | None, arguments: Sequence[str] | None = None, **options: Any) -> argparse.Namespace:
    """The options of a command line, as `--name value`; a default that is a type stands for None.

    text: the benchmark's docstring.  A tuple is given as values separated by commas, "" for none; `results` is a
    folder, results/ of the project if it is not named.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in options.items():
        kind, default = (usual, None) if isinstance(usual, type) else (type(usual), usual)
        if kind is tuple:
            kind = _several(type(usual[0]) if usual else str)
        told = f"{HELP.get(name, '')} (default: {default})" if default not in (None, "", ()) else HELP.get(name, "")
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, default=default, choices=CHOICES.get(name), help=told or None
        )
    if "results" in options:
        parser.set_defaults(results=places.RESULTS)
    return parser.parse_args(arguments)


def _several(kind: type) -> Any:
    def several(text: str) -> tuple[Any, ...]:
        return tuple(kind(part) for part in text.split(",") if part)

    return several


def refuse(message: str) -> NoReturn:
    """Ends the benchmark as a wrong option does."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(2)
