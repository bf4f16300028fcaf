"""Seconds to load Kaggle's training.csv: the idioms people use, ours without a cache, and ours with it.

All are timed in turn in one process, several times, and must give equal values.  The idioms are pandas' reading with
`df.Image.apply(lambda text: np.fromstring(text, sep=" "))`, and with `split` and `astype`; the faster of them is the
measure.  Without a folder, the file is made: synthetic faces, repeated to the 7,049 rows of Kaggle's.

    python benchmarks/kaggle_load.py [--root FOLDER | --rows 7049] [--repeats 3]
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator

import _options
import numpy as np
import pandas as pd

from fkp_utils import faces, keypoints
from fkp_utils.datasets import kaggle, kaggle_csv
from fkp_utils.datasets.synthetic import generator as synthetic

DISTINCT = 256  # faces that are made; the rest repeats them
COLUMNS = keypoints.KAGGLE_15.columns


def make(root: pathlib.Path, rows: int) -> None:
    """A training.csv of synthetic faces in Kaggle's format: complete rows first, in its shares."""
    made = synthetic.load(limit=min(rows, DISTINCT))
    order = np.sort(np.arange(rows) % len(made))
    texts = []
    for image, points in zip(made.images, made.points, strict=True):
        coordinates = ["" if np.isnan(value) else f"{value:.4f}" for value in points.ravel()]
        texts.append(",".join([*coordinates, " ".join(map(str, image.ravel().tolist()))]) + "\n")
    with (root / "training.csv").open("w") as file:
        file.write(",".join([*COLUMNS, "Image"]) + "\n")
        file.writelines(texts[k] for k in order)


def read(root: pathlib.Path) -> pd.DataFrame:
    source = kaggle._find(root, ("training",))["training.csv"]
    with kaggle_csv.opened(source, "training.csv") as (_, file):
        return pd.read_csv(file)


def with_fromstring(root: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    table = read(root)
    images = np.stack(table.Image.apply(lambda text: np.fromstring(text, sep=" ")).to_list())
    return images, table[COLUMNS].to_numpy()


def with_split(root: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    table = read(root)
    images = np.stack([np.array(text.split(" ")).astype(np.float32) for text in table.Image])
    return images, table[COLUMNS].to_numpy()


@contextlib.contextmanager
def cache(folder: str | os.PathLike[str]) -> Iterator[None]:
    before = os.environ.get("FKP_CACHE")
    os.environ["FKP_CACHE"] = os.fspath(folder)
    try:
        yield
    finally:
        os.environ.pop("FKP_CACHE")
        if before is not None:
            os.environ["FKP_CACHE"] = before


def compare(root: pathlib.Path, repeats: int) -> int:
    """Prints seconds and ratios; the exit status, 1 if the values differ."""
    seconds: dict[str, list[float]] = {"fromstring": [], "split": [], "cold": [], "cached": []}

    def timed(name: str, load: object, *arguments: object) -> object:
        start = time.perf_counter()
        result = load(*arguments)
        seconds[name].append(time.perf_counter() - start)
        return result

    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder, cache(folder):
            ours = timed("cold", kaggle.load, root)
            again = timed("cached", kaggle.load, root)
        for name, idiom in (("fromstring", with_fromstring), ("split", with_split)):
            images, points = timed(name, idiom, root)
            if not (_equal(ours, images, points) and _equal(again, images, points)):
                print(f"the values differ from those of the idiom with {name}", file=sys.stderr)
                return 1
            del images, points
    median = {name: statistics.median(values) for name, values in seconds.items()}
    idiom = min(("fromstring", "split"), key=median.__getitem__)
    print(f"{len(ours):,} rows, medians of {repeats}, files in the system's memory; all values are equal")
    for name, text in [("fromstring", "pandas, np.fromstring"), ("split", "pandas, split and astype")]:
        print(f"{text:26}{median[name]:8.3f} s")
    for name, text in [("cold", "ours, no cache"), ("cached", "ours, cached")]:
        print(f"{text:26}{median[name]:8.3f} s  {median[idiom] / median[name]:6.1f} × faster than with {idiom}")
    return 0


def _equal(ours: faces.Faces, images: np.ndarray, points: np.ndarray) -> bool:
    same_images = np.array_equal(ours.images.reshape(len(ours), -1), images)
    return same_images and np.array_equal(ours.points.reshape(len(ours), -1), points.astype(np.float32), equal_nan=True)


def main() -> int:
    options = _options.parse(__doc__, root=pathlib.Path, rows=7049, repeats=3)
    if min(options.rows, options.repeats) < 1:
        _options.refuse("--rows and --repeats are at least 1")
    if options.root:
        return compare(options.root, options.repeats)
    with tempfile.TemporaryDirectory() as folder:
        with cache(pathlib.Path(folder) / "cache"):
            make(pathlib.Path(folder), options.rows)
        return compare(pathlib.Path(folder), options.repeats)


if __name__ == "__main__":
    sys.exit(main())
