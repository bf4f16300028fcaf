"""The page "Try it" in a browser, from disk: its points are those of the package."""

import re
import shutil

import numpy as np
import pytest
from PIL import Image

from fkp_utils import keypoints
from fkp_utils.app import prediction
from fkp_utils.course import book, browser_model
from fkp_utils.datasets.synthetic import generator
from fkp_utils.models import architectures

FAKE_CAMERA = ["--use-fake-device-for-media-stream"]
ALLOWED = ["--use-fake-ui-for-media-stream"]
CLOSE = 0.05  # px of the crop

pytestmark = pytest.mark.slow  # the browser


def untrained(name, outputs, size=(96, 96)):
    """A network whose normalisations are not those of the start, and whose maps are steep, so that images matter."""
    model = architectures.build(name, outputs, size)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            count = layer.gamma.shape[0]
            layer.set_weights([rng.normal(mean, 0.2, count) for mean in (1, 0, 0)] + [rng.uniform(0.5, 1.5, count)])
    kernel, bias = model.get_layer("head_maps").get_weights()
    model.get_layer("head_maps").set_weights([5 * kernel, rng.normal(0, 1, bias.shape)])
    return model


@pytest.fixture(scope="module")
def face():
    """(96, 96) grey levels and the 15 points of a synthetic face."""
    made = generator.sweep("yaw", [10.0], seed=1, roll=3.0)
    return made.images[:][0, :, :, 0], made.points[0]


@pytest.fixture(scope="module")
def model():
    return untrained("heatmap_half", 68)


def write_page(folder, model):
    """The page as the report has it, without the report around it; its address."""
    shutil.copytree(book.SOURCES / "_static", folder / "_static", dirs_exist_ok=True)
    browser_model.write(folder / "_static" / book.MODEL, model)
    text = (book.SOURCES / "try_it.md").read_text(encoding="utf-8")
    [html] = re.findall(r"```\{raw\} html\n(.*?)```", text, re.DOTALL)
    (folder / "try_it.html").write_text(f'<!DOCTYPE html><meta charset="utf-8">{html}', encoding="utf-8")
    return folder / "try_it.html"


@pytest.fixture(scope="module")
def address(model, tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page"), model)


@pytest.fixture
def page(browser, address, open_page):
    page = open_page(browser, address)
    wait(page)
    return page


def wait(page):
    """Until the page has answered."""
    page.wait_for_selector("#try-stage[aria-busy=false]")


def choose(page, path):
    page.evaluate("document.getElementById('try-stage').ariaBusy = 'true'")
    page.set_input_files("#try-file", str(path))
    wait(page)


def tick(page, name, on=True):
    if page.is_checked(f"#try-{name}") != on:
        page.set_checked(f"#try-{name}", on)
        wait(page)


def hold(page):
    """The square in the middle, where it stays."""
    tick(page, "follow", False)
    page.click("#try-middle")
    wait(page)


def await_frame(page):
    """Until the page has answered one more frame of the webcam."""
    page.evaluate("document.querySelector('#try-points circle').setAttribute('cx', -1)")
    page.wait_for_function("document.querySelector('#try-points circle').getAttribute('cx') != -1")


def shown(page):
    """The points (K, 2) that the page shows, in px of the picture."""
    circles = "[...document.querySelectorAll('#try-points circle')]"
    return np.array(page.evaluate(f"{circles}.map(c => [c.getAttribute('cx') - 0.5, c.getAttribute('cy') - 0.5])"))


def save(levels, path):
    Image.fromarray(levels).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "outputs", "size"),
    [("heatmap", 68, (96, 96)), ("heatmap_half", 17, (50, 67)), ("heatmap_wide", 15, (96, 96))],
)
def test_the_network_answers_as_keras_does(browser, open_page, tmp_path, name, outputs, size):
    network = untrained(name, outputs, size)
    image = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    image = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
    expected = np.asarray(network(image[None, :, :, None].astype(np.float32)))[0]
    page = open_page(browser, save(image, tmp_path / "image.png"))
    page.add_script_tag(path=book.SOURCES / "_static" / "network.js")
    described, levels = browser_model.describe(network), image.ravel().tolist()
    found = page.evaluate("([model, levels]) => [...new KeypointNetwork(model).predict(levels)]", [described, levels])
    assert expected.std(axis=0).min() > 3
    np.testing.assert_allclose(np.reshape(found, (-1, 2)), expected, atol=0.01)


