"""Which faces the figures show (notebook 03)."""

from __future__ import annotations

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.evaluation import face_conditions


def with_and_without_gaps(faces: face_sets.Faces, count: int) -> np.ndarray:
    """(count,) rows of clear faces: with the most labels, then, as half of them, faces with gaps if there are any."""
    gaps = np.flatnonzero(~faces.given.all(axis=1) & faces.given.any(axis=1))
    some = gaps[face_conditions.clearest(faces.select(gaps), count // 2)] if len(gaps) else gaps
    return np.concatenate([face_conditions.clearest(faces, count - len(some)), some])


def best_middle_worst(errors: np.ndarray, count: int = 4) -> np.ndarray:
    """(3 · count,) rows with the lowest errors (N,), those in the middle, and the highest; NaN is left out."""
    order = np.argsort(errors)[: np.isfinite(errors).sum()]
    middle = len(order) // 2
    return np.concatenate([order[:count], order[middle - count // 2 :][:count], order[-count:]])
