import numpy as np
import pytest

from fkp_utils import experiment, keypoints, resized


def test_images_points_and_parts(monkeypatch):
    data = resized.Resized(limit=60, size=(80, 65))
    plain = experiment.Data(limit=60).parts()
    for part, before in zip(data.parts(), plain, strict=True):
        assert part.size == (80, 65)
        assert len(part) == len(before)
        expected = (before.points + 0.5) * [65 / 96, 80 / 96] - 0.5
        np.testing.assert_allclose(part.points, expected, atol=1e-3)
    assert data.fingerprint() != experiment.Data(limit=60).fingerprint()


def test_five_points_of_the_first_source_and_what_the_second_shares():
    part = resized.Resized(limit=60, five=True).parts().training
    before = experiment.Data(limit=60).parts().training
    assert part.keypoints == keypoints.CELEBA_5
    second = before.source == 1
    assert second.any()
    nose, eye = part.keypoints.index("nose"), part.keypoints.index("left_eye")
    assert np.isnan(part.points[second, nose]).all()
    assert not np.isnan(part.points[~second, nose]).all()
    np.testing.assert_array_equal(part.points[:, eye], before.points[:, before.keypoints.index("left_eye_center")])
    assert resized.five_points(part) is part


def test_sets_without_a_conversion_are_refused():
    faces = experiment.Data(limit=60).parts().training
    other = keypoints.IMM_58
    points = np.zeros((len(faces), len(other), 2), np.float32)
    from fkp_utils import faces as face_sets

    with pytest.raises(ValueError, match="no conversion from IMM_58 to CELEBA_5"):
        resized.five_points(face_sets.Faces(faces.images, points, other))


def test_another_size_is_another_experiment():
    first, second = (experiment.Experiment(resized.Resized(limit=60, size=size)) for size in ((80, 65), (65, 80)))
    assert first.key != second.key
