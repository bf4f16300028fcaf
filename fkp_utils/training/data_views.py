"""The faces of an experiment: a data set by name, in three parts, seen through views that compose.

A view is a small frozen description of one change: other frames, fewer points, complete rows only, folds.  `Data`
holds a tuple of them; each acts on what those before it make.  Any module may define a view of its own.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple, Self

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.datasets import loading
from fkp_utils.models import label_sources
from fkp_utils.system import code_version

FRACTIONS = (0.852, 0.074, 0.074)  # 6,000 rows to train, 1,039 shared by validation and evaluation (S0.6)
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in a grey level (ITU-R BT.601)
FOLD_VALIDATION = 0.08  # share of the other folds that chooses the epoch


class Parts(NamedTuple):
    """Training learns, validation chooses the epoch and the restart, evaluation reports."""

    training: face_sets.Faces
    validation: face_sets.Faces
    evaluation: face_sets.Faces


@dataclasses.dataclass(frozen=True)
class Data:
    """Faces by name and folder, as `loading.load` takes them; `limit` of them, drawn at random where they are files.

    `seed` is that of the draw, of the split, and of synthetic faces; `fractions` are the shares of the three parts;
    `views` change the faces, the first one first.
    """

    name: str = "synthetic"
    root: str = ""
    limit: int | None = None
    seed: int = 0
    fractions: tuple[float, float, float] = FRACTIONS
    views: tuple[View, ...] = ()

    def through(self, *views: View) -> Self:
        """The same data, seen also through these views."""
        return dataclasses.replace(self, views=(*self.views, *views))

    def faces(self) -> face_sets.Faces:
        """All faces in the order of the set; attributes["row"] is the place of each in the whole set."""
        return _faces(self)

    def parts(self) -> Parts:
        """The faces, split by person and image."""
        return _parts(self)

    def described(self) -> dict[str, Any]:
        """The data as JSON has it: what the files hold, not where they lie, and the views with their code."""
        return {
            "name": self.name,
            "fingerprint": _fingerprint(self.name, self.root),
            "limit": self.limit,
            "seed": self.seed,
            "fractions": list(self.fractions),
            "views": [each.described() for each in self.views],
        }

    def _before(self) -> tuple[View, Data]:
        """The last view, and the data that it sees."""
        return self.views[-1], dataclasses.replace(self, views=self.views[:-1])


class View:
    """One change of the faces, a frozen dataclass.  Most change faces one by one and define only `apply`."""

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        """The faces of one part, one of `Parts._fields`, or "all", as this view shows them."""
        return faces

    def faces(self, before: Data) -> face_sets.Faces:
        """All faces of the data before this view, as it shows them."""
        return self.apply(before.faces(), "all")

    def parts(self, before: Data) -> Parts:
        """The parts of the data before this view, as it shows them."""
        return Parts(*(self.apply(faces, part) for part, faces in before.parts()._asdict().items()))

    def described(self) -> dict[str, Any]:
        """Its name and fields, and the version of all code that shapes it."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {"view": type(self).__name__, "code": code_version.of(type(self))} | fields


@functools.lru_cache(maxsize=2)
def _faces(data: Data) -> face_sets.Faces:
    if data.views:
        view, before = data._before()
        return view.faces(before)
    loaded = loading.load(data.name, data.root, data.limit if data.name == "synthetic" else None, seed=data.seed)
    rows = np.arange(len(loaded))
    if data.limit is not None and data.limit < len(rows):
        rows = np.sort(np.random.default_rng(data.seed).permutation(len(rows))[: data.limit])
        loaded = loaded.select(rows)
    return dataclasses.replace(loaded, attributes={**loaded.attributes, "row": rows})


@functools.lru_cache(maxsize=8)
def _parts(data: Data) -> Parts:
    if data.views:
        view, before = data._before()
        return view.parts(before)
    return split(data.faces(), data)


@functools.cache
def _fingerprint(name: str, root: str) -> str:
    return loading.layout(name).fingerprint(root or None)


def split(faces: face_sets.Faces, data: Data) -> Parts:
    """The faces in the three parts that the data ask for, by person and image."""
    return Parts(*faces.split(data.fractions, seed=data.seed))


@dataclasses.dataclass(frozen=True)
class AllLabels(View):
    """All labels, and none wrong: of faces whose truth is known, as it is of synthetic ones.  ValueError for others."""

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        if faces.truth is None:
            raise ValueError("the truth of these faces is not known; expected synthetic ones")
        return dataclasses.replace(faces, points=faces.truth)


@dataclasses.dataclass(frozen=True)
class Complete(View):
    """The faces that lack no label, as those who leave incomplete rows out train and measure (S2).

    ValueError for a part without any.
    """

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        complete = faces.select(np.all(faces.given, axis=1))
        if not len(complete):
            raise ValueError(f"none of {len(faces)} {part} faces has all labels")
        return complete


