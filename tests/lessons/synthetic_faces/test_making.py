import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.datasets.synthetic import generator, people
from fkp_utils.lessons.synthetic_faces import making


@pytest.fixture(scope="module")
def drawn():
    return people.draw(400, 3)


@pytest.fixture(scope="module")
def face(drawn):
    return making.face_of(drawn, making.clearest(drawn))


def test_the_clearest_face_looks_ahead_with_open_eyes(face):
    assert abs(face.yaw) < 15
    assert face.lids > 0.7
    assert face.cover == 0


def test_a_face_is_altered_in_what_is_named_only(face):
    other = making.altered(face, yaw=30.0)
    assert other.yaw == 30
    assert vars(other) | {"yaw": face.yaw} == vars(face)
    with pytest.raises(ValueError, match="no parameter hump; there are subject"):
        making.altered(face, hump=1)


def test_faces_are_rendered_with_the_points_that_are_asked_for(drawn, face):
    whole, few = making.render([face]), making.render([face], keypoints.KAGGLE_15)
    assert whole.points.shape == (1, 68, 2)
    assert few.points.shape == (1, 15, 2)
    np.testing.assert_array_equal(whole.images, few.images)
    row = making.clearest(drawn)
    np.testing.assert_array_equal(
        whole.images[0], generator.render({name: values[[row]] for name, values in drawn.items()}).images[0]
    )


def test_head_places_and_camera_are_those_of_the_picture(face):
    turned = making.altered(face, yaw=40.0)
    _, places, lens = making.meet(turned)
    np.testing.assert_allclose(lens.project(places), making.render([turned]).points[0], atol=1e-3)


def test_the_surface_passes_through_the_points(face):
    head, places, _ = making.meet(making.altered(face, hat=people.HATLESS, has_hair=0.0))
    surface = making.surface(head)
    assert surface.shape == (*head.radius.shape, 3)
    away = np.linalg.norm(surface[None] - places[17:, None, None], axis=-1).min(axis=(1, 2))
    assert away.max() < 3  # millimetres, half the way between two texels


def test_light_comes_from_one_lamp_alone(face):
    head = making.meet(face)[0]
    left, right = (making.lamp_light(face, head, side, 0.0) for side in (-60.0, 60.0))
    half = left.shape[1] // 2
    assert left[:, :half].mean() > 2 * left[:, half + 1 :].mean()
    assert right[:, half + 1 :].mean() > 2 * right[:, :half].mean()
    assert left.max() <= 1.0001


def test_pictures_and_depths_are_of_the_head_and_of_nothing_beside_it(face):
    head, places, lens = making.meet(face)
    picture, depth = making.picture(lens, head, np.ones_like(head.radius)), making.depths(lens, head)
    assert picture.shape == (192, 192)
    assert np.isnan(depth).any()
    assert picture.min() == 0
    assert picture.max() == pytest.approx(1)
    column, row = np.rint(lens.project(places[30:31])[0]).astype(int)  # the tip of the nose
    assert depth[row, column] == pytest.approx(lens.depths(places[30:31])[0], abs=3)


def test_stages_have_the_names_of_what_makes_them(face):
    stages = making.stages(face)
    assert list(stages) == ["head", "skin", "light", "scene", "sensor"]
    np.testing.assert_array_equal(stages["sensor"], making.render([face]).images[0, ..., 0])


def test_sweeps_change_one_parameter_each():
    assert set(making.STEADY) | set(making.SWEPT) <= set(people.draw(1, 0))
    swept = making.sweeps(11)
    assert list(swept) == list(making.SWEPT)
    for name, faces in swept.items():
        np.testing.assert_allclose(faces.attributes[name], making.SWEPT[name])
        assert len(np.unique(faces.attributes["yaw"])) == 1


def test_kinds_are_counted(drawn):
    faces = generator.render({name: values[:20] for name, values in drawn.items()})
    found = making.kinds(faces)
    assert found["have a beard or stubble"] == (drawn["beard"][:20] > 0).sum() > 0
    assert found["show children"] == (drawn["child"][:20] > 0).sum()
