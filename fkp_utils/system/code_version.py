"""Which files of the package a piece of code reaches through imports, and a version of what they do."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import pathlib
import textwrap
from collections.abc import Iterable, Mapping

from fkp_utils.system import places

PACKAGE = places.PACKAGE.name


@functools.cache  # of a series, each notebook reaches much the same files
def imports(source: str, inside: str = "") -> frozenset[str]:
    """The modules of the package that `source` imports, with the packages they lie in; none if it is not Python.

    inside: the full name of the package that a relative import (`from . import x`) starts from.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # whoever runs it shows the error
        return frozenset()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = inside.split(".")[: len(inside.split(".")) + 1 - node.level] if node.level else []
            base = ".".join(filter(None, [*start, node.module]))
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in found if name.split(".")[0] == PACKAGE]
    return frozenset(".".join(name[: end + 1]) for name in parts for end in range(len(name)))


def reached(modules: Iterable[str], by_name: Mapping[str, Iterable[str]] | None = None) -> list[pathlib.Path]:
    """The files of the modules and of all that these import.

    by_name: of modules that import others by name, such as `fkp_utils.datasets.loading`, which of those count.
    """
    waiting, found = set(modules), set()
    while waiting:
        name = waiting.pop()
        base = places.PACKAGE.parent / name.replace(".", "/")
        for file, inside in ((base.with_suffix(".py"), name.rpartition(".")[0]), (base / "__init__.py", name)):
            if file.is_file() and file not in found:
                found.add(file)
                waiting |= imports(file.read_text(encoding="utf-8"), inside)
                waiting |= set((by_name or {}).get(name, ()))
    return sorted(found)


@functools.cache
def version(*modules: str) -> str:
    """Hex digest of what the modules and all that they import do; comments, docstrings, layout, places and the number
    of the release do not count.

    ValueError for a module that is not there.
    """
    for name in modules:
        if not reached([name]):
            raise ValueError(f"no module {name}: its code can have no version")
    return digest(reached(modules))


def of(kind: type) -> str:
    """The version of a class: that of its module if it is of the package, else of its own source.

    ValueError if that cannot be had, as of a class that was typed at a prompt.
    """
    if kind.__module__.split(".")[0] == PACKAGE:
        return version(kind.__module__)
    try:
        return hashlib.sha256(_meaning(textwrap.dedent(inspect.getsource(kind))).encode()).hexdigest()[:16]
    except (OSError, TypeError) as error:
        raise ValueError(f"{kind.__name__} has no source that can have a version; define it in a file") from error


def digest(paths: Iterable[pathlib.Path]) -> str:
    """Hex digest of what the files do, wherever they lie and in whatever order.  ValueError if there is none."""
    sources = [path.read_text(encoding="utf-8") for path in paths]
    if not sources:
        raise ValueError("no file to make a version of")
    texts = sorted({_meaning(source) for source in sources} - {_meaning("")})
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@functools.cache
def _meaning(source: str) -> str:
    """The syntax tree without docstrings, the release's number and imports of the package (where code lies)."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [item for item in body if not (_is_text(item) or _is_release(item) or _is_own_import(item))]
    return ast.dump(tree)


def _is_text(item: ast.stmt) -> bool:
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)


def _is_release(item: ast.stmt) -> bool:
    return isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "__version__"


def _is_own_import(item: ast.stmt) -> bool:
    if isinstance(item, ast.Import):
        return all(alias.name.split(".")[0] == PACKAGE for alias in item.names)
    return isinstance(item, ast.ImportFrom) and (item.level > 0 or (item.module or "").split(".")[0] == PACKAGE)
