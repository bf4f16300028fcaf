"""Facial keypoint detection: the package behind the notebooks.  `predict` finds the points of a face in a photo."""

import importlib
from typing import Any

__version__ = "0.2.0"  # the only place; pyproject.toml reads it


def __getattr__(name: str) -> Any:
    if name == "predict":  # imported when asked for, so that no notebook depends on what only predictions need
        return importlib.import_module(f"{__name__}.app.prediction").predict
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
