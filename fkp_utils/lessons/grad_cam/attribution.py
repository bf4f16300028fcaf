"""The faces and the maps of notebook 07, and what is measured on them beside the tests of `map_tests`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, metrics
from fkp_utils.evaluation import bootstrap
from fkp_utils.interpretation import gradcam, map_tests

MOST = 96  # faces whose maps are made
EYES = ("left_eye_center", "left_eye", "left_eye_0")
NOSES = ("nose_tip", "nose", "nose_5", "nose_bridge_3")
METHOD = {"Grad-CAM of x": "gradcam", "saliency of x": "saliency", "here": "layercam"}  # what random weights test
CONTROLS = ("random cells", "disc")


def eye_and_nose(known: keypoints.KeypointSet) -> tuple[int, int]:
    """The numbers of the left eye (or its first point) and of the tip of the nose."""
    eye, nose = (next(known.names.index(name) for name in names if name in known.names) for names in (EYES, NOSES))
    return eye, nose


def some_points(known: keypoints.KeypointSet, most: int) -> range:
    """The numbers of at most that many points, evenly spaced over the set."""
    return range(0, len(known), -(-len(known) // most))


def usable(faces: face_sets.Faces, points: Sequence[int], sources: str) -> face_sets.Faces:
    """The first MOST faces that have all of these points; where sources are "apart", those of the first one."""
    given = faces.given[:, points].all(axis=1)
    if sources == "apart" and faces.source is not None:
        given &= faces.source == 0
    return faces.select(np.flatnonzero(given)[:MOST])


def kinds(view: map_tests.View, point: int) -> dict[str, np.ndarray]:
    """The maps (N, H, W) that are compared for one point, by what they are called; "its own maps" only of `small`."""
    found = {
        "Grad-CAM of x": view.coordinate(point, 0),
        "Grad-CAM of y": view.coordinate(point, 1),
        "saliency of x": view.coordinate(point, 0, method="saliency"),
        "here": view.here(point),
    }
    if "head_weights" in {layer.name for layer in view.model.layers}:
        found["its own maps"] = view.places(point)
    return found


def orders(view: map_tests.View, point: int, places: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """The maps (N, H, W) by which pixels are erased to see whether the point moves: `kinds` in one axis, and controls.

    places: (N, 2), as predicted.  "random cells" are a twelfth of the image wide, the "disc" is around the point.
    """
    found = kinds(view, point)
    size = view.images.shape[1:3]
    return {
        **{name: found[name] for name in METHOD},
        "random cells": map_tests.random_maps(len(view.images), size, max(1, size[1] // 12), seed),
        "disc": map_tests.discs(places, size),
        **{name: maps for name, maps in found.items() if name == "its own maps"},
    }


def at_layers(view: map_tests.View, targets: Iterable[tuple[int, int]], layers: Sequence[str], row: int) -> np.ndarray:
    """(T, L, H, W) Grad-CAM of one face for targets, each a point and an axis, at several layers."""
    return np.stack([[view.coordinate(*target, layer)[row] for layer in layers] for target in targets])


def distances(maps: np.ndarray, points: np.ndarray, names: Iterable[str]) -> str:
    """In words, how far in px the strongest places of maps (T, L, H, W) of a face lie from each target's point, (T, 2).

    names: of the targets.  A blank map has no strongest place, and is called so.
    """
    told = []
    for each, point, name in zip(maps, points, names, strict=True):
        far = np.linalg.norm(map_tests.peaks(each) - point, axis=1)
        told.append(", ".join("blank" if np.isnan(px) else f"{px:.0f} px" for px in far) + f" ({name})")
    return " and ".join(told)


def share_blank(views: Iterable[map_tests.View], points: Iterable[int], axes: Iterable[int] = (0, 1)) -> float:
    """Share of the Grad-CAM maps of these coordinates, over views, points, axes and faces, that are 0 everywhere."""
    views, axes = list(views), list(axes)
    return float(
        np.mean([~view.coordinate(point, axis).any(axis=(1, 2)) for point in points for view in views for axis in axes])
    )


def compared(first: np.ndarray, second: np.ndarray) -> int:
    """How many faces have a correlation of their two maps at all."""
    return int(np.isfinite(map_tests.similarity(first, second)).sum())


def without_blank(view: map_tests.View, targets: Iterable[tuple[int, int]]) -> int:
    """On how many faces the maps of both targets, each a point and an axis, have contrast."""
    return compared(*(view.coordinate(*target) for target in targets))


def alike_in_words(
    alike: Mapping[tuple[str, str], metrics.Estimate],
    control: Mapping[tuple[str, str], metrics.Estimate],
    views: Mapping[str, map_tests.View],
    targets: Mapping[str, tuple[int, int]],
) -> str:
    """In words, the mean r of two targets' maps and its control, both by network and layer, at the layer of each view.

    With the number of faces that count, because neither of their maps is blank.
    """
    told = []
    for name, view in views.items():
        count = f"{without_blank(view, targets.values())} of {len(view.images)} faces"
        told.append(f"in {name} r = {alike[name, view.layer]} ({count}), the control {control[name, view.layer]}")
    return "; ".join(told)


def different(table: np.ndarray) -> dict[str, float]:
    """Mean r of two different coordinates in a table (2P, 2P), all x before all y: of all, of two x, of two y, of both.

    NaN, which is left out, where nothing is told.
    """
    table = np.where(np.eye(len(table), dtype=bool), np.nan, table)
    half = len(table) // 2
    parts = {"all": table, "x": table[:half, :half], "y": table[half:, half:], "x and y": table[:half, half:]}
    return {name: float(np.nanmean(part)) if np.isfinite(part).any() else float("nan") for name, part in parts.items()}


def by_axis(table: np.ndarray, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The two blocks of such a table that compare coordinates of the same axis, with the names of the points."""
    half = len(names)
    return {
        "x": pd.DataFrame(table[:half, :half], names, names),
        "y": pd.DataFrame(table[half:, half:], names, names),
    }


