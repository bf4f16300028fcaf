"""The report's pages on the package: one for each room, made from docstrings, and links to them from notebooks."""

from __future__ import annotations

import ast
import pathlib
import re

from fkp_utils.system import places

TOP = "package"  # the page of the modules at the top
_CODE = re.compile(r"(?<![`\w])`(\w+)\.(\w+)(?:\([^`]*\))?`(?!`)")
_IMPORT = re.compile(r"^\s*from (fkp_utils[\w.]*) import (.+)$", re.MULTILINE)


def rooms() -> dict[str, list[str]]:
    """Full module names by page: "package" for those at the top, then the rooms in alphabetical order."""
    found: dict[str, list[str]] = {TOP: []}
    for path in sorted(places.PACKAGE.rglob("*.py")):
        parts = path.relative_to(places.PACKAGE).with_suffix("").parts
        if parts[-1] != "__init__":
            found.setdefault(parts[0] if len(parts) > 1 else TOP, []).append(".".join(("fkp_utils", *parts)))
    return found


def write(folder: pathlib.Path) -> list[str]:
    """Writes the pages into `folder`/api; returns their names for a table of contents."""
    target = folder / "api"
    target.mkdir()
    found = rooms()
    told = {name: sentence(places.PACKAGE / name / "__init__.py") for name in found if name != TOP}
    told = {TOP: "The modules at the top, of which all others speak."} | told
    for name, modules in found.items():
        blocks = [
            f"## {module.removeprefix('fkp_utils.')}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```"
            for module in modules
        ]
        text = "\n\n".join([f"# {name}", told[name], *blocks])
        (target / f"{name}.md").write_text(text + "\n", encoding="utf-8")
    rows = ["| Room | What lives there |", "|---|---|", *(f"| [{name}]({name}.md) | {told[name]} |" for name in found)]
    contents = ["```{toctree}", ":hidden:", *found, "```"]
    text = "\n".join(["# The package, room by room", "", *rows, "", *contents])
    (target / "index.md").write_text(text + "\n", encoding="utf-8")
    return ["api/index"]


def sentence(path: pathlib.Path) -> str:
    """The docstring of a module, in one line."""
    return " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())


def linked(text: str, aliases: dict[str, str]) -> str:
    """Markdown in which code such as `runs.run` leads to the page of the function, where the notebook imports `runs`.

    aliases: full module names by the name that the notebook gives them (`imported`).
    """

    def role(match: re.Match[str]) -> str:
        module = aliases.get(match[1])
        return f"{{py:obj}}`{match[0].strip('`')} <{module}.{match[2]}>`" if module else match[0]

    return _CODE.sub(role, text)


def imported(code: str) -> dict[str, str]:
    """Full module names of the package by the names that the code gives them."""
    found = {}
    for package, names in _IMPORT.findall(code):
        for name in names.split("#")[0].strip("() ").split(","):
            module, _, alias = name.strip().partition(" as ")
            found[alias or module] = f"{package}.{module}"
    return found


def as_restructured(lines: list[str]) -> list[str]:
    """The lines of a docstring, which is plain text with `code` in it, as reStructuredText."""
    text = re.sub(r"([*|_\\])", r"\\\1", "\n".join(lines))
    return re.sub(r"(?<!`)`([^`\n]+)`(?!`)", _literal, text).split("\n")


def _literal(match: re.Match[str]) -> str:
    code = match[1].replace("\\", "")
    if re.fullmatch(r"[A-Za-z][\w.]*", code):
        return f":py:obj:`{code} <.{code}>`"
    return f"``{code}``"
