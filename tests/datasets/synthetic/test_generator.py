import types

import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.datasets.synthetic import camera, lens
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.datasets.synthetic import people as synthetic_people
from fkp_utils.geometry import pose
from fkp_utils.lessons import eda

FOUR = list(keypoints.FOUR_POINTS)
INDEX = keypoints.KAGGLE_15.index


@pytest.fixture(scope="module")
def some():
    return synthetic.make(160, seed=1)


@pytest.fixture
def unseen(monkeypatch):
    """Faces without pictures, so that many can be made: a number as image, and points that tell source and face."""

    def render(parameters, workers):
        count = len(parameters["subject"])
        images = np.zeros((count, 96, 96), np.uint8)
        images.reshape(count, -1)[:, :4] = np.arange(count, dtype="<u4").view(np.uint8).reshape(count, 4)
        seed = int(parameters["scene"].sum())
        points = np.random.default_rng(seed).uniform(20, 80, (count, 2, 15, 2)).astype(np.float32)
        return images, points, np.ones((count, 2, 15), bool)

    monkeypatch.setattr(synthetic, "_render", render)


def test_what_is_made(some):
    assert some.images.shape == (160, 96, 96, 1)
    assert some.keypoints is keypoints.KAGGLE_15
    assert ((some.truth > 0) & (some.truth < 95)).all()
    deviations = some.images.reshape(160, -1).std(1)
    assert np.quantile(deviations, 0.02) > 4  # something can be seen
    assert deviations.max() < 110


def test_the_same_bytes_for_the_same_seed_whatever_the_number_of_workers(monkeypatch):
    monkeypatch.setattr(synthetic, "CHUNK", 4)
    alone, together, other = synthetic.make(18, 5, workers=1), synthetic.make(18, 5, workers=2), synthetic.make(18, 6)
    assert alone.images.tobytes() == together.images.tobytes()
    assert alone.points.tobytes() == together.points.tobytes()
    assert alone.truth.tobytes() == together.truth.tobytes()
    assert not (alone.images == other.images).all((1, 2, 3)).any()
    assert not (alone.truth == other.truth).all((1, 2)).any()


def test_points_are_the_truth_where_they_are_given(some):
    exact = ~(some.attributes["noisy_label"] | some.attributes["wrong_label"])
    given = some.given & exact[:, None]
    np.testing.assert_array_equal(some.points[given], some.truth[given])
    assert np.isfinite(some.truth).all()


def test_labels_are_missing_as_in_kaggles_training_set(unseen):
    faces = synthetic.make(7049, seed=2)
    assert (faces.source == 0).sum() == 2284
    assert (np.diff(faces.source) >= 0).all()
    expected = np.array(eda.KAGGLE_GIVEN)
    missing = np.where(np.isin(np.arange(15), FOUR), 7049, 2284) - expected
    assert (np.abs(faces.given.sum(0) - expected) <= 4 * np.sqrt(missing) + 0.5).all()
    assert not np.delete(faces.given[faces.source == 1], FOUR, axis=1).any()


def test_copies_of_images_as_in_kaggles_training_set(unseen):
    faces = synthetic.make(7049, seed=3)
    sizes = np.bincount(faces.image_groups)
    assert len(sizes) == 7049 - 555
    assert sizes.max() == 2
    pairs = [faces.select(faces.image_groups == group) for group in np.nonzero(sizes == 2)[0][::14]]
    across = [pair for pair in pairs if pair.source[0] != pair.source[1]]
    assert 10 < len(across) < len(pairs) - 10
    for pair in pairs:
        assert pair.subject[0] == pair.subject[1]
        assert pair.attributes["noisy_label"].any() == (pair.source[0] == pair.source[1])


def test_a_label_given_again_differs_a_little(unseen):
    faces = synthetic.make(7049, seed=4)
    noisy = faces.attributes["noisy_label"]
    assert noisy.sum() == 277
    assert set(faces.source[noisy]) == {1}
    moved = (faces.points - faces.truth)[noisy][:, FOUR]
    assert np.nanstd(moved) == pytest.approx(0.8, rel=0.08)


def test_wrong_labels_are_swapped_or_of_another_face(unseen):
    faces = synthetic.make(4000, seed=5)
    wrong = np.nonzero(faces.attributes["wrong_label"])[0]
    assert len(wrong) == 4
    assert set(faces.source[wrong]) == {0}
    swaps = 0
    for row in wrong:
        given = faces.given[row]
        points = faces.points[row][given]
        swapped = faces.truth[row, list(keypoints.KAGGLE_15.mirror)][given]
        others = np.abs(faces.truth[:, given] - points).max((1, 2)) < 1e-4
        assert (points == swapped).all() or (others.any() and not others[row])
        swaps += (points == swapped).all()
    assert swaps == 2