def survival(
    view: map_tests.View, fresh: keras.Model, steps: Sequence[str], point: int, groups: np.ndarray, **draws: Any
) -> dict[str, list[metrics.Estimate]]:
    """Mean r of the maps of a point's x with those of a copy whose weights are `fresh` from a layer on.

    By method, one for each step: the name of the first layer with fresh weights.  draws: `repeats` and `seed`.
    """
    found: dict[str, list[metrics.Estimate]] = {method: [] for method in ("gradcam", "layercam", "saliency")}
    for step in steps:
        changed = map_tests.randomised(view.model, fresh, step)
        for method, values in found.items():
            maps = gradcam.maps(changed, view.images, (point, 0), view.layer, method)
            before = view.coordinate(point, 0, method=method)
            values.append(map_tests.mean_similarity(before, maps, groups, **draws))
    return found


def erased(
    view: map_tests.View, maps: Mapping[str, np.ndarray], shares: Sequence[float], point: int
) -> dict[tuple[str, str], np.ndarray]:
    """(S, N) px that the point moves as pixels are "deleted" in the order of maps, or only they are left, "inserted".

    By that word and the map.
    """
    return {
        (way, kind): map_tests.moved(view.model, view.images, each, shares, point, insert=way == "inserted")
        for kind, each in maps.items()
        for way in ("deleted", "inserted")
    }


def moves(
    moved: Mapping[tuple[str, str, str], np.ndarray], name: str, way: str, **draws: Any
) -> dict[str, list[metrics.Estimate]]:
    """Mean px that the point moves at each share, by map, in one network and way; moved and draws: as in `gains`."""
    return {
        kind: [bootstrap.mean(each, **draws) for each in found]
        for (*at, kind), found in moved.items()
        if at == [name, way]
    }


def gains(
    moved: Mapping[tuple[str, str, str], np.ndarray], **draws: Any
) -> dict[tuple[str, str, str], metrics.Estimate]:
    """What each map gains over random cells, in px, on the mean over the shares between none and all.

    moved: as `erased`, by network, "deleted" or "inserted", and map.  A gain is a longer way where
    pixels are deleted and a shorter one where they are inserted.  draws: `groups`, `repeats` and `seed`.
    """
    found = {}
    for (name, way, kind), each in moved.items():
        if kind not in CONTROLS:
            sign = 1 if way == "deleted" else -1
            paired = sign * (each - moved[name, way, "random cells"])[1:-1].mean(axis=0)
            found[name, way, kind] = bootstrap.mean(paired, **draws)
    return found


def strongest(gained: Mapping[tuple[str, str, str], metrics.Estimate]) -> str:
    """In words, which map gains most in each network and way."""
    told = []
    for name, way in dict.fromkeys(key[:2] for key in gained):
        mine = {key[2]: gain for key, gain in gained.items() if key[:2] == (name, way)}
        first = max(mine, key=lambda kind: mine[kind].value)
        told.append(f"{first} in {name}, {way} ({mine[first]} px)")
    return "; ".join(told)


def table(
    gained: Mapping[tuple[str, str, str], metrics.Estimate],
    hits: Mapping[str, np.ndarray],
    wholly: Mapping[tuple[str, str], metrics.Estimate],
    **draws: Any,
) -> pd.DataFrame:
    """All tests of each network's maps.

    gained: as `gains`.  hits: (N,) share of points hit in each face, by network and map.  wholly: r with wholly random
    weights by network and method.  draws: `groups`, `repeats` and `seed`.
    """
    rows = []
    for (name, way, kind), gain in gained.items():
        if way == "deleted":
            hit = bootstrap.mean(hits[f"{name} {kind}"] - hits["no map mean point"], **draws)
            found = [hit, wholly.get((name, METHOD.get(kind, ""))), gain, gained[name, "inserted", kind]]
            rows.append([name, kind, *(str(each) if each else "–" for each in found)])
    return pd.DataFrame(rows, columns=["network", "map", "hits", "random", "deleted", "inserted"])
