"""The report: a Sphinx book of the executed notebooks, readable from disk without a network."""

from __future__ import annotations

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from fkp_utils.app import prediction
from fkp_utils.course import api_pages, badges, execution_times, home_page, notebooks
from fkp_utils.system import files, places

if TYPE_CHECKING:
    import nbformat

SOURCES = places.CHECKOUT / "report"
ASSEMBLED = places.BUILD / "book"
REPORT = places.BUILD / "report"
MODEL = "try_it_model.js"  # what the page "Try it" computes, beside the page's own scripts
_BADGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]\(([^)]*)\)")
_NOTEBOOK = re.compile(r"\[([^\]]*)\]\((\d\d_\w+)\.ipynb(#[^)]*)?\)")
_ROOT = re.compile(r'ROOT = "[^"]*/([^"/]+)"')
_LINK = re.compile(r'<a href="(\d\d_\w+)\.ipynb(#[^"]*)?">([^<]*)</a>')
_FILE = re.compile(r"\[([^\]]*)\]\(\.\./([^)]*)\)")


def sources() -> list[pathlib.Path]:
    """The files that shape the book beside the notebooks."""
    return [path for path in sorted(SOURCES.rglob("*")) if path.is_file() and path.suffix != ".pyc"]


def pages(folder: str | pathlib.Path, names: list[str]) -> list[pathlib.Path]:
    """For each notebook what there is: the one that failed, or the executed one."""
    found = []
    for name in names:
        kinds = [places.CHECKOUT / folder / kind / f"{name}.ipynb" for kind in ("failed", "notebooks")]
        found += [path for path in kinds if path.is_file()][:1]
    return found


def build(folder: pathlib.Path) -> None:
    """Builds the book of the series in `folder` into build/report/, if it is not there as it would be built.

    ValueError if there is no notebook in `folder`, or if Sphinx warns.
    """
    executed = pages(folder, notebooks.names())
    if not executed:
        raise ValueError(f"{folder}: no notebook was executed, so there is no report to build")
    shipped = [prediction.SHIPPED] if prediction.SHIPPED.is_file() else []
    digest = hashlib.sha256()
    for path in (*executed, *sources(), *shipped, *sorted(places.PACKAGE.rglob("*.py"))):
        digest.update(f"{path.relative_to(places.CHECKOUT)}\n".encode() + path.read_bytes())
    key = places.BUILD / "report.key"
    if (REPORT / "index.html").is_file() and key.is_file() and key.read_text(encoding="utf-8") == digest.hexdigest():
        return
    key.unlink(missing_ok=True)
    _assemble(executed, places.CHECKOUT / folder / "figures")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", "-b", "html"]
    command += ["-d", str(places.BUILD / "doctrees"), str(ASSEMBLED), str(REPORT)]
    shutil.rmtree(REPORT, ignore_errors=True)
    if subprocess.run(command, cwd=places.CHECKOUT, check=False).returncode:
        raise ValueError("Sphinx warned, as above; the report has to build without a warning")
    files.write_text(key, digest.hexdigest())


