"""The faces of a set in frames of any size, in grey or colour, with all points or one of them (notebook 11)."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from fkp_utils import code_version, datasets, experiment, subsets
from fkp_utils import faces as face_sets

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in a grey level (ITU-R BT.601)

# The tip of the nose by set; IMM_58 has none: the lowest point of the nose's outline stands for it.
NOSE_TIPS = {"KAGGLE_15": "nose_tip", "CELEBA_5": "nose", "IMM_58": "nose_5", "LANDMARKS_68": "nose_bridge_3"}


@dataclasses.dataclass(frozen=True)
class Framed(experiment.Data):
    """The same faces in the same parts, each image scaled into a frame with its aspect kept, centred on black.

    height, width: of the frame in px.  grey: colours become grey levels.  points: names of the keypoints that are kept,
    empty for all.  Where there are several label sources, only faces of the first: a point means one thing.
    """

    height: int = 96
    width: int = 96
    grey: bool = True
    points: tuple[str, ...] = ()

    def parts(self) -> experiment.Parts:
        """As those of `Data`.  ValueError for a point that the set has not, and if a part has no face of source 0."""
        return _parts(self)

    def fingerprint(self) -> str:
        """Changes also when the code that frames does."""
        return f"{super().fingerprint()}-{code_version.version('fkp_utils.framed')}"

    def nose_tip(self) -> Framed:
        """The same with the nose tip as their only point."""
        return dataclasses.replace(self, points=(NOSE_TIPS[self.parts().training.keypoints.name],))


@functools.lru_cache(maxsize=6)
def _parts(data: Framed) -> experiment.Parts:
    plain = {field.name: getattr(data, field.name) for field in dataclasses.fields(experiment.Data)}
    framed = []
    for name, part in experiment.Data(**plain).parts()._asdict().items():
        first = part if part.source is None else part.select(part.source == 0)
        if not len(first):
            raise ValueError(f"{data.name}: none of {len(part)} {name} faces is of the first label source")
        placed = frame(first, (data.height, data.width), data.grey)
        framed.append(subsets.only(placed, data.points) if data.points else placed)
    return experiment.Parts(*framed)


def frame(faces: face_sets.Faces, size: tuple[int, int], grey: bool = False) -> face_sets.Faces:
    """The faces in frames of `size` (height, width) in px, as `Framed` describes them; points move with the image."""
    height, width = faces.size
    outer_height = max(height, round(width * size[0] / size[1]))
    outer_width = max(width, round(height * size[1] / size[0]))
    left, top = (width - outer_width) // 2, (height - outer_height) // 2
    box = [left, top, left + outer_width, top + outer_height]
    placed = faces.crop(np.tile(box, (len(faces), 1)), size)
    if grey and placed.images.shape[3] == 3:
        levels = np.rint(placed.images[:] @ np.array(LUMA, np.float32)).astype(np.uint8)
        placed = dataclasses.replace(placed, images=levels[..., None])
    return placed


def is_there(name: str, root: str = "") -> bool:
    """Whether the files of the data set `name` are found, in the folder `root` or in the usual places."""
    try:
        datasets.layout(name).fingerprint(root or None)
    except datasets.DatasetError:
        return False
    return True
