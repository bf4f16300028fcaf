import io
import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt
from PIL import Image

from fkp_utils import keypoints, metrics
from fkp_utils.plots import common as plots


@pytest.fixture(autouse=True)
def house_style():
    with plt.rc_context():
        plots.style()
        yield


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(10, 80, (30, 15, 2))


def made_images(count, height=96, width=96, channels=1):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)


def test_the_style_is_legible():
    for text in ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
        assert plt.rcParams[text] >= 11


def test_settings_of_a_user_do_not_change_a_figure():
    usual = dict(plt.rcParams)
    plt.rcParams.update(
        {"text.usetex": True, "savefig.bbox": "tight", "font.size": 30, "axes.formatter.use_locale": True}
    )
    plots.style()
    assert dict(plt.rcParams) == usual


def test_every_kind_of_point_has_its_own_mark():
    assert [plots.MARKS[kind]["marker"] for kind in ("given", "filled", "predicted")] == ["*", "x", "o"]
    assert len({(mark["marker"], mark["c"]) for mark in plots.MARKS.values()}) == len(plots.MARKS)


def test_colours_differ_also_in_brightness():
    """For those who see no colours, the first three differ by their grey."""
    greys = [np.dot(colors.to_rgb(colour), (0.299, 0.587, 0.114)) for colour in (plots.BLUE, plots.YELLOW, plots.SKY)]
    assert min(abs(a - b) for a, b in itertools.combinations(greys, 2)) > 0.15


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    return shown


def test_a_figure_is_saved_shown_and_closed(tmp_path, monkeypatch, displayed):
    monkeypatch.setenv("FKP_FIGURES", str(tmp_path / "01_eda"))
    figure = plt.figure(figsize=(3, 2))
    plots.save_figure(figure, "mean-face", "The mean face.")
    (image,) = displayed
    assert (tmp_path / "01_eda" / "mean-face.png").read_bytes() == image.data
    assert Image.open(io.BytesIO(image.data)).size == (3 * 140, 2 * 140)
    assert image.alt == "The mean face."
    assert image.width == 300
    assert plt.get_fignums() == []


def test_the_same_figure_is_the_same_file(displayed, monkeypatch):
    monkeypatch.delenv("FKP_FIGURES", raising=False)
    for _ in range(2):
        figure = plt.figure(figsize=(2, 2), layout="constrained")
        figure.subplots().plot([1, 2])
        plots.save_figure(figure, "line", "A line.")
    assert displayed[0].data == displayed[1].data


@pytest.mark.usefixtures("displayed")
@pytest.mark.parametrize(("label", "size"), [("a short label", 0), ("a long label " * 6, 1)])
def test_a_figure_that_is_cut_off_is_told(label, size):
    figure, axes = plt.subplots(figsize=(3, 2), layout="constrained")
    axes.set_xlabel(label)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        plots.save_figure(figure, "label", "A label.")
    assert len(told) == size
    assert all("figure 'label': " in str(each.message) and "cut off" in str(each.message) for each in told)


@pytest.mark.parametrize("alt", ["", "  "])
def test_a_figure_needs_a_text(alt):
    with pytest.raises(ValueError, match="figure 'mean-face' needs a text that says what it shows"):
        plots.save_figure(plt.figure(), "mean-face", alt)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_face_fills_its_axes_and_keeps_its_points(axes, points, channels):
    given = points[0].copy()
    given[3] = np.nan
    image = made_images(1, 80, 60, channels)[0]
    assert plots.show_face(axes, image, "face", given=given, predicted=points[1], filled=None) is axes
    assert axes.get_xlim() == (-0.5, 59.5)
    assert axes.get_ylim() == (79.5, -0.5)  # y grows downwards
    assert [scatter.get_label() for scatter in axes.collections] == ["given", "predicted"]
    drawn = np.ma.filled(axes.collections[0].get_offsets(), np.nan)
    np.testing.assert_array_equal(drawn, given)
    assert axes.images[0].get_clim() == (0, 255) or channels == 3
    assert axes.get_title() == "face"


def test_an_unknown_kind_of_point_is_refused(axes, points):
    with pytest.raises(KeyError):
        plots.show_face(axes, made_images(1)[0], guessed=points[0])


def test_a_sheet_has_a_place_for_each_face_and_one_legend(points):
    figure = plots.face_sheet(made_images(6), 4, list("abcdef"), given=points[:6], predicted=points[6:12], filled=None)
    assert [ax.get_title() for ax in figure.axes] == [*"abcdef", "", ""]
    assert [ax.axison for ax in figure.axes] == [True] * 6 + [False] * 2
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["given", "predicted"]
    assert figure.get_figwidth() == plots.WIDTH
    assert plots.face_sheet(made_images(2), 2).legends == []


def test_histograms_share_their_range_and_leave_the_missing_out(points):
    values = points.reshape(30, 30)[:, :3].copy()
    values[:10, 1] = np.nan
    grid = plt.figure().subplots(2, 2).flat
    drawn = plots.histograms(grid, values, ["a", "b", "c"], [plots.BLUE] * 3)
    counts = [sum(bar.get_height() for bar in ax.patches) for ax in drawn[:3]]
    assert counts[1] < counts[0]
    assert counts[1] >= 18  # the range leaves out a thousandth at each end
    assert len({ax.get_xlim() for ax in drawn[:3]}) == 1
    assert not drawn[3].axison


