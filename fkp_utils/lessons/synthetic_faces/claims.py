"""What an earlier report saw fail on faces (S1.5), tested by changing one thing in the same faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.training import runs


def claims(
    run: runs.Run,
    mean: np.ndarray,
    faces: face_sets.Faces,
    base: np.ndarray,
    more: Mapping[str, metrics.Estimate],
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """Whether each change makes a face harder, for a network that has learnt something.

    run: the network.  mean: (N, K, 2) px the mean points, which need no training, for the N faces, which it has not
    met.  base: (M,) px the errors of M faces before a change.  more: how many px each change adds to them, by its name.

    Nothing is told by a network that is not better than the mean points.
    """
    gain = bootstrap.rmse_difference(run.predict(faces), mean, faces.points, faces.subject, repeats, seed)
    learnt = verdicts.below(gain).holds
    return [
        verdicts.Tested(
            f"S1.5 {name} alone",
            f"What is called '{name}' makes a face harder.",
            "seen to fail",
            f"changed alone on the same {len(base)} faces, it adds {rise} px to the {base.mean():.2f} of a face",
            verdicts.above(rise) if learnt else verdicts.unlearnt("the network"),
        )
        for name, rise in more.items()
    ]
