import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fkp_utils
from fkp_utils import keypoints, metrics
from fkp_utils.app import finder, prediction
from fkp_utils.datasets import loading
from fkp_utils.datasets.synthetic import generator
from fkp_utils.geometry import pose
from fkp_utils.models import architectures

SIZE = (96, 96)


@pytest.fixture(scope="module")
def network():
    """A network that answers with the same points whatever it sees: those of the mean face."""
    model = architectures.build("lenet5", 17)
    kernel, _ = model.get_layer("head_coordinates").get_weights()
    points = loading.load("synthetic", limit=64).truth[:24].mean(axis=0)
    points = np.concatenate([points, points[:2]])
    model.get_layer("head_coordinates").set_weights([0 * kernel, ((points - 47.5) / 48).ravel()])
    return model


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FKP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def face():
    return loading.load("synthetic", limit=64).images[4, :, :, 0]  # one that the finder sees at all sizes asked for


def test_a_crop_is_taken_as_it_is(network, face):
    found = fkp_utils.predict(face, network)
    assert found.box == (0, 0, 96, 96)
    np.testing.assert_array_equal(found.crop, face)
    answer = np.asarray(network(face[None, :, :, None].astype(np.float32)))[:, :15]
    both = (answer + keypoints.mirror(answer, keypoints.KAGGLE_15, 96)) / 2  # the shifts of the views add up to nothing
    np.testing.assert_allclose(found.points, both[0], atol=1e-3)
    assert found.points.shape == (15, 2)
    assert found.spread.shape == (15,)
    assert (found.spread > 0).all()


def test_a_face_in_a_larger_photo_is_found_cut_out_and_answered_in_pixels_of_the_photo(network, face):
    photo = np.full((300, 400), 90, np.uint8)
    large = np.asarray(Image.fromarray(face).resize((192, 192), Image.Resampling.BICUBIC))
    photo[40:232, 150:342] = large
    found = fkp_utils.predict(photo, network)
    left, top, right, bottom = found.box
    assert right - left == bottom - top
    inside = found.points - [150, 40]
    assert ((inside > 0) & (inside < 192)).all()
    assert found.crop.shape == SIZE
    levels = np.repeat(photo[..., None], 3, axis=2)
    [again] = prediction.in_boxes(
        network, levels, np.array([found.box]), prediction.NO_SHIFT, tilts=np.array([found.turn])
    )
    assert np.abs(again.points - found.points).max() < 3


@pytest.mark.parametrize("tilt", [-60, -30, 0, 30, 60])
def test_a_tilted_head_is_cut_out_upright(tilt, monkeypatch):
    made = generator.sweep("yaw", [5.0], seed=5, roll=0.0)
    photo = Image.new("L", (400, 400), 90)
    photo.paste(Image.fromarray(made.images[0][:, :, 0]).resize((192, 192), Image.Resampling.BICUBIC), (104, 104))
    photo = photo.rotate(-tilt, Image.Resampling.BICUBIC, fillcolor=90)
    cosine, sine = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    truth = (2 * (made.points[0] + 0.5) - 96) @ [[cosine, sine], [-sine, cosine]] + 199.5
    radius = np.sqrt(((truth - truth.mean(axis=0)) ** 2).sum(axis=1).mean())
    about = truth.mean(axis=0)[None] + 5, np.array([1.1 * radius]), np.array([tilt + 5])
    monkeypatch.setattr(finder, "find", lambda photo, smallest: about)
    found = fkp_utils.predict(photo)
    assert found.turn == pytest.approx(pose.tilt(truth, keypoints.KAGGLE_15) if tilt else 0, abs=5)
    assert metrics.nme(found.points[None], truth[None], keypoints.KAGGLE_15) < 0.06


def test_all_faces_of_a_photo_are_answered_the_largest_first(network, face):
    photo = np.full((260, 500), 90, np.uint8)
    photo[40:232, 20:212] = np.asarray(Image.fromarray(face).resize((192, 192), Image.Resampling.BICUBIC))
    photo[60:180, 300:420] = np.asarray(Image.fromarray(face).resize((120, 120), Image.Resampling.BICUBIC))
    large, small = fkp_utils.predict(photo, network, faces="all")
    assert large.box[2] - large.box[0] > small.box[2] - small.box[0]
    assert 20 < large.points[:, 0].mean() < 212
    assert 300 < small.points[:, 0].mean() < 420
    np.testing.assert_array_equal(fkp_utils.predict(photo, network).points, large.points)
    assert len(fkp_utils.predict(photo, network, faces="all", smallest=0.6)) == 1
    assert fkp_utils.predict(np.eye(200, dtype=np.uint8) * 255, network, faces="all") == []


