"""Faces whose labels are not looked at, of the same kind as those that a network learnt from."""

from __future__ import annotations

from fkp_utils import faces as face_sets
from fkp_utils.datasets import loading


def find(name: str, root: str, everything: bool, faces: face_sets.Faces, seed: int = 0) -> face_sets.Faces:
    """Kaggle's test faces, all of them if `everything`, else four times as many as `faces`; new synthetic faces.

    Of other data, which hold no more, the faces themselves.  name, root: as in `loading.load`.
    """
    if name == "kaggle":
        return loading.load(name, root, None if everything else 4 * len(faces), part="test")
    if name == "synthetic":
        return loading.load(name, "", max(8, len(faces)), seed=seed + 1)
    return faces
