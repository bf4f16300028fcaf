"""The faces of a set that have all labels, small and square, and with some of their points only (notebook 08)."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from fkp_utils import code_version, experiment, keypoints
from fkp_utils import faces as face_sets


@dataclasses.dataclass(frozen=True)
class Complete(experiment.Data):
    """Of each part, the faces that lack no label, as those who leave incomplete rows out train and measure (S2).

    side: height and width of the images in px; others are stretched.  points: names of the keypoints that are kept, in
    the order of the set; empty for all.  The faces are the same whichever are.
    """

    side: int = 96
    points: tuple[str, ...] = ()

    def parts(self) -> experiment.Parts:
        """As those of `Data`.  ValueError for a point that the set has not, and if a part has no such face."""
        return _parts(self)

    def fingerprint(self) -> str:
        """Changes also when the code that chooses does."""
        return f"{super().fingerprint()}-{code_version.version('fkp_utils.subsets')}"

    def half_image(self, pixels: float) -> float:
        """The square of an error in px, in the units of coordinates from -1 to 1 (S2)."""
        return (2 * pixels / self.side) ** 2


@functools.lru_cache(maxsize=8)
def _parts(data: Complete) -> experiment.Parts:
    plain = {field.name: getattr(data, field.name) for field in dataclasses.fields(experiment.Data)}
    found = []
    for name, part in experiment.Data(**plain).parts()._asdict().items():
        complete = part.select(part.given.all(axis=1))
        if not len(complete):
            raise ValueError(f"{data.name}: none of {len(part)} {name} faces has all labels")
        square = complete if complete.size == (data.side, data.side) else complete.resize((data.side, data.side))
        found.append(only(square, data.points) if data.points else square)
    return experiment.Parts(*found)


def only(faces: face_sets.Faces, points: tuple[str, ...]) -> face_sets.Faces:
    """The faces with the keypoints of these names only.

    A point whose twin is left out is its own mirror: faces are then not to be flipped.  ValueError for unknown names.
    """
    whole = faces.keypoints
    rows = sorted(whole.index(name) for name in points)
    place = {row: number for number, row in enumerate(rows)}
    kept = keypoints.KeypointSet(
        f"{whole.name} part",
        tuple(whole.names[row] for row in rows),
        tuple(place.get(whole.mirror[row], place[row]) for row in rows),
        tuple((place[a], place[b]) for a, b in whole.skeleton if a in place and b in place),
    )
    truth = None if faces.truth is None else faces.truth[:, rows]
    return dataclasses.replace(faces, points=np.asarray(faces.points)[:, rows], truth=truth, keypoints=kept)


def regions(whole: keypoints.KeypointSet) -> dict[str, tuple[str, ...]]:
    """The names of the keypoints by region of the face: eyes, brows, nose and mouth, jaw; those that the set has."""
    found: dict[str, tuple[str, ...]] = {}
    for name in whole.names:
        words = {"eyebrow": "brows", "eye": "eyes", "jaw": "jaw"}
        region = next((region for word, region in words.items() if word in name), "nose and mouth")
        found[region] = (*found.get(region, ()), name)
    return found
