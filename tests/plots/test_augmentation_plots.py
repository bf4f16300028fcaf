import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from fkp_utils import faces, keypoints
from fkp_utils.plots import augmentation_plots


def test_sides_are_those_of_the_names_and_missing_points_have_none():
    points = np.random.default_rng(0).uniform(10, 80, (2, 15, 2)).astype(np.float32)
    points[0, keypoints.KAGGLE_15.index("left_eye_center")] = np.nan
    face = faces.Faces(np.zeros((2, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15)
    axes = augmentation_plots.sides(plt.figure().subplots(), face, "a face")
    letters = {text.get_text(): [] for text in axes.texts}
    for text in axes.texts:
        letters[text.get_text()].append(text.get_position())
    assert (len(letters["L"]), len(letters["R"])) == (5, 6)
    corner = points[0, keypoints.KAGGLE_15.index("mouth_left_corner")]
    assert any(np.allclose(corner, place) for place in letters["L"])


def test_every_point_has_a_row_and_every_column_a_mark():
    table = pd.DataFrame({"flip": [1.0, 2.0], "no swap": [3.0, 5.0]}, index=["nose_tip", "left_eye_center"])
    axes = augmentation_plots.by_point(table).axes[0]
    assert [line.get_xdata().tolist() for line in axes.lines] == [[1, 2], [3, 5]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["nose tip", "L eye"]
    assert axes.yaxis_inverted()


def test_a_spot_is_enlarged_about_its_point():
    images = np.zeros((5, 96, 96, 1), np.uint8)
    points = np.full((5, 2), 40.0)
    figure = augmentation_plots.spots(images, points, points + 1, ["a spot"] * 5)
    assert len(figure.axes) == 8
    assert figure.axes[0].get_xlim() == (24, 56)
    assert [line.get_xydata().tolist() for line in figure.axes[4].lines] == [[[40, 40]], [[41, 41]]]
