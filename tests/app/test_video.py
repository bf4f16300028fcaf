import csv
import types
from fractions import Fraction

import numpy as np
import psutil
import pytest
from PIL import Image

from fkp_utils import keypoints, metrics
from fkp_utils.app import prediction, tracking, video
from fkp_utils.datasets.synthetic import generator

av = pytest.importorskip("av")
RATE, SIDE = 25, 192
NETWORK = types.SimpleNamespace(outputs=[np.zeros((1, 15, 2))])  # what it sees is made up by the tests


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

    def see(network, frame, boxes, *options, tilts=None):
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
        assert video.annotate(source, target, table, tracking.Tracker(NETWORK, smooth)) == len(truth)
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
    monkeypatch.setattr(prediction, "load", lambda path: NETWORK)
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
    monkeypatch.setattr(prediction, "load", lambda path: NETWORK)
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
    monkeypatch.setattr(prediction, "load", lambda path: NETWORK)
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


def test_frames_are_turned_upright():
    picture = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    frame = types.SimpleNamespace(pts=3, time_base=Fraction(1, 25), rotation=-90, to_ndarray=lambda format: picture)
    stream = types.SimpleNamespace(index=0)
    packet = types.SimpleNamespace(pts=None, is_corrupt=False, stream=stream, decode=lambda: [frame])
    streams = types.SimpleNamespace(video=[stream], audio=[])
    source = types.SimpleNamespace(start_time=None, duration=None, streams=streams, demux=lambda *streams: [packet])
    [(seconds, upright)] = video._frames(source, {}, [])
    assert seconds == Fraction(3, 25)
    np.testing.assert_array_equal(upright, np.rot90(picture, -1))


def write_with_sound(path, codec, frames=100, step=1, rate=16_000):
    """A video of one grey level, whose frames are `step` ticks of 1/RATE apart, and its sound."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        sound = file.add_stream(codec, rate=rate)
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number * step, Fraction(1, RATE)
            file.mux(stream.encode(picture))
            wave = 0.3 * np.sin(np.arange(rate * step // RATE) / 20, dtype=np.float32)
            heard = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            heard.sample_rate, heard.pts = rate, number * len(wave)
            heard.time_base = Fraction(1, rate)
            file.mux(sound.encode(heard))
        file.mux(stream.encode())
        file.mux(sound.encode())


class Nobody:
    """A tracker that sees no face."""

    met = 0

    def step(self, frame, seconds):
        return {}


def packets(path):
    """The times and bytes of the packets of sound, and the times of the frames, in seconds."""
    with av.open(str(path)) as file:
        sound = [
            (float(each.pts * each.time_base), bytes(each)) for each in file.demux(audio=0) if each.dts is not None
        ]
    with av.open(str(path)) as file:
        return sound, [frame.time for frame in file.decode(video=0)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_the_sound_is_copied_and_frames_keep_their_times(suffix, tmp_path):
    source, target = tmp_path / f"in.{suffix}", tmp_path / "out.mp4"
    write_with_sound(source, "aac", step=2)  # half of the rate that the file announces
    assert video.annotate(source, target, None, Nobody()) == 100
    (given, before), (copied, after) = packets(source), packets(target)
    assert len(copied) == len(given) > 100
    np.testing.assert_allclose(np.diff(after), 2 / RATE, atol=1e-3)
    delay = np.array([time for time, _ in given]) - before[0]
    np.testing.assert_allclose(np.array([time for time, _ in copied]) - after[0], delay, atol=2e-3)
    if suffix != "ts":  # which wraps each packet
        assert [content for _, content in copied] == [content for _, content in given]


def test_sound_that_does_not_fit_is_left_out_in_a_sentence(tmp_path, capsys):
    source, target = tmp_path / "in.avi", tmp_path / "out.mp4"
    write_with_sound(source, "adpcm_ms")
    assert video.annotate(source, target, None, Nobody()) == 100
    assert "the sound (adpcm_ms) is left out: an .mp4 file cannot hold it" in capsys.readouterr().err
    with av.open(str(target)) as file:
        assert not file.streams.audio


@pytest.mark.slow
def test_memory_does_not_grow_with_the_video(tmp_path):
    resident = []

    class Measures(Nobody):
        def step(self, frame, seconds):
            resident.append(psutil.Process().memory_info().rss / 1e6)
            return {}

    source = tmp_path / "in.mp4"
    write_with_sound(source, "aac", frames=3000)
    assert video.annotate(source, tmp_path / "out.mp4", tmp_path / "points.csv", Measures()) == 3000
    assert max(resident) - resident[500] < 10


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_half_a_video_is_an_error_and_leaves_nothing(suffix, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(prediction, "load", lambda path: NETWORK)
    monkeypatch.setattr(tracking, "Tracker", lambda *options: Nobody())
    whole, source, target = tmp_path / f"whole.{suffix}", tmp_path / f"in.{suffix}", tmp_path / "out.mp4"
    write_with_sound(whole, "aac", frames=200)
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert video.main([str(source), str(target), "--csv", str(tmp_path / "points.csv")]) == 1
    assert capsys.readouterr().err.count(f"error: {source}: ") == 1
    assert {path.name for path in tmp_path.iterdir()} == {whole.name, source.name}
