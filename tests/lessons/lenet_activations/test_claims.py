import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import verdicts
from fkp_utils.lessons.lenet_activations import claims, comparison
from fkp_utils.models import architectures, label_sources

OWN = [keypoints.KAGGLE_15.index(name) for name in label_sources.RELABELLED]


class Answers:
    """Stands for a run: answers with the labels and errors of a given size, and has as many restarts.

    lower: px by which its answers for the second source's own points are lower in the image than those of the first.
    """

    def __init__(self, points, error, seed=0, restarts=5, lower=0.0):
        self.points = points + np.random.default_rng(seed).normal(0, error, points.shape)
        self.path, self.lower = f"{error} {seed}", lower
        errors = error * np.linspace(0.98, 1.02, restarts)
        self.restarts = pd.DataFrame({"evaluation": errors, "kept": np.arange(restarts) == 0})
        self.scores = {"evaluation": {"mse": error**2}}

    def predict(self, known):
        points = self.points[known.attributes["row"]].copy()
        if known.source is not None:
            points[np.ix_(known.source == 1, OWN, [1])] += self.lower
        return points

    @functools.cached_property
    def _model(self):
        return architectures.build("lenet5", 15)

    def model(self):
        return self._model


@pytest.fixture(scope="module")
def known():
    """80 faces of 40 persons, the second half of a second source that gives four points, two of them 8 px lower."""
    generator = np.random.default_rng(0)
    points = 48 + generator.normal(0, 8, (1, 15, 2)) + generator.normal(0, 4, (80, 15, 2))
    source = np.repeat([0, 1], 40)
    points[np.ix_(source == 1, [each for each in range(15) if each not in keypoints.FOUR_POINTS])] = np.nan
    images = generator.integers(0, 255, (80, 96, 96, 1), np.uint8)
    rows = {"row": np.arange(80)}
    return faces.Faces(images, points, keypoints.KAGGLE_15, source, np.repeat(np.arange(40), 2), attributes=rows)


@pytest.fixture(scope="module")
def whole(known):
    """Points of all faces, those that are not labelled included."""
    return np.where(np.isnan(known.points), np.nanmean(known.points, axis=0), known.points)


def audit(known, nearest, mean=None, **networks):
    predicted = {"nearest faces": nearest, "mean points": nearest if mean is None else mean}
    predicted |= {name.replace("_", " "): run.predict(known) for name, run in networks.items()}
    return claims.Audit(predicted, known, repeats=100)


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


def test_filled_labels_flatter_what_is_near_the_average(known, whole):
    off = np.random.default_rng(1).normal(0, 17.24**0.5, whole.shape)
    mean = np.broadcast_to(np.nanmean(known.points, axis=0) + 6, whole.shape)
    nearest = np.where(known.given[..., None], whole + off, whole + 0.1)
    found = audit(known, nearest, mean).nearest_faces(whole, gaps=True, count=claims.ROWS)
    assert holds(found) == {"S0.3 mean": True, "S0.3 figure": True, "S0.3 filled": True}
    assert found[1].theirs == "17.24 px² (MAE 2.43 px) on the photos"
    assert found[0].ours.startswith(f"MSE {metrics.mse(nearest, known.points):.2f} px², mean points ")
    assert f"{metrics.mse(nearest, whole):.2f} px² on all" in found[2].ours
    other = audit(known, whole + 9, mean).nearest_faces(whole, gaps=False, count=claims.ROWS)
    assert holds(other) == {"S0.3 mean": False, "S0.3 figure": False, "S0.3 filled": None}
    assert other[2].verdict == verdicts.unknown(claims.NO_GAPS)
    assert holds(audit(known, nearest).nearest_faces(whole, True, count=3000))["S0.3 figure"] is None


def test_parameters_and_zeros_are_counted(known, whole):
    networks = {name: Answers(whole, error) for name, error in (("a", 1.0), ("b", 2.0), ("a again", 1.0))}
    tests = audit(known, whole)
    found = tests.layers(networks)
    assert holds(found)["S0.4 parameters"] is True
    assert found[0].ours == "943,054, 98.6% in one layer"
    shares = tests.zeros(networks)
    assert len(shares) == 2, "a network that is another's double counts once"
    assert ((shares > 0) & (shares < 1)).all()
    assert f"in {len(shares)} networks" in found[1].ours
    assert found[1].verdict == verdicts.of_restarts(shares > 0.5)


