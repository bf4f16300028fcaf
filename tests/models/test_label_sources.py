import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import faces, keypoints
from fkp_utils.models import label_sources

ASIDE = tuple((1.25 + point / 8, point / 4) for point in range(15))
APART = label_sources.apart(keypoints.KAGGLE_15)
NOSE, LIP = (keypoints.KAGGLE_15.index(name) for name in label_sources.RELABELLED)


def made(source, seed=0):
    points = np.random.default_rng(seed).uniform(0, 95, (len(source), 15, 2)).astype(np.float32)
    images = np.zeros((len(source), 8, 8, 1), np.uint8)
    return faces.Faces(images, points, keypoints.KAGGLE_15, source=np.array(source))


@pytest.mark.parametrize(
    "meaning", [APART, label_sources.together(keypoints.KAGGLE_15), dataclasses.replace(APART, offset=ASIDE)]
)
@given(source=st.lists(st.integers(0, 1), min_size=1, max_size=8))
def test_points_come_back_from_their_targets(meaning, source):
    some = made(source)
    targets = meaning.targets(some)
    assert targets.shape == (len(source), len(meaning), 2)
    np.testing.assert_allclose(meaning.points(targets, some.source), some.points, atol=1e-4)


def test_labels_lie_aside_by_keypoint():
    some = made([0, 1])
    aside = dataclasses.replace(label_sources.together(keypoints.KAGGLE_15), offset=ASIDE).targets(some)
    np.testing.assert_allclose(some.points - aside, np.broadcast_to(ASIDE, aside.shape), atol=1e-5)
    own = dataclasses.replace(APART, offset=ASIDE).targets(some)[1, 15:]
    np.testing.assert_allclose(some.points[1, APART.own] - own, np.take(ASIDE, APART.own, axis=0), atol=1e-5)
    with pytest.raises(ValueError, match="offset is of 2 keypoints; expected 15"):
        dataclasses.replace(APART, offset=ASIDE[:2])


def test_each_source_has_its_own_nose_and_lip():
    targets = APART.targets(made([0, 1]))
    missing = np.isnan(targets[..., 0])
    assert np.nonzero(missing[0])[0].tolist() == [15, 16]
    assert np.nonzero(missing[1])[0].tolist() == [NOSE, LIP]


def test_together_is_one_output_a_point():
    meaning = label_sources.together(keypoints.KAGGLE_15)
    some = made([1, 0])
    np.testing.assert_array_equal(meaning.targets(some), some.points)
    assert meaning.mirror == keypoints.KAGGLE_15.mirror


def test_the_mirror_of_the_outputs_is_an_involution_and_keeps_sources_apart():
    assert [APART.mirror[index] for index in APART.mirror] == list(range(17))
    assert APART.mirror[15:] == (15, 16)


def test_faces_of_no_known_source_use_the_first_outputs():
    predicted = np.random.default_rng(0).normal(size=(3, 17, 2))
    np.testing.assert_array_equal(APART.points(predicted, None), predicted[:, :15])


def test_sets_without_these_points_are_refused():
    with pytest.raises(ValueError, match="CELEBA_5 has no keypoint 'nose_tip'"):
        label_sources.apart(keypoints.CELEBA_5)
