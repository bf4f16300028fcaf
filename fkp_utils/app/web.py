"""A page on this machine that shows the points of the faces in a photo: `python -m fkp_utils.app.web`."""

from __future__ import annotations

import argparse
import base64
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np
from PIL import Image

from fkp_utils.app import finder, photos, prediction
from fkp_utils.system import commands

if TYPE_CHECKING:
    import gradio
    import keras

ADDRESS = "127.0.0.1"
LARGEST = "20mb"  # of an uploaded file
WAITING = 200  # photos in the queue; more are turned away
FOLDER, LOCK = "fkp-app-", "lock"  # of uploaded files; locked while the app runs
KEPT = 600  # seconds for which an uploaded file is kept
SHOWN = 1200  # px: the longer side of the picture in the page
STYLE = "fill:none;stroke:#ffd400;stroke-width:{0:.1f}"
COLUMNS = ["face", "point", "x", "y", "spread"]


@commands.command
def main(arguments: Sequence[str] | None = None) -> None:
    """Serves the page until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=pathlib.Path, help="a .keras file (default: that of the package)")
    parser.add_argument("--port", type=int, default=7860)
    options = parser.parse_args(arguments)
    network = prediction.load(options.model)
    remove_left()
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder, filelock.FileLock(pathlib.Path(folder, LOCK)):
        os.environ |= {"GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the folder is removed then, too
        page = build(network, pathlib.Path(folder))
        launch(page, options.port)


def remove_left() -> None:
    """Removes what apps that were killed have left: uploaded photos."""
    for left in pathlib.Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        try:
            with filelock.FileLock(left / LOCK, timeout=0):
                shutil.rmtree(left)
        except (filelock.Timeout, OSError):  # of an app that is at work, or of another user
            continue


def launch(page: gradio.Blocks, port: int, block: bool = True) -> None:
    """Serves the page at ADDRESS; with `block`, until it is stopped."""
    import gradio

    fonts: dict[str, Any] = {"font": ["system-ui", "sans-serif"], "font_mono": ["monospace"]}  # none from the network
    page.queue(max_size=WAITING, default_concurrency_limit=1).launch(
        server_name=ADDRESS,
        server_port=port,
        max_file_size=LARGEST,
        theme=gradio.themes.Default(**fonts),
        prevent_thread_lock=not block,
        footer_links=["api"],
        enable_monitoring=False,
        share=False,
    )


def build(network: keras.Model, folder: pathlib.Path) -> gradio.Blocks:
    """The page; `folder` gets the example, a picture of synthetic faces."""
    import gradio

    def answer(path: str | None, smallest: float, count: int) -> tuple[np.ndarray, list[prediction.Prediction]]:
        if not path:
            raise gradio.Error("No photo is given.", print_exception=False)
        try:
            photo = photos.read(path)
            return photo, prediction.in_photo(network, photo, "all", smallest, count)
        except (ValueError, OSError) as error:
            text = str(error).replace(str(path), pathlib.Path(path).name)
            raise gradio.Error(text, print_exception=False) from error

    def points(path: str | None, smallest: float, count: int = 15) -> dict[str, Any]:
        return as_json(*answer(path, smallest, count))

    def show(path: str | None, smallest: float, count: int) -> str:
        return as_html(*answer(path, smallest, count))

    example = folder / "synthetic-faces.png"
    example_photo().save(example)
    prediction.in_photo(network, example)  # so that the first visitor does not wait for it
    with gradio.Blocks(title="Facial keypoints", analytics_enabled=False, delete_cache=(60, KEPT)) as page:
        gradio.Markdown(
            "# Facial keypoints\nThe photo stays on this machine, and its copy is removed after ten minutes. Point at a"
            " mark for its name; its circle is the spread: how far views of the face disagree about it."
        )
        with gradio.Row():
            with gradio.Column(scale=1):
                photo: Any = gradio.Image(
                    sources=["upload", "webcam"],
                    type="filepath",
                    label="Photo",
                    webcam_options=gradio.WebcamOptions(mirror=False),  # left and right are those of the person
                )
                photo.preprocess = lambda payload: payload and payload.path  # `photos.read` decides what the file is
                kept = photo.async_move_resource_to_block_cache

                async def keep(path: Any) -> str | None:
                    if "://" in str(path):
                        raise gradio.Error("A photo is uploaded, not fetched from an address.", print_exception=False)
                    return await kept(path)

                photo.async_move_resource_to_block_cache = keep
                smallest = gradio.Slider(
                    0.02, 1, finder.SMALLEST, step=0.01, label="Smallest face, as a share of the photo's shorter side"
                )
                sets = list(prediction.SETS)[: 1 + (network.outputs[0].shape[1] == 68)]
                count = gradio.Radio(sets, value=sets[0], label="Points")
                button = gradio.Button("Find the points", variant="primary")
                gradio.Examples([[str(example)]], [photo], label="Synthetic faces")
            with gradio.Column(scale=2):
                found = gradio.HTML(label="Points")
        button.click(show, [photo, smallest, count], found, api_visibility="private", concurrency_id="network")
        numbers = gradio.JSON(visible=False)
        gradio.Button(visible=False).click(
            points, [photo, smallest, count], numbers, api_name="points", concurrency_id="network"
        )
    return page


def example_photo() -> Image.Image:
    """A picture of three synthetic people."""
    from fkp_utils.datasets.synthetic import generator

    faces = [generator.sweep("yaw", [0.0], seed=seed, roll=0.0).images[:][0, :, :, 0] for seed in (1, 2, 3)]
    return Image.fromarray(np.concatenate(faces, axis=1)).resize((3 * 224, 224), Image.Resampling.BICUBIC)


def as_json(photo: np.ndarray, faces: Sequence[prediction.Prediction]) -> dict[str, Any]:
    """Width and height of the upright photo, and the box, turn, points and spread of each face: px, and degrees."""
    height, width = photo.shape[:2]
    answers = [
        {
            "box": list(face.box),
            "turn": round(face.turn, 2),
            "points": dict(zip(face.keypoints.names, face.points.round(2).tolist(), strict=True)),
            "spread": dict(zip(face.keypoints.names, face.spread.round(2).tolist(), strict=True)),
        }
        for face in faces
    ]
    return {"width": width, "height": height, "faces": answers}


def as_csv(photo: np.ndarray, faces: Sequence[prediction.Prediction]) -> str:
    """A table with a row for each point of each face: face (from 0), point, x, y, spread."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for number, face in enumerate(as_json(photo, faces)["faces"]):
        rows.writerows([number, name, *place, face["spread"][name]] for name, place in face["points"].items())
    return text.getvalue()


