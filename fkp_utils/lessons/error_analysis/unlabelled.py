"""Faces whose labels are not looked at, of the same kind as those that a network learnt from."""

from __future__ import annotations

from fkp_utils import faces as face_sets
from fkp_utils.datasets import kaggle, loading


def find(name: str, root: str, everything: bool, faces: face_sets.Faces, seed: int = 0) -> tuple[face_sets.Faces, str]:
    """The faces, and what they are, to be read after their number.

    Kaggle's test faces, all of them if `everything`, else four times as many as `faces`; new synthetic faces.  Of other
    data, which hold no more, and of a Kaggle folder without test images, the evaluation faces `faces` themselves.
    name, root: as in `loading.load`.
    """
    if name == "kaggle":
        if not kaggle.has_test(root):
            return faces, "evaluation faces (the test faces are left out, as there is no test.csv or test.zip)"
        return loading.load(name, root, None if everything else 4 * len(faces), part="test"), "test faces"
    if name == "synthetic":
        return loading.load(name, "", max(8, len(faces)), seed=seed + 1), "new faces"
    return faces, "evaluation faces"