def test_the_second_source_labels_the_nose_lower_and_the_lip_higher():
    parameters = {name: values[:50] for name, values in synthetic_people.draw(50, 0).items()}
    _, points, _ = synthetic._render(parameters, 1)
    lower = points[:, 1, :, 1] - points[:, 0, :, 1]
    upright = (np.abs(parameters["roll"]) < 10) & (np.abs(parameters["pitch"]) < 12)
    assert (lower[upright, INDEX("nose_tip")] > 2).all()
    assert (lower[upright, INDEX("mouth_center_bottom_lip")] < -0.5).all()
    same = [INDEX("left_eye_center"), INDEX("mouth_left_corner"), INDEX("left_eyebrow_outer_end")]
    np.testing.assert_array_equal(lower[:, same], 0)


def test_points_follow_the_pose(some):
    turn, tilt = pose.turn(some.truth, some.keypoints), pose.tilt(some.truth, some.keypoints)
    first = some.source == 0  # the nose tip itself
    assert np.corrcoef(some.attributes["yaw"][first], turn[first])[0, 1] > 0.85
    few = (np.abs(some.attributes["yaw"]) < 15) & (np.abs(some.attributes["pitch"]) < 12)
    np.testing.assert_allclose(tilt[few], some.attributes["roll"][few], atol=5)


def test_left_is_the_subjects_left(some):
    x = some.truth[..., 0]
    for name in ("eye_center", "eyebrow_outer_end", "eye_inner_corner"):
        assert (x[:, INDEX(f"left_{name}")] > x[:, INDEX(f"right_{name}")]).all()


def test_a_mirrored_head_has_mirrored_points():
    drawn = synthetic_people.draw(12, 7)
    for row in range(12):
        face = types.SimpleNamespace(**{name: values[row].item() for name, values in drawn.items()})
        face.has_hair = 0.0  # its noise is not symmetric
        points = camera.photograph(face).points
        face.yaw, face.roll, face.parting = -face.yaw, -face.roll, -face.parting
        face.shift_x = 2 * (47.5 - lens.EYES_TO_MOUTH[0]) - face.shift_x
        mirrored = camera.photograph(face).points
        np.testing.assert_allclose(mirrored, keypoints.mirror(points, keypoints.KAGGLE_15, 96), atol=0.02)


