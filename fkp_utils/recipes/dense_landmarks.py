"""A view of synthetic faces with the 68 points of 300-W, from which the model that comes with the package learns."""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.datasets.synthetic import generator
from fkp_utils.training import data_views


@dataclasses.dataclass(frozen=True)
class Landmarks68(data_views.View):
    """The same synthetic people with the points of 300-W.  ValueError for other faces, or behind another view."""

    def faces(self, before: data_views.Data) -> face_sets.Faces:
        if before.name != "synthetic" or before.views:
            raise ValueError(f"the faces are of {before.name}; expected synthetic ones, and no view before this")
        faces = generator.load(limit=before.limit, seed=before.seed, points_of=keypoints.LANDMARKS_68)
        return dataclasses.replace(faces, attributes={**faces.attributes, "row": np.arange(len(faces))})

    def parts(self, before: data_views.Data) -> data_views.Parts:
        return data_views.split(self.faces(before), before)