def test_a_crop_of_any_size_needs_no_finder(network, face, monkeypatch):
    monkeypatch.setattr(finder, "find", None)
    large = np.asarray(Image.fromarray(face).resize((192, 192), Image.Resampling.BICUBIC))
    found = fkp_utils.predict(large, network, faces="crop")
    assert found.box == (0, 0, 192, 192)
    expected = fkp_utils.predict(face, network).points
    np.testing.assert_allclose(found.points, 2 * expected + 0.5, atol=1e-3)
    assert [each.box for each in fkp_utils.predict(face, network, faces="all")] == [(0, 0, 96, 96)]


def test_the_box_puts_the_points_where_the_crops_have_them():
    points = np.random.default_rng(0).normal(0, 1, (15, 2))
    points -= points.mean(axis=0)
    points *= 40 / np.sqrt((points**2).sum(axis=1).mean())
    box = prediction.around(np.array([200.0, 100.0]), 40)
    side = box[2] - box[0]
    placed = (points + [200, 100] + 0.5 - box[:2]) / side
    np.testing.assert_allclose(placed.mean(axis=0), prediction.MIDDLE, atol=1 / side)
    spread = np.sqrt(((placed - placed.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert spread == pytest.approx(prediction.RADIUS, abs=1 / side)


def test_a_network_of_15_points_sees_faces_as_it_learnt_them_and_one_of_68_sees_them_closer(network):
    points = loading.load("synthetic", limit=64).truth[4] + 50
    seen = prediction.Prediction(points, np.zeros(15), (0, 0, 1, 1), np.zeros((96, 96), np.uint8))
    photo = np.zeros((200, 200, 3), np.uint8)
    radius = np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())

    def share(model, asked):
        [found] = prediction.again(model, photo, [seen], prediction.NO_SHIFT, asked)
        return radius / (found.box[2] - found.box[0])

    assert share(network, 15) == pytest.approx(0.247, rel=0.02)
    assert share(prediction.load(), 15) == pytest.approx(0.29, rel=0.02)
    assert share(prediction.load(), 68) == pytest.approx(0.247, rel=0.02)


def test_photos_of_all_kinds(network, face, tmp_path):
    colour = np.repeat(face[..., None], 3, axis=2)
    Image.fromarray(face).save(tmp_path / "face.png")
    kinds = [face, face[..., None], colour, Image.fromarray(colour), tmp_path / "face.png"]
    found = fkp_utils.predict(kinds, network)
    assert len(found) == len(kinds)
    for each in found:
        np.testing.assert_allclose(each.points, found[0].points, atol=1e-4)
    stacked = fkp_utils.predict(np.stack([face, face])[..., None], network)
    assert [each.box for each in stacked] == [(0, 0, 96, 96)] * 2


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (np.zeros((5,)), r"shape \(5,\); expected \(H, W\)"),
        (np.full(SIZE, 300.0), "values outside 0 to 255"),
        (np.eye(300, dtype=np.uint8)[:200] * 255, "the photo, 300×200 px: no face is found"),
    ],
)
def test_what_is_no_photo_of_a_face_is_refused(network, photo, message):
    with pytest.raises(ValueError, match=message):
        fkp_utils.predict(photo, network)


def test_options_are_checked(network, face):
    with pytest.raises(ValueError, match="faces is 'some'; expected 'largest', 'all' or 'crop'"):
        fkp_utils.predict(face, network, faces="some")
    with pytest.raises(ValueError, match=r"the smallest face is 2 of the shorter side; expected 0\.02 to 1"):
        fkp_utils.predict(np.repeat(face, 2, axis=0), network, smallest=2)


def test_a_model_must_be_there_and_know_the_points(tmp_path, face):
    with pytest.raises(FileNotFoundError, match=r"best.keras: no such file; expected a .keras file"):
        fkp_utils.predict(face, tmp_path / "best.keras")
    for points in (5, 58):
        with pytest.raises(ValueError, match=rf"gives \({points}, 2\); expected \(15 or 17 or 68, 2\)"):
            fkp_utils.predict(face, architectures.build("lenet5", points))


