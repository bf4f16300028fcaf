import numpy as np
import pytest
from scipy import ndimage

from fkp_utils import faces, keypoints
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.evaluation import face_conditions
from fkp_utils.lessons.error_analysis import stress


@pytest.fixture(scope="module")
def some():
    made = synthetic.make(32, seed=3, workers=1)
    return made.select(made.attributes["coarse"] == 1)


def test_blur_lowers_sharpness_whatever_the_contrast(some):
    clear, blurred = (face_conditions.measure(each)["sharpness"] for each in (some, stress.blurred(some, 2)))
    assert (blurred < clear - 0.2).all()
    grey = some.images[..., 0].astype(float)
    np.testing.assert_allclose(face_conditions.sharpness(grey), face_conditions.sharpness(0.5 * grey + 20), atol=1e-6)


@pytest.mark.parametrize("block", [3, 4, 6, 8])
def test_coarse_pixels_repeat(some, block):
    plain, coarse = (face_conditions.measure(each)["pixelation"] for each in (some, stress.pixelated(some, block)))
    assert (coarse > plain + 0.3).all()


def test_padding_counts_repeated_lines():
    noise = np.random.default_rng(0).uniform(0, 255, (3, 40, 50))
    assert face_conditions.padding(noise).tolist() == [0, 0, 0]
    noise[0, :5] = 0  # four lines repeat the first
    noise[1, :, -4:] = noise[1, :, -1:]
    assert face_conditions.padding(noise).tolist() == [4, 3, 0]


def test_pose_and_place_are_those_of_the_labels():
    points = np.full((30, 15, 2), np.nan, np.float32)
    points[:, 0], points[:, 1], points[:, 10] = (60, 40), (30, 40), (45, 55)
    points[0, :2] += [[0, 5], [0, -5]]
    points[1, 10] += [6, 0]
    points[2] += [0, 12]
    points[3] = np.nan
    found = face_conditions.measure(faces.Faces(np.zeros((30, 96, 96, 1), np.uint8), points, keypoints.KAGGLE_15))
    assert found["tilt"][0] == pytest.approx(np.degrees(np.arctan2(10, 30)))
    assert found["turn"][1] == pytest.approx(0.2)
    assert found["off centre"][2] == pytest.approx(12)
    assert found.loc[3, ["tilt", "turn", "off centre"]].isna().all()
    assert (found.drop([0, 1, 2, 3])[["tilt", "turn", "off centre"]].abs() < 1e-5).all(axis=None)


def test_kinds_are_the_outer_ones_and_known_attributes(some):
    measured = face_conditions.measure(some)
    found = face_conditions.kinds(some, measured)
    assert {"off centre", "tilted", "padded", "profile", "beard", "expression"} == set(found)
    assert measured["tilt"][found["tilted"]].min() >= measured["tilt"][~found["tilted"]].max()
    np.testing.assert_array_equal(found["beard"], some.attributes["beard"] > 1)
    bare = faces.Faces(some.images, some.points, some.keypoints)
    assert "beard" not in face_conditions.kinds(bare, measured)


def test_colour_images_are_measured_as_grey():
    grey = ndimage.gaussian_filter(np.random.default_rng(1).uniform(0, 255, (2, 32, 32)), (0, 1, 1)).astype(np.uint8)
    points = np.full((2, 15, 2), 10, np.float32)
    one = face_conditions.measure(faces.Faces(grey[..., None], points, keypoints.KAGGLE_15))
    three = face_conditions.measure(faces.Faces(np.repeat(grey[..., None], 3, 3), points, keypoints.KAGGLE_15))
    np.testing.assert_allclose(one["sharpness"], three["sharpness"])


def test_expressions_of_imm_are_told_by_the_number_of_the_image():
    points = np.random.default_rng(0).uniform(0, 40, (6, 58, 2))
    attributes = {"image": np.arange(1, 7)}
    six = faces.Faces(np.zeros((6, 48, 64, 1), np.uint8), points, keypoints.IMM_58, attributes=attributes)
    kinds = face_conditions.kinds(six, face_conditions.measure(six))
    assert kinds["expression"].tolist() == [False, True, False, False, False, True]


def test_clear_faces_are_bright_look_ahead_and_have_their_labels():
    points = np.tile([[70.0, 40], [30, 40], [50, 55], [65, 75], [35, 75]], (12, 1, 1))
    points[:4, 2, 0] += 15  # turned
    points[4:6, 3:] = np.nan
    images = np.full((12, 96, 96, 1), 100, np.uint8)
    images[7], images[11] = 200, 5
    shown = face_conditions.clearest(faces.Faces(images, points, keypoints.CELEBA_5), 3)
    assert shown[0] == 7
    assert not {0, 1, 2, 3, 4, 5, 11} & set(shown.tolist())
    few = face_conditions.clearest(faces.Faces(images[:2], points[:2], keypoints.CELEBA_5), 5)
    assert sorted(few) == [0, 1]
