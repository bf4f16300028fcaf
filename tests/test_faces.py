import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkp_utils import faces as faces_module
from fkp_utils import keypoints


def made(count=20, seed=0, height=96, width=96, **columns):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, height, width, 1), dtype=np.uint8)
    points = random.uniform(10, 80, (count, 15, 2)).astype(np.float32)
    return faces_module.Faces(images, points, keypoints.KAGGLE_15, **columns)


def test_columns_follow_a_selection():
    faces = made(subject=np.arange(20) // 2, source=np.arange(20) % 2, attributes={"yaw": np.arange(20.0)})
    for rows in ([3, 1], np.arange(20) % 4 == 0, slice(5, 8)):
        part, index = faces.select(rows), np.arange(20)[rows]
        np.testing.assert_array_equal(part.images, faces.images[index])
        np.testing.assert_array_equal(part.points, faces.points[index])
        np.testing.assert_array_equal(part.subject, index // 2)
        np.testing.assert_array_equal(part.attributes["yaw"], index)


def test_faces_do_not_change():
    faces = made()
    with pytest.raises(ValueError, match="read-only"):
        faces.points[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        faces.points = None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((20, 96, 96, 1))}, "float64"),
        ({"images": np.zeros((20, 96, 96), np.uint8)}, r"expected uint8 \(N, H, W, C\)"),
        ({"points": np.zeros((20, 5, 2))}, r"points has shape \(20, 5, 2\); expected \(20, 15, 2\)"),
        ({"subject": np.zeros(19)}, r"subject has shape \(19,\)"),
        ({"attributes": {"yaw": np.zeros(3)}}, "attribute 'yaw' has 3 values for 20 faces"),
    ],
)
def test_wrong_shapes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(made(), **change)


@pytest.mark.parametrize("bad", [(np.nan, 1.0), (np.inf, 1.0)])
def test_half_a_point_is_refused_with_its_face(bad):
    points = np.array(made().points)
    points[7, 3] = bad
    with pytest.raises(ValueError, match="face 7: a point is two finite numbers, or NaN twice"):
        dataclasses.replace(made(), points=points)


