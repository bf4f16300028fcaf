"""How augmented copies of a face are shown (notebook 05)."""

from __future__ import annotations

import numpy as np

from fkp_utils import faces as face_sets


def most_changed(copies: face_sets.Faces, face: face_sets.Faces) -> face_sets.Faces:
    """The one of the copies of a face that shows other grey levels under the most of its points; of equals, the one
    where they have changed the most.
    """
    changes = _changes(copies, face)
    most = np.lexsort((changes.mean(axis=1), (changes > 0).sum(axis=1)))[-1]
    return copies.select([int(most)])


def covered(copy: face_sets.Faces, face: face_sets.Faces) -> int:
    """Under how many points of the face its copy, which has not moved, shows another grey level."""
    return int((_changes(copy, face) > 0).sum())


def _changes(copies: face_sets.Faces, face: face_sets.Faces) -> np.ndarray:
    """(N, M) how much each copy differs from the face, in grey levels, at the M points that lie in its image."""
    x, y = np.rint(face.points[0][face.given[0]]).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < face.size[1]) & (y < face.size[0])
    rows, columns = y[inside], x[inside]
    old = face.images[0].astype(float)[rows, columns].mean(axis=-1)
    new = np.asarray(copies.images).astype(float)[:, rows, columns].mean(axis=-1)
    return np.abs(new - old)