def test_points_lie_on_what_they_name(some):
    """Pupils are darker than the cheeks below, where neither glasses nor lids hide them."""
    seen = ~some.attributes["sunglasses"].astype(bool) & (some.attributes["lids"] > 0.7)
    seen &= (np.abs(some.attributes["yaw"]) < 25) & (some.attributes["coarse"] < 2) & (some.attributes["cover"] == 0)
    images = some.images[..., 0].astype(float)
    for name in ("left_eye_center", "right_eye_center"):
        x, y = np.rint(some.truth[:, INDEX(name)]).astype(int).T
        rows = np.arange(len(some))
        eye = sum(images[rows, y + i, x + j] for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
        cheek = sum(images[rows, y + 12 + i, x + j] for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
        assert (eye < cheek)[seen].mean() > 0.93


def test_faces_of_a_person_share_the_head_but_not_the_occasion(some):
    sizes = np.bincount(some.subject)
    assert 1 < sizes[sizes > 0].mean() < 4
    for subject in np.nonzero(sizes > 1)[0][:20]:
        person = some.select(some.subject == subject)
        assert len(np.unique(person.attributes["eye"])) == 1
        assert len(np.unique(person.attributes["beard"])) == 1
        assert len(np.unique(person.attributes["yaw"])) == len(np.unique(person.image_groups))


def test_parameters_are_varied(some):
    for name, low, high in (("glasses", 0.05, 0.4), ("female", 0.3, 0.6), ("bald", 0.01, 0.3), ("curls", 0.1, 0.4)):
        assert low < some.attributes[name].mean() < high, name
    assert set(np.unique(some.attributes["beard"])) == {0, 1, 2, 3, 4}
    assert 10 < some.attributes["yaw"].std() < 30


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_few_faces(count):
    assert len(synthetic.make(count)) == count


def test_loading_makes_them_once(monkeypatch):
    calls = []
    make = synthetic.make
    monkeypatch.setattr(synthetic, "make", lambda *arguments: calls.append(arguments) or make(*arguments))
    first, second, other = synthetic.load(limit=8), synthetic.load(limit=8), synthetic.load(limit=8, seed=1)
    assert calls == [(8, 0), (8, 1)]
    fresh = make(8)
    for name in ("images", "points", "source", "subject", "truth"):
        np.testing.assert_array_equal(getattr(first, name), getattr(fresh, name))
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert list(first.attributes) == list(fresh.attributes)
    assert (first.images != other.images).any()


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="synthetic faces are made, not read: expected no root"):
        synthetic.load(tmp_path)
    with pytest.raises(ValueError, match="synthetic faces are made, not read: expected no root"):
        synthetic.fingerprint(tmp_path)
    with pytest.raises(ValueError, match="limit is 0; expected at least 1"):
        synthetic.load(limit=0)


def test_a_face_is_what_its_parameters_say():
    drawn = synthetic_people.draw(6, 3)
    faces = synthetic.render(drawn)
    assert (faces.images == synthetic.render({name: values[::-1] for name, values in drawn.items()}).images[::-1]).all()
    assert faces.given.all()
    np.testing.assert_array_equal(faces.points, faces.truth)
    del drawn["yaw"]
    with pytest.raises(ValueError, match="parameters lack yaw; expected all"):
        synthetic.render(drawn)


def test_a_sweep_turns_one_person():
    faces = synthetic.sweep("yaw", [-60, -30, 0, 30, 60], seed=4, roll=0.0, pitch=0.0, cover=0)
    turn = pose.turn(faces.points, faces.keypoints)
    assert (np.diff(turn) > 0).all()
    assert len(np.unique(faces.attributes["texture"])) == len(np.unique(faces.subject)) == 1
    np.testing.assert_array_equal(faces.attributes["yaw"], [-60, -30, 0, 30, 60])
    with pytest.raises(ValueError, match="no parameter jaw; there are subject, female"):
        synthetic.sweep("jaw", [1.0])


def test_what_a_turned_head_hides():
    left, right = (synthetic.sweep("yaw", [turn], seed=4, pitch=0.0, cover=0, sunglasses=0) for turn in (-60, 60))
    names = ("eyebrow_outer_end", "eye_outer_corner")
    for faces, far, near in ((left, "right", "left"), (right, "left", "right")):
        visible = faces.attributes["visible"][0]
        assert not visible[[INDEX(f"{far}_{name}") for name in names]].any()
        assert visible[[INDEX(f"{near}_{name}") for name in names]].all()


@pytest.mark.parametrize("kind", range(1, len(synthetic_people.COVERS)))
def test_covers_hide_what_is_under_them(kind):
    fixed = {"yaw": 0.0, "cover_y": -6.0, "cover_x": 0.0, "cover_turn": 0.0, "scene": 7}
    bare, covered = synthetic.sweep("cover", [0, kind], seed=6, **fixed).images[..., 0].astype(float)
    assert (np.abs(bare - covered) > 8).sum() > 40
    if kind in (1, 2, 3):
        visible = synthetic.sweep("cover", [kind], seed=6, **fixed).attributes["visible"]
        assert not visible[0, INDEX("mouth_center_bottom_lip")]


def test_the_camera_does_what_its_parameters_say():
    plain = {"yaw": 0.0, "cover": 0, "noise": 0.0, "jpeg_quality": 100, "coarse": 1.0, "interlace": 0, "padding_y": 0}
    plain |= {"motion": 0.0, "blur": 0.3, "blocks": 1, "padding_x": 0, "haze": 0.0, "sharpen": 0.0}

    def photo(**changes):
        return synthetic.sweep("smile", [0.0], seed=8, **(plain | changes)).images[0, ..., 0].astype(float)

    first = photo()

    def edges(levels):
        return np.abs(np.diff(levels)).mean()

    assert edges(photo(blur=2.0)) < edges(photo(sharpen=0.0)) < edges(photo(sharpen=1.0))
    assert edges(photo(motion=2.5)) < edges(first)
    assert photo(haze=0.2).min() > first.min()
    assert (photo(padding_x=9)[:, :5] == 0).all()
    assert (photo(padding_y=-9)[-5:] == 0).all()
    torn = photo(interlace=3)
    np.testing.assert_array_equal(torn[::2], first[::2])
    np.testing.assert_array_equal(torn[1::2, 3:], first[1::2, :-3])
    blocky = photo(coarse=3.0)
    np.testing.assert_array_equal(blocky, blocky[::3, ::3].repeat(3, 0).repeat(3, 1))
    assert len(np.unique(photo(jpeg_quality=15) - first)) > 10


def test_how_a_photo_comes_about():
    drawn = synthetic_people.draw(1, 2)
    face = types.SimpleNamespace(**{name: values[0].item() for name, values in drawn.items()})
    stages = camera.stages(face)
    assert list(stages) == ["shape", "paint", "light", "scene", "photo"]
    np.testing.assert_array_equal(stages["photo"], synthetic.render(drawn).images[0, ..., 0])
    outside = stages["shape"] == 0
    assert 0.02 < outside.mean() < 0.9
    assert (stages["scene"][outside] > 0).any()


def test_points_stay_in_the_image_however_large_or_shifted_the_face():
    for changes in ({"zoom": 0.9}, {"shift_x": 40.0}, {"shift_y": -40.0}):
        faces = synthetic.sweep("roll", [0.0, 30.0], seed=1, **changes)
        assert ((faces.points >= 2) & (faces.points <= 93)).all()
