"""Which faces notebook 04 learns from, tests on, and shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets

INTERLACED = 0.8  # rows of an image that differ this much more from the next than from the one after it


def complete(faces: face_sets.Faces, count: int | None = None) -> face_sets.Faces:
    """The faces with the most labels, at most `count` of them: all of one source, so that a point means one thing."""
    labels = faces.given.sum(axis=1)
    return faces.select(np.flatnonzero(labels == labels.max())[:count])


def one_of_each(faces: face_sets.Faces, count: int) -> face_sets.Faces:
    """The first face of each person, at most `count` of them; where persons are not known, each face is one."""
    people = np.arange(len(faces)) if faces.subject is None else np.unique(faces.subject, return_index=True)[1]
    return faces.select(np.sort(people)[:count])


def clear(faces: face_sets.Faces, count: int) -> np.ndarray:
    """(count,) rows of faces to look at: those of most contrast among the third whose points are nearest the mean face.

    Images whose every second row is from another moment, as an old video camera takes them, come last.
    """
    off = np.nanmean((faces.points - np.nanmean(faces.points, axis=0)) ** 2, axis=(1, 2))
    rows = np.argsort(off, kind="stable")[: max(count, len(faces) // 3)]
    grey = np.asarray(faces.images[rows], np.float32).mean(axis=-1)
    height, width = faces.size
    middle = grey[:, height // 4 : height - height // 4, width // 4 : width - width // 4]
    contrast = middle.std(axis=(1, 2))
    next_, after = (np.abs(grey[:, step:] - grey[:, :-step]).mean(axis=(1, 2)) for step in (1, 2))
    contrast[next_ > INTERLACED * after] -= contrast.max() + 1
    return rows[np.argsort(-contrast, kind="stable")][:count]


def layers_in_words(table: pd.DataFrame, side: int) -> str:
    """Which layer first sees over half of an image of `side` px, what the last one sees, and what all of them take.

    table: a row for each layer with the columns layer, cells, sees (px), parameters and multiplications (million).
    """
    wide, last = table["sees (px)"] > side / 2, table.iloc[-1]
    first = table["layer"][wide.argmax()] if wide.any() else "no layer"
    total, millions = table[["parameters", "multiplications (million)"]].sum()
    return (
        f"The first layer whose values see over half of the image's {side} px is {first}. In the last layer a map has"
        f" {last['cells']} cells, and each sees {last['sees (px)']} px; where that is more than the image, it sees the"
        f" zeros around it too. The {len(table)} layers have {total:,.0f} parameters and take {millions / 1e3:.1f}"
        " billion multiplications for one face."
    )
