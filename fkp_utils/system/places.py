"""The folders of a checkout; an installed package has none of them."""

from __future__ import annotations

import pathlib

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parent
BUILD = CHECKOUT / "build"
RESULTS = CHECKOUT / "results"
NOTEBOOKS = CHECKOUT / "notebooks"


def is_checkout() -> bool:
    """Whether the package lies in a checkout of the project."""
    return (CHECKOUT / "pyproject.toml").is_file()
