import types

import numpy as np
import pytest
from PIL import Image

from fkp_utils import keypoints
from fkp_utils.app import finder
from fkp_utils.datasets import loading
from fkp_utils.geometry import pose
from fkp_utils.system import backend

backend.load_keras()


def test_most_synthetic_faces_are_found_where_their_points_are():
    faces = loading.load("synthetic", limit=24)
    errors = []
    for image, truth in zip(faces.images, faces.truth, strict=True):
        photo = np.full((300, 400, 3), 90, np.uint8)
        photo[40:232, 150:342] = np.asarray(Image.fromarray(image[..., 0]).resize((192, 192)))[..., None]
        middles, radii, tilts = finder.find(photo)
        points = 2 * truth + 0.5 + [150, 40]
        middle = points.mean(axis=0)
        radius = np.sqrt(((points - middle) ** 2).sum(axis=1).mean())
        tilt = pose.tilt(points, keypoints.KAGGLE_15)
        errors += (
            [(np.linalg.norm(middles[0] - middle) / radius, radii[0] / radius, tilts[0] - tilt)] if len(radii) else []
        )
    aside, size, tilted = np.array(errors).T
    assert len(aside) >= 20
    assert np.median(aside) < 0.3
    assert 0.8 < np.median(size) < 1.25
    assert np.median(np.abs(tilted)) < 4


@pytest.mark.parametrize("shape", [(200, 300), (20, 3000), (3, 3), (1, 1)])
def test_where_no_face_is_none_is_found(shape):
    middles, radii, tilts = finder.find(np.full((*shape, 3), 90, np.uint8))
    assert (middles.shape, radii.shape, tilts.shape) == ((0, 2), (0,), (0,))


@pytest.mark.parametrize(("side", "first"), [(90, "middle"), (200, "corner")])
def test_the_first_face_is_large_and_not_far_aside(side, first, monkeypatch):
    found = {"corner": (0, 0, side, side), "middle": (160, 110, 80, 80)}
    rows = np.array([(0, *box, 1, *(0, 50, 0, 0, 0), *(0, 50, 0, 0, 0)) for box in found.values()])  # eyes and others

    def detect(photo, nms_onet, output_type):
        return rows * len(photo) / 300

    monkeypatch.setattr(finder, "_detector", lambda: types.SimpleNamespace(detect_faces=detect))
    _, radii, tilts = finder.find(np.full((300, 400, 3), 90, np.uint8))
    assert radii[0] == pytest.approx(finder.RADIUS * found[first][2], rel=0.02)
    np.testing.assert_allclose(tilts, [45, 45])


def test_no_face_may_have_fewer_columns(monkeypatch):
    detector = types.SimpleNamespace(detect_faces=lambda *photo, **options: np.empty((0, 6)))
    monkeypatch.setattr(finder, "_detector", lambda: detector)
    assert [len(each) for each in finder.find(np.full((300, 400, 3), 90, np.uint8))] == [0, 0, 0]


def test_another_backend_is_refused_in_a_sentence(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="faces are found with KERAS_BACKEND=tensorflow only"):
        finder.find(np.zeros((200, 200, 3), np.uint8))
