"""Faces whose missing labels are the answers of a trained network, for another network to learn from (self-training).

After Lee (2013), "Pseudo-Label"; the answers are means over ten views, which are better than those to one (Radosavovic
et al., 2018, "Data distillation").
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils.training import data_views


@dataclasses.dataclass(frozen=True)
class PseudoLabels(data_views.View):
    """In the training part, a missing label is what the teacher answers; validation and evaluation stay as they are.

    teacher: key of a run on disk (`runs.found`).  An answer is in the convention of the face's own label source.  The
    training errors of a run on such faces are of answers too.  ValueError if no run has the teacher's key.
    """

    teacher: str

    def parts(self, before: data_views.Data) -> data_views.Parts:
        from fkp_utils.evaluation import test_time_augmentation
        from fkp_utils.training import runs

        teacher = next((run for run in runs.found() if run.facts["key"] == self.teacher), None)
        if teacher is None:
            raise ValueError(f"no run has the key {self.teacher!r}; expected that of a trained teacher")
        parts = before.parts()
        training = parts.training
        answers = test_time_augmentation.predict(teacher, training).points
        points = np.where(training.given[..., None], training.points, answers).astype(np.float32)
        return parts._replace(training=dataclasses.replace(training, points=points))