def as_html(photo: np.ndarray, faces: Sequence[prediction.Prediction]) -> str:
    """The photo with the points, the crops that the network saw, and links to the tables; nothing from elsewhere."""
    height, width = photo.shape[:2]
    picture = Image.fromarray(photo)
    picture.thumbnail((SHOWN, SHOWN))
    marks, crops = [], []
    for number, face in enumerate(faces):
        left, top, right, bottom = face.box
        dot, line = (right - left) / (80 if len(face.points) == 15 else 140), STYLE.format((right - left) / 200)
        x, y = prediction.MIDDLE * (right - left, bottom - top) + (left, top)
        marks.append(
            f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" style="{line}"'
            f' transform="rotate({face.turn:.1f} {x:.1f} {y:.1f})"/>'
        )
        for name, (x, y), spread in zip(face.keypoints.names, face.points, face.spread, strict=True):
            place = f'cx="{x + 0.5:.2f}" cy="{y + 0.5:.2f}"'
            told = f"face {number}, {name}: x {x:.1f}, y {y:.1f}, spread {spread:.1f} px"
            marks.append(
                f'<g><title>{told}</title><circle {place} r="{spread:.2f}" style="{line};fill-opacity:0;fill:#000"/>'
                f'<circle class="point" {place} r="{dot:.2f}" style="fill:#ffd400;stroke:#000"/></g>'
            )
        crop = _address("image/png", _encoded(Image.fromarray(face.crop), "PNG"))
        crops.append(f'<img src="{crop}" alt="What the network saw of face {number}" width="96" height="96">')
    source = _address("image/jpeg", _encoded(picture, "JPEG"))
    table = _address("text/csv", as_csv(photo, faces).encode())
    numbers = _address("application/json", json.dumps(as_json(photo, faces), indent=1).encode())
    return (
        f'<p class="count">{len(faces)} {"face" if len(faces) == 1 else "faces"}'
        f' · <a download="points.csv" href="{table}">CSV</a>'
        f' · <a download="points.json" href="{numbers}">JSON</a></p>'
        f'<svg viewBox="0 0 {width} {height}" style="width:100%;max-height:70vh" role="img" aria-label="The photo">'
        f'<image href="{source}" width="{width}" height="{height}"/>{"".join(marks)}</svg>'
        f'<p style="display:flex;gap:4px;flex-wrap:wrap">{"".join(crops)}</p>'
    )


def _encoded(picture: Image.Image, kind: str) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind)
    return content.getvalue()


def _address(kind: str, content: bytes) -> str:
    """The content as an address that needs no file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


if __name__ == "__main__":
    sys.exit(main())
