"""What an earlier report says of its baselines, of LeNet-5 and of labels with gaps (S0.3–S0.7), tested."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, comparisons, verdicts
from fkp_utils.interpretation import activations
from fkp_utils.lessons.lenet_activations import comparison
from fkp_utils.models import architectures
from fkp_utils.training import runs

NEAREST = 17.24  # px², of KNN regression on given labels
PARAMETERS = 943_054
ROWS = 7049  # of Kaggle's training.csv
NO_GAPS = "no label is missing; it takes faces with gaps, such as Kaggle's"
FIRST_DENSE = "head_dense1"
FILLED = "20.01 (forward fill), 13.61 (median), 19.95 (KNN) px²"
WORDS = {True: "worse than masked", False: "better than masked", None: "not told apart from masked"}


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """Tests on the evaluation part.

    predicted: (N, K, 2) px, by name: of the baselines "mean points" and "nearest faces", and of the networks.  faces: N
    of them.  repeats, seed: of the bootstrap.
    """

    predicted: Mapping[str, np.ndarray]
    faces: face_sets.Faces
    repeats: int = 1000
    seed: int = 0

    def nearest_faces(self, filled: np.ndarray, gaps: bool, count: int) -> list[verdicts.Tested]:
        """Whether regression by the nearest faces beats the mean points, its figure, and what filled labels do to it.

        filled: (N, K, 2) labels, the missing ones filled by KNN.  gaps: whether training labels are missing.  count:
        faces of the whole set, by which those of the report's figure are known.
        """
        nearest, mean = self.predicted["nearest faces"], self.predicted["mean points"]
        points, groups = self.faces.points, self.faces.groups
        gain = bootstrap.rmse_difference(nearest, mean, points, groups, **self._draws)
        mse = self._rmse("nearest faces")
        agrees = bool(mse.low <= NEAREST**0.5 <= mse.high)
        figure = verdicts.Verdict(agrees, f"{NEAREST} px² lies {'inside' if agrees else 'outside'} the interval")
        squares = np.stack([(nearest - labels).ravel() ** 2 for labels in (filled, points)], axis=1)
        draws = np.repeat(groups, squares.shape[0] // len(points))
        flatters = float(bootstrap.largest_share(squares, draws, **self._draws)[1])
        every, given = np.nanmean(squares, axis=0)
        return [
            verdicts.Tested(
                "S0.3 mean",
                "KNN regression is better than the mean points.",
                f"MSE {NEAREST} px², no mean given",
                f"MSE {mse.value**2:.2f} px², mean points {self._rmse('mean points').value ** 2:.2f};"
                f" RMSE changes by {gain} px",
                verdicts.below(gain, matters=comparisons.matters(self.faces)),
            ),
            verdicts.Tested(
                "S0.3 figure",
                f"KNN regression has a mean squared error of {NEAREST} px² on given labels.",
                f"{NEAREST} px² (MAE 2.43 px) on the photos",
                f"{mse.value**2:.2f}, {mse.low**2:.2f} to {mse.high**2:.2f}",
                figure if count == ROWS else verdicts.unknown("these are not the report's photos"),
            ),
            verdicts.Tested(
                "S0.3 filled",
                "KNN regression looks better where filled labels count.",
                f"11.32 on all, {NEAREST} on given",
                f"{every:.2f} px² on all, {given:.2f} on given labels; lower in {flatters:.0%} of draws",
                verdicts.of_share(flatters) if gaps else verdicts.unknown(NO_GAPS),
            ),
        ]

    def layers(self, networks: Mapping[str, runs.Run]) -> list[verdicts.Tested]:
        """The number of parameters, and how many of the 120 values are 0, in all the networks."""
        lenet = architectures.build("lenet5", 15)
        count = lenet.count_params()
        share = max(layer.count_params() for layer in lenet.layers) / count
        shares = self.zeros(networks)
        return [
            verdicts.Tested(
                "S0.4 parameters",
                "LeNet-5 for 96×96 pixels and 15 points has 943,054 parameters.",
                f"{PARAMETERS:,}",
                f"{count:,}, {share:.1%} in one layer",
                verdicts.Verdict(count == PARAMETERS, "the parameters were counted"),
            ),
            verdicts.Tested(
                "S0.4 zeros",
                "Most of the 120 values of a face are 0.",
                "75 of the 117 that can be read for one face",
                f"{shares.min():.0%} to {shares.max():.0%} in {len(shares)} networks, mean over the evaluation faces",
                verdicts.of_restarts(shares > 0.5),
            ),
        ]

    def zeros(self, networks: Mapping[str, runs.Run]) -> np.ndarray:
        """Share of the 120 values that are 0, a mean over the faces, in each network that is not another's double."""
        different = {run.path: run for run in networks.values()}.values()
        found = [activations.layer_outputs(run.model(), self.faces, [FIRST_DENSE])[FIRST_DENSE] for run in different]
        return np.array([(values == 0).mean() for values in found])

    def gaps(self, trained: Mapping[str, runs.Run]) -> list[verdicts.Tested]:
        """The networks by what was done about missing labels, "masked" among them, and their restarts."""
        fillings = [name for name in comparison.FILLINGS if name in trained]
        return [
            *self._against_baselines(trained),
            *(self._fillings(trained, fillings) if fillings else []),
            self._restarts(trained),
            self._masked(trained, fillings),
        ]

    def sources(self, run: runs.Run) -> verdicts.Tested:
        """Whether outputs of its own for the second source's points lower a network's error there."""
        text, told = "the faces are of one source", verdicts.unknown("it takes faces of two sources, as Kaggle's are")
        if comparison.two_sources(self.faces):
            shared, apart, labels, groups = comparison.second_source(run, self.faces)
            own = bootstrap.rmse_difference(apart, shared, labels, groups, **self._draws)
            error = metrics.rmse(shared, labels)
            text = f"RMSE {error:.2f} px by the first source's outputs, changed by {own} px by the second's own"
            small = comparisons.matters(self.faces)
            told = verdicts.below(own, matters=small) if len(run.restarts) > 1 else verdicts.of_restarts([True])
        return verdicts.Tested(
            "S0.7 sources",
            "Own outputs lower a network's error on what the second source labels differently.",
            "not tried",
            text,
            told,
        )

    def _against_baselines(self, trained: Mapping[str, runs.Run]) -> list[verdicts.Tested]:
        name, others = "knn" if "knn" in trained else "masked", ("mean points", "nearest faces")
        beaten = dict.fromkeys(others, verdicts.unknown(NO_GAPS))
        if name == "knn":
            beaten = {
                other: comparisons.beats(trained[name], self.predicted[other], self.faces, **self._draws)
                for other in others
            }
        ours = ", ".join(f"{each} {self._rmse(each)}" for each in (name, *others)) + " px"
        return [
            verdicts.Tested(
                "S0.7 mean",
                "LeNet-5 on KNN-filled labels beats the mean.",
                "not compared",
                ours,
                beaten["mean points"],
            ),
            verdicts.Tested(
                "S0.7 KNN",
                "LeNet-5 on KNN-filled labels stays behind KNN regression.",
                f"19.95 against {NEAREST} px²",
                ours,
                ~beaten["nearest faces"],
            ),
        ]

    def _fillings(self, trained: Mapping[str, runs.Run], fillings: list[str]) -> list[verdicts.Tested]:
        ours = ", ".join(f"{name} {trained[name].scores['evaluation']['mse']:.2f}" for name in fillings) + " px²"
        pairs = [("median", "forward fill"), ("knn", "forward fill"), ("median", "knn")]
        lower = [self._lower(trained[one], trained[other]) for one, other in pairs]
        return [
            verdicts.Tested(
                "S0.7 forward fill",
                "Forward fill trains the worst of the three.",
                FILLED,
                ours,
                verdicts.all_hold(lower[:2]),
            ),
            verdicts.Tested(
                "S0.7 median",
                "The median trains the best of the three.",
                FILLED,
                ours,
                verdicts.all_hold(lower[::2]),
            ),
        ]

    def _restarts(self, trained: Mapping[str, runs.Run]) -> verdicts.Tested:
        restarted = {run.path: run.restarts for run in trained.values() if len(run.restarts) > 1}.values()
        gains = [each["evaluation"].mean() - each.loc[each["kept"], "evaluation"].iloc[0] for each in restarted]
        gain = bootstrap.mean(np.array(gains), **self._draws) if len(gains) > 1 else None
        told = verdicts.unknown("it takes two networks with 2 restarts at least")
        if gain:
            told = verdicts.above(gain, matters=comparisons.matters(self.faces), drawn="networks")
        return verdicts.Tested(
            "S0.6 restarts",
            "The restart kept for its validation error is better on new faces than restarts are on average.",
            "best of 50 kept, not compared",
            f"RMSE {gain} px lower, mean over {len(gains)} networks" if gain else "networks were not restarted",
            told,
        )

    def _masked(self, trained: Mapping[str, runs.Run], fillings: list[str]) -> verdicts.Tested:
        masked, others = trained["masked"], [name for name in trained if name != "masked"]
        lower = {name: ~self._lower(trained[name], masked) for name in others}  # told by the changes that are shown
        told = [
            f"{name} {comparisons.difference(trained[name], masked, self.faces, **self._draws)} px, {WORDS[each.side]}"
            for name, each in lower.items()
        ]
        return verdicts.Tested(
            "S0.7 masked",
            "A masked loss is better than each of the three fillings.",
            "not tried",
            f"RMSE minus that of masked: {'; '.join(told) or 'no label is missing'}",
            verdicts.all_hold([lower[name] for name in fillings]) if fillings else verdicts.unknown(NO_GAPS),
        )

    @property
    def _draws(self) -> dict[str, Any]:
        return {"repeats": self.repeats, "seed": self.seed}

    def _rmse(self, name: str) -> metrics.Estimate:
        return bootstrap.rmse(self.predicted[name], self.faces.points, self.faces.groups, **self._draws)

    def _lower(self, first: runs.Run, second: runs.Run) -> verdicts.Verdict:
        return comparisons.is_lower(first, second, self.faces, by_seed=True, **self._draws)


def finding(errors: Mapping[str, metrics.Estimate], longest: str, shorter: bool) -> str:
    """What the notebook found, in a sentence or two; errors: RMSE in px on all faces, by name.

    longest: the network that was trained for all epochs.  shorter: whether the others had half of them.
    """
    text = f"LeNet-5 finds the points of new faces to {errors[longest].value:.2f} px (RMSE), the points of the most"
    text += f" similar face err by {errors['nearest faces'].value:.2f} px, and the mean points by"
    text += f" {errors['mean points'].value:.2f} px."
    fillings = [name for name in comparison.FILLINGS if name in errors]
    if fillings:
        how = "in half the epochs it reaches" if shorter else "it reaches"
        text += f" With missing labels left out of the loss, {how} {errors['masked'].value:.2f} px; with labels filled"
        text += ",".join(f" by {name} {errors[name].value:.2f}" for name in fillings) + "."
    return text
