"""The sample in `data/sample`: 40 + 10 synthetic faces in the layout of Kaggle's files, written by `make sample`."""

from __future__ import annotations

import io
import pathlib
import sys
import zipfile

import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.system import files

TRAINING, TEST = 40, 10


def write(folder: pathlib.Path) -> None:
    """Writes training.zip, test.zip, IdLookupTable.csv, SampleSubmission.csv and subjects.csv into `folder`.

    Both label sources, missing labels and copied images are in the training part; the lookup table asks for the points
    of each test face's source.  The same bytes every time.
    """
    training, test = synthetic.make(TRAINING, seed=8), synthetic.make(TEST, seed=9)  # 8: labels lack in both sources
    columns = keypoints.KAGGLE_15.columns
    rows = [
        ",".join([*map(_number, points.ravel()), _pixels(image)])
        for points, image in zip(training.points, training.images[:], strict=True)
    ]
    _write_zip(folder / "training.zip", "training.csv", [",".join([*columns, "Image"]), *rows])
    rows = [f"{number},{_pixels(image)}" for number, image in enumerate(test.images[:], 1)]
    _write_zip(folder / "test.zip", "test.csv", ["ImageId,Image", *rows])
    asked = _asked(test)
    rows = [f"{row},{number},{feature}," for row, (number, feature) in enumerate(asked, 1)]
    _write_lines(folder / "IdLookupTable.csv", ["RowId,ImageId,FeatureName,Location", *rows])
    rows = [f"{row},0" for row in range(1, len(asked) + 1)]
    _write_lines(folder / "SampleSubmission.csv", ["RowId,Location", *rows])
    rows = [f"{row},{subject}" for row, subject in enumerate(training.groups)]
    _write_lines(folder / "subjects.csv", ["Row,Subject", *rows])


def _asked(test: faces.Faces) -> list[tuple[int, str]]:
    """(ImageId, FeatureName) of each coordinate that is asked for."""
    assert test.source is not None  # synthetic faces have one
    names = keypoints.KAGGLE_15.columns
    four = [names[2 * point + axis] for point in keypoints.FOUR_POINTS for axis in (0, 1)]
    return [(i, name) for i, source in enumerate(test.source, 1) for name in (four if source else names)]


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _pixels(image: np.ndarray) -> str:
    return " ".join(map(str, image.ravel()))


def _write_lines(path: pathlib.Path, lines: list[str]) -> None:
    files.write_text(path, "\n".join([*lines, ""]))


def _write_zip(path: pathlib.Path, name: str, lines: list[str]) -> None:
    """Writes a zip file with one member, dated 1980, so that its bytes do not depend on when it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo(name)
        archive.writestr(member, "\n".join([*lines, ""]), zipfile.ZIP_DEFLATED, compresslevel=9)
    with files.replacing(path) as new:
        new.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
