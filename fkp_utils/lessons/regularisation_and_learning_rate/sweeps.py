"""Many small trainings of one network, and the spread of restarts that they share (notebook 08, S2)."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from IPython import display
from scipy import stats

from fkp_utils import keypoints, metrics
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.geometry import pose
from fkp_utils.lessons.regularisation_and_learning_rate import early_stopping
from fkp_utils.training import data_views

if TYPE_CHECKING:
    from fkp_utils import faces as face_sets
    from fkp_utils.training import experiment, runs

NOT_RESTARTED = "nothing was restarted; at least 2 restarts are needed"
TURN = 0.2  # of a head that is seen to look aside, as `pose.turn` measures it
RIVALS: Mapping[str, str] = {
    "shifts": "0.42",
    "specialists": "0.42",
    "low rate": "longer",
    "longer": "0.42",
    "one cycle": "0.42",
    "Adam": "0.42",
    "flips": "neither",
    "drop-out": "neither",
    "both": "flips",
}  # what each training of notebook 08 is compared with, both by name


def spread(errors: Mapping[Any, np.ndarray]) -> tuple[float, int]:
    """The sd of restarts (R,) around the mean of their own training, one for all, and its degrees of freedom.

    With two restarts of a few trainings and one of the others, this is what one restart's luck amounts to.  NaN and 0
    if nothing was restarted.
    """
    different = {tuple(map(float, each)) for each in errors.values()}  # a training under two names is one
    freedom = sum(len(each) - 1 for each in different)
    squares = sum(float(np.var(each) * len(each)) for each in different)
    return (math.sqrt(squares / freedom) if freedom else math.nan), freedom


def intervals(errors: Mapping[Any, np.ndarray]) -> dict[Any, metrics.Estimate]:
    """The mean of each training's restarts, with its 95% interval by the common spread if anything was restarted."""
    sd, freedom = spread(errors)
    found = {}
    for name, each in errors.items():
        mean = float(np.mean(each))
        half = sd * float(stats.t.ppf(0.975, freedom)) / math.sqrt(len(each)) if freedom else 0.0
        found[name] = metrics.Estimate(mean, mean - half, mean + half)
    return found


def luck(errors: Mapping[Any, np.ndarray]) -> metrics.Estimate:
    """How far two single restarts of one training differ by luck in 95% of cases, with a 95% interval of that.

    ValueError if nothing was restarted.
    """
    sd, freedom = spread(errors)
    if not freedom:
        raise ValueError(f"none of {len(errors)} trainings was restarted; expected two restarts of one at least")
    usual = 1.96 * math.sqrt(2) * sd
    low, high = (usual * math.sqrt(freedom / stats.chi2.ppf(share, freedom)) for share in (0.975, 0.025))
    return metrics.Estimate(usual, float(low), float(high))


def difference(errors: Mapping[Any, np.ndarray], first: Any, second: Any) -> metrics.Estimate:
    """The mean of the first training's restarts minus that of the second's, with the interval as in `intervals`."""
    sd, freedom = spread(errors)
    value = float(np.mean(errors[first]) - np.mean(errors[second]))
    scale = math.sqrt(1 / len(errors[first]) + 1 / len(errors[second]))
    half = sd * scale * float(stats.t.ppf(0.975, freedom)) if freedom else 0.0
    return metrics.Estimate(value, value - half, value + half)


def is_lower(
    errors: Mapping[Any, np.ndarray], first: Any, second: Any, persons: metrics.Estimate | None = None
) -> verdicts.Verdict:
    """Whether the first training's error is lower, by the interval of the difference; not told without restarts.

    errors: in px of images of `verdicts.SIDE` px.  persons: the same difference with its interval over persons, which
    must say the same.  It is not lower either if both intervals end nearer to 0 than `verdicts.MATTERS`.
    """
    if spread(errors)[1] == 0:
        return verdicts.unknown(NOT_RESTARTED)
    return verdicts.of_networks(persons, difference(errors, first, second), verdicts.MATTERS)


def in_words(found: metrics.Estimate) -> str:
    """The estimate, without an interval where it has none."""
    return f"{found.value:.2f}" if found.low == found.high else str(found)


def like_the_best(errors: Mapping[Any, np.ndarray], names: Iterable[Any]) -> tuple[Any, list[Any]]:
    """Of these trainings the one with the lowest mean error, and all those whose difference to it may be chance."""
    known = [name for name in names if name in errors]
    best = min(known, key=lambda name: float(np.mean(errors[name])))
    return best, [name for name in known if difference(errors, name, best).low <= 0]


