import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.datasets import kaggle, sample
from fkp_utils.system import places

COMMITTED = places.CHECKOUT / "data" / "sample"
NAMES = ["IdLookupTable.csv", "SampleSubmission.csv", "subjects.csv", "test.zip", "training.zip"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    sample.write(folder)
    return folder


def test_it_is_the_committed_one(made):
    assert sorted(path.name for path in made.iterdir()) == NAMES
    assert sorted(path.name for path in COMMITTED.iterdir()) == NAMES
    for name in NAMES[:3]:
        assert (made / name).read_text() == (COMMITTED / name).read_text()
    for part in kaggle.PARTS:
        new, old = kaggle.load(made, part=part), kaggle.load(COMMITTED, part=part)
        np.testing.assert_allclose(new.points, old.points, atol=2e-3)
        difference = np.abs(new.images.astype(int) - old.images)
        assert np.mean(difference <= 1) > 0.99  # another processor or JPEG library may round otherwise


def test_it_is_written_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "TRAINING", 4)
    monkeypatch.setattr(sample, "TEST", 2)
    for folder in ("first", "second"):
        sample.write(tmp_path / folder)
    for name in NAMES:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_it_is_small():
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 1e6


def test_it_has_what_kaggles_files_have():
    training = kaggle.load(COMMITTED)
    others = np.setdiff1d(np.arange(15), keypoints.FOUR_POINTS)
    assert len(training) == sample.TRAINING
    assert training.given[training.source == 0].mean() > 0.9
    assert not training.given[training.source == 0].all()
    assert not training.given[training.source == 1][:, others].any()
    assert not training.given[training.source == 1][:, keypoints.FOUR_POINTS].all()
    groups = [set(training.source[training.image_groups == group]) for group in np.unique(training.image_groups)]
    assert len(groups) < len(training)
    assert {0, 1} in groups  # an image that both sources label
    assert len(np.unique(training.subject)) < len(training)


def test_predictions_for_it_can_be_submitted(tmp_path):
    test = kaggle.load(COMMITTED, part="test")
    assert len(test) == sample.TEST
    assert set(test.source) == {0, 1}
    kaggle.write_submission(tmp_path / "submission.csv", np.full((len(test), 15, 2), 40.0), COMMITTED)
    asked = sum(8 if source else 30 for source in test.source)
    assert len((tmp_path / "submission.csv").read_text().splitlines()) == 1 + asked
    assert len((COMMITTED / "SampleSubmission.csv").read_text().splitlines()) == 1 + asked
