"""Networks that learn from synthetic faces and are asked about photos (notebook 12, benchmarks/sim_to_real.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import model_selection

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.augmentation import augment
from fkp_utils.datasets import loading
from fkp_utils.evaluation import bootstrap, errors
from fkp_utils.geometry import pose
from fkp_utils.training import data_views, experiment, runs


def photos(root: str, name: str = "kaggle") -> face_sets.Faces:
    """The faces of the source that labels all points, each image once (its first row); nothing else is left out."""
    faces = loading.load(name, root)
    if faces.source is not None:
        faces = faces.select(faces.source == 0)
    return faces.select(np.unique(faces.image_groups, return_index=True)[1])


def learns(count: int, model: str = "small", **changes: Any) -> experiment.Experiment:
    """A training on `count` synthetic faces alone, strongly augmented; `changes` are fields of `Experiment`."""
    usual: dict[str, Any] = {
        "data": data_views.Data(limit=count).through(data_views.AllLabels()),
        "sources": "apart",
        "augmentation": augment.STRONG,
        "dropout": 0.1,
        "schedule": "cosine",
    }
    return experiment.Experiment(**{"model": model} | usual | changes)


def error(run: runs.Run, faces: face_sets.Faces, repeats: int = 1000) -> metrics.Estimate:
    """RMSE in px of the run on the given labels, with its 95% interval over persons."""
    return bootstrap.rmse(run.predict(faces), faces.points, faces.groups, repeats)


def four_points(root: str, name: str = "kaggle") -> face_sets.Faces | None:
    """The faces of the other source, without copies of those in `photos`; None if there is one source."""
    faces = loading.load(name, root)
    if faces.source is None or not (faces.source == 1).any():
        return None
    return faces.select((faces.source == 1) & ~np.isin(faces.image_groups, faces.image_groups[faces.source == 0]))


def offset(run: runs.Run, faces: face_sets.Faces) -> tuple[tuple[float, float], ...]:
    """How far the labels of each keypoint lie right and down of what the run finds, in px to a tenth; () if none do.

    Two people may mean different points by one name, but what one means on the left is mirrored on the right: of the
    two points of a pair such differences are taken out, and what is left is an offset of labels against images.  Where
    no label of a keypoint is given, it is the mean of the others in x.
    """
    aside = _aside(faces.points - run.predict(faces))
    both = (aside + aside[list(faces.keypoints.mirror)] * (1, -1)) / 2
    if not np.isfinite(both).any():
        return ()
    both = np.where(np.isfinite(both), both, np.array([np.nanmean(both[:, 0]), 0])).round(1) + 0.0  # no -0.0
    return tuple((float(x), float(y)) for x, y in both) if both.any() else ()


def conventions(run: runs.Run, faces: face_sets.Faces) -> dict[str, tuple[float, float]]:
    """By point, those of left and right together: how far outward and down labels lie from what the run finds, in px.

    The offset of labels is not in it.
    """
    aside, names = _aside(faces.points - run.predict(faces)), faces.keypoints.names
    mirrored = aside[list(faces.keypoints.mirror)]
    outward, down = (aside[:, 0] - mirrored[:, 0]) / 2, (aside[:, 1] + mirrored[:, 1]) / 2
    left = [row for row, name in enumerate(names) if "right" not in name]
    return {names[row]: (float(outward[row]), float(down[row])) for row in left if np.isfinite(outward[row])}


def moved_to_labels(predicted: np.ndarray, faces: face_sets.Faces) -> np.ndarray:
    """The answers (N, K, 2), each point moved to where labels of other people lie, in px.

    People are halved; how far labels lie from the answers, the median over one half, moves those of the other.  So
    what is left of the error is no matter of which place a point's name means.  ValueError for a single person.
    """
    apart, moved = faces.points - predicted, predicted.copy()
    for seen, asked in model_selection.GroupKFold(2).split(predicted, groups=faces.groups):
        moved[asked] += np.nan_to_num(_aside(apart[seen]))
    return moved


def _aside(apart: np.ndarray) -> np.ndarray:
    """(K, 2) px from answers to labels, the median over faces of (N, K, 2); NaN where no label is given."""
    known = np.isfinite(apart[..., 0]).any(axis=0)
    middle = np.full(apart.shape[1:], np.nan)
    middle[known] = np.nanmedian(apart[:, known], axis=0)
    return middle


def wild_conditions(faces: face_sets.Faces, boxes: np.ndarray) -> dict[str, np.ndarray]:
    """What may make faces of photos hard, each (N,); the faces are crops of the photos by `boxes` (N, 4) in px.

    turn: of the head, without sign, in eye distances.  size: of the face, between its outer eye corners in px of the
    photo.  light: mean grey level between brows and chin.  side light: between the two halves of that, without sign.
    """
    corners = [faces.keypoints.index(f"{side}_eye_outer_corner") for side in ("left", "right")]
    between = np.linalg.norm(np.subtract(*np.moveaxis(faces.points[:, corners], 1, 0)), axis=1)
    height, width = faces.size
    images = np.asarray(faces.images[:])
    front = images[:, height // 4 : -height // 8, width // 5 : -width // 5].mean(axis=3)
    halves = np.stack([half.mean(axis=(1, 2)) for half in np.array_split(front, 2, axis=2)])
    return {
        "turn": np.abs(pose.turn(faces.points, faces.keypoints)),
        "size": between * (boxes[:, 2] - boxes[:, 0]) / width,
        "light": halves.mean(axis=0),
        "side light": np.abs(halves[1] - halves[0]),
    }


def in_the_wild(
    predicted: np.ndarray, faces: face_sets.Faces, conditions: Mapping[str, np.ndarray], count: int = 3
) -> list[dict[str, Any]]:
    """Mean and median NME in percent of all faces, and the mean of each point and of each part of a condition (N,).

    Parts are `count` equal ones, lowest values first.  Rows have: of, faces, mean, median.
    """
    each = 100 * metrics.nme_of_faces(predicted, faces.points, faces.keypoints)

    def row(of: str, values: np.ndarray) -> dict[str, Any]:
        return {"of": of, "faces": len(values), "mean": float(values.mean()), "median": float(np.median(values))}

    rows = [row("all", each), row("without the worst 1%", each[errors.without_worst(predicted, faces.points)])]
    named = zip(faces.keypoints.names, metrics.nme_of_points(predicted, faces.points, faces.keypoints), strict=True)
    rows += [{"of": name, "faces": len(each), "mean": float(100 * value)} for name, value in named]
    for name, values in conditions.items():
        for part in errors.parts_of(values, count):
            rows.append(row(f"{name} {values[part].min():.2f} to {values[part].max():.2f}", each[part]))
    return rows


def worst(run: runs.Run, faces: face_sets.Faces, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the `count` faces with the largest error, worst first, and the error in px of all faces (N,)."""
    found = errors.of_faces(run.predict(faces), faces.points)
    return np.argsort(-found)[:count], found
