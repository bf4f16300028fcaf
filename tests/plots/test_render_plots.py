import matplotlib.pyplot as plt
import numpy as np
import pytest

from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.plots import render_plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_stages_are_as_light_as_a_photo_of_them():
    stages = {"light": np.full((4, 4), 0.6), "dark": np.zeros((4, 4)), "photo": np.full((2, 2), 77, np.uint8)}
    figure = render_plots.stage_row(stages)
    assert [axes.get_title() for axes in figure.axes] == list(stages)
    assert [axes.images[0].get_array().max() for axes in figure.axes] == [255, 0, 77]
    assert all(axes.images[0].get_clim() == (0, 255) for axes in figure.axes)


def test_sweeps_are_rows_with_their_values():
    sweeps = {"yaw": synthetic.sweep("yaw", [-30, 0, 30]), "light_side": synthetic.sweep("light_side", [0.0, 45.4])}
    figure = render_plots.sweep_sheet(sweeps)
    assert [axes.get_xlabel() for axes in figure.axes] == ["-30", "0", "30", "0", "45", ""]
    assert figure.axes[0].get_ylabel() == "yaw"
    assert figure.axes[3].get_ylabel() == "light side"
    np.testing.assert_allclose(figure.axes[2].collections[0].get_offsets(), sweeps["yaw"].points[2])
    assert not figure.axes[5].axison


def test_densities_share_a_range_and_are_shares():
    axes = plt.subplots()[1]
    render_plots.densities(axes, {"one": np.array([1.0, 2, np.nan, 3]), "two": np.array([2.0, 5])}, "px")
    values = [patch.get_data().values for patch in axes.patches]
    assert [sum(each) for each in values] == pytest.approx([1, 1], abs=0.6)
    assert axes.get_xlabel() == "px"
    render_plots.densities(plt.subplots()[1], {"same": np.zeros(3)}, "px")
