"""Which files of the package a piece of code reaches through imports, and a version of what they do."""

from __future__ import annotations

import ast
import functools
import hashlib
import pathlib
from collections.abc import Iterable, Mapping

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = "fkp_utils"


@functools.cache  # of a series, each notebook reaches much the same files
def imports(source: str) -> frozenset[str]:
    """The modules of the package that `source` imports, with the packages they lie in; none if it is not Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # whoever runs it shows the error
        return frozenset()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in found if name.split(".")[0] == PACKAGE]
    return frozenset(".".join(name[: end + 1]) for name in parts for end in range(len(name)))


def reached(modules: Iterable[str], by_name: Mapping[str, Iterable[str]]) -> list[pathlib.Path]:
    """The files of the modules and of all that these import.

    by_name: of packages that import their modules by name, such as `fkp_utils.datasets`, which of them count.
    """
    waiting, found = set(modules), set()
    while waiting:
        name = waiting.pop()
        base = ROOT / name.replace(".", "/")
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file() and file not in found:
                found.add(file)
                waiting |= imports(file.read_text(encoding="utf-8"))
                waiting |= {f"{name}.{chosen}" for chosen in by_name.get(name, ())}
    return sorted(found)


@functools.cache
def version(*modules: str) -> str:
    """Hex digest of the modules with all that they import; comments, docstrings and layout do not change it."""
    digest = hashlib.sha256()
    for path in reached(modules, {}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                texts = [item for item in body if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)]
                node.body = [item for item in body if item not in texts]
        digest.update(f"{path.relative_to(ROOT)}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:16]