def _assemble(executed: list[pathlib.Path], figures: pathlib.Path) -> None:
    """Writes what Sphinx reads: the front page, that to try the model, the notebooks' and the execution times."""
    import nbformat

    from fkp_utils.course import browser_model

    book = {path.stem: nbformat.read(path, as_version=4) for path in executed}
    with files.replacing(ASSEMBLED, folder=True) as new:
        for path in sources():
            target = new / path.relative_to(SOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                target.write_text(_linked(path.read_text(encoding="utf-8"), book), encoding="utf-8")
            else:
                shutil.copyfile(path, target)
        for name, notebook in book.items():
            nbformat.write(page(notebook, book), new / f"{name}.ipynb")
        api = api_pages.write(new)
        index = (new / "index.md").read_text(encoding="utf-8")
        browser_model.write(new / "_static" / MODEL, prediction.load() if prediction.SHIPPED.is_file() else None)
        contents = "\n".join(
            ["```{toctree}", ":hidden:", "how_to_read", "try_it", *book, *api, "execution_times", "```"]
        )
        front = "\n\n".join([index, home_page.sections(book, figures), contents])
        (new / "index.md").write_text(front + "\n", encoding="utf-8")
        home_page.draw(new / "_static", figures)
        (new / "execution_times.md").write_text(execution_times.page(book), encoding="utf-8")


def page(notebook: nbformat.NotebookNode, names: Collection[str]) -> nbformat.NotebookNode:
    """The page of an executed notebook in the book of the notebooks `names`.

    Its stamp stands below the title; badges are buttons without pictures from elsewhere; every figure has its text;
    links to notebooks that are not in the book are plain text, and links to other files lead to the repository, once it
    has an address.  The recorded values are folded; of the folder of the data, only its name is told.
    """
    import nbformat

    from fkp_utils.course import records

    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    aliases = api_pages.imported(code)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = api_pages.linked(_linked(cell.source, names), aliases)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = _ROOT.sub(r'ROOT = ".../\1"', cell.source)
        outputs = [output for output in cell.get("outputs", []) if "data" in output]
        named = [output.data.get(records.MIME, {}) for output in outputs]
        if named and all("value" in record for record in named):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-output"]
        for output in outputs:
            if "text/html" in output.data:
                output.data["text/html"] = _pages(_table(output.data["text/html"]), names)
        shown = [output for output in outputs if "image/png" in output.data]
        if len(shown) > 1:
            raise ValueError(f"a cell shows {len(shown)} figures; one cell, one figure:\n{cell.source}")
        for output in shown:
            options = output.metadata.get("image/png", {})
            image = {"alt": options.get("alt", ""), "width": f"{options.get('width', 720)}px"}
            cell.metadata["mystnb"] = {"image": image}
    notebook.cells = [part for cell in notebook.cells for part in (*_anchors(cell), cell)]
    notebook.metadata.setdefault("language_info", {"name": "python", "pygments_lexer": "ipython3"})
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(_stamp_text(notebook.metadata["fkp"])))
    return notebook


def _linked(text: str, names: Collection[str]) -> str:
    def resolved(match: re.Match[str]) -> str:
        return match[0] if match[2] in names else match[1]

    repository = badges.repository()
    known = repository != badges.PLACEHOLDER  # else badges and links to files would lead nowhere
    text = _BADGE.sub(r"[\1](\2){.badge-button}" if known else "", text)
    file = rf"[\1](https://github.com/{repository}/blob/main/\2)" if known else r"\1"
    return _FILE.sub(file, _NOTEBOOK.sub(resolved, text))


def _anchors(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """What goes before a cell so that links find the claims that it tests; nothing if it tests none."""
    import nbformat

    from fkp_utils.course import claims, records

    found = [output.get("data", {}).get(records.MIME, {}) for output in cell.get("outputs", [])]
    named = [f'<div id="{claims.anchor(name)}"></div>' for record in found for name in record.get("claims", ())]
    return [nbformat.v4.new_markdown_cell("\n".join(named))] if named else []


def _pages(html: str, names: Collection[str]) -> str:
    """`html` with links to notebooks as links to their pages; plain text for notebooks that are not in the book."""

    def resolved(match: re.Match[str]) -> str:
        name, place, text = match.groups("")
        return f'<a href="{name}.html{place}">{text}</a>' if name in names else text

    return _LINK.sub(resolved, html)


def _table(html: str) -> str:
    """`html` with the tables of pandas' Styler looking as its other tables, and cells of words told from numbers."""
    html = html.replace('<table id="T_', '<table class="dataframe" id="T_')
    return re.sub(r"<td(?=[^>]*>\s*(?!nan|None)[^\W\d_])", "<td data-words", html)


def _stamp_text(stamp: dict[str, Any]) -> str:
    parameters = dict(stamp["parameters"])
    data, root, profile = (parameters.pop(key, "") for key in ("DATA", "ROOT", "PROFILE"))
    python = {"python": stamp["versions"]["python"]}  # first, whatever order JSON was kept in
    versions = ", ".join(f"{name} {version}" for name, version in (python | stamp["versions"]).items())
    facts = [
        f"data: {data} ({root})" if root else f"data: {data}",
        f"profile: {profile}",
        *(f"{name.lower()}: {value}" for name, value in parameters.items()),
        f"executed: {execution_times.when(stamp)} UTC in {stamp['seconds']:.0f} s on {stamp['cores']} cores",
    ]
    text = f"{{.stamp}}\n{' · '.join(facts)}<br>{versions}"
    if "error" in stamp:
        quoted = stamp["error"].replace("```", "'''")
        text += f"\n\n````{{error}}\nThis notebook did not finish.\n\n```text\n{quoted}\n```\n````"
    return text
