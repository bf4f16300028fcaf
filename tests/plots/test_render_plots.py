import matplotlib.pyplot as plt
import numpy as np
import pytest

from fkp_utils import metrics
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.plots import render_plots


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
    dots, rings = figure.axes[2].collections
    np.testing.assert_allclose(dots.get_offsets(), sweeps["yaw"].points[2])
    hidden = sweeps["yaw"].points[2][~sweeps["yaw"].attributes["visible"][2]]
    np.testing.assert_allclose(rings.get_offsets(), hidden)
    assert not figure.axes[5].axison


def test_densities_share_a_range_and_are_shares():
    axes = plt.subplots()[1]
    render_plots.densities(axes, {"one": np.array([1.0, 2, np.nan, 3]), "two": np.array([2.0, 5])}, "px")
    values = [patch.get_data().values for patch in axes.patches]
    assert [sum(each) for each in values] == pytest.approx([1, 1], abs=0.6)
    assert axes.get_xlabel() == "px"
    render_plots.densities(plt.subplots()[1], {"same": np.zeros(3)}, "px")


def test_hidden_points_are_rings_beside_the_buffer():
    points, nearest = np.array([[1.0, 2], [3, 4]]), np.array([[700.0, np.inf]])
    left, right, bar = render_plots.hidden_points(
        np.zeros((8, 8, 1), np.uint8), points, np.array([True, False]), nearest
    ).axes
    shown, rings = (np.ma.masked_invalid(each.get_offsets()).compressed().tolist() for each in left.collections)
    assert (shown, rings) == ([1, 2], [3, 4])
    assert np.ma.masked_invalid(right.images[0].get_array()).compressed().tolist() == [700]
    assert bar.get_ylabel() == "depth (mm)"


def test_errors_stand_over_the_number_of_faces():
    found = [metrics.Estimate(3, 2, 4), metrics.Estimate(2, 1, 3)]
    (axes,) = render_plots.by_number({"network": found}, [500, 1000], "faces", {"mean face": 6.0}).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["500", "1,000"]
    assert axes.get_xscale() == "log"
    assert axes.get_ylim() == (0, pytest.approx(6.48)), "the line is seen"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["network", "mean face"]


def test_what_ingredients_are_worth_names_the_line_at_no_change():
    figure = render_plots.worth({"light": metrics.Estimate(0.1, 0.0, 0.2)}, 3.051)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["everything varies: 3.05 px"]
    assert figure.axes[0].lines[-1].get_xdata() == [0, 0]


def test_one_face_is_shown_as_each_set_has_it():
    faces = synthetic.sweep("yaw", [-30, 0])
    figure = render_plots.one_face({"one": faces, "other": faces.select([1, 0])}, 0)
    assert [axes.get_title() for axes in figure.axes] == ["one", "other"]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), faces.images[1, ..., 0])