@pytest.mark.parametrize("count", [15, 68])
def test_a_crop_has_the_points_of_predict(page, model, face, tmp_path, count):
    path = save(face[0], tmp_path / "crop.png")
    choose(page, path)
    assert not page.is_checked("#try-follow")
    page.get_by_label(f"{count} points").check()
    wait(page)
    expected = prediction.predict(path, model, points=count)
    np.testing.assert_allclose(shown(page), expected.points, atol=CLOSE)
    tick(page, "views", False)
    outputs = np.asarray(model(face[0][None, :, :, None].astype(np.float32)))[0]
    one = keypoints.convert(outputs, keypoints.LANDMARKS_68, prediction.SETS[count])
    np.testing.assert_allclose(shown(page), one, atol=CLOSE)
    assert np.abs(one - expected.points).max() > 1  # so that the test can tell them


def test_a_square_of_a_colour_picture_is_cut_out_as_the_package_does(page, model, face, tmp_path):
    rng = np.random.default_rng(0)
    large = np.asarray(Image.fromarray(face[0]).resize((160, 160), Image.Resampling.BICUBIC)).astype(float)
    colours = np.clip(large[:, :, None] * [1, 0.8, 0.6] + rng.normal(0, 10, (160, 160, 3)), 0, 255).astype(np.uint8)
    path = save(colours, tmp_path / "colours.png")
    choose(page, path)
    hold(page)
    expected = prediction.in_boxes(model, colours, np.array([[24, 24, 136, 136]]))[0]
    np.testing.assert_allclose(shown(page), expected.points, atol=CLOSE * 112 / 96)
    assert np.abs(seen(page).astype(int) - expected.crop).max() == 0
    page.evaluate("document.getElementById('try-size').value = 100")
    for event in ("input", "change"):
        page.dispatch_event("#try-size", event)
    wait(page)
    expected = prediction.predict(path, model, faces="crop")
    np.testing.assert_allclose(shown(page), expected.points, atol=CLOSE * 160 / 96)


def seen(page):
    """The grey levels (H, W) that the page says the network saw."""
    script = "(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])"
    levels = page.evaluate(f"{script}(document.getElementById('try-crop'))")
    return np.array(levels, np.uint8).reshape(96, 96, 4)[:, :, 0]


def test_the_square_follows_the_points_as_the_box_of_a_photo_does(page, model, face, tmp_path):
    photo = np.full((200, 300, 3), 90, np.uint8)
    photo[40:184, 70:214] = np.asarray(Image.fromarray(face[0]).resize((144, 144), Image.Resampling.BICUBIC))[..., None]
    choose(page, save(photo, tmp_path / "photo.png"))
    box = np.array([80, 30, 220, 170])
    for _ in range(2):
        points = prediction.in_boxes(model, photo, box[None], prediction.NO_SHIFT)[0].points
        box = prediction.box_of(points, prediction.share_of_crop(68))
    [expected] = prediction.in_boxes(model, photo, box[None])
    np.testing.assert_allclose(shown(page), expected.points, atol=CLOSE * (box[2] - box[0]) / 96)
    assert int(page.get_attribute("#try-square", "x")) == box[0] != 80


