"""Networks that learn from synthetic faces and are asked about photos (notebook 12, benchmarks/sim_to_real.py)."""

from __future__ import annotations

from typing import Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.augmentation import augment
from fkp_utils.datasets import loading
from fkp_utils.evaluation import bootstrap
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
    aside = _aside(run, faces)
    both = (aside + aside[list(faces.keypoints.mirror)] * (1, -1)) / 2
    if not np.isfinite(both).any():
        return ()
    both = np.where(np.isfinite(both), both, np.array([np.nanmean(both[:, 0]), 0])).round(1) + 0.0  # no -0.0
    return tuple((float(x), float(y)) for x, y in both) if both.any() else ()


def conventions(run: runs.Run, faces: face_sets.Faces) -> dict[str, tuple[float, float]]:
    """By point, those of left and right together: how far outward and down labels lie from what the run finds, in px.

    The offset of labels is not in it.
    """
    aside, names = _aside(run, faces), faces.keypoints.names
    mirrored = aside[list(faces.keypoints.mirror)]
    outward, down = (aside[:, 0] - mirrored[:, 0]) / 2, (aside[:, 1] + mirrored[:, 1]) / 2
    left = [row for row, name in enumerate(names) if "right" not in name]
    return {names[row]: (float(outward[row]), float(down[row])) for row in left if np.isfinite(outward[row])}


def _aside(run: runs.Run, faces: face_sets.Faces) -> np.ndarray:
    """(K, 2) px from what the run finds to the labels, the median over faces; NaN where none is given."""
    aside = faces.points - run.predict(faces)
    known = np.isfinite(aside[..., 0]).any(axis=0)
    middle = np.full(aside.shape[1:], np.nan)
    middle[known] = np.nanmedian(aside[:, known], axis=0)
    return middle


def worst(run: runs.Run, faces: face_sets.Faces, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the `count` faces with the largest error, worst first, and the error in px of all faces (N,)."""
    errors = np.sqrt(np.nanmean((run.predict(faces) - faces.points) ** 2, axis=(1, 2)))
    return np.argsort(-errors)[:count], errors
