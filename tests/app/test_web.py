"""The page in a browser, and asked by other programs."""

import base64
import contextlib
import csv
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import chromium
import filelock
import numpy as np
import pytest
from PIL import Image

import fkp_utils
from fkp_utils import keypoints
from fkp_utils.app import prediction, web
from fkp_utils.models import architectures

pytest.importorskip("gradio")

PATIENCE = 300  # seconds


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "untrained.keras"
    architectures.build("lenet5", 17).save(path)
    return path


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "faces.png"
    web.example_photo().save(path)
    return path


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    """The address of the app in a process of its own, whose temporary files lie in a folder of the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder, log = tmp_path_factory.mktemp("temporary"), tmp_path_factory.mktemp("log") / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "fkp_utils.app.web", "--model", str(model), "--port", str(port)],
            env=os.environ | {"TMPDIR": str(folder)},
            stdout=file,
            stderr=file,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(PATIENCE):
            try:
                urllib.request.urlopen(address, timeout=10).read()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(1)
        else:
            pytest.fail(f"the app does not answer within {PATIENCE} seconds: {log.read_text()}")
        yield address
    finally:
        process.terminate()
        process.wait(60)
        assert list(folder.glob("fkp-app-*")) == []


@pytest.fixture(scope="module")
def client(server):
    import gradio_client

    return gradio_client.Client(server, verbose=False)


def ask(client, path, smallest=0.12):
    import gradio_client

    return client.predict(gradio_client.handle_file(str(path)), smallest, 15, api_name="/points")


def test_a_program_gets_the_points_of_every_face(client, photo, model):
    answer = ask(client, photo)
    expected = fkp_utils.predict(photo, model, faces="all")
    assert len(answer["faces"]) == len(expected) >= 2
    assert (answer["width"], answer["height"]) == (672, 224)
    for found, face in zip(answer["faces"], expected, strict=True):
        assert list(found["points"]) == list(keypoints.KAGGLE_15.names)
        np.testing.assert_allclose(list(found["points"].values()), face.points, atol=0.02)
        np.testing.assert_allclose(list(found["spread"].values()), face.spread, atol=0.02)
        assert found["box"] == list(face.box)
    assert ask(client, photo, smallest=1.0)["faces"] == []


def test_a_bad_file_is_refused_and_the_next_one_answered(client, photo, tmp_path):
    for name, content in {"broken.png": photo.read_bytes()[:3000], "empty.png": b"", "text.png": b"text"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Exception, match=name) as caught:
            ask(client, tmp_path / name)
        assert "fkp-app-" not in str(caught.value)
    assert len(ask(client, photo)["faces"]) >= 2


def test_no_other_file_of_this_machine_and_no_other_address_is_read(server, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    for path in (str(tmp_path / "secret.png"), f"{server}/secret.png", "file:///etc/passwd"):
        data = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, 0.12, 15]}
        request = urllib.request.Request(
            f"{server}/gradio_api/call/points", json.dumps(data).encode(), {"Content-Type": "application/json"}
        )
        event = json.load(urllib.request.urlopen(request))["event_id"]
        answer = urllib.request.urlopen(f"{server}/gradio_api/call/points/{event}", timeout=PATIENCE).read().decode()
        assert "event: error" in answer
        assert ("not fetched" in answer) == path.startswith("http")
        assert '"faces"' not in answer


def test_a_file_that_is_too_large_is_refused(server):
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="large.png"\r\n\r\n%b\r\n--x--\r\n'

    def send(size):
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        urllib.request.urlopen(urllib.request.Request(f"{server}/gradio_api/upload", body % bytes(size), kind)).read()

    send(1 << 20)
    with pytest.raises(OSError, match=r"413|reset|[Bb]roken pipe"):  # refused, or closed before all is sent
        send(21 << 20)


@contextlib.contextmanager
def visit(server, *arguments):
    """The app in a browser; neither errors nor requests to other addresses may come of it."""
    problems = []
    with chromium.launcher() as launched:
        page = launched(*arguments).new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.on("request", lambda request: _is_here(request.url, server) or problems.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(server)
        yield page
    assert problems == []


@pytest.mark.skipif(chromium.PATH is None, reason="no Chromium on this machine")
def test_a_visitor_uploads_a_photo_sees_points_and_downloads_them(server, photo, tmp_path, model):
    with visit(server) as page:
        page.locator("input[type=file]").first.set_input_files(str(photo))
        page.locator("img[src$='/faces.png']").wait_for()
        page.get_by_role("button", name="Find the points").click()
        page.locator("svg circle.point").first.wait_for()
        expected = fkp_utils.predict(photo, model, faces="all")
        assert page.locator("svg circle.point").count() == 15 * len(expected)
        titles = page.locator("svg g title").all_text_contents()
        assert sum("nose_tip" in title for title in titles) == len(expected)
        assert page.get_by_alt_text("What the network saw of face").count() == len(expected)
        for kind in ("CSV", "JSON"):
            with page.expect_download() as download:
                page.get_by_role("link", name=kind).click()
            download.value.save_as(tmp_path / f"points.{kind.lower()}")
    table = list(csv.DictReader(io.StringIO((tmp_path / "points.csv").read_text())))
    assert len(table) == 15 * len(expected)
    assert float(table[10]["x"]) == pytest.approx(expected[0].points[10, 0], abs=0.02)
    assert len(json.loads((tmp_path / "points.json").read_text())["faces"]) == len(expected)


@pytest.mark.skipif(chromium.PATH is None, reason="no Chromium on this machine")
def test_a_picture_of_the_webcam_is_answered_and_not_mirrored(server, photo, tmp_path):
    levels = np.asarray(Image.open(photo).convert("L"))
    height, width = levels.shape
    luma = np.rint(16 + levels * (219 / 255)).astype(np.uint8).tobytes()
    header, colour = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\nFRAME\n", bytes([128]) * (height * width // 2)
    clip = tmp_path / "faces.y4m"
    clip.write_bytes(header.encode() + luma + colour)
    camera = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
    with visit(server, *camera, f"--use-file-for-fake-video-capture={clip}") as page:
        page.get_by_label("Capture from camera").click()
        page.get_by_text("Click to Access Webcam").click()
        page.wait_for_function("[...document.querySelectorAll('video')].some(video => video.videoWidth > 0)")
        page.get_by_label("capture photo").click()  # of a camera without a frame yet, the page takes none
        page.get_by_label("Remove Image").wait_for()
        page.get_by_role("button", name="Find the points").click()
        page.locator("svg circle.point").first.wait_for()
        assert page.locator("svg circle.point").count() >= 2 * 15
        address = page.locator("svg image").get_attribute("href")
    shown = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L").resize((width, height))
    difference = np.abs(np.asarray(shown, float) - levels)
    assert difference.mean() < 0.5 * np.abs(np.asarray(shown, float) - levels[:, ::-1]).mean()


def _is_here(url, server):
    return url.startswith(server) or urllib.parse.urlsplit(url).scheme in ("data", "blob", "about")


def test_what_is_missing_is_said_in_a_line(tmp_path, capsys):
    assert web.main(["--model", str(tmp_path / "no.keras")]) == 1
    assert "no.keras: no such file" in capsys.readouterr().err


def test_the_page_names_no_other_address(photo):
    face = prediction.Prediction(np.ones((15, 2)), np.ones(15), (0, 0, 9, 9), np.zeros((96, 96), np.uint8))
    page = web.as_html(np.asarray(Image.open(photo).convert("RGB")), [face])
    assert "http" not in page
    assert pathlib.PurePath(photo).name not in page


def test_photos_that_a_killed_app_has_left_are_removed_and_those_of_another_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(web.tempfile, "tempdir", str(tmp_path))
    killed, running = tmp_path / "fkp-app-killed", tmp_path / "fkp-app-running"
    for folder in (killed, running):
        folder.mkdir()
        (folder / "photo.png").write_bytes(b"a")
    with filelock.FileLock(running / web.LOCK):
        web.remove_left()
        assert [path.name for path in tmp_path.iterdir()] == ["fkp-app-running"]