def test_the_square_is_put_where_the_reader_drags_it_and_points_tell_their_names(page, face, tmp_path):
    choose(page, save(np.pad(face[0], 100), tmp_path / "photo.png"))
    hold(page)
    before = int(page.get_attribute("#try-square", "x"))
    scale = page.locator("#try-marks").bounding_box()["width"] / 296
    square = page.locator("#try-square").bounding_box()
    x, y = square["x"] + square["width"] / 2, square["y"] + square["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20 * scale, y, steps=3)
    page.mouse.up()
    wait(page)
    assert int(page.get_attribute("#try-square", "x")) == pytest.approx(before + 20, abs=1)
    circle = page.locator("#try-points circle").first.bounding_box()
    page.mouse.move(circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2)
    name = page.locator("#try-name").inner_text()
    assert name.split(":")[0].replace(" ", "_") in keypoints.KAGGLE_15.names


def test_what_is_no_picture_and_a_missing_webcam_are_said_in_a_sentence(page, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    choose(page, tmp_path / "text.png")
    assert page.inner_text("#try-status").startswith("text.png is no picture that this browser reads")
    page.click("#try-webcam")
    page.wait_for_function("document.getElementById('try-status').textContent.includes('webcam')")
    assert page.inner_text("#try-status") in (
        "There is no webcam on this machine.",
        "The browser does not allow this page to use the webcam.",
    )


def clip(path, levels):
    """A video of one frame (H, W) of grey levels, as the fake camera of Chromium reads it."""
    height, width = levels.shape
    luma = np.rint(16 + levels * (219 / 255)).astype(np.uint8).tobytes()
    colour = bytes([128]) * (height * width // 2)
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode() + b"FRAME\n" + luma + colour)
    return path


@pytest.fixture(scope="module")
def filmed(face, tmp_path_factory):
    """A clip of a camera, the frame (480, 640) that it shows, and the face's points in that."""
    frame = np.full((480, 640), 90, np.uint8)
    frame[72:408, 152:488] = np.asarray(Image.fromarray(face[0]).resize((336, 336), Image.Resampling.BICUBIC))
    points = (face[1] + 0.5) * 3.5 + [152, 72] - 0.5
    return clip(tmp_path_factory.mktemp("clip") / "face.y4m", frame), frame, points


def test_the_webcam_is_answered_from_what_it_shows(launch, open_page, address, model, filmed):
    path, frame, _ = filmed
    browser = launch(*FAKE_CAMERA, *ALLOWED, f"--use-file-for-fake-video-capture={path}")
    page = open_page(browser, address)
    wait(page)
    page.click("#try-webcam")
    page.wait_for_function("document.getElementById('try-times').textContent.includes('frames a second')")
    page.set_checked("#try-follow", False)
    page.click("#try-middle")
    await_frame(page)
    circles = "[...document.querySelectorAll('#try-points circle')]"
    levels, found, box = page.evaluate(
        "(() => { const c = document.getElementById('try-crop');"
        " const square = document.getElementById('try-square');"
        " return [[...c.getContext('2d').getImageData(0, 0, c.width, c.height).data],"
        f" {circles}.map(c => [c.getAttribute('cx') - 0.5, c.getAttribute('cy') - 0.5]),"
        " ['x', 'y', 'width'].map(name => +square.getAttribute(name))]; })()"
    )
    crop = np.array(levels, np.uint8).reshape(96, 96, 4)[:, :, 0]
    assert box == [152, 72, 336]
    filmed = np.asarray(Image.fromarray(frame[72:408, 152:488]).resize((96, 96), Image.Resampling.BILINEAR))
    assert np.abs(crop.astype(float) - filmed).mean() < 3  # the page shows it mirrored; the network sees it as it is
    outputs = np.asarray(model(crop[None, :, :, None].astype(np.float32)))[0]
    expected = keypoints.convert(outputs, keypoints.LANDMARKS_68, keypoints.KAGGLE_15)
    np.testing.assert_allclose((np.array(found) + 0.5 - box[:2]) * 96 / 336 - 0.5, expected, atol=CLOSE)
    page.click("#try-webcam")
    assert page.inner_text("#try-webcam") == "Start the webcam"


def test_the_webcams_points_are_near_the_truth(launch, open_page, filmed, tmp_path):
    if not prediction.SHIPPED.is_file():
        pytest.skip(f"{prediction.SHIPPED.name} is not there; `make model` makes it")
    path, _, truth = filmed
    browser = launch(*FAKE_CAMERA, *ALLOWED, f"--use-file-for-fake-video-capture={path}")
    page = open_page(browser, write_page(tmp_path, prediction.load()))
    wait(page)
    page.click("#try-webcam")
    page.wait_for_function("document.getElementById('try-times').textContent.includes('frames a second')")
    for _ in range(5):  # in which the square follows
        await_frame(page)
    assert np.abs(shown(page) - truth).mean() < 0.04 * 336


def test_a_report_without_the_model_says_so(browser, open_page, tmp_path):
    page = open_page(browser, write_page(tmp_path, None))
    assert "built without the model" in page.inner_text("#try-it")
