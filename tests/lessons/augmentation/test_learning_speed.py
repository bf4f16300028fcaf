import math
import types

import pandas as pd
import pytest

from fkp_utils.lessons.augmentation import learning_speed

CURVES = [[5.0, 3.0, 2.0], [6.0, 5.0, 4.0]]


@pytest.fixture
def run():
    rows = [(number, epoch, error) for number, curve in enumerate(CURVES) for epoch, error in enumerate(curve, 1)]
    history = pd.DataFrame(rows, columns=["restart", "epoch", "validation"])
    history["training"] = history["validation"] / 2
    restarts = pd.DataFrame({"seed": [0, 1], "validation": [2.0, 4.0]})
    return types.SimpleNamespace(facts={"described": {"epochs": 8}}, history=history, restarts=restarts)


def test_first_epochs_are_averaged_for_each_restart(run):
    assert learning_speed.first_epochs(run, 2).tolist() == [4.0, 5.5]


def test_epochs_to_a_level_are_infinite_where_it_is_never_reached(run):
    assert learning_speed.epochs_to(run, 3.0).tolist() == [2, math.inf]
    assert learning_speed.epochs_to(run, 5.0).tolist() == [1, 2]


def test_the_table_has_both_measures_with_and_without(run):
    found = learning_speed.table({"small": (run, run)})
    assert list(found.index) == [("small", "standard"), ("small", "none")]
    assert found["first quarter (px)"].tolist() == [4.75, 4.75]  # the medians of 4.0 and 5.5
    assert found["epochs to the level"].tolist() == [2.5, 2.5]  # 4 px: epochs 2 and 3
    assert learning_speed.last_errors({"small": run}).loc["small"].tolist() == [1.5, 3.0]