@settings(max_examples=40)
@given(st.integers(8, 40), st.integers(0, 10_000))
def test_a_split_keeps_persons_and_copies_together(count, seed):
    random = np.random.default_rng(seed)
    images = np.repeat(np.arange(count, dtype=np.uint8), 16).reshape(count, 4, 4, 1)
    images[random.integers(0, count, 2)] = images[0]
    subject = np.concatenate([[0, 1, 2, 3], random.integers(0, max(4, count // 2), count - 4)])
    faces = faces_module.Faces(
        images, np.zeros((count, 15, 2)), keypoints.KAGGLE_15, subject=subject, attributes={"row": np.arange(count)}
    )
    try:
        parts = faces.split([0.6, 0.4], seed=seed)
    except ValueError as error:
        assert "do not fill" in str(error)  # noqa: PT017
        return
    rows = np.concatenate([part.attributes["row"] for part in parts])
    assert sorted(rows) == list(range(count))
    assert not set(parts[0].subject) & set(parts[1].subject)
    assert not {image.tobytes() for image in parts[0].images} & {image.tobytes() for image in parts[1].images}


def test_a_split_has_about_the_sizes_asked_for():
    sizes = [len(part) for part in made(1000, height=4, width=4).split([0.7, 0.2, 0.1], seed=3)]
    np.testing.assert_allclose(sizes, [700, 200, 100], atol=2)


def test_a_split_by_face_leaks_and_one_by_image_does_not():
    faces = made(50)
    twice = faces.select(np.repeat(np.arange(50), 2))

    def shared(parts):
        return {image.tobytes() for image in parts[0].images} & {image.tobytes() for image in parts[1].images}

    assert shared(twice.split([0.5, 0.5], groups=None))
    assert not shared(twice.split([0.5, 0.5], groups="image"))


def test_a_split_says_what_does_not_fit():
    with pytest.raises(ValueError, match="1 groups of 20 faces do not fill 2 parts"):
        made(subject=np.zeros(20)).split([0.5, 0.5])
    with pytest.raises(ValueError, match="add up to 1"):
        made().split([0.5, 0.6])
    with pytest.raises(ValueError, match="groups is 'person'"):
        made().split([0.5, 0.5], groups="person")


def spots(height, width, points):
    """Images with a bright 3x3 spot at each point."""
    images = np.zeros((len(points), height, width, 1), np.uint8)
    for image, (x, y) in zip(images, points.astype(int), strict=True):
        image[y - 1 : y + 2, x - 1 : x + 2] = 255
    return images


def centre(image):
    weights = image[..., 0].astype(float)
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("size", [(48, 48), (192, 192), (60, 80)])
def test_points_stay_on_what_they_mark_when_resized(size):
    where = np.random.default_rng(1).integers(20, 70, (6, 2))
    points = np.repeat(where[:, None], 15, axis=1)
    faces = faces_module.Faces(spots(96, 96, where), points, keypoints.KAGGLE_15, truth=points).resize(size)
    assert faces.size == size
    for image, point, truth in zip(faces.images, faces.points, faces.truth, strict=True):
        np.testing.assert_allclose(centre(image), point[0], atol=0.1)
        np.testing.assert_array_equal(point, truth)


def test_points_stay_on_what_they_mark_when_cropped_beyond_the_edge():
    where = np.random.default_rng(2).integers(20, 70, (6, 2))
    points = np.repeat(where[:, None], 15, axis=1)
    faces = faces_module.Faces(spots(96, 96, where), points, keypoints.KAGGLE_15)
    cropped = faces.crop(np.tile([-20, 5, 90, 115], (6, 1)), (55, 55))
    for image, point in zip(cropped.images, cropped.points, strict=True):
        np.testing.assert_allclose(centre(image), point[0], atol=0.1)
    assert (cropped.images[:, :, :10] == 0).all()


def test_boxes_hold_the_given_points_with_their_margin():
    faces = made(height=96, width=96)
    boxes = faces.boxes(margin=0.25)
    assert (boxes[:, 2] - boxes[:, 0] == boxes[:, 3] - boxes[:, 1]).all()
    inside = faces.crop(boxes, (64, 64)).points
    assert (inside > 0).all()
    assert (inside < 63).all()
    points = np.array(faces.points)
    points[4, 1:] = np.nan
    with pytest.raises(ValueError, match="face 4 has fewer than two given points"):
        dataclasses.replace(faces, points=points).boxes()
    with pytest.raises(ValueError, match="left < right"):
        faces.crop(np.zeros((20, 4)), (8, 8))


def test_stored_images_are_read_only_where_asked(tmp_path):
    faces = made(30)
    np.save(tmp_path / "images.npy", faces.images)
    stored = dataclasses.replace(faces, images=faces_module.StoredImages(tmp_path / "images.npy"))
    part = stored.select([5, 2, 9]).select([2, 0])
    assert isinstance(part.images, faces_module.StoredImages)
    np.testing.assert_array_equal(part.images[:], faces.images[[9, 5]])
    np.testing.assert_array_equal(np.asarray(part.images), faces.images[[9, 5]])
    np.testing.assert_array_equal(stored.images[3], faces.images[3])
    np.testing.assert_array_equal(stored.image_groups, faces.image_groups)
    np.testing.assert_array_equal(stored.resize((20, 20)).images, faces.resize((20, 20)).images)
    batches = list(stored.batches(8))
    assert [len(images) for _, images in batches] == [8, 8, 8, 6]
    np.testing.assert_array_equal(np.concatenate([images for _, images in batches]), faces.images)


def test_image_groups_are_equal_for_equal_images_only():
    faces = made(6)
    again = faces.select([0, 1, 0, 2, 1])
    assert list(again.image_groups) == [0, 1, 0, 2, 1]


def test_conversion_keeps_the_images():
    faces = made().to(keypoints.CELEBA_5)
    assert faces.points.shape == (20, 5, 2)
    assert faces.keypoints is keypoints.CELEBA_5


def test_repr_says_how_many_of_what():
    points = np.array(made().points)
    points[:10] = np.nan
    assert repr(dataclasses.replace(made(), points=points)) == "Faces(20 of 96×96×1 px, KAGGLE_15, 50% of points given)"


def test_few_points_of_every_set():
    generator = np.random.default_rng(0)
    images = np.zeros((2, 4, 4, 1), np.uint8)
    for points_of, count in [(keypoints.KAGGLE_15, 15), (keypoints.CELEBA_5, 5), (keypoints.LANDMARKS_68, 15)]:
        few = faces_module.Faces(images, generator.normal(size=(2, len(points_of), 2)), points_of).few_points()
        assert len(few.keypoints) == count
    points = generator.normal(size=(2, 58, 2))
    few = faces_module.Faces(images, points, keypoints.IMM_58).few_points()
    assert few.keypoints.names == ("jaw", "left_eye", "right_eye", "left_eyebrow", "right_eyebrow", "mouth", "nose")
    assert few.keypoints.mirror == (0, 2, 1, 4, 3, 5, 6)
    np.testing.assert_allclose(few.points[:, 1], points[:, 13:21].mean(1), rtol=1e-5)


def test_groups_are_persons_or_else_copies_of_an_image():
    images = np.zeros((3, 4, 4, 1), np.uint8)
    images[1] = 7
    some = faces_module.Faces(images, np.zeros((3, 15, 2)), keypoints.KAGGLE_15)
    assert some.groups.tolist() == [0, 1, 0]
    persons = faces_module.Faces(images, np.zeros((3, 15, 2)), keypoints.KAGGLE_15, subject=np.array([5, 5, 2]))
    assert persons.groups.tolist() == [5, 5, 2]
