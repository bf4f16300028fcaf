import numpy as np
import pytest
from PIL import Image

from fkp_utils.app import finder
from fkp_utils.datasets import loading
from fkp_utils.system import backend

backend.load_keras()


def test_most_synthetic_faces_are_found_where_their_points_are():
    faces = loading.load("synthetic", limit=24)
    errors = []
    for image, truth in zip(faces.images, faces.truth, strict=True):
        photo = np.full((300, 400, 3), 90, np.uint8)
        photo[40:232, 150:342] = np.asarray(Image.fromarray(image[..., 0]).resize((192, 192)))[..., None]
        middles, radii = finder.find(photo)
        points = 2 * truth + 0.5 + [150, 40]
        middle = points.mean(axis=0)
        radius = np.sqrt(((points - middle) ** 2).sum(axis=1).mean())
        errors += [np.linalg.norm(middles[:1] - middle) / radius, radii[0] / radius] if len(radii) else []
    aside, size = np.array(errors).reshape(-1, 2).T
    assert len(aside) >= 20
    assert np.median(aside) < 0.3
    assert 0.8 < np.median(size) < 1.25


@pytest.mark.parametrize("shape", [(200, 300), (20, 3000), (3, 3), (1, 1)])
def test_where_no_face_is_none_is_found(shape):
    middles, radii = finder.find(np.full((*shape, 3), 90, np.uint8))
    assert (middles.shape, radii.shape) == ((0, 2), (0,))


def test_another_backend_is_refused_in_a_sentence(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="faces are found with KERAS_BACKEND=tensorflow only"):
        finder.find(np.zeros((200, 200, 3), np.uint8))
