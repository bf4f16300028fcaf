import math
import types

import numpy as np
import pandas as pd
import pytest

from fkp_utils import pace

CURVES = [[5.0, 3.0, 2.0], [6.0, 5.0, 4.0]]


@pytest.fixture
def run():
    rows = [(number, epoch, error) for number, curve in enumerate(CURVES) for epoch, error in enumerate(curve, 1)]
    history = pd.DataFrame(rows, columns=["restart", "epoch", "validation"])
    return types.SimpleNamespace(history=history, restarts=pd.DataFrame({"seed": [0, 1]}))


def test_first_epochs_are_averaged_for_each_restart(run):
    assert pace.first_epochs(run, 2).tolist() == [4.0, 5.5]


def test_epochs_to_a_level_are_infinite_where_it_is_never_reached(run):
    assert pace.epochs_to(run, 3.0).tolist() == [2, math.inf]
    assert pace.epochs_to(run, 5.0).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("first", "second", "holds"),
    [
        ([1, 2], [3, 4], True),
        ([3, 4], [1, 2], False),
        ([1, 3], [2, 4], None),
        ([1, 1], [1, 1], False),
        ([1], [2], None),
    ],
)
def test_a_verdict_needs_every_pair_of_restarts(first, second, holds):
    assert pace.lower(np.array(first), np.array(second)) is holds
