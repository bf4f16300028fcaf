"""Data sets: one module for each public layout, one way to load them."""

from __future__ import annotations

import importlib
import os
import pathlib
import types
from typing import Any

from fkp_utils import faces

NAMES = ("synthetic", "kaggle", "celeba", "imm", "landmarks68")


class DatasetError(ValueError):
    """The files of a data set are missing, or not what they should be."""


def layout(name: str) -> types.ModuleType:
    """The module of the layout `name`; ValueError with the known names if there is none."""
    if name not in NAMES:
        raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")
    return importlib.import_module(f"fkp_utils.datasets.{name}")


def load(
    name: str, root: str | os.PathLike[str] | None = None, limit: int | None = None, *, seed: int = 0, **options: Any
) -> faces.Faces:
    """The faces of the data set `name` from the folder `root`, the first `limit` of them if it is given.

    Without `root` (None or ""), the folder named by `FKP_DATA`, `data/` and Kaggle's input folder are searched.
    `seed` is that of synthetic faces; `options` are the layout's own.  DatasetError if the files are not found or not as they should be.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; expected at least 1")
    if name == "synthetic":
        options["seed"] = seed
    return layout(name).load(root=root or None, limit=limit, **options)


def candidates(root: str | os.PathLike[str] | None) -> list[pathlib.Path]:
    """The folders in which a layout is looked for: `root` alone, or else the usual places and their folders."""
    if root:
        return [pathlib.Path(root)]
    usual = [os.environ.get("FKP_DATA") or "data", "../data", "/kaggle/input"]
    folders = [pathlib.Path(place) for place in usual if pathlib.Path(place).is_dir()]
    return [found for folder in folders for found in (folder, *sorted(filter(pathlib.Path.is_dir, folder.iterdir())))]
