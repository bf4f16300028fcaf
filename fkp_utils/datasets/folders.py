"""The folders in which a layout is looked for, and what in them is data: links are followed, litter is left out."""

from __future__ import annotations

import os
import pathlib
import re
import zipfile
from collections.abc import Callable
from typing import TypeVar

from fkp_utils.datasets import loading

LITTER = {"__macosx", "desktop.ini", "lost+found", "thumbs.db"}  # that systems leave, beside all hidden files
_COPY = re.compile(r" \(\d+\)(?=\.)")  # what browsers add to the name of a file that is downloaded again

Found = TypeVar("Found")


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is none of the data: a hidden one such as `._face.pts`, or of LITTER."""
    return name.startswith(".") or name.casefold() in LITTER


def contents(folder: pathlib.Path) -> tuple[list[str], list[str]]:
    """The names of the files and of the folders in `folder`, in order; a link counts as what it leads to."""
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not is_litter(entry.name):
                (folders if entry.is_dir() else files).append(entry.name)
    return files, folders


def with_suffix(folder: pathlib.Path, suffix: str) -> list[pathlib.Path]:
    """The files in `folder` whose names end with `suffix`, in small or capital letters."""
    return [folder / name for name in contents(folder)[0] if name.lower().endswith(suffix)]


def below(folder: pathlib.Path) -> list[pathlib.Path]:
    """`folder` and all folders in it, in any depth; one that several links lead to comes once."""
    found: dict[pathlib.Path, pathlib.Path] = {}
    waiting = [folder]
    while waiting:
        here = waiting.pop(0)
        if here.resolve() not in found:
            found[here.resolve()] = here
            waiting += [here / name for name in contents(here)[1]]
    return sorted(found.values())


def members(archive: zipfile.ZipFile) -> list[tuple[pathlib.PurePosixPath, str]]:
    """The files in a zip file, as a path and as the archive names them, which may be with backslashes."""
    named = [(name.replace("\\", "/"), name) for name in archive.namelist()]
    paths = [(pathlib.PurePosixPath(path), name) for path, name in named if not path.endswith("/")]
    return [(path, name) for path, name in paths if not any(map(is_litter, path.parts))]


def plain(name: str) -> str:
    """`name` in small letters and without the number of a copy: `training.csv` of `Training (1).csv`."""
    return _COPY.sub("", name).casefold()


def file(folder: pathlib.Path, name: str) -> pathlib.Path | None:
    """The file `name` in `folder`, or without it the one whose plain name that is.  DatasetError if there are two."""
    if (folder / name).is_file():
        return folder / name
    same = [each for each in contents(folder)[0] if plain(each) == name.casefold()] if folder.is_dir() else []
    if len(same) > 1:
        raise loading.DatasetError(f"{folder}: {' and '.join(same)} are there; expected one {name}")
    return folder / same[0] if same else None


def candidates(root: str | os.PathLike[str] | None) -> list[pathlib.Path]:
    """The folders in which a layout is looked for: `root` and those in it, or else the usual places and those in them.

    `~` is the user's folder, also in `FKP_DATA`.  A `root` that is a file is the only candidate.  Folders that may not
    be read are passed over, unless they are named.  DatasetError if `FKP_DATA` names no folder; PermissionError if
    `root` may not be read.
    """
    if not root:
        if named := os.environ.get("FKP_DATA"):
            os.environ["FKP_DATA"] = os.path.expanduser(named)
        found = loading.candidates(None)
        return [folder for folder in found if not is_litter(folder.name) and os.access(folder, os.R_OK | os.X_OK)]
    named_folder = pathlib.Path(root).expanduser()
    if not named_folder.is_dir():
        return [named_folder]
    inner = [named_folder / name for name in contents(named_folder)[1]]
    return [named_folder, *(folder for folder in inner if os.access(folder, os.R_OK | os.X_OK))]


def first(root: str | os.PathLike[str] | None, find: Callable[[pathlib.Path], Found | None]) -> Found | None:
    """What `find` finds in the first candidate in which it finds something; None if there is none.

    DatasetError if it finds nothing in `root` itself, but in two folders in it.
    """
    places: list[pathlib.Path] = []
    for folder in candidates(root):
        found = find(folder)
        if not found:
            continue
        if not root or folder == pathlib.Path(root).expanduser():
            return found
        places.append(folder)
        only = found
    if len(places) > 1:
        raise loading.DatasetError(f"{root}: the data are in {' and in '.join(map(str, places))}; expected one of them")
    return only if places else None
