"""What the outputs of a network stand for, where label sources mean different points by one name."""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets

# What Kaggle's second label source puts elsewhere: the nose's tip under the nose, the lower lip often at mid-mouth.
RELABELLED = ("nose_tip", "mouth_center_bottom_lip")


@dataclasses.dataclass(frozen=True)
class Outputs:
    """O outputs: one for each keypoint, then one for each keypoint in `own`, which is that of label source 1.

    Faces of source 0, or of no known source, use the first K outputs; faces of source 1 use their own where they have.
    The outputs are places in the image; labels lie aside of them by the (x, y) px of their keypoint in `offset`,
    mirrored images or not; () = none do.  ValueError if it is not of all keypoints.
    """

    keypoints: keypoint_sets.KeypointSet
    own: tuple[int, ...] = ()
    offset: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.offset and len(self.offset) != len(self.keypoints):
            raise ValueError(f"offset is of {len(self.offset)} keypoints; expected {len(self.keypoints)}")

    def __len__(self) -> int:
        return len(self.keypoints) + len(self.own)

    @property
    def mirror(self) -> tuple[int, ...]:
        """(O,) which output takes the place of each in the mirrored face."""
        second = {point: len(self.keypoints) + place for place, point in enumerate(self.own)}
        return (*self.keypoints.mirror, *(second[self.keypoints.mirror[point]] for point in self.own))

    def columns(self, source: np.ndarray | None, count: int) -> np.ndarray:
        """(count, K) the output that stands for each keypoint of each face; source: (count,) or None."""
        columns = np.tile(np.arange(len(self.keypoints)), (count, 1))
        if self.own and source is not None:
            columns[np.ix_(source == 1, self.own)] = len(self.keypoints) + np.arange(len(self.own))
        return columns

    def targets(self, faces: face_sets.Faces) -> np.ndarray:
        """(N, O, 2) float32: the places of each face's labels at the outputs that stand for them, NaN at the others."""
        targets = np.full((len(faces), len(self), 2), np.nan, np.float32)
        places = faces.points - np.array(self.offset or 0, np.float32)
        np.put_along_axis(targets, self.columns(faces.source, len(faces))[..., None], places, axis=1)
        return targets

    def points(self, predicted: np.ndarray, source: np.ndarray | None) -> np.ndarray:
        """(N, K, 2): where labels would lie, by the outputs (N, O, 2) that stand for those of each face's source."""
        found = np.take_along_axis(predicted, self.columns(source, len(predicted))[..., None], axis=1)
        return found + np.array(self.offset or 0, found.dtype)


def together(keypoints: keypoint_sets.KeypointSet) -> Outputs:
    """One output for each keypoint, whoever labelled it."""
    return Outputs(keypoints)


def apart(keypoints: keypoint_sets.KeypointSet) -> Outputs:
    """Also an output for each of RELABELLED.  ValueError for keypoints that do not have them."""
    return Outputs(keypoints, tuple(keypoints.index(name) for name in RELABELLED))
