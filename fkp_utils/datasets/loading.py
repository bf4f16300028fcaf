"""Data sets: one module for each public layout, one way to load them."""

from __future__ import annotations

import importlib
import os
import pathlib
import types
from typing import Any

from fkp_utils import faces

KAGGLE_INPUT = pathlib.Path("/kaggle/input")
NAMES = ("synthetic", "kaggle", "celeba", "imm", "landmarks68")


class DatasetError(ValueError):
    """The files of a data set are missing, or not what they should be."""


def module(name: str) -> str:
    """The full name of the module of the layout `name`; ValueError with the known names if there is none."""
    if name not in NAMES:
        raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")
    return f"fkp_utils.datasets.{'synthetic.generator' if name == 'synthetic' else name}"


def layout(name: str) -> types.ModuleType:
    """The module of the layout `name`; ValueError as `module`."""
    return importlib.import_module(module(name))


def is_there(name: str, root: str = "") -> bool:
    """Whether the files of the data set `name` are found, in the folder `root` or in the usual places."""
    try:
        layout(name).fingerprint(root or None)
    except DatasetError:
        return False
    return True


def load(
    name: str, root: str | os.PathLike[str] | None = None, limit: int | None = None, *, seed: int = 0, **options: Any
) -> faces.Faces:
    """The faces of the data set `name` from the folder `root`, the first `limit` of them if it is given.

    Without `root` (None or ""), the places of `candidates` are searched.  `seed` is that of synthetic faces; `options`
    are the layout's own.  ValueError for an unknown name or a limit below 1; DatasetError if the files are not found or
    not as they should be.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; expected at least 1")
    if name == "synthetic":
        options["seed"] = seed
    return layout(name).load(root=root or None, limit=limit, **options)


def candidates(root: str | os.PathLike[str] | None) -> list[pathlib.Path]:
    """The folders in which a layout is looked for: `root` alone, or else the usual places and the folders in them.

    The places are the folder that `FKP_DATA` names (without it `data` here and one level up) and Kaggle's input.  The
    sample in `data/sample` is not among them: who wants it names it.  DatasetError if `FKP_DATA` names no folder.
    """
    if root:
        return [pathlib.Path(root)]
    named = os.environ.get("FKP_DATA")
    if named and not pathlib.Path(named).is_dir():
        raise DatasetError(f"FKP_DATA names {named}, which is not a folder; expected one with the data in it")
    folders = [pathlib.Path(place) for place in ([named] if named else ["data", "../data"])]
    folders += [KAGGLE_INPUT, KAGGLE_INPUT / "competitions", *sorted(KAGGLE_INPUT.glob("datasets/*"))]
    found = [inner for folder in folders if folder.is_dir() for inner in (folder, *sorted(folder.iterdir()))]
    return [folder for folder in found if folder.is_dir() and folder.name != "sample"]
