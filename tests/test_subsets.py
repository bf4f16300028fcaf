import dataclasses

import numpy as np
import pytest

from fkp_utils import experiment, keypoints, subsets


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FKP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


DATA = subsets.Complete(limit=120, fractions=(0.5, 0.2, 0.3), side=48)
EYES = ("left_eye_center", "right_eye_center", "left_eye_inner_corner", "right_eye_inner_corner")


def test_complete_faces_of_each_part_small_and_square():
    plain = experiment.Data(limit=120, fractions=DATA.fractions).parts()
    for whole, part in zip(plain, DATA.parts(), strict=True):
        assert part.size == (48, 48)
        rows = whole.given.all(axis=1)
        assert 0 < len(part) == rows.sum() < len(whole)
        assert part.given.all()
        np.testing.assert_allclose(part.points, (whole.points[rows] + 0.5) / 2 - 0.5, atol=1e-4)


def test_a_large_enough_image_stays_as_it_is():
    whole, same = experiment.Data(limit=120).parts(), dataclasses.replace(DATA, side=96, fractions=experiment.FRACTIONS)
    np.testing.assert_array_equal(same.parts()[0].images, whole[0].images[whole[0].given.all(axis=1)])


def test_some_points_of_the_same_faces():
    everything, eyes = DATA.parts(), dataclasses.replace(DATA, points=EYES[::-1]).parts()
    rows = [keypoints.KAGGLE_15.index(name) for name in EYES]
    for whole, part in zip(everything, eyes, strict=True):
        assert part.keypoints.names == tuple(keypoints.KAGGLE_15.names[row] for row in sorted(rows))
        np.testing.assert_array_equal(part.points, whole.points[:, sorted(rows)])
        np.testing.assert_array_equal(part.images, whole.images)
    assert eyes.training.keypoints.mirror == (1, 0, 3, 2)
    assert eyes.training.keypoints.skeleton == ((2, 0), (3, 1))


def test_a_point_without_its_twin_is_its_own_mirror():
    part = subsets.only(DATA.parts().training, ("left_eye_center", "nose_tip"))
    assert part.keypoints.mirror == (0, 1)
    with pytest.raises(ValueError, match="has no keypoint 'chin'"):
        subsets.only(part, ("chin",))


def test_regions_share_the_points_among_themselves_and_keep_twins():
    for whole in (keypoints.KAGGLE_15, keypoints.CELEBA_5, keypoints.IMM_58, keypoints.LANDMARKS_68):
        found = subsets.regions(whole)
        assert sorted(name for names in found.values() for name in names) == sorted(whole.names)
        for names in found.values():
            assert {whole.names[whole.mirror[whole.index(name)]] for name in names} == set(names)
    assert {region: len(names) for region, names in subsets.regions(keypoints.KAGGLE_15).items()} == {
        "eyes": 6, "brows": 4, "nose and mouth": 5
    }  # fmt: skip


def test_half_images():
    assert DATA.half_image(24) == 1
    assert DATA.half_image(1.42 / 2) == pytest.approx(0.00088, abs=1e-5)  # the report's own conversion, at 96 px


def test_what_is_different_has_another_key():
    others = [DATA, dataclasses.replace(DATA, side=96), dataclasses.replace(DATA, points=EYES)]
    keys = [experiment.Experiment(data=each).key for each in others]
    keys.append(experiment.Experiment(data=experiment.Data(limit=120, fractions=DATA.fractions)).key)
    assert len(set(keys)) == 4


def test_a_part_without_a_complete_face_is_named():
    with pytest.raises(ValueError, match=r"synthetic: none of \d+ evaluation faces has all labels"):
        subsets.Complete(limit=120, fractions=(0.5, 0.48, 0.02)).parts()
