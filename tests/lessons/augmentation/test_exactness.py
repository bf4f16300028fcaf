import dataclasses

import numpy as np
import pytest

from fkp_utils.augmentation import augment
from fkp_utils.datasets import loading
from fkp_utils.lessons.augmentation import exactness

MOVES = augment.Augmentation(flip=0.5, rotate=20, scale=0.15, shift=0.08, crop=0.1)


@pytest.fixture(scope="module")
def marked(own_folders):
    return exactness.spots(loading.load("synthetic", limit=30))


def test_a_spot_lies_at_the_one_point_that_is_left(marked):
    assert (marked.given.sum(axis=1) == 1).all()
    at = np.rint(exactness.only(marked.points)).astype(int)
    inside = (at >= 0).all(axis=1) & (at < 96).all(axis=1)
    assert (marked.images[inside][range(inside.sum()), at[inside, 1], at[inside, 0], 0] > 240).all()


def test_points_move_with_their_spots(marked):
    moved, distances, whole = exactness.measure(marked, MOVES)
    assert len(moved) == len(distances) == len(whole)
    assert whole.sum() > 15
    assert distances[whole].max() < 0.1


def test_a_spot_that_began_at_the_border_is_not_whole(marked):
    points = np.full_like(marked.points, np.nan)
    points[:, 0] = (2, 48)
    cut = exactness.spots(dataclasses.replace(marked, points=points))
    whole = exactness.measure(cut, augment.Augmentation(shift=0.4))[2]
    assert len(whole) > 0
    assert not whole.any()
    assert exactness.farthest(np.array([1.0, 3, 2]), np.array([True, False, True])).tolist() == [2, 0, 1]


def test_a_point_that_is_off_is_seen(marked):
    off = dataclasses.replace(marked, points=marked.points + np.float32([1, 0]))
    assert exactness.measure(off, augment.NONE)[1] == pytest.approx(1, abs=0.05)
