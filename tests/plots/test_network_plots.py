import numpy as np
import pandas as pd
import pytest

from fkp_utils.plots import network_plots


def test_maps_have_their_own_scale_and_a_row_of_their_layer():
    layers = {"first": np.arange(24.0).reshape(2, 2, 6), "second": np.zeros((4, 4, 16))}
    layers["second"][0, 0, 1] = 5
    figure = network_plots.map_sheet(layers)
    grid = np.reshape(figure.axes, (3, 8))
    assert [line[0].get_ylabel() for line in grid] == ["first", "second", ""]
    assert [axes.axison for axes in grid[0]] == [True] * 6 + [False] * 2
    np.testing.assert_array_equal(grid[0, 3].images[0].get_array(), layers["first"][..., 3])
    assert grid[0, 3].get_title() == "21"
    assert grid[0, 3].images[0].get_clim() == pytest.approx((0, np.quantile([3, 9, 15, 21], 0.99)))
    assert grid[1, 0].get_title() == "0"
    assert grid[1, 1].get_title() == "5"


def test_the_image_stands_beside_its_first_maps():
    image = np.full((9, 9, 1), 7, np.uint8)
    grid = np.reshape(
        network_plots.map_sheet({"a": np.ones((9, 9, 2)), "b": np.ones((4, 4, 1))}, image=image).axes, (2, 3)
    )
    assert grid[0, 0].images[0].get_array().tolist() == image[..., 0].tolist()
    assert [axes.axison for axes in grid.flat] == [True, True, True, False, True, False]
    assert (grid[0, 1].get_ylabel(), grid[1, 1].get_ylabel()) == ("a", "b")


def test_a_mosaic_shows_the_maps_that_vary_most():
    maps = np.zeros((3, 3, 5))
    maps[..., 1] = 7
    maps[0, 0, 2], maps[2, 2, 4], maps[1, 1, 0] = 3, 2, 1
    figure = network_plots.mosaic_sheet({"deep": maps, "two": np.ones((96, 48, 2))})
    assert [axes.get_title() for axes in figure.axes] == ["deep", "two", *[""] * 4]
    mosaic = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    assert mosaic.shape == (196, 196)
    assert np.isnan(mosaic[96:100]).all()
    assert np.isnan(mosaic[:, 96:100]).all()
    first, second, third, constant = mosaic[:96, :96], mosaic[:96, 100:], mosaic[100:, :96], mosaic[100:, 100:]
    assert [part.sum() for part in (first, second, third, constant)] == [32**2] * 3 + [0]
    assert first[0, 0] == second[95, 95] == third[48, 48] == 1
    empty = np.ma.filled(figure.axes[1].images[0].get_array(), np.nan)
    assert np.isnan(empty[100:]).all()


def test_kernels_are_drawn_by_filter_around_zero():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 5))
    figure = network_plots.kernel_sheet(kernel, list("abcde"))
    grid = np.reshape(figure.axes, (2, 5))
    np.testing.assert_array_equal(grid[1, 4].images[0].get_array(), kernel[:, :, 1, 4])
    largest = np.abs(kernel).max()
    assert {axes.images[0].get_clim() for axes in figure.axes} == {(-largest, largest)}
    assert [axes.get_title() for axes in grid[0]] == list("abcde")


def test_units_show_the_face_and_the_usual_by_its_size(axes):
    network_plots.unit_values(axes, np.array([0.0, 2.0, 3.0]), np.array([0.5, 0.0, 1.0]))
    dots, line = axes.lines
    assert dots.get_ydata().tolist() == [3, 0, 2]
    assert line.get_ydata().tolist() == [1, 0.5, 0]
    assert dots.get_xdata().tolist() == line.get_xdata().tolist() == [1, 2, 3]


def test_outputs_that_are_the_same_for_every_face_have_no_spread(axes):
    points = np.random.default_rng(0).normal([20, 30], [2, 4], (500, 3, 2))
    points[::2, 1] = np.nan
    predicted = np.nan_to_num(points, nan=1e6)
    predicted[:, 2] = 5
    network_plots.output_spread(axes, points, predicted)
    x, y = (found.get_offsets() for found in axes.collections)
    np.testing.assert_allclose(x[:2, 0], x[:2, 1])
    np.testing.assert_allclose(x[:, 0], 2, rtol=0.15)
    np.testing.assert_allclose(y[:, 0], 4, rtol=0.15)
    assert [x[2, 1], y[2, 1]] == [0, 0]
    assert axes.get_xlim() == axes.get_ylim()


