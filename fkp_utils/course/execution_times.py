"""The page of execution times: what each notebook and each training has cost, and how busy the processors were."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fkp_utils.course import notebooks

if TYPE_CHECKING:
    import nbformat


def page(book: Mapping[str, nbformat.NotebookNode]) -> str:
    """The page in Markdown, of the executed notebooks by name."""
    stamps = {name: notebook.metadata["fkp"] for name, notebook in book.items()}
    return "\n".join(["# Execution times", "", *_notebooks(stamps), *_trainings(stamps)])


def _notebooks(stamps: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = ["| Notebook | Executed (UTC) | Seconds | Processor seconds | Status |", "|---|---|--:|--:|---|"]
    for name, stamp in stamps.items():
        cells = [f"[{notebooks.title(name)}]({name}.ipynb)", when(stamp), *_seconds([stamp])]
        rows.append(f"| {' | '.join(cells)} | {'failed' if 'error' in stamp else 'done'} |")
    rows += [f"| Together | | {' | '.join(_seconds(stamps.values()))} | |", ""]
    if all("processor_seconds" in stamp for stamp in stamps.values()):
        clock = covered(stamps.values())
        used = sum(stamp["processor_seconds"] for stamp in stamps.values()) / clock
        cores = max(stamp["cores"] for stamp in stamps.values())
        rows += [
            f"At least one notebook was at work for {clock:,.0f} seconds. In these, {used:.2f} of {cores} processors"
            " were busy on average.",
            "",
        ]
    return rows


def _seconds(stamps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Both kinds of seconds of all the stamps together; "" for one that a stamp of an earlier version lacks."""
    each = list(stamps)
    kinds = ("seconds", "processor_seconds")
    return [
        f"{sum(stamp[kind] for stamp in each):,.1f}" if all(kind in stamp for stamp in each) else "" for kind in kinds
    ]


def when(stamp: Mapping[str, Any]) -> str:
    """When a notebook was executed, to the minute."""
    return stamp["executed"][:16].replace("T", " ")


def covered(stamps: Iterable[Mapping[str, Any]]) -> float:
    """Seconds in which at least one of the notebooks was at work."""
    begun = [(datetime.datetime.fromisoformat(stamp["executed"]).timestamp(), stamp["seconds"]) for stamp in stamps]
    total, until = 0.0, 0.0
    for start, seconds in sorted(begun):
        end = start + seconds
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _trainings(stamps: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for name, stamp in stamps.items():
        for each in stamp.get("trainings", []):
            found.setdefault(each["key"], (each, []))[1].append(name)
    if not found:
        return []
    every = sorted(found.values(), key=lambda both: -both[0]["seconds"])
    total = sum(each["seconds"] for each, _ in every)
    rows = [
        "## Trainings",
        "",
        f"{len(every)} experiments took {total:,.0f} seconds in all. Each is trained once, for the notebook that asks"
        " for it first, and is found on disk ever after. Epochs are those of all restarts.",
        "",
        "| Training | Notebooks | Faces | Restarts | Epochs | Seconds |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for each, where in every:
        links = ", ".join(f"[{name[:2]}]({name}.ipynb)" for name in where)
        counts = f"{each['faces']:,} | {each['restarts']} | {each['epochs']:,} | {each['seconds']:,.1f}"
        rows.append(f"| {each['label'].replace('|', '/')} | {links} | {counts} |")
    return [*rows, ""]
