"""What the tests of the series share."""

import os

import pytest


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Changes of the environment end with the test."""
    before = dict(os.environ)
    monkeypatch.setenv("FKP_CACHE", str(tmp_path / "cache"))
    yield
    os.environ.clear()
    os.environ.update(before)
