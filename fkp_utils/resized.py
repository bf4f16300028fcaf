"""The faces of a set in images of another size and with the points of another set (notebooks 09 and 10)."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from fkp_utils import code_version, experiment, keypoints, outputs
from fkp_utils import faces as face_sets


@dataclasses.dataclass(frozen=True)
class Resized(experiment.Data):
    """The same faces in the same parts, each image stretched to `size`, (height, width) in px.

    five: with CelebA's five points, converted; where a second label source means another point by a name, its label
    counts as missing.
    """

    size: tuple[int, int] = (96, 96)
    five: bool = False

    def parts(self) -> experiment.Parts:
        """As those of `Data`.  ValueError for a set whose points are not to be converted."""
        return _parts(self)

    def fingerprint(self) -> str:
        """Changes also when the code that resizes does."""
        return f"{super().fingerprint()}-{code_version.version('fkp_utils.resized')}"


@functools.lru_cache(maxsize=4)
def _parts(data: Resized) -> experiment.Parts:
    plain = {field.name: getattr(data, field.name) for field in dataclasses.fields(experiment.Data)}
    found = experiment.Data(**plain).parts()
    if data.five:
        found = [five_points(part) for part in found]
    return experiment.Parts(*(part if part.size == data.size else part.resize(data.size) for part in found))


def five_points(faces: face_sets.Faces) -> face_sets.Faces:
    """The faces with CELEBA_5's points; labels that mean another point in a second source are missing."""
    if faces.keypoints == keypoints.CELEBA_5:
        return faces
    if faces.source is not None:
        points = np.array(faces.points)
        other = [faces.keypoints.index(name) for name in outputs.RELABELLED if name in faces.keypoints.names]
        points[np.ix_(np.asarray(faces.source) == 1, other)] = np.nan
        faces = dataclasses.replace(faces, points=points)
    return faces.to(keypoints.CELEBA_5)
