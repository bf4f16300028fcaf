"""What an earlier report says of a shape term in the loss and of its two networks (S3.1, S3.2), tested."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import comparisons, verdicts
from fkp_utils.lessons.shape_aware_loss import distances
from fkp_utils.training import runs

THEIRS = "CGD is worse, α = 0.01"
PLACES = ("in the labels", "after the network")
REASONS = {"forward fill": "more", "flips": "less", "their augmentation": "less"}  # what each does to the cost of CGD


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """Tests against one network, LeNet-5 trained on squared errors alone, on faces that it has not met.

    alone: that network.  mean: (N, K, 2) the mean points, which need no training.  faces: N of them.  repeats, seed: of
    the bootstrap.
    """

    alone: runs.Run
    mean: np.ndarray
    faces: face_sets.Faces
    repeats: int = 1000
    seed: int = 0

    def weight(self, share: float, swept: Mapping[tuple[str, float], runs.Run]) -> list[verdicts.Tested]:
        """How much of the loss the term is at α = 0.01 (its share), and what it does as the formula is read.

        swept: runs by the kind of term, "CGD" or "by size", and α: 0.01, and the largest is the sum over a batch.
        """
        heavy = max(alpha for _, alpha in swept)
        tested = [
            verdicts.Tested(
                "S3.2 scale",
                "With α = 0.01 and a mean over pairs, the shape term is less than 1% of the loss.",
                "not measured",
                f"at most {share:.2%} of it",
                verdicts.Verdict(bool(share < 0.01), f"the largest share is {share:.2%}"),
            )
        ]
        for reading, alpha in {"mean": 0.01, "sum over a batch": heavy}.items():
            run = swept["CGD", alpha]
            tested.append(
                verdicts.Tested(
                    f"S3.2 {reading}",
                    f"CGD with α = 0.01, read as a {reading}, raises LeNet-5's error.",
                    THEIRS,
                    f"RMSE changes by {self._change(run)} px",
                    comparisons.is_lower(self.alone, run, self.faces, by_seed=True, **self._draws),
                )
            )
        pair = swept["by size", heavy], swept["CGD", heavy]
        gain = comparisons.difference(*pair, self.faces, **self._draws)
        better = comparisons.is_lower(*pair, self.faces, by_seed=True, **self._draws)
        statement = f"At α = {heavy:.0f}, CGD in units of the face's size does less harm than CGD in pixels."
        return [
            *tested,
            verdicts.Tested("S3.2 by size", statement, "not tried", f"RMSE changes by {gain} px", better),
        ]

    def structure(self, fixed: np.ndarray) -> list[verdicts.Tested]:
        """Whether the network predicts the distances between points better than fixed ones (P,) in px do."""
        found = distances.distances(self.alone.predict(self.faces))
        estimate = distances.change(found, fixed, self.faces, **self._draws)
        return [
            verdicts.Tested(
                "S3.2 structure",
                "Distances between points of a face have no structure that could be learnt.",
                "given as the reason",
                f"squared error of the network's distances minus that of fixed ones: {estimate} px²",
                self._above(estimate),
            )
        ]

    def reasons(self, pairs: Mapping[str, tuple[runs.Run, runs.Run]]) -> list[verdicts.Tested]:
        """What three habits of the earlier report do to the cost of CGD, and what two of them do without it.

        pairs: runs with CGD and without, by setting: "masked", and those of REASONS that the profile trains.
        """
        tested, untrained = [], "not trained in this profile"
        for name, word in REASONS.items():
            ours, verdict = untrained, verdicts.unknown(f"it was {untrained}; it takes a larger one")
            if name in pairs:
                both = pairs[name], pairs["masked"]
                extra = comparisons.extra_cost(*both, self.faces, **self._draws)
                small = comparisons.matters_squared(pairs["masked"][1], self.faces)
                less = verdicts.of_networks(extra, comparisons.extra_cost_of_restarts(*both), small)
                ours = f"cost changes by {extra} px²"
                verdict = self._if_learnt(~less if word == "more" else less)
            statement = f"CGD costs {word} with {name} than without."
            tested.append(verdicts.Tested(f"S3.2 {name}", statement, "not separated", ours, verdict))
        for identity, name in {"S3.2 fill alone": "forward fill", "S3.3 mixture": "their augmentation"}.items():
            ours, verdict = untrained, verdicts.unknown(f"it was {untrained}; it takes a larger one")
            if name in pairs:
                ours = f"RMSE changes by {self._change(pairs[name][1])} px"
                verdict = comparisons.is_lower(pairs[name][1], self.alone, self.faces, by_seed=True, **self._draws)
            statement = f"Without any CGD, {name} lowers LeNet-5's error."
            tested.append(verdicts.Tested(identity, statement, "not separated", ours, verdict))
        return tested

    def prior(self, filled: runs.Run, helped: Mapping[tuple[str, str], metrics.Estimate]) -> list[verdicts.Tested]:
        """Whether knowledge of shapes helps in the labels, and after the network.

        filled: trained on labels that were filled from the given ones.  helped: the change of the RMSE in px by place,
        one of PLACES, and by the faces: "as they are" and others.
        """
        tested = []
        for place in PLACES:
            changes = {name: change for (where, name), change in helped.items() if where == place}
            verdict = ~self._above(changes["as they are"], comparisons.matters(self.faces))
            if place == "in the labels":
                verdict = comparisons.is_lower(filled, self.alone, self.faces, by_seed=True, **self._draws)
            tested.append(
                verdicts.Tested(
                    f"S3.2 prior {place}",
                    f"Shape knowledge {place} lowers LeNet-5's error on faces as they are.",
                    "not tried",
                    "RMSE changes by " + ", ".join(f"{change} px {name}" for name, change in changes.items()),
                    verdict,
                )
            )
        return tested

    @property
    def _draws(self) -> dict[str, Any]:
        return {"repeats": self.repeats, "seed": self.seed}

    def _change(self, run: runs.Run) -> metrics.Estimate:
        return comparisons.difference(run, self.alone, self.faces, **self._draws)

    def _above(self, estimate: metrics.Estimate, matters: float = 0.0) -> verdicts.Verdict:
        """Whether it is above 0, over persons; not told by single trainings."""
        if len(self.alone.restarts) < 2:
            return verdicts.unknown("LeNet-5 was not restarted; it takes restarts")
        return self._if_learnt(verdicts.above(estimate, matters=matters))

    def _if_learnt(self, verdict: verdicts.Verdict) -> verdicts.Verdict:
        """The verdict; not told of a network that learnt nothing."""
        errors = [metrics.rmse(points, self.faces.points) for points in (self.alone.predict(self.faces), self.mean)]
        return verdict if errors[0] < errors[1] else verdicts.unlearnt("LeNet-5")


def networks(
    found: Mapping[tuple[str, str], runs.Run],
    mean: np.ndarray,
    faces: face_sets.Faces,
    repeats: int = 1000,
    seed: int = 0,
) -> list[verdicts.Tested]:
    """Whether the report's networks learn, and whether CGD harms those that do.

    found: runs by name and loss, "mse" or "cgd".  mean: (N, K, 2) the mean points, which need no training, for the N
    faces.
    """
    draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
    names = list(dict.fromkeys(name for name, _ in found))
    if not names:
        missing = "ImageNet weights are not to be had"
        return [
            verdicts.Tested("S3.1 networks", "Both networks learn.", "very good", missing, verdicts.unknown(missing))
        ]
    where, learn, harm = f"in images of {faces.size[1]} px", [], []
    for name in names:
        plain, shaped = found[name, "mse"], found[name, "cgd"]
        errors = [metrics.rmse(points, faces.points) for points in (plain.predict(faces), mean)]
        learn.append(
            verdicts.Tested(
                f"S3.1 {name}",
                f"{name}, with MSE, is better than the mean points.",
                "very good",
                f"RMSE {errors[0]:.2f} px, mean points {errors[1]:.2f} px, {where}",
                comparisons.beats(plain, mean, faces, **draws),
            )
        )
        harm.append(
            verdicts.Tested(
                f"S3.2 {name}",
                f"CGD raises the error of {name}.",
                THEIRS,
                f"RMSE changes by {comparisons.difference(shaped, plain, faces, **draws)} px {where}",
                comparisons.is_lower(plain, shaped, faces, by_seed=True, **draws)
                if errors[0] < errors[1]
                else verdicts.unlearnt(name),
            )
        )
    return [*learn, *harm]


def finding(
    share: float,
    weak: metrics.Estimate,
    batch: metrics.Estimate,
    helped: Mapping[tuple[str, str], metrics.Estimate],
) -> str:
    """What the notebook found, in two sentences; weak, batch: change of the RMSE in px for two readings of α = 0.01."""
    labels, after = (helped[place, "as they are"].value for place in PLACES)
    return (
        f"With α = 0.01 the shape term is {share:.2%} of the loss and changes LeNet-5's error by {weak.value:+.2f} px"
        f" (RMSE); summed over a batch, it changes it by {batch.value:+.2f} px. What is known of face shapes changes"
        f" the error by {labels:+.2f} px where it fills missing labels, and by {after:+.2f} px where it corrects the"
        " network's answers."
    )
