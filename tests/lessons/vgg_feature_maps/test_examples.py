import dataclasses

import numpy as np
import pandas as pd

from fkp_utils import faces, keypoints
from fkp_utils.lessons.vgg_feature_maps import examples


def labelled(count=60, points=15, seed=0):
    """Noise with points of KAGGLE_15, of which each second face lacks all but `points`."""
    generator = np.random.default_rng(seed)
    places = 12 + generator.normal(0, 2, (count, 15, 2))
    places[1::2, points:] = np.nan
    images = generator.integers(0, 255, (count, 24, 24, 1), np.uint8)
    return faces.Faces(images, places, keypoints.KAGGLE_15, np.arange(count) % 2, np.arange(count) // 4)


def test_complete_faces_are_those_with_the_most_labels():
    some = labelled(points=4)
    found = examples.complete(some)
    assert len(found) == 30
    assert found.given.all()
    np.testing.assert_array_equal(examples.complete(some, 7).points, found.points[:7])


def test_each_person_counts_once():
    some = labelled()
    found = examples.one_of_each(some, 5)
    assert found.subject.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(found.points, some.points[:20:4])
    unknown = dataclasses.replace(some, subject=None)
    assert len(examples.one_of_each(unknown, 100)) == 60


def test_clear_faces_have_contrast_and_whole_rows():
    points = np.full((4, 15, 2), 12.0)
    ramp = np.tile(np.linspace(0, 1, 24), (24, 1)).T  # neighbouring rows are alike
    interlaced = np.where(np.arange(24)[:, None] % 2, ramp, 1 - ramp)
    images = [100 + 20 * ramp, 50 + 150 * ramp, 250 * interlaced, 80 + 60 * ramp]
    some = faces.Faces(np.stack(images)[..., None].astype(np.uint8), points, keypoints.KAGGLE_15)
    assert examples.clear(some, 4).tolist() == [1, 3, 0, 2]
    assert examples.clear(some, 1).tolist() == [0], "only the third nearest the mean face is asked"


def test_layers_are_told_by_what_they_see_and_take():
    rows = [("a", "96 × 96", 3, 1_000, 100.0), ("b", "48 × 48", 50, 2_000, 1_100.0)]
    columns = ["layer", "cells", "sees (px)", "parameters", "multiplications (million)"]
    table = pd.DataFrame(rows, columns=columns)
    told = examples.layers_in_words(table, 96)
    assert told.startswith("The first layer whose values see over half of the image's 96 px is b. In the last layer")
    assert "48 × 48 cells, and each sees 50 px" in told
    assert told.endswith("The 2 layers have 3,000 parameters and take 1.2 billion multiplications for one face.")
    assert "px is no layer." in examples.layers_in_words(table, 200)
