import matplotlib.pyplot as plt
import numpy as np
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.plots import task_plots


def some(height, width):
    points = np.full((2, 5, 2), [10.0, 12.0])
    points[:, 3:] = np.nan
    return faces.Faces(np.zeros((2, height, width, 1), np.uint8), points, keypoints.CELEBA_5)


@pytest.mark.parametrize("marked", [True, False])
def test_frames_are_of_one_height(marked):
    figure = task_plots.frames([some(60, 80), some(32, 32)], ["wide", "square"], marked)
    assert [axes.get_title() for axes in figure.axes] == ["wide", "square"]
    assert [len(axes.collections) for axes in figure.axes] == [int(marked)] * 2
    figure.canvas.draw()
    heights = [axes.get_window_extent().height for axes in figure.axes]
    assert heights[0] == pytest.approx(heights[1], rel=0.02)


def test_squares_have_their_side():
    figure, _ = plt.subplots(1, 2)
    task_plots.squares(figure, np.array([[30, 20], [0, 0]]), {42: "blue", 22: "red"})
    found = [[(each.get_x(), each.get_y(), each.get_width()) for each in axes.patches] for axes in figure.axes]
    assert found == [[(9, -1, 42), (19, 9, 22)], [(-21, -21, 42), (-11, -11, 22)]]
    assert [text.get_text() for text in figure.axes[0].texts] == ["42 px", "22 px"]


def test_rings_are_a_share_of_the_distance_between_the_eyes():
    figure = task_plots.rings([some(60, 80)], [np.array([[0.0, 0.0], [30.0, 40.0]])], 0.1)
    (axes,) = figure.axes
    assert axes.get_title() == "eyes 50 px apart:\n1 px is 2.0%"
    assert [patch.center for patch in axes.patches] == [(10, 12)] * 3, "of given points only"
    assert {patch.radius for patch in axes.patches} == {5}
