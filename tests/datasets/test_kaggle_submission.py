import csv
import re

import numpy as np
import pytest
from kaggle_files import ASKED, COLUMNS, FOUR, IDS, LAYOUTS, RNG, made

from fkp_utils.datasets import kaggle


def read_submission(path):
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["RowId", "Location"]
    return {int(row): float(location) for row, location in rows}, len(rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_submission_has_the_asked_coordinates(tmp_path, layout):
    root = made(tmp_path / "data", layout)
    predictions = RNG.uniform(0, 95, (3, 15, 2))
    predictions[0, 0] = -3, 120
    kaggle.write_submission(tmp_path / "submission.csv", predictions, root)
    found, count = read_submission(tmp_path / "submission.csv")
    assert count == len(found) == len(ASKED)
    assert (found[1], found[2]) == (0, 95)
    for row, (number, name) in list(enumerate(ASKED, 1))[2:]:
        point, axis = divmod(COLUMNS.index(name), 2)
        assert found[row] == pytest.approx(predictions[IDS.index(number), point, axis], abs=5.1e-5)


def test_predictions_that_do_not_fit_leave_the_old_submission(tmp_path):
    root = made(tmp_path / "data")
    path = tmp_path / "submission.csv"
    path.write_text("old")
    predictions = np.full((3, 15, 2), 40.0)
    predictions[1, 10, 1] = np.nan
    message = r"predictions\[1\] \(ImageId 7\), nose_tip_y: nan; expected a finite number"
    with pytest.raises(ValueError, match=message):
        kaggle.write_submission(path, predictions, root)
    for shape in [(2, 15, 2), (3, 30), (3, 15, 2, 1)]:
        message = re.escape(f"predictions have shape {shape}; expected (3, 15, 2): one row for each test face")
        with pytest.raises(ValueError, match=message):
            kaggle.write_submission(path, np.zeros(shape), root)
    assert path.read_text() == "old"


def test_real_photos(real, tmp_path):
    root = real("kaggle_layout")
    training, test = kaggle.load(root), kaggle.load(root, part="test")
    assert (len(training), len(test)) == (2864, 708)
    complete = np.delete(training.given, FOUR, axis=1).any(axis=1)
    np.testing.assert_array_equal(training.source == 0, complete)
    assert (np.diff(training.source) >= 0).all()
    assert 700 < (training.source == 0).sum() < 900
    assert len(set(training.image_groups)) < len(training)
    assert len(set(training.subject)) > 100
    assert np.nanmin(training.points) > 0
    assert np.nanmax(training.points) < 95
    np.testing.assert_array_equal(test.attributes["image_id"], np.arange(1, 709))
    predictions = np.random.default_rng(1).uniform(-5, 100, (708, 15, 2))
    kaggle.write_submission(tmp_path / "submission.csv", predictions, root)
    found, count = read_submission(tmp_path / "submission.csv")
    sample, rows = read_submission(root / "SampleSubmission.csv")
    assert count == rows == len(found)
    assert list(found) == list(sample)
    assert all(0 <= location <= 95 for location in found.values())