@dataclasses.dataclass(frozen=True)
class FirstSource(View):
    """The faces of the first label source, where there are several: a point then means one thing.

    ValueError for a part without any.
    """

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        first = faces if faces.source is None else faces.select(faces.source == 0)
        if not len(first):
            raise ValueError(f"none of {len(faces)} {part} faces is of the first label source")
        return first


@dataclasses.dataclass(frozen=True)
class Resized(View):
    """Each image stretched to (height, width) in px; points move along."""

    height: int
    width: int

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        size = (self.height, self.width)
        return faces if faces.size == size else faces.resize(size)


@dataclasses.dataclass(frozen=True)
class Letterboxed(View):
    """Each image scaled into a frame of (height, width) px with its aspect kept, the rest black; points move along.

    grey: colours become grey levels.
    """

    height: int
    width: int
    grey: bool = True

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        height, width = faces.size
        outer_height = max(height, round(width * self.height / self.width))
        outer_width = max(width, round(height * self.width / self.height))
        left, top = (width - outer_width) // 2, (height - outer_height) // 2
        box = [left, top, left + outer_width, top + outer_height]
        placed = faces.crop(np.tile(box, (len(faces), 1)), (self.height, self.width))
        if self.grey and placed.images.shape[3] == 3:
            levels = np.rint(placed.images[:] @ np.array(LUMA, np.float32)).astype(np.uint8)
            placed = dataclasses.replace(placed, images=levels[..., None])
        return placed


@dataclasses.dataclass(frozen=True)
class OnlyPoints(View):
    """The keypoints of these names only, in the order of the set.  ValueError for a name that the set has not.

    A point whose twin is left out is its own mirror: faces are then not to be flipped.
    """

    names: tuple[str, ...]

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        whole = faces.keypoints
        rows = sorted(whole.index(name) for name in self.names)
        place = {row: number for number, row in enumerate(rows)}
        kept = keypoints.KeypointSet(
            f"{whole.name} part",
            tuple(whole.names[row] for row in rows),
            tuple(place.get(whole.mirror[row], place[row]) for row in rows),
            tuple((place[a], place[b]) for a, b in whole.skeleton if a in place and b in place),
        )
        truth = None if faces.truth is None else faces.truth[:, rows]
        return dataclasses.replace(faces, points=np.asarray(faces.points)[:, rows], truth=truth, keypoints=kept)


@dataclasses.dataclass(frozen=True)
class FivePoints(View):
    """CelebA's five points, converted; where a second label source means another point by a name, its label is missing.

    ValueError for a set whose points are not to be converted.
    """

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        if faces.keypoints == keypoints.CELEBA_5:
            return faces
        if faces.source is not None:
            points = np.array(faces.points)
            names = [name for name in label_sources.RELABELLED if name in faces.keypoints.names]
            other = [faces.keypoints.index(name) for name in names]
            points[np.ix_(np.asarray(faces.source) == 1, other)] = np.nan
            faces = dataclasses.replace(faces, points=points)
        return faces.to(keypoints.CELEBA_5)


@dataclasses.dataclass(frozen=True)
class Portion(View):
    """Of the training part only this share, drawn by person; a smaller share lies in a larger one.

    ValueError for a share that is not above 0 and up to 1.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share is {self.share}; expected above 0 and up to 1")

    def parts(self, before: Data) -> Parts:
        whole = before.parts()
        groups = whole.training.groups
        names, sizes = np.unique(groups, return_counts=True)
        order = np.random.default_rng(before.seed).permutation(len(names))
        wanted = max(round(self.share * len(groups)), 1)
        count = int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1
        return whole._replace(training=whole.training.select(np.isin(groups, names[order[:count]])))


@dataclasses.dataclass(frozen=True)
class LeftOut(View):
    """Neither training nor validation has these rows, as attributes["row"] counts them."""

    rows: tuple[int, ...]

    def apply(self, faces: face_sets.Faces, part: str) -> face_sets.Faces:
        return faces if part in ("evaluation", "all") else faces.select(~np.isin(faces.attributes["row"], self.rows))


@dataclasses.dataclass(frozen=True)
class Fold(View):
    """One of `count` parts of all faces is the evaluation; no person and no image of it is learnt from.

    ValueError for a fold that there is not.
    """

    number: int
    count: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count or self.count < 2:
            raise ValueError(f"fold {self.number} of {self.count}; expected at least two, counted from 0")

    def parts(self, before: Data) -> Parts:
        whole = before.faces()
        evaluation = whole.split([1 / self.count] * self.count, seed=before.seed)[self.number]
        rest = whole.select(~np.isin(whole.attributes["row"], evaluation.attributes["row"]))
        training, validation = rest.split([1 - FOLD_VALIDATION, FOLD_VALIDATION], seed=before.seed)
        return Parts(training, validation, evaluation)