def test_ways_to_treat_gaps_are_compared_with_each_other_and_with_the_baselines(known, whole):
    sizes = {"forward fill": 4.0, "median": 2.0, "knn": 3.0, "complete rows": 5.0, "masked": 1.0}
    trained = {name: Answers(whole, error, number) for number, (name, error) in enumerate(sizes.items())}
    nearest = whole + np.random.default_rng(9).normal(0, 3.8, whole.shape)
    tests = claims.Audit(
        {"nearest faces": nearest, "mean points": whole + 8} | {n: run.predict(known) for n, run in trained.items()},
        known,
        repeats=100,
    )
    found = tests.gaps(trained)
    assert holds(found) == {
        "S0.7 mean": True,
        "S0.7 KNN": False,
        "S0.7 forward fill": True,
        "S0.7 median": True,
        "S0.6 restarts": True,
        "S0.7 masked": True,
    }
    by_name = {each.identity: each for each in found}
    assert by_name["S0.7 median"].ours == "forward fill 16.00, median 4.00, knn 9.00 px²"
    assert by_name["S0.7 masked"].ours.count("worse than masked") == 4
    reverse = {name: Answers(whole, 6 - error, number) for number, (name, error) in enumerate(sizes.items())}
    other = holds(tests.gaps(reverse))
    assert (other["S0.7 forward fill"], other["S0.7 median"], other["S0.7 masked"]) == (False, False, False)


def test_single_trainings_and_sets_without_gaps_tell_nothing(known, whole):
    names = [*comparison.FILLINGS, "masked"]
    single = {name: Answers(whole, 1.0 + number, restarts=1) for number, name in enumerate(names)}
    predicted = {"nearest faces": whole, "mean points": whole + 8}
    tests = claims.Audit(predicted | {n: run.predict(known) for n, run in single.items()}, known, repeats=100)
    assert set(holds(tests.gaps(single)).values()) == {None}
    alone = holds(tests.gaps({"masked": Answers(whole, 1.0)}))
    assert list(alone) == ["S0.7 mean", "S0.7 KNN", "S0.6 restarts", "S0.7 masked"]
    assert set(alone.values()) == {None}


def test_networks_that_hardly_differ_are_neither_better_nor_worse(known, whole):
    near = whole + np.random.default_rng(1).normal(0, 2, whole.shape)
    trained = {name: Answers(near, 0.01, number) for number, name in enumerate([*comparison.FILLINGS, "masked"])}
    predicted = {"nearest faces": near, "mean points": near} | {n: run.predict(known) for n, run in trained.items()}
    found = {each.identity: each for each in claims.Audit(predicted, known, repeats=100).gaps(trained)}
    assert found["S0.7 masked"].verdict.holds is False
    assert "median 0.01 [0.01, 0.01] px, not told apart from masked" in found["S0.7 masked"].ours
    assert found["S0.7 KNN"].verdict.holds is False, "to stay behind is claimed, and it is as good"


def test_own_outputs_help_where_the_second_source_means_another_place(known, whole):
    tests = audit(known, whole)
    lower = whole.copy()
    lower[np.ix_(known.source == 1, OWN, [1])] -= 8  # the labels are 8 px below these
    apart = Answers(lower, 0.5, lower=8.0)
    found = tests.sources(apart)
    assert found.verdict.holds is True
    assert found.ours.startswith("RMSE 5.")  # 8 px in y alone: 8 / √2
    assert tests.sources(Answers(whole, 0.5, lower=8.0)).verdict.holds is False
    assert tests.sources(Answers(lower, 0.5, restarts=1, lower=8.0)).verdict.holds is None
    one = claims.Audit({}, dataclasses.replace(known, source=None), repeats=10).sources(apart)
    assert (one.verdict.holds, one.ours) == (None, "the faces are of one source")


def test_the_finding_says_what_the_networks_reached():
    names = ["mean points", "nearest faces", "masked", "sources apart", *comparison.FILLINGS]
    errors = {name: metrics.Estimate(number, 0, 9) for number, name in enumerate(names, 1)}
    text = claims.finding(errors, "sources apart", shorter=True)
    assert text.startswith(
        "LeNet-5 finds the points of new faces to 4.00 px (RMSE), the points of the most similar face err by 2.00 px,"
        " and the mean points by 1.00 px."
    )
    assert text.endswith(
        "With missing labels left out of the loss, in half the epochs it reaches 3.00 px; with labels filled by forward"
        " fill 5.00, by median 6.00, by knn 7.00."
    )
    without = {name: errors[name] for name in names[:4]}
    assert claims.finding(without, "masked", shorter=False).endswith("the mean points by 1.00 px.")