def is_clear(found: metrics.Estimate) -> bool:
    """Whether a difference has an interval, and 0 lies outside."""
    return found.low < found.high and not found.low <= 0 <= found.high


def listed(values: Mapping[str, Any] | pd.Series, form: str = "") -> str:
    """The values by name in a line, each in the format."""
    return ", ".join(f"{name} {value:{form}}" for name, value in values.items())


def half_turned(faces: face_sets.Faces) -> face_sets.Faces:
    """One complete face whose head is turned so far that its mirror image is seen to be one: a bright one of such."""
    turn = np.abs(pose.turn(faces.points, faces.keypoints))
    off = np.where(faces.given.all(axis=1) & np.isfinite(turn), np.abs(turn - TURN), np.inf)
    rows = np.argsort(off, kind="stable")[:8]
    rows = rows[off[rows] <= max(0.05, off[rows[0]])]
    return faces.select([int(rows[faces.images[rows].reshape(len(rows), -1).mean(axis=1).argmax()])])


def regions(whole: keypoints.KeypointSet) -> dict[str, tuple[str, ...]]:
    """The names of the keypoints by region of the face: eyes, brows, nose and mouth, jaw; those that the set has."""
    found: dict[str, tuple[str, ...]] = {}
    for name in whole.names:
        words = {"eyebrow": "brows", "eye": "eyes", "jaw": "jaw"}
        region = next((region for word, region in words.items() if word in name), "nose and mouth")
        found[region] = (*found.get(region, ()), name)
    return found


def half_image(pixels: Any, side: int) -> Any:
    """The square of an error in px, in units of coordinates from -1 to 1 in images of `side` px (S2)."""
    return (2 * pixels / side) ** 2


