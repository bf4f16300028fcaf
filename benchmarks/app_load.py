"""The page under load: many clients ask for points at once, and a tenth of what they send are broken files.

Starts the app in a process of its own.  Each client has a photo of its own, of synthetic faces, so that answers that
reach the wrong client are seen.  An answer is lost if none comes, wrong if it is not what `predict` says of that photo
or if a broken file is not refused.  Memory is what the app has resident, in MB: after the first round of requests, at
most, and at the end.

    python benchmarks/app_load.py [--model FILE] [--requests 200] [--clients 20]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import _options
import gradio_client
import keras
import numpy as np
import psutil
from PIL import Image

from fkp_utils.app import photos, prediction, web
from fkp_utils.datasets.synthetic import generator

START = 300  # seconds in which the app is there
BROKEN = 10  # every tenth file


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(__doc__, arguments, model=prediction.SHIPPED, requests=200, clients=20)
    try:
        network = prediction.load(options.model)
    except (ValueError, OSError) as error:
        _options.refuse(str(error))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files, expected = make(folder, options.clients, network)
        process, address = start(options.model, folder)
        try:
            counts, seconds, memory = ask(process, address, files, expected, options)
        finally:
            process.terminate()
            process.wait(60)
    print(f"{options.requests} requests of {options.clients} clients: {counts}")
    print(f"seconds: median {statistics.median(seconds):.1f}, longest {max(seconds):.1f}")
    print("memory in MB: after a tenth {:.0f}, at most {:.0f}, at the end {:.0f}".format(*memory))
    return 1 if counts["lost"] or counts["wrong"] else 0


def make(folder: pathlib.Path, clients: int, network: keras.Model) -> tuple[list[pathlib.Path], list[dict]]:
    """A photo and a broken file for each client, and what is to be answered to the photo."""
    files, expected = [], []
    for seed in range(clients):
        image = generator.sweep("yaw", [0.0], seed=seed, roll=0.0).images[0, :, :, 0]
        picture = np.full((320, 400), 90, np.uint8)
        picture[60:252, 100:292] = np.asarray(Image.fromarray(image).resize((192, 192), Image.Resampling.BICUBIC))
        files.append(folder / f"client-{seed}.png")
        Image.fromarray(picture).save(files[-1])
        files[-1].with_suffix(".broken.png").write_bytes(files[-1].read_bytes()[: 2000 + seed])
        levels = photos.read(files[-1])
        expected.append(web.as_json(levels, prediction.in_photo(network, files[-1])))
    return files, expected


def start(model: pathlib.Path, folder: pathlib.Path) -> tuple[subprocess.Popen, str]:
    """The app in a process of its own, and its address."""
    with socket.socket() as free:
        free.bind((web.ADDRESS, 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "fkp_utils.app.web", "--model", str(model), "--port", str(port)],
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    address = f"http://{web.ADDRESS}:{port}"
    for _ in range(START):
        try:
            urllib.request.urlopen(address, timeout=10).read()
            return process, address
        except OSError:
            time.sleep(1)
    process.terminate()
    _options.refuse(f"the app does not answer within {START} seconds")


def ask(
    process: subprocess.Popen,
    address: str,
    files: list[pathlib.Path],
    expected: list[dict],
    options: argparse.Namespace,
) -> tuple[dict[str, int], list[float], tuple[float, float, float]]:
    """Counts of answers, the seconds of each request, and megabytes of memory."""
    counts = {"right": 0, "refused": 0, "wrong": 0, "lost": 0}
    seconds, resident = [], []
    app = psutil.Process(process.pid)

    def one(number: int, client: gradio_client.Client, place: int) -> str:
        broken = number % BROKEN == BROKEN - 1
        path = files[place].with_suffix(".broken.png") if broken else files[place]
        begin = time.perf_counter()
        try:
            answer = client.predict(gradio_client.handle_file(str(path)), 0.12, api_name="/points")
        except gradio_client.exceptions.AppError as error:
            return "refused" if broken and "damaged" in str(error) else "wrong"
        except Exception as error:
            print(f"request {number}: {type(error).__name__}: {error}", file=sys.stderr)
            return "lost"
        finally:
            seconds.append(time.perf_counter() - begin)
            resident.append(app.memory_info().rss / 1e6)
        return "right" if not broken and close(answer, expected[place]) else "wrong"

    def several(place: int) -> list[str]:
        client = gradio_client.Client(address, verbose=False)
        return [one(number, client, place) for number in range(place, options.requests, options.clients)]

    with concurrent.futures.ThreadPoolExecutor(options.clients) as pool:
        for each in pool.map(several, range(options.clients)):
            for outcome in each:
                counts[outcome] += 1
    return counts, seconds, (resident[len(resident) // 10], max(resident), resident[-1])


def close(answer: dict, expected: dict) -> bool:
    """Whether both are of the same faces, to a twentieth of a pixel."""
    if len(answer["faces"]) != len(expected["faces"]):
        return False
    pairs = zip(answer["faces"], expected["faces"], strict=True)
    return all(np.allclose(list(a["points"].values()), list(b["points"].values()), atol=0.05) for a, b in pairs)


if __name__ == "__main__":
    sys.exit(main())
