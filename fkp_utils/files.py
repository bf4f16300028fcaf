"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], folder: bool = False) -> Iterator[pathlib.Path]:
    """A temporary path beside `path`, renamed over it when the block ends without an error.

    With `folder`, the temporary path is a new folder.  If the block raises (a full disk, say), the temporary path is
    removed and what stood at `path` is still there.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = pathlib.Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    new = beside / path.name
    try:
        if folder:
            new.mkdir()
        yield new
        if path.is_dir():
            path.rename(beside / "old")
        new.replace(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` to `path` as a whole."""
    with replacing(path) as new:
        new.write_text(text, encoding="utf-8")
