"""Figures of how synthetic faces are made and what their parameters do (notebook 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.plots import common as plots


def stage_row(stages: Mapping[str, np.ndarray]) -> mpl_figure.Figure:
    """The pictures (n, n) of `camera.stages` side by side; brightness is shown as a camera would."""
    figure, panels = plt.subplots(1, len(stages), figsize=(plots.WIDTH, plots.WIDTH / len(stages) + 0.3))
    for axes, (name, picture) in zip(panels, stages.items(), strict=True):
        levels = picture if picture.dtype == np.uint8 else 255 * np.clip(picture / 0.6, 0, 1) ** (1 / 2.2)
        axes.imshow(levels, vmin=0, vmax=255)
        axes.set(title=name, xticks=[], yticks=[])
        axes.grid(visible=False)
    return figure


def sweep_sheet(sweeps: Mapping[str, face_sets.Faces]) -> mpl_figure.Figure:
    """A row of faces for each sweep, by the name of its parameter, with the values beneath and the points marked.

    Rings are around points that are hidden.
    """
    columns = max(len(each) for each in sweeps.values())
    side = (plots.WIDTH - 1.1) / columns
    size = (plots.WIDTH, len(sweeps) * (side + 0.26))
    figure, grid = plt.subplots(len(sweeps), columns, figsize=size, squeeze=False)
    for row, (name, faces) in zip(grid, sweeps.items(), strict=True):
        each = zip(
            row, faces.images[:], faces.points, faces.attributes["visible"], faces.attributes[name], strict=False
        )
        for axes, image, points, seen, value in each:
            plots.show_face(axes, image)
            _dots(axes, points, seen)
            axes.set_xlabel(f"{value:.2g}", fontsize=10, labelpad=1)
        for axes in row[len(faces) :]:
            axes.axis("off")
        row[0].set_ylabel(name.replace("_", " "), rotation=0, ha="right", va="center", fontsize=11)
    return figure


def densities(axes: mpl_axes.Axes, values: Mapping[str, np.ndarray], unit: str) -> mpl_axes.Axes:
    """How the values (N,) of each name are distributed, as steps on one range; NaN is left out."""
    known = {name: each[np.isfinite(each)] for name, each in values.items()}
    low, high = np.percentile(np.concatenate(list(known.values())), [0.5, 99.5])
    edges = np.linspace(low, max(high, low + 1e-6), 19)
    styles = ((plots.BLUE, "-"), (plots.ORANGE, "--"), (plots.GREEN, ":"))
    for (name, each), (colour, line) in zip(known.items(), styles, strict=False):
        share = np.histogram(each, edges)[0] / max(len(each), 1)
        axes.stairs(share, edges, color=colour, linestyle=line, linewidth=2, label=name)
    axes.set(xlabel=unit, yticks=[], xlim=(edges[0], edges[-1]))
    axes.grid(visible=False, axis="y")
    return axes


def hidden_points(image: np.ndarray, points: np.ndarray, seen: np.ndarray, nearest: np.ndarray) -> mpl_figure.Figure:
    """A face with its points (K, 2), those that are seen (K,) as dots and others as rings; and a z-buffer in mm.

    nearest: (n, n), infinite where nothing is.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(plots.WIDTH, 3.6))
    shown, behind = (np.where(which[:, None], points, np.nan) for which in (seen, ~seen))
    plots.show_face(left, image, "dots: visible, rings: hidden", predicted=shown)
    left.scatter(behind[:, 0], behind[:, 1], s=22, c="none", edgecolors=plots.ORANGE, linewidths=1.2, label="hidden")
    drawn = right.imshow(np.where(np.isfinite(nearest), nearest, np.nan), cmap="gray_r")
    right.set(title="z-buffer: near is light", xticks=[], yticks=[], facecolor="black")
    right.grid(visible=False)
    figure.colorbar(drawn, ax=right, label="depth (mm)", shrink=0.8)
    return figure


def by_number(
    values: Mapping[str, Sequence[metrics.Estimate]],
    numbers: Sequence[int],
    label: str,
    levels: Mapping[str, float] | None = None,
) -> mpl_figure.Figure:
    """RMSE in px by the number of faces that were learnt from, on an axis of powers, a line for each name.

    levels: RMSE that do not depend on the number, by their names.
    """
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 3.4))
    plots.curves(axes, numbers, values, (label, "RMSE (px)"))
    for name, level in (levels or {}).items():
        axes.axhline(level, color="0.4", linestyle="--", label=name)
    highest = max([*(levels or {}).values(), *(each.high for found in values.values() for each in found)])
    axes.set(xscale="log", xticks=numbers, xticklabels=[f"{number:,}" for number in numbers], ylim=(0, 1.08 * highest))
    axes.minorticks_off()
    axes.legend(frameon=False)
    return figure


def worth(values: Mapping[str, metrics.Estimate], whole: float) -> mpl_figure.Figure:
    """How much the RMSE in px grows if one ingredient does not vary; whole: what it is where everything varies."""
    figure = plots.estimate_sheet(values, "change of the RMSE (px) if it does not vary", line=0)
    (axes,) = figure.axes
    axes.lines[-1].set_label(f"everything varies: {whole:.2f} px")
    figure.legend(handles=[axes.lines[-1]], loc="outside lower center", frameon=False)
    return figure


def one_face(sets: Mapping[str, face_sets.Faces], row: int) -> mpl_figure.Figure:
    """One face as each of the sets has it, side by side, with its points; rings are around points that are hidden."""
    figure, panels = plt.subplots(1, len(sets), figsize=(plots.WIDTH, plots.WIDTH / len(sets) + 0.3))
    for axes, (name, faces) in zip(panels, sets.items(), strict=True):
        plots.show_face(axes, faces.images[row], name)
        _dots(axes, faces.points[row], faces.attributes["visible"][row])
    return figure


def _dots(axes: mpl_axes.Axes, points: np.ndarray, seen: np.ndarray) -> None:
    axes.scatter(points[:, 0], points[:, 1], s=2, c=plots.YELLOW)
    axes.scatter(points[~seen, 0], points[~seen, 1], s=14, c="none", edgecolors=plots.SKY, linewidths=0.9)
