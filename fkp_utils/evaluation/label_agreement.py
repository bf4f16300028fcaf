"""How far two label sources agree about the same points (Kaggle's set has two)."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap


def copies(faces: face_sets.Faces) -> np.ndarray:
    """Every two rows (M, 2) that hold the same image, byte for byte; the first row of a pair is the smaller one."""
    rows = pd.Series(np.arange(len(faces))).groupby(faces.image_groups)
    pairs = [pair for _, group in rows if len(group) > 1 for pair in itertools.combinations(group, 2)]
    return np.array(pairs, int).reshape(-1, 2)


def source_offsets(
    faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> dict[str, dict[str, metrics.Estimate]]:
    """How far the second label source puts each coordinate from where the first one does, in px with 95% intervals.

    "all rows" compares the means of the two sources' rows, so it also holds how their faces lie in the images; "same
    image" compares the labels of copies that the two labelled.  Only coordinates with 10 labels or pairs are compared.
    ValueError if the faces are not of two sources.
    """
    labels = np.empty(0) if faces.source is None else np.unique(faces.source)
    if len(labels) != 2:
        raise ValueError(f"the faces are of {max(1, len(labels))} label source(s); expected two")
    second, groups = faces.source == labels[1], faces.groups
    pairs = copies(faces)
    pairs = pairs[second[pairs[:, 0]] != second[pairs[:, 1]]]
    pairs = np.where(second[pairs[:, :1]], pairs[:, ::-1], pairs)
    found: dict[str, dict[str, metrics.Estimate]] = {"all rows": {}, "same image": {}}
    for index, name in enumerate(faces.keypoints.names):
        for axis, letter in enumerate("xy"):
            values = faces.points[:, index, axis].astype(float)
            apart = values[pairs[:, 1]] - values[pairs[:, 0]]
            if min((~np.isnan(values[second])).sum(), (~np.isnan(values[~second])).sum()) >= 10:
                interval = bootstrap.difference(values, second, groups, repeats, seed)
                found["all rows"][f"{name}_{letter}"] = interval
            if (~np.isnan(apart)).sum() >= 10:
                found["same image"][f"{name}_{letter}"] = bootstrap.mean(apart, groups[pairs[:, 0]], repeats, seed)
    return found
