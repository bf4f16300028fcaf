"""Faces whose missing labels are the answers of a trained network, for another network to learn from (self-training).

After Lee (2013), "Pseudo-Label"; the answers are means over ten views, which are better than those to one (Radosavovic
et al., 2018, "Data distillation").
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from fkp_utils import experiment


@dataclasses.dataclass(frozen=True)
class Taught(experiment.Data):
    """The same faces in the same parts; in the training part a missing label is what the teacher answers.

    teacher: key of a run on disk (`runs.found`).  An answer is in the convention of the face's own label source.
    Validation and evaluation have their given labels only; training errors of such a run are of answers too.
    """

    teacher: str = ""

    def parts(self) -> experiment.Parts:
        """The faces, split by person and image.  ValueError if no run has the teacher's key."""
        return _parts(self)


@functools.lru_cache(maxsize=1)
def _parts(data: Taught) -> experiment.Parts:
    from fkp_utils import runs, uncertainty

    teacher = next((run for run in runs.found() if run.facts["key"] == data.teacher), None)
    if teacher is None:
        raise ValueError(f"no run has the key {data.teacher!r}; expected that of a trained teacher")
    parts = experiment.Data.parts(data)
    training = parts.training
    answers = uncertainty.shake(teacher, training).points
    points = np.where(training.given[..., None], training.points, answers).astype(np.float32)
    return parts._replace(training=dataclasses.replace(training, points=points))
