import types

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.lessons.best_model import example_photo

POINTS = np.random.default_rng(0).uniform(20, 70, (2, 15, 2))
IMAGES = np.zeros((2, 96, 96, 1), np.uint8)
IMAGES[1, 40:44, 20:24] = 255
FACES = face_sets.Faces(IMAGES, POINTS, keypoints.KAGGLE_15)


def test_a_face_lies_in_the_photo_with_its_points():
    photo, points = example_photo.made(FACES, 1)
    assert photo.shape == (220, 316, 1)
    y, x = np.argwhere(photo[:, :, 0] > 200).mean(axis=0)
    corner = np.array([110, 14])
    np.testing.assert_allclose([x, y], corner + (np.array([21.5, 41.5]) + 0.5) * 2 - 0.5, atol=0.6)
    np.testing.assert_allclose(points, corner + (POINTS[1] + 0.5) * 2 - 0.5, atol=1e-3)


def test_the_sharpest_photo_with_a_face_is_taken():
    tried = []

    def find(photo, faces):
        tried.append(photo)
        return [faces] * (len(tried) == 2)

    photo, labels, found = example_photo.first_found(FACES, np.array([0, 1]), find)
    np.testing.assert_array_equal(tried[0], example_photo.made(FACES, 1)[0])  # row 1 has an edge
    np.testing.assert_array_equal(photo, example_photo.made(FACES, 0)[0])
    np.testing.assert_array_equal(labels, example_photo.made(FACES, 0)[1])
    assert found == ["all"]
    assert example_photo.first_found(FACES, np.array([0, 1]), lambda photo, faces: [])[2] == []


def test_the_answer_is_told_in_both_frames():
    _, labels = example_photo.made(FACES, 0)
    found = [types.SimpleNamespace(points=labels + 4)]
    text = example_photo.sentences(found, labels, keypoints.KAGGLE_15)
    assert "4.0 px (RMSE)" in text
    assert "2.0 px in Kaggle's frame" in text
    assert "No face" in example_photo.sentences([], labels, keypoints.KAGGLE_15)
    assert "other points" in example_photo.sentences(found, labels[:5], keypoints.CELEBA_5)