def test_maps_lie_over_their_image_on_one_scale_with_the_point():
    images = np.full((2, 10, 12, 1), 7, np.uint8)
    maps = np.random.default_rng(0).random((2, 3, 10, 12))
    points = np.array([(3.0, 7.0), (5.0, 2.0)])
    figure = network_plots.overlay_sheet(images, maps, points, ["left", "right"], list("abc"), "what raises it")
    *panels, bar = figure.axes
    grid = np.reshape(panels, (2, 4))
    assert [axes.get_title() for axes in grid[0]] == ["image", "a", "b", "c"]
    assert [line[0].get_ylabel() for line in grid] == ["left", "right"]
    assert [len(axes.images) for axes in grid[1]] == [1, 2, 2, 2]
    np.testing.assert_array_equal(grid[1, 2].images[1].get_array(), maps[1, 1])
    assert {axes.images[1].get_clim() for axes in grid[:, 1:].flat} == {(0, 1)}
    for line, point in zip(grid, points, strict=True):
        assert {tuple(axes.collections[0].get_offsets()[0]) for axes in line} == {tuple(point)}
    assert bar.get_xlabel() == "what raises it"


def test_a_map_that_is_0_everywhere_is_called_blank_and_lies_on_a_darker_image():
    images = np.full((1, 10, 12, 1), 200, np.uint8)
    maps = np.zeros((1, 2, 10, 12))
    maps[0, 1, 3, 3] = 1
    figure = network_plots.overlay_sheet(images, maps, np.full((1, 2), np.nan), ["row"], ["a", "b"], "share")
    whole, blank, other, _ = figure.axes
    assert [[text.get_text() for text in axes.texts] for axes in (whole, blank, other)] == [[], ["blank"], []]
    assert whole.images[0].get_array().max() == 200
    assert blank.images[0].get_array().max() < 200


def test_correlations_have_a_panel_each_on_one_scale():
    table = pd.DataFrame([[1, 0.5], [0.5, 1]], ["eye", "nose"], ["eye", "nose"])
    figure = network_plots.correlation_sheet({"one": {"x": table, "y": -table}, "two": {"x": table, "y": table}})
    *panels, bar = figure.axes
    assert [axes.get_title() for axes in panels] == ["one, x", "one, y", "two, x", "two, y"]
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["eye", "nose"]
    assert {axes.collections[0].get_clim() for axes in panels} == {(-1, 1)}
    assert bar.get_xlabel() == "r"


def test_every_filter_has_its_place_on_one_scale():
    kernel = np.arange(3 * 3 * 1 * 65.0).reshape(3, 3, 1, 65) - 100
    panels = network_plots.filter_sheet(kernel).axes
    assert len(panels) == 65
    assert all(axes.images for axes in panels)
    np.testing.assert_array_equal(panels[7].images[0].get_array(), kernel[:, :, 0, 7])
    assert {axes.images[0].get_clim() for axes in panels} == {(-484, 484)}
    few = network_plots.filter_sheet(kernel[..., :14]).axes
    assert sum(bool(axes.images) for axes in few) == 14


def test_dots_of_all_panels_share_their_rows_and_axis():
    panels = {"one": {"a": np.array([1.0, 10.0]), "b": 5.0}, "two": {"b": 100.0, "c": 7.0}}
    figure = network_plots.dot_panels(panels, "MSE (px²)", line=3.0)
    first, second = figure.axes
    assert [text.get_text() for text in first.get_yticklabels()] == ["a", "b", "c"]
    dots = [line.get_xydata().tolist() for line in second.lines]
    assert dots[:2] == [[[100.0, 1.0]], [[7.0, 2.0]]]
    assert len(first.lines[0].get_xydata()) == 2
    assert {tuple(axes.lines[-1].get_xdata()) for axes in figure.axes} == {(3.0, 3.0)}
    assert first.get_xlim() == second.get_xlim()
    assert first.get_xscale() == "log"
    assert first.get_ylim()[0] > first.get_ylim()[1], "the first row is on top"