def _of_others(kind):
    """Models as other people make them."""
    import keras

    inputs = keras.Input((None, None, 1) if kind == "any size" else (96, 96, 1))
    flat = keras.layers.Flatten()(inputs) if kind != "any size" else keras.layers.GlobalAveragePooling2D()(inputs)
    outputs = keras.layers.Dense(30)(flat)
    if kind == "two outputs":
        return keras.Model(inputs, [outputs, keras.layers.Dense(8)(flat)])
    if kind == "not built":
        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(30)])
    return keras.Model(inputs, outputs if kind == "dense" else keras.layers.Reshape((15, 2))(outputs))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built:UserWarning")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "dense",
            r"theirs\.keras gives \(30,\); expected \(15 or 17 or 68, 2\), the points of KAGGLE_15 or LANDMARKS_68",
        ),
        ("two outputs", r"theirs\.keras has 2 outputs; expected one"),
        ("any size", r"theirs\.keras takes \(None, None, 1\); expected images of one size: \(height, width, 1 or 3\)"),
        ("not built", r"theirs\.keras is not built; expected one that knows the size of its images"),
    ],
)
def test_models_of_others_are_refused_in_one_sentence(kind, message, face, tmp_path):
    _of_others(kind).save(tmp_path / "theirs.keras")
    with pytest.raises(ValueError, match=message):
        fkp_utils.predict(face, tmp_path / "theirs.keras")


def test_a_sequential_model_answers_and_a_subclass_is_refused(network, face, tmp_path):
    import keras

    theirs = keras.Sequential([keras.Input((96, 96, 1)), keras.layers.Flatten(), keras.layers.Dense(30)])
    theirs.add(keras.layers.Reshape((15, 2)))
    theirs.save(tmp_path / "theirs.keras")
    for model in (theirs, tmp_path / "theirs.keras"):
        assert fkp_utils.predict(face, model).points.shape == (15, 2)

    class Wrapped(keras.Model):
        def call(self, images):
            return network(images)

    wrapped = Wrapped()
    wrapped(np.zeros((1, 96, 96, 1)))
    with pytest.raises(ValueError, match="the model is not built; expected one that knows the size of its images"):
        fkp_utils.predict(face, wrapped)


def test_the_users_folder_may_be_named_by_a_tilde(network, face, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    network.save(tmp_path / "best.keras")
    Image.fromarray(face).save(tmp_path / "face.png")
    found = fkp_utils.predict("~/face.png", "~/best.keras")
    np.testing.assert_allclose(found.points, fkp_utils.predict(face, network).points, atol=1e-3)


def test_a_model_of_68_points_answers_with_them_or_with_the_fifteen(face):
    model = architectures.build("lenet5", 68)
    dense = fkp_utils.predict(face, model, points=68)
    assert dense.keypoints == keypoints.LANDMARKS_68
    assert dense.points.shape == (68, 2)
    assert dense.spread.shape == (68,)
    few = fkp_utils.predict(face, model)
    assert few.keypoints == keypoints.KAGGLE_15
    converted = keypoints.convert(dense.points, keypoints.LANDMARKS_68, keypoints.KAGGLE_15)
    np.testing.assert_allclose(few.points, converted, atol=1e-3)


def test_a_model_of_15_points_is_not_asked_for_68(network, face):
    with pytest.raises(
        ValueError, match="the model gives the points of KAGGLE_15; those of LANDMARKS_68 are asked for"
    ):
        fkp_utils.predict(face, network, points=68)
    with pytest.raises(ValueError, match="points is 5; expected 15 or 68"):
        fkp_utils.predict(face, network, points=5)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "best.keras: the file is empty"),
        (lambda content: b"version https://git-lfs.github.com/spec/v1\n", "best.keras: a Git LFS pointer"),
        (lambda content: content[: len(content) // 2], "best.keras: no whole .keras file"),
    ],
)
def test_a_damaged_model_is_named(network, face, damage, message, tmp_path):
    path = tmp_path / "best.keras"
    network.save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        fkp_utils.predict(face, path)


@pytest.mark.slow
def test_a_saved_model_answers_in_a_fresh_process(network, face, tmp_path):
    network.save(tmp_path / "best.keras")
    np.save(tmp_path / "face.npy", face)
    script = (
        "import sys, numpy, fkp_utils; folder = sys.argv[1]\n"
        "found = fkp_utils.predict(numpy.load(f'{folder}/face.npy'), f'{folder}/best.keras')\n"
        "numpy.save(f'{folder}/points.npy', found.points)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    expected = fkp_utils.predict(face, network).points
    np.testing.assert_allclose(np.load(tmp_path / "points.npy"), expected, atol=1e-3)
