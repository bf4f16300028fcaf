import numpy as np
import pytest

from fkp_utils import experiment, notebooks

SAMPLE = str(notebooks.ROOT / "data" / "sample")
HALVES = (0.5, 0.25, 0.25)


def test_whole_faces_are_the_same_with_no_label_hidden_or_wrong():
    labelled = experiment.Data(limit=80, fractions=HALVES).parts()
    for before, after in zip(labelled, experiment.Whole(limit=80, fractions=HALVES).parts(), strict=True):
        assert after.given.all()
        np.testing.assert_array_equal(after.images, before.images)
        np.testing.assert_array_equal(after.points, before.truth)
        np.testing.assert_array_equal(after.source, before.source)
    assert not labelled.training.given.all()


def test_whole_faces_are_another_training():
    labelled, whole = (experiment.Experiment(data=kind(limit=80)) for kind in (experiment.Data, experiment.Whole))
    assert labelled.key != whole.key


def test_photos_are_not_known_to_be_whole():
    with pytest.raises(ValueError, match="the truth of kaggle is not known; expected synthetic faces"):
        experiment.Whole("kaggle", SAMPLE, fractions=HALVES).parts()
