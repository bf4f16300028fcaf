import csv
import types
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from fkp_utils import keypoints, metrics
from fkp_utils.app import prediction, tracking, video
from fkp_utils.datasets.synthetic import generator

av = pytest.importorskip("av")
RATE, SIDE = 25, 192


def write(path, frames, rotate=0):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"crf": "12"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A video of a head that turns to both sides, and its true points (T, 15, 2)."""
    path = tmp_path_factory.mktemp("clip") / "in.mp4"
    yaw = 12 * np.sin(np.arange(50) / 50 * 2 * np.pi)
    faces = generator.sweep("yaw", yaw, seed=5, roll=0.0)
    scale = SIDE / faces.size[0]
    frames = [np.full((SIDE + 48, SIDE + 108, 3), 90, np.uint8) for _ in faces.images]
    for frame, image in zip(frames, faces.images, strict=True):
        frame[20 : 20 + SIDE, 60 : 60 + SIDE] = np.asarray(Image.fromarray(image[..., 0]).resize((SIDE, SIDE)))[
            ..., None
        ]
    write(path, frames)
    return path, (faces.truth + 0.5) * scale - 0.5 + [60, 20]


@pytest.fixture
def noisy(clip, monkeypatch):
    """A network that answers with the true points and noise of 2 px, frame after frame."""
    rng, truth = np.random.default_rng(0), clip[1]
    state = {"frame": -1}

    def see(network, frame, boxes, shifts):
        answers = truth[min(state["frame"], len(truth) - 1)] + rng.normal(0, 2, (len(boxes), 15, 2))
        return [
            prediction.Prediction(points, np.ones(15), tuple(map(int, box)), frame[:96, :96, 0])
            for points, box in zip(answers, boxes, strict=True)
        ]

    step = tracking.Tracker.step

    def counted(self, frame, seconds):
        state["frame"] += 1
        return step(self, frame, seconds)

    monkeypatch.setattr(prediction, "in_boxes", see)
    monkeypatch.setattr(tracking.Tracker, "step", counted)
    return state


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def points(table):
    return np.array([[float(row[name]) for name in keypoints.KAGGLE_15.columns] for row in table]).reshape(-1, 15, 2)


def test_the_filter_stills_jitter_and_lowers_the_error(clip, noisy, tmp_path, monkeypatch):
    source, truth = clip
    found = {}
    for smooth in (False, True):
        noisy["frame"] = -1
        target, table = tmp_path / "out.mp4", tmp_path / "points.csv"
        assert video.annotate(source, target, table, tracking.Tracker(None, smooth)) == len(truth)
        kept = rows(table)
        assert [int(row["frame"]) for row in kept] == list(range(len(truth)))
        assert {row["face"] for row in kept} == {"0"}
        assert float(kept[1]["seconds"]) == pytest.approx(1 / RATE)
        found[smooth] = points(kept)
    rmse = {smooth: metrics.rmse(each, truth) for smooth, each in found.items()}
    jitter = {smooth: np.diff(each - truth, axis=0).std() for smooth, each in found.items()}
    assert rmse[False] == pytest.approx(2, abs=0.1)
    assert rmse[True] < 0.8 * rmse[False]
    assert jitter[True] < 0.5 * jitter[False]
    with av.open(str(target)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(frames) == len(truth)
    x, y = np.rint(found[True][10, 10]).astype(int)
    assert (frames[10][y, x] > [180, 150, -1]).all()  # a yellow dot on the nose
    assert frames[10][y, x, 2] < 120


@pytest.mark.parametrize("smoothing", [[], ["--no-smoothing"]])
def test_the_command_writes_both_files(smoothing, clip, noisy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(prediction, "load", lambda path: None)
    target, table = tmp_path / "out.mp4", tmp_path / "points.csv"
    assert video.main([str(clip[0]), str(target), "--csv", str(table), *smoothing]) == 0
    assert f"{target}: 50 frames, 1 faces" in capsys.readouterr().out
    assert len(rows(table)) == 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "in.mp4: the file is empty"),
        (b"no video at all", "in.mp4: no video that can be read"),
        (b"version https://git-lfs.github.com/spec/v1\n", "in.mp4: a Git LFS pointer"),
        (None, "in.mp4: no such file"),
    ],
)
def test_what_is_no_video_is_an_error_and_leaves_the_old_file(content, message, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(prediction, "load", lambda path: None)
    source, target, table = tmp_path / "in.mp4", tmp_path / "out.mp4", tmp_path / "points.csv"
    target.write_text("old")
    if content is not None:
        source.write_bytes(content)
    assert video.main([str(source), str(target), "--csv", str(table)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert target.read_text() == "old"
    assert not table.exists()
    assert {path.name for path in tmp_path.iterdir()} <= {"in.mp4", "out.mp4"}


def test_a_video_cut_short_is_an_error(clip, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(prediction, "load", lambda path: None)
    source = tmp_path / "in.mp4"
    source.write_bytes(clip[0].read_bytes()[:2000])
    assert video.main([str(source), str(tmp_path / "out.mp4")]) == 1
    assert "in.mp4" in capsys.readouterr().err
    assert not (tmp_path / "out.mp4").exists()


def test_the_model_that_is_missing_and_the_other_suffix(clip, tmp_path, capsys):
    assert video.main([str(clip[0]), str(tmp_path / "out.mp4"), "--model", str(tmp_path / "no.keras")]) == 1
    assert "no.keras: no such file" in capsys.readouterr().err
    assert video.main([str(clip[0]), str(tmp_path / "out.gif")]) == 1
    assert "out.gif: the video is written as an .mp4 file" in capsys.readouterr().err


def test_frames_are_turned_upright(monkeypatch):
    class Frame:
        pts, time_base, rotation = 3, Fraction(1, 25), -90

        def to_ndarray(self, format):
            return np.arange(6, dtype=np.uint8).reshape(1, 2, 3)

    class Video:
        class streams:
            video = (types.SimpleNamespace(),)

        def decode(self, stream):
            return [Frame()]

    [(seconds, frame)] = video._frames(Video())
    assert seconds == Fraction(3, 25)
    np.testing.assert_array_equal(frame, np.rot90(np.arange(6).reshape(1, 2, 3), -1))
