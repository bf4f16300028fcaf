"""Figures are drawn without a screen; each test has the usual style and leaves no figure open."""

import matplotlib
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _close():
    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def axes():
    return plt.figure().subplots()