class Trainings:
    """Trainings that differ from a usual one, by name: their runs, errors and predictions.

    usual: an experiment; errors (R,) of the restarts are those on its evaluation faces.  faces: that are predicted.
    scale: what errors are multiplied with, such as for another image size.  repeats, seed: of bootstraps over persons.
    """

    def __init__(
        self,
        usual: experiment.Experiment,
        faces: face_sets.Faces,
        scale: float = 1.0,
        repeats: int = 1000,
        seed: int = 0,
    ) -> None:
        self.usual, self.faces, self.scale = usual, faces, scale
        self.draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
        self.runs: dict[str, runs.Run] = {}
        self.errors: dict[str, np.ndarray] = {}
        self.predicted: dict[str, np.ndarray] = {}

    def train(self, name: str, **changes: Any) -> None:
        """Trains the usual experiment with changes to its fields; one that explodes is told in a line, and left out."""
        from fkp_utils.training import loop, runs

        try:
            self.runs[name] = runs.run(dataclasses.replace(self.usual, **changes))
        except loop.TrainingError as problem:
            print(f"{name} is left out: {problem}")
            return
        self.errors[name] = self.scale * self.runs[name].restarts["evaluation"].to_numpy()
        self.predicted[name] = self.runs[name].predict(self.faces)

    def train_all(self, described: Mapping[str, Mapping[str, Any]]) -> str:
        """Trains each, by its name with the changes of its fields, and says in a line what they are and took.

        In a notebook, the cell's lines of progress go, so that this one stands for all.
        """
        for name, changes in described.items():
            self.train(name, **changes)
        display.clear_output(wait=True)
        trained = [self.runs[name] for name in described if name in self.runs]
        lost = [name for name in described if name not in self.runs]
        restarts = sum(len(run.restarts) for run in trained)
        seconds = sum(run.facts["seconds"] for run in trained)
        text = f"Trainings: {len(trained)}, with {restarts} restarts in all, in {seconds:.0f} s."
        return text + (f" Left out, because their errors exploded: {', '.join(lost)}." if lost else "")

    def train_specialists(self, name: str, groups: Mapping[str, tuple[str, ...]]) -> int:
        """Trains the usual experiment for each group of points (their names), and joins them; returns all parameters.

        The data of the usual experiment are `data_views.Complete`.
        """
        from fkp_utils.training import runs

        joined, squares, parameters = np.empty_like(self.faces.points), 0.0, 0
        for names in groups.values():
            view = data_views.OnlyPoints(names)
            run = runs.run(dataclasses.replace(self.usual, data=self.usual.data.through(view)))
            rows = [self.faces.keypoints.index(point) for point in names]
            joined[:, rows] = run.predict(view.apply(self.faces, "evaluation"))
            squares = squares + len(names) * run.restarts["evaluation"].to_numpy() ** 2
            parameters += run.facts["parameters"]
        self.errors[name] = self.scale * np.sqrt(squares / joined.shape[1])
        self.predicted[name] = joined
        return parameters

    def among(self, names: Iterable[str]) -> Trainings:
        """These trainings alone, as they were before others came: intervals are by their own common spread."""
        kept = set(names)
        few = copy.copy(self)
        few.errors = {name: each for name, each in self.errors.items() if name in kept}
        return few

    def lower(self, first: str, second: str) -> verdicts.Verdict:
        """Whether the first has the lower error, as `is_lower`; not told if one of them was left out."""
        if not {first, second} <= set(self.errors):
            return verdicts.unknown("one of the two did not train")
        both, faces = (self.predicted[first], self.predicted[second]), self.faces
        found = bootstrap.rmse_difference(*both, faces.points, faces.groups, **self.draws)
        persons = metrics.Estimate(*(self.scale * each for each in dataclasses.astuple(found)))
        return is_lower(self.errors, first, second, persons)

    def text(self, names: Iterable[str]) -> str:
        """The errors of those that were not left out, with their intervals, in a line."""
        found = intervals(self.errors)
        return ", ".join(f"{name} {in_words(found[name])}" for name in names if name in found) + " px"

    def change(self, first: str, second: str) -> str:
        """The difference of two errors with its interval, in words; also if one of them was left out."""
        if not {first, second} <= set(self.errors):
            return "one of the two did not train"
        return f"RMSE changes by {in_words(difference(self.errors, first, second))} px"

    def changes(self, rivals: Mapping[str, str] = RIVALS) -> dict[str, metrics.Estimate]:
        """The difference of two errors with its interval, by "one against other"; where neither was left out."""
        pairs = {one: other for one, other in rivals.items() if {one, other} <= set(self.errors)}
        return {f"{one} against {other}": difference(self.errors, one, other) for one, other in pairs.items()}

    def describe(self, rivals: Mapping[str, str]) -> str:
        """The difference in px of each training to its rival in a line, of those that were not left out."""
        pairs = [f"{pair}: {in_words(each)} px" for pair, each in self.changes(rivals).items()]
        return "; ".join(pairs) or "none trained"

    def chance(self) -> metrics.Estimate | None:
        """By how much two restarts of one training differ (`luck`); None if nothing was restarted."""
        return luck(self.errors) if spread(self.errors)[1] else None

    def histories(self, names: Iterable[str], as_loss: bool = False) -> dict[str, tuple[pd.DataFrame, int]]:
        """The history of each that was not left out, and which restart is kept, as `curve_sheet` takes them.

        Errors are scaled; as_loss: they are mean squared errors of coordinates from -1 to 1 instead.
        """
        found = {}
        for name in names:
            if name in self.runs:
                history, columns = self.runs[name].history.copy(), ["training", "validation"]
                squares = half_image(history[columns], self.faces.size[1])
                history[columns] = squares if as_loss else self.scale * history[columns]
                found[name] = (history, self.runs[name].facts["kept"])
        return found

    def overfitting(self, names: Iterable[str], level: float) -> pd.DataFrame:
        """A row for each that was not left out: plateau and gap, of the restart that is kept.

        plateau: epochs until the validation error is a tenth below the level, such as the mean points'.  gap: the
        validation error of the last epoch over the training error.
        """
        rows = {}
        for name, (history, kept) in self.histories(names).items():
            curve = history[history["restart"] == kept]
            last = curve.iloc[-1]
            plateau = early_stopping.plateau(curve["validation"].to_numpy(), level)
            rows[name] = (plateau, last["validation"] / last["training"])
        return pd.DataFrame.from_dict(rows, "index", columns=["plateau", "gap"])

    def curves(self, name: str) -> list[np.ndarray]:
        """The validation error of each epoch (E,), scaled, a curve for each restart; none if it was left out."""
        run = self.runs.get(name)
        if run is None:
            return []
        return [self.scale * each["validation"].to_numpy() for _, each in run.history.groupby("restart")]
