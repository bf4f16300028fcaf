"""Photos as people have them, read into upright colour images of 8 bits, or refused in one sentence."""

from __future__ import annotations

import os
import pathlib
import struct
import warnings

import numpy as np
from PIL import Image

from fkp_utils.datasets import images

Photo = str | os.PathLike[str] | Image.Image | np.ndarray

PIXELS = 90_000_000  # of the largest photo that is decoded
FLAT = 8  # levels of 255 between darkest and brightest pixel under which a photo shows nothing
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "BMP", "GIF", "PPM")  # no other decoder is started
POINTER = b"version https://git-lfs"  # begins a file that stands for one in Git's large file storage
HEIC = (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1")  # kinds of a container of `ftyp`
SHAPES = "expected (H, W), or (H, W, C) of 1, 3 or 4 channels"


def read(photo: Photo) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a file, a Pillow image or an array (H, W) or (H, W, C) of grey levels, RGB or RGBA.

    A picture is turned as its EXIF orientation says.  Alpha is dropped, not blended.  Levels of 16 bits are divided by
    257; of numbers with a decimal point, those in which all are from 0 to 1 are multiplied by 255.

    FileNotFoundError if there is no such file.  ValueError, with the name of the file, for what is no whole picture,
    for levels outside 0 to 255 after that, for more than PIXELS pixels, and for a photo of nearly one grey level.
    """
    name = os.fspath(photo) if isinstance(photo, str | os.PathLike) else "the photo"
    levels: np.ndarray | None
    if isinstance(photo, np.ndarray):
        levels = photo
    elif isinstance(photo, Image.Image):
        levels = _levels(photo)
    else:
        levels = _file(pathlib.Path(photo).expanduser())
    if levels is None:
        raise ValueError(f"{name}: more pixels than the {PIXELS:,} that are read")
    levels = _rgb(levels, name)
    if int(levels.max()) - int(levels.min()) < FLAT:
        raise ValueError(f"{name}: levels from {levels.min()} to {levels.max()} of 255 show no face; is it that dark?")
    return levels


def is_one(array: np.ndarray) -> bool:
    """Whether an array is one photo, and not a stack of them.  ValueError for shapes of neither."""
    if array.ndim in (3, 4) and array.shape[-1] not in (1, 3, 4) and array.shape[-3] in (1, 3, 4):
        raise ValueError(f"an array of shape {array.shape} has its channels first; move them: np.moveaxis(a, -3, -1)")
    if array.ndim not in (2, 3, 4) or not array.size or (array.ndim > 2 and array.shape[-1] not in (1, 3, 4)):
        raise ValueError(f"an array of shape {array.shape}; {SHAPES}, or (N, H, W, C)")
    return array.ndim < 4


def refuse_pointer(path: pathlib.Path) -> None:
    """ValueError for an empty file and for a pointer of Git's large file storage."""
    with path.open("rb") as file:
        start = file.read(len(POINTER))
    if not start:
        raise ValueError(f"{path}: the file is empty")
    if start == POINTER:
        raise ValueError(f"{path}: a Git LFS pointer, not the file itself; `git lfs pull` fetches it")


def _file(path: pathlib.Path) -> np.ndarray | None:
    """As `_levels`.  ValueError for what is no whole picture."""
    if path.is_dir():
        raise ValueError(f"{path}: a folder; expected the file of a picture")
    refuse_pointer(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `_levels` has a limit of its own
            Image.init()
            with Image.open(path, formats=FORMATS) as image:
                return _levels(image)
    except Image.UnidentifiedImageError as error:
        with path.open("rb") as file:
            start = file.read(12)
        if start[4:8] == b"ftyp" and start[8:12] in HEIC:
            raise ValueError(f"{path}: a HEIC picture, which is not read; save it as JPEG or PNG") from error
        raise ValueError(f"{path}: no picture that is known; expected JPEG, PNG, TIFF, WebP, BMP or GIF") from error
    except Image.DecompressionBombError:
        return None
    except (OSError, SyntaxError, EOFError, RuntimeError, ValueError, struct.error) as error:
        raise ValueError(f"{path}: the picture is damaged: {error}") from error


def _levels(image: Image.Image) -> np.ndarray | None:
    """(H, W) or (H, W, 3), in the image's own range of levels; None for more than PIXELS pixels."""
    if image.width * image.height > PIXELS:
        return None
    upright = images.upright(image)
    if upright.mode.startswith(("I", "F")):
        levels = np.asarray(upright)
        sixteen = levels.dtype.kind == "i" and levels.min() >= 0 and 255 < levels.max() < 1 << 16
        return levels.astype(np.uint16) if sixteen else levels
    return np.asarray(upright.convert("RGB"))


def _rgb(levels: np.ndarray, name: str) -> np.ndarray:
    """(H, W, 3) uint8 of an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)."""
    if not is_one(levels):
        raise ValueError(f"{name}: shape {levels.shape}; {SHAPES}")
    if levels.dtype.kind == "u" and levels.dtype.itemsize == 2:  # in either order of the bytes
        levels = np.rint(levels / 257)
    elif levels.dtype.kind in "fb" and levels.max() <= 1:
        levels = levels * 255.0
    if not (levels.dtype.kind in "uif" and np.isfinite(levels).all() and levels.min() >= 0 and levels.max() <= 255):
        raise ValueError(f"{name} has values outside 0 to 255; expected grey levels or RGB of that range")
    levels = np.rint(levels).astype(np.uint8).reshape(*levels.shape[:2], -1)[..., :3]
    return np.ascontiguousarray(np.broadcast_to(levels, (*levels.shape[:2], 3)))