def test_ridges_are_named_and_one_above_the_other(axes, points):
    values = points[:, :4, 0].copy()
    values[:5, 2] = np.nan
    plots.ridges(axes, values, list("abcd"))
    assert [label.get_text() for label in axes.get_yticklabels()] == list("abcd")
    low, high = axes.get_ylim()
    assert low > high
    for line in axes.lines:
        assert np.isfinite(line.get_ydata()).all()


def test_spread_is_the_standard_deviation(axes, points):
    points[:7, 4] = np.nan
    plots.spread(axes, points, keypoints.KAGGLE_15.names)
    x, y = (np.asarray(scatter.get_offsets())[:, 0] for scatter in axes.collections[-2:])
    np.testing.assert_allclose(np.stack([x, y], 1), np.nanstd(points, 0))


def test_an_ellipse_is_one_standard_deviation_around_the_mean(axes):
    generator = np.random.default_rng(0)
    points = generator.normal(size=(20_000, 1, 2)) * (3, 1) + (40, 50)
    points[::50] = np.nan
    plots.ellipses(axes, points)
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose([x.min(), x.max(), y.min(), y.max()], [37, 43, 49, 51], atol=0.1)


def test_bars_stand_in_order_with_their_numbers(axes):
    plots.bars(axes, {"median": 12.3456, "knn": 3, "all": 7049}, "px²")
    low, high = axes.get_ylim()
    assert low > high  # the first on top
    assert [label.get_text() for label in axes.get_yticklabels()] == ["median", "knn", "all"]
    assert [text.get_text() for text in axes.texts] == ["12.3", "3", "7,049"]
    assert axes.get_xlabel() == "px²"


def test_stacked_bars_begin_where_the_last_part_ends(axes):
    table = pd.DataFrame({"holds": [2, 1], "does not": [0, 4]}, ["first", "second"])
    plots.stacked(axes, table, "tests", [plots.BLUE, plots.ORANGE])
    assert [(patch.get_x(), patch.get_width()) for patch in axes.patches] == [(0, 2), (0, 1), (2, 0), (1, 4)]
    assert [text.get_text() for text in axes.texts] == ["2", "1", "", "4"]
    plots.stacked(axes, table.mul([1, 20], axis=0), "tests", [plots.BLUE, plots.ORANGE])
    assert [text.get_text() for text in axes.texts[4:]] == ["", "20", "", "80"], "2 of 100 leaves no room for a number"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]


def estimate(value):
    return metrics.Estimate(value, value - 1, value + 2)


def test_estimates_have_their_interval_and_number(axes):
    plots.estimates(axes, {"a": estimate(3.0), "b": estimate(5.0)}, "px")
    segments = axes.collections[0].get_segments()
    np.testing.assert_allclose([segment[:, 0] for segment in segments], [(2, 5), (4, 7)])
    assert [text.get_text() for text in axes.texts] == ["3.00", "5.00"]


@pytest.mark.parametrize("line", [None, 0, 1])
def test_a_sheet_of_estimates_has_the_line_that_is_asked_for(line):
    (axes,) = plots.estimate_sheet({"a": estimate(3.0), "b": estimate(5.0)}, "px", line).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    upright = [each.get_xdata() for each in axes.lines if len(each.get_xdata()) == 2 and np.ptp(each.get_xdata()) == 0]
    assert [each[0] for each in upright if list(each) == [line, line]] == ([] if line is None else [line])


def test_curves_have_a_band_and_a_name(axes):
    plots.curves(axes, [1, 2, 4], {"knn": [estimate(v) for v in (3.0, 2.0, 4.0)]}, ("k", "RMSE (px)"))
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [3, 2, 4])
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (1, 6)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["knn"]


@pytest.mark.parametrize("size", [(96, 96), (95, 61)])
def test_a_location_map_counts_every_point_in_the_image(axes, size):
    height, width = size
    y, x = np.mgrid[:height, :width]
    inside = np.stack([x.ravel(), y.ravel()], 1).astype(float)
    points = np.concatenate([inside, [(np.nan, np.nan), (-5, 3), (width + 4, 3)]])
    plots.location_map(axes, points, size)
    image = axes.images[0]
    counts = 10 ** np.asarray(image.get_array()) - 1
    assert counts.sum() == pytest.approx(height * width)
    left, right, bottom, top = image.get_extent()
    assert left == top == -0.5
    assert right - width in (-0.5, 0.5)
    assert bottom - height in (-0.5, 0.5)


def test_one_legend_names_all_that_some_axes_show():
    figure, panels = plt.subplots(1, 2)
    for axes, names in zip(panels, ("a", "ab"), strict=True):
        plots.curves(axes, [0, 1], {name: [estimate(1.0), estimate(2.0)] for name in names}, ("x", "y"))
    plots.legend_below(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert all(axes.get_legend() is None for axes in panels)


def test_a_correlation_map_goes_from_minus_one_to_one(axes):
    table = pd.DataFrame(np.corrcoef(np.random.default_rng(0).normal(size=(3, 40))), list("abc"), list("abc"))
    plots.correlation_map(axes, table)
    assert axes.collections[0].get_clim() == (-1, 1)


def test_short_names_stay_apart():
    for points_of in (keypoints.KAGGLE_15, keypoints.CELEBA_5):
        short = plots.short_names(points_of.names)
        assert len(set(short)) == len(points_of)
        assert max(map(len, short)) <= 14
    assert plots.short_names(["left_eyebrow_inner_end"]) == ["L brow in"]
