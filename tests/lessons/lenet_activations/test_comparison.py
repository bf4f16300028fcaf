import dataclasses

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.lessons.lenet_activations import comparison
from fkp_utils.models import label_sources
from fkp_utils.training import data_views


@pytest.fixture(scope="module")
def known():
    """60 complete faces of a first source and 40 of a second that gives four points."""
    points = np.random.default_rng(0).normal(48, 9, (100, 15, 2))
    source = np.repeat([0, 1], [60, 40])
    points[np.ix_(source == 1, [each for each in range(15) if each not in keypoints.FOUR_POINTS])] = np.nan
    images = np.random.default_rng(1).integers(0, 255, (100, 9, 9, 1), np.uint8)
    return faces.Faces(images, points, keypoints.KAGGLE_15, source)


def test_parts_tell_how_many_rows_are_complete(known):
    first = known.select(slice(0, 60))
    table = comparison.overview(data_views.Parts(known, first, known.select(slice(50, 70))))
    assert table["faces"].tolist() == [100, 60, 20]
    assert table["complete"].tolist() == [0.6, 1, 0.5]
    assert table["second source"].tolist() == [0.4, 0, 0.5]
    alone = dataclasses.replace(first, source=None)
    assert list(comparison.overview(data_views.Parts(alone, alone, alone))) == ["faces", "complete"]


def test_gaps_are_filled_dropped_or_masked(known):
    assert list(comparison.ways(known).items()) == [
        ("forward fill", "forward_fill"), ("median", "median"), ("knn", "knn"), ("complete rows", "drop"),
        ("masked", "mask"),
    ]  # fmt: skip
    assert comparison.ways(known.select(slice(0, 60))) == {"masked": "mask"}


class Trained:
    """Stands for a run of two restarts, of which the second is kept."""

    def __init__(self, *validation):
        rows = [(restart, epoch, error) for restart in range(2) for epoch, error in enumerate(validation[restart], 1)]
        self.history = pd.DataFrame(rows, columns=["restart", "epoch", "validation"])
        best = [int(np.argmin(errors)) + 1 for errors in validation]
        self.restarts = pd.DataFrame({"kept": [False, True], "best_epoch": best})


def test_a_longer_training_is_compared_after_as_many_epochs():
    networks = {"short": Trained([5, 4], [4, 3]), "long": Trained([9, 7, 6, 5], [8, 6.5, 2, 3])}
    table = comparison.learning_table(networks, 2)
    assert table.loc["short"].tolist() == [2, 2, 3, 3]
    assert table.loc["long"].tolist() == [4, 3, 2, 6.5]
    assert table["epochs"].dtype.kind == table["best epoch"].dtype.kind == "i"


def test_errors_are_told_by_source(known):
    predicted = {"near": np.nan_to_num(known.points, nan=1) + 1, "far": np.nan_to_num(known.points, nan=1) + 3}
    found = comparison.errors(predicted, known, repeats=20)
    assert list(found) == ["all faces", "first source", "second source"]
    assert {title: each["far"].value for title, each in found.items()} == pytest.approx(dict.fromkeys(found, 3))
    assert comparison.sizes(known) == {"all faces": 100, "first source": 60, "second source": 40}
    second = predicted["near"].copy()
    second[60:] += 4
    found = comparison.errors({"near": second}, known, repeats=20)
    assert found["second source"]["near"].value == pytest.approx(5)
    assert found["all faces"]["near"].value == pytest.approx(metrics.rmse(second, known.points))
    assert list(comparison.errors({"near": second[:60]}, known.select(slice(0, 60)), repeats=20)) == ["all faces"]


def test_a_network_is_read_in_two_ways_on_the_second_source(known):
    class Two:
        def predict(self, some):
            return np.zeros((len(some), 15, 2)) + some.source[:, None, None]

    shared, own, labels, groups = comparison.second_source(Two(), known)
    columns = [known.keypoints.index(name) for name in label_sources.RELABELLED]
    np.testing.assert_array_equal(labels, known.points[60:, columns])
    assert shared.shape == own.shape == (40, 2, 2)
    assert (shared == 0).all()
    assert (own == 1).all()
    assert len(groups) == 40


def test_a_table_of_runs_shows_errors_on_given_and_on_all_labels():
    table = pd.DataFrame({"variant": ["a"], "eval mse": [4.0], "eval all mse": [3.0], "epochs": [7], "parameters": [5]})
    shown = comparison.errors_shown(table)
    assert list(shown.data) == ["network", "given labels", "all labels", "earlier report", "epochs", "seconds"]
    text = shown.to_html()
    assert ">4.00<" in text
    assert ">7<" in text
    assert text.count(">–<") == 2
    without = table.drop(columns="eval all mse").assign(**{"earlier mse": None})
    assert comparison.errors_shown(without).to_html().count(">–<") == 3


def test_a_sentence_says_what_filled_labels_change():
    table = pd.DataFrame({"variant": ["a", "b"], "eval mse": [4.0, 2.0], "eval all mse": [3.0, 2.2]})
    text = comparison.flattered(table)
    assert "change by -25% to +10%." in text
    assert text.endswith("that of *a*.")
    for without in (table.drop(columns="eval all mse"), table.assign(**{"eval all mse": None})):
        assert comparison.flattered(without).startswith("No label of these faces is missing")
