"""What synthetic faces are made of, one ingredient left out at a time, and what makes a face hard (notebook 12)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from fkp_utils import faces as face_sets
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.datasets.synthetic import people as synthetic_people
from fkp_utils.evaluation import face_conditions
from fkp_utils.training import data_views

# Parameters of `people.draw` that belong together.
INGREDIENTS = {
    "turned heads": ("yaw", "pitch", "roll"),
    "light": ("light_side", "light_above", "key", "fill", "ambient", "rim", "shadow", "uneven", "gloss"),
    "lens, sensor and file": (
        "exposure", "contrast", "haze", "blur", "motion", "noise", "sharpen", "coarse", "blocks", "interlace",
        "jpeg_quality", "padding_x", "padding_y",
    ),
    "framing": ("zoom", "shift_x", "shift_y"),
    "expressions": ("smile", "opening", "jaw_drop", "lids", "gaze_x", "gaze_y", "brow_lift", "frown"),
    "shapes of heads": (
        "breadth", "cheeks", "fat", "chin", "chin_forward", "chin_ball", "jaw_corner", "brow_ridge", "cheekbones",
        "nose_tip", "nose_height", "nose_width", "bridge", "mouth", "mouth_width", "mouth_half", "eye", "eye_half",
        "eye_open", "eye_tilt", "brow", "brow_inner", "brow_outer", "brow_arch", "brow_slope", "lumps",
    ),
    "hair and beards": ("bald", "has_hair", "long_hair", "hair_length", "fringe", "curls", "beard", "hairline"),
    "tones of skin and hair": ("skin", "hair_tone", "brow_dark", "lip_tone", "iris", "makeup", "age", "mottle"),
    "things in front": ("cover", "glasses", "sunglasses", "hat"),
    "backgrounds": ("backdrop", "backdrop_structure", "clothes", "shirt"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Rendered(data_views.View):
    """Synthetic faces with all labels, those of source 0, of which one ingredient is the same in all.

    without: a name in INGREDIENTS, whose parameters all faces have at the median; "" for none.  ValueError for another.
    """

    without: str = ""

    def __post_init__(self) -> None:
        if self.without not in ("", *INGREDIENTS):
            raise ValueError(f"without is {self.without!r}; expected one of {', '.join(INGREDIENTS)}, or nothing")

    def faces(self, before: data_views.Data) -> face_sets.Faces:
        drawn = synthetic_people.draw(synthetic.FACES if before.limit is None else before.limit, before.seed)
        for name in INGREDIENTS.get(self.without, ()):
            drawn[name] = np.full_like(drawn[name], np.median(drawn[name]))
        return synthetic.render(drawn, workers=None)

    def parts(self, before: data_views.Data) -> data_views.Parts:
        return data_views.split(self.faces(before), before)


def changed(faces: face_sets.Faces, **values: float) -> face_sets.Faces:
    """The same synthetic faces with these parameters at these values, and all else as it was; all points given.

    ValueError for a parameter that is not known, or faces that are not synthetic.
    """
    names = set(synthetic_people.draw(1, 0))
    if unknown := sorted(set(values) - names):
        raise ValueError(f"no parameter {', '.join(unknown)}; there are {', '.join(sorted(names))}")
    known = {**faces.attributes, "subject": faces.subject}
    parameters = {name: np.asarray(each) for name, each in known.items() if name in names}
    fixed = {name: np.full(len(faces), value) for name, value in values.items()}
    return synthetic.render(parameters | fixed, workers=None)


def looks(faces: face_sets.Faces) -> pd.DataFrame:
    """A row a face: what `face_conditions.measure` measures, mean grey level, and its deviation within the image."""
    grey = [images.astype(float).mean(axis=3) for _, images in faces.batches()]
    levels = np.concatenate([each.mean(axis=(1, 2)) for each in grey])
    contrast = np.concatenate([each.std(axis=(1, 2)) for each in grey])
    return face_conditions.measure(faces).assign(**{"grey level": levels, "contrast": contrast})


def moments(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean and standard deviation of each column of the tables, side by side."""
    found = {(name, part): getattr(table, part)() for name, table in sets.items() for part in ("mean", "std")}
    return pd.DataFrame(found).rename(columns={"std": "sd"})


def causes(faces: face_sets.Faces, errors: np.ndarray) -> pd.DataFrame:
    """How the errors (N,) of faces rise with each of their parameters, the strongest first.

    rank correlation: Spearman's, with the parameter itself or with its distance from the median (`of`), whichever is
    stronger.  Parameters that are the same in all faces are left out.
    """
    rows = []
    for name, values in faces.attributes.items():
        values = np.asarray(values, float)
        if values.ndim > 1 or name in ("texture", "scene", "row") or np.ptp(values) == 0:
            continue
        kinds = {"itself": values, "distance": np.abs(values - np.median(values))}
        found = {of: stats.spearmanr(each, errors).statistic for of, each in kinds.items() if np.ptp(each)}
        of = max(found, key=lambda kind: abs(found[kind]))
        rows.append({"parameter": name, "of": of, "rank correlation": found[of]})
    table = pd.DataFrame(rows)
    return table.sort_values("rank correlation", key=np.abs, ascending=False, ignore_index=True)
