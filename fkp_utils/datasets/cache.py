"""Parsed data sets, kept on disk and checked on every use."""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Callable, Sequence

import platformdirs

from fkp_utils.system import files


def cache_folder() -> pathlib.Path:
    """`$FKP_CACHE`, or the folder that this system has for caches."""
    return pathlib.Path(os.environ.get("FKP_CACHE") or platformdirs.user_cache_dir("fkp_utils"))


def fingerprint(inputs: Sequence[pathlib.Path]) -> str:
    """Hex digest that changes when the inputs do: contents of files; names, sizes and times of a folder's files."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(f"{path.name}\n".encode())
        if path.is_dir():
            stats = sorted((entry.name, entry.stat()) for entry in os.scandir(path) if entry.is_file())
            digest.update(repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]).encode())
        else:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def cached(
    name: str, inputs: Sequence[pathlib.Path], version: object, build: Callable[[pathlib.Path], None]
) -> pathlib.Path:
    """The folder that `build` filled from `inputs`, built now if it is not there.

    It is valid for one name, `version` (of the format, with whatever else shapes the result) and content of the inputs.
    Each use checks the sums of its files; a damaged folder is built again, with a warning.  Only one process builds.
    """
    key = hashlib.sha256(f"{version} {_known_fingerprint(inputs)}".encode()).hexdigest()[:16]
    folder = cache_folder() / f"{name}-{key}"

    def fill() -> None:
        with files.sealed(folder) as new:
            build(new)

    return files.built_once(folder, fill)


def _known_fingerprint(inputs: Sequence[pathlib.Path]) -> str:
    """`fingerprint(inputs)`, remembered while path, size and time of every input stay as they were."""
    stats = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in inputs]
    note = cache_folder() / f"inputs-{hashlib.sha256(repr(stats).encode()).hexdigest()[:16]}"
    if any(path.is_dir() for path in inputs):
        return fingerprint(inputs)
    try:
        return note.read_text(encoding="utf-8")
    except OSError:
        files.write_text(note, fingerprint(inputs))
        return note.read_text(encoding="utf-8")
