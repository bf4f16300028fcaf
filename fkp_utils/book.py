"""The report: a Sphinx book of the executed notebooks, readable from disk without a network."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any

import nbformat

from fkp_utils import files, profiles, series

SOURCES = series.ROOT / "report"
ASSEMBLED = series.BUILD / "book"
REPORT = series.BUILD / "report"
BADGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]")


def sources() -> list[pathlib.Path]:
    """The files that shape the book beside the notebooks."""
    return [path for path in sorted(SOURCES.rglob("*")) if path.is_file() and path.suffix != ".pyc"]


def pages(folder: str | pathlib.Path, names: list[str]) -> list[pathlib.Path]:
    """For each notebook what there is: the one that failed, or the executed one."""
    found = []
    for name in names:
        kinds = [series.ROOT / folder / kind / f"{name}.ipynb" for kind in ("failed", "notebooks")]
        found += [path for path in kinds if path.is_file()][:1]
    return found


def build(folder: pathlib.Path) -> None:
    """Builds the book of the series in `folder` into build/report/; CalledProcessError if Sphinx fails."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in pages(folder, series.names())}
    if not notebooks:
        raise ValueError(f"{folder}: no notebook was executed, so there is no report to build")
    with files.replacing(ASSEMBLED, folder=True) as new:
        for path in sources():
            target = new / path.relative_to(SOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for name, notebook in notebooks.items():
            nbformat.write(page(notebook), new / f"{name}.ipynb")
        index = (new / "index.md").read_text(encoding="utf-8")
        contents = "\n".join(["```{toctree}", ":hidden:", *notebooks, "execution_times", "```"])
        (new / "index.md").write_text(f"{index}\n{_front_table(notebooks)}\n\n{contents}\n", encoding="utf-8")
        (new / "execution_times.md").write_text(_times(notebooks), encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", "-b", "html"]
    command += ["-d", str(series.BUILD / "doctrees"), str(ASSEMBLED), str(REPORT)]
    shutil.rmtree(REPORT, ignore_errors=True)
    subprocess.run(command, check=True)


def page(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The page of an executed notebook: its stamp below the title, no badge pictures, a text for every figure."""
    stamp = notebook.metadata["fkp"]
    notebook.cells[0].source = BADGE.sub(r"[\1]", notebook.cells[0].source)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(_stamp_text(stamp)))
    for cell in notebook.cells:
        shown = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        if len(shown) > 1:
            raise ValueError(f"a cell shows {len(shown)} figures; one cell, one figure:\n{cell.source}")
        for output in shown:
            options = output.metadata.get("image/png", {})
            image = {"alt": options.get("alt", ""), "width": f"{options.get('width', 720)}px"}
            cell.metadata["mystnb"] = {"image": image}
    return notebook


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading of a notebook."""
    return notebook.cells[0].source.splitlines()[0].lstrip("# ").strip()


def _stamp_text(stamp: dict[str, Any]) -> str:
    parameters = stamp["parameters"]
    data = parameters["DATA"] + (f" ({parameters['ROOT']})" if parameters["ROOT"] else "")
    versions = ", ".join(f"{name} {version}" for name, version in stamp["versions"].items())
    facts = [
        f"data: {data}",
        f"profile: {parameters['PROFILE']}",
        f"seed: {parameters['SEED']}",
        f"executed: {stamp['executed'][:16].replace('T', ' ')} UTC in {stamp['seconds']:.0f} s on {stamp['cores']} cores",
    ]
    text = f"{{.stamp}}\n{' · '.join(facts)}<br>{versions}"
    if "error" in stamp:
        text += f"\n\n```{{error}}\nThis notebook did not finish. {stamp['error']}\n```"
    return text


def _front_table(notebooks: dict[str, nbformat.NotebookNode]) -> str:
    rows = ["| Notebook | Finding |", "|---|---|"]
    for name, notebook in notebooks.items():
        stamp = notebook.metadata["fkp"]
        finding = f"**failed:** {stamp['error'].splitlines()[0]}" if "error" in stamp else _finding(notebook)
        rows.append(f"| [{title(notebook)}]({name}.ipynb) | {finding.replace('|', '/')} |")
    profile = profiles.profile(stamp["parameters"]["PROFILE"])
    faces = "all faces" if profile.faces is None else f"{profile.faces:,} faces at most"
    data = f"Data: {stamp['parameters']['DATA']}. Profile: {profile.name} ({faces})."
    return f"{data}\n\n" + "\n".join(rows)


def _finding(notebook: nbformat.NotebookNode) -> str:
    from fkp_utils import records

    return str(records.read(notebook)["values"].get("finding", ""))


def _times(notebooks: dict[str, nbformat.NotebookNode]) -> str:
    rows = ["# Execution times", "", "| Notebook | Executed (UTC) | Seconds | Status |", "|---|---|--:|---|"]
    for name, notebook in notebooks.items():
        stamp = notebook.metadata["fkp"]
        status = "failed" if "error" in stamp else "done"
        when = stamp["executed"][:16].replace("T", " ")
        rows.append(f"| [{title(notebook)}]({name}.ipynb) | {when} | {stamp['seconds']:.1f} | {status} |")
    total = sum(notebook.metadata["fkp"]["seconds"] for notebook in notebooks.values())
    return "\n".join([*rows, f"| Together | | {total:.1f} | |", ""])


if __name__ == "__main__":
    build(pathlib.Path(sys.argv[1]))
