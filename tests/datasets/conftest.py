"""What the tests of the data sets share: a cache of their own, and the folder of real photos."""

import os
import pathlib
import tempfile

import pytest

from fkp_utils.system import places

ROOT = places.CHECKOUT
REAL = pathlib.Path(os.environ.get("FKP_DATA") or ROOT.parent / "shared" / "data").absolute()


@pytest.fixture(autouse=True)
def own_cache(monkeypatch):
    """An empty cache, removed after the test; no folder of data is named."""
    monkeypatch.delenv("FKP_DATA", raising=False)
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("FKP_CACHE", folder)
        yield pathlib.Path(folder)


@pytest.fixture
def real():
    """A function that gives the folder of real photos of a layout; without one, the test is skipped."""

    def folder(name):
        if not (REAL / name).is_dir():
            pytest.skip(f"no real photos in {REAL / name}")
        return REAL / name

    return folder
