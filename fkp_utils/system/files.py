"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator

import filelock

MANIFEST = "manifest.json"
BLOCK = 1 << 20  # bytes read at once
LONG = 1 << 28  # bytes of a file that is not read as a whole


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], folder: bool = False) -> Iterator[pathlib.Path]:
    """A temporary path beside `path`, renamed over it when the block ends without an error.

    With `folder`, the temporary path is a new folder.  If the block raises (a full disk, say), the temporary path is
    removed and what stood at `path` is still there.  IsADirectoryError for a file where a folder is.
    """
    path = pathlib.Path(path)
    if not folder:
        refuse_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = pathlib.Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    new = beside / path.name
    try:
        if folder:
            new.mkdir()
        yield new
        if folder and path.is_dir():
            path.rename(beside / "old")
        new.replace(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def refuse_folder(path: pathlib.Path) -> None:
    """IsADirectoryError if the path of a file is a folder, which the file would replace."""
    if path.is_dir():
        raise IsADirectoryError(f"{path}: a folder; expected the path of a file")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` to `path` as a whole."""
    with replacing(path) as new:
        new.write_text(text, encoding="utf-8")


def built_once(
    folder: pathlib.Path, build: Callable[[], None], waiting: Callable[[], None] | None = None
) -> pathlib.Path:
    """The sealed `folder`, built now by `build` if it is not there; only one process builds it, others wait.

    A folder whose files are damaged is removed and built again, with a warning.  waiting: called if another process is
    at work.
    """
    if is_whole(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(f"{folder}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if waiting:
            waiting()
        lock.acquire()
    try:
        if folder.exists() and not is_whole(folder):
            warnings.warn(f"{folder} is damaged; it is built again", stacklevel=3)
            shutil.rmtree(folder)
        if not folder.exists():
            for left in folder.parent.glob(f".{folder.name}.*"):  # of builds that were killed
                shutil.rmtree(left, ignore_errors=True)
            build()
    finally:
        lock.release()
    return folder


@contextlib.contextmanager
def sealed(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A new folder to be filled; it stands at `folder`, sealed, when the block ends without an error."""
    with replacing(folder, folder=True) as new:
        yield new
        seal(new)


def seal(folder: pathlib.Path) -> None:
    """Writes the sums of the folder's files into it, for `is_whole`."""
    sums = {path.name: _sum(path) for path in sorted(folder.iterdir())}
    write_text(folder / MANIFEST, json.dumps(sums))


def is_whole(folder: pathlib.Path) -> bool:
    """Whether the folder was sealed and its files are still the same."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return all(_sum(folder / name) == value for name, value in manifest.items())
    except (OSError, ValueError, AttributeError):
        return False


def _sum(path: pathlib.Path) -> list[int]:
    """Size and CRC-32; of long files, which are mapped and not read at once, only of both ends."""
    size, total = path.stat().st_size, 0
    with path.open("rb") as file:
        if size > LONG:
            total = zlib.crc32(file.read(BLOCK))
            file.seek(-BLOCK, os.SEEK_END)
        while block := file.read(BLOCK):
            total = zlib.crc32(block, total)
    return [size, total]
