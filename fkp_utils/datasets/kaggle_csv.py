"""The text of Kaggle's tables: bare or in zip files, their rows, and 9,216 pixels a row as numbers."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import pathlib
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from fkp_utils.datasets import folders, images, loading

PIXELS = 96 * 96
BATCH = 8  # rows of pixels read at once: their text stays in the processor's cache
LONGEST = 1 << 20  # bytes; a row of 9,216 pixels has at most 38,000
DECIMAL_COMMA = re.compile(rb'"[+-]?\d+,\d+"')
FARTHEST = 1000  # pixels; a label may lie outside the image, but not so far
SPACE, ZERO = np.frombuffer(b" 0", np.uint8)

Row = tuple[str, list[bytes]]


@contextlib.contextmanager
def opened(source: pathlib.Path, name: str) -> Iterator[tuple[str, BinaryIO]]:
    """Where the table `name` is, for messages, and its bytes.

    `source` is the table itself, or a zip file that holds it or a zip file with it (`training.zip` or
    `training.csv.zip` for `training.csv`).  DatasetError if the zip file has no such table, or several in different
    folders, or is damaged, also when this shows only while reading.
    """
    if source.suffix.lower() != ".zip":
        with source.open("rb", LONGEST) as file:
            yield str(source), file
        return
    with contextlib.ExitStack() as stack, _whole_zip(source):
        where, archive = str(source), stack.enter_context(zipfile.ZipFile(source))
        member = _member(where, archive, [name, *zips(name)])
        if member and member.lower().endswith(".zip"):
            copy = stack.enter_context(tempfile.TemporaryFile())
            with archive.open(member) as compressed:
                shutil.copyfileobj(compressed, copy, LONGEST)
            where, archive = f"{where}/{member}", stack.enter_context(zipfile.ZipFile(copy))
            member = _member(where, archive, [name])
        if not member:
            found = ", ".join(path.name for path, _ in folders.members(archive)) or "nothing"
            raise loading.DatasetError(f"{where}: {found} in it; expected {name} in a whole zip file")
        stream = stack.enter_context(archive.open(member))
        yield f"{where}/{member}", io.BufferedReader(stream, LONGEST)  # type: ignore[type-var]  # a ZipExtFile


def holds(source: pathlib.Path, name: str) -> bool:
    """Whether the zip file has the table `name` in it, or a zip file for it.  DatasetError as from `opened`."""
    with _whole_zip(source), zipfile.ZipFile(source) as archive:
        return _member(str(source), archive, [name, *zips(name)]) is not None


def zips(name: str) -> list[str]:
    """What a zip file with the table `name` alone is called."""
    return [f"{pathlib.PurePath(name).stem}.zip", f"{name}.zip"]


def _member(where: str, archive: zipfile.ZipFile, names: Sequence[str]) -> str | None:
    """The member of the first of the names that is there, in any folder.  DatasetError if there are two of it."""
    inside = folders.members(archive)
    for name in names:
        found = [member for path, member in inside if folders.plain(path.name) == name.casefold()]
        if len(found) > 1:
            raise loading.DatasetError(f"{where}: {' and '.join(found)} are in it; expected one {name}")
        if found:
            return found[0]
    return None


@contextlib.contextmanager
def _whole_zip(source: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise loading.DatasetError(f"{source}: {error}; expected a whole zip file without a password") from error


def rows(where: str, file: BinaryIO, columns: Sequence[str]) -> Iterator[Row]:
    """Each row of a table with a header: its place, for messages, and its text in `columns`, in that order.

    The file may have the columns in another order, more of them, quotes around a value, and either kind of line end.
    DatasetError if a column is missing or there twice, for another number of values in a row, decimal commas among
    them, for a value in a column without a name (but for the first, which may be an index), if there are no rows, or
    for UTF-16 or other separators than commas.
    """
    start = file.readline(LONGEST)
    images.expect_utf8(where, start)
    images.expect_commas(f"{where}, line 1", _text(start))
    header = [_text(name) for name in start.removeprefix(b"\xef\xbb\xbf").strip().split(b",")]
    missing = [name for name in columns if header.count(name) != 1]
    if missing:
        found = f"column {missing[0]} {header.count(missing[0])} times" if any(header) else "no header"
        raise loading.DatasetError(f"{where}, line 1: {found}; expected each of {_listed(columns)} once")
    order = [header.index(name) for name in columns]
    nameless = [i for i, name in enumerate(header) if i and not name]
    found_rows, empty = 0, False
    for row, line in enumerate(iter(lambda: file.readline(LONGEST), b"")):
        place = f"{where}, row {row} (0-based)"
        values = line.rstrip(b"\r\n").split(b",")
        if values == [b""]:
            empty = True
            continue
        if len(values) > len(header) and (number := DECIMAL_COMMA.search(line)):
            raise loading.DatasetError(f"{place}: {number[0].decode()}; expected a point instead of the decimal comma")
        if empty or len(values) != len(header) or len(line) == LONGEST:
            found = "after an empty line" if empty else f"{len(values)} values in {len(line):,} bytes"
            raise loading.DatasetError(f"{place}: {found}; expected {len(header)} values in every row")
        if any(values[i] for i in nameless):
            raise loading.DatasetError(f"{place}: a value in a column without a name; expected a name for each column")
        found_rows += 1
        yield place, [values[i].strip(b' "') for i in order]
    if not found_rows:
        raise loading.DatasetError(f"{where}: no rows; expected at least one under the header")


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns if len(columns) < 5 else [*columns[:2], "…", columns[-1]])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip(' "')


def point_values(place: str, values: Sequence[bytes], columns: Sequence[str]) -> list[float]:
    """The coordinates of a row, x and y in turn, NaN where both are empty or NaN.  DatasetError for anything else."""
    values = [b"" if value.lower() == b"nan" else value for value in values]
    given = [i for i, value in enumerate(values) if value]
    numbers = images.numbers([_text(values[i]) for i in given], place, [columns[i] for i in given])
    coordinates = [math.nan] * len(columns)
    for i, number in zip(given, numbers, strict=True):
        if not values[i ^ 1]:
            half = f"{columns[i ^ 1]}: empty, but {columns[i]} is {number:g}"
            raise loading.DatasetError(f"{place}, column {half}; expected both or neither")
        if abs(number) >= FARTHEST:
            raise loading.DatasetError(f"{place}, column {columns[i]}: {number:g}; expected pixels of a 96×96 image")
        coordinates[i] = number
    return coordinates


def whole_number(place: str, value: bytes, column: str) -> int:
    """The value of a column as an integer, at least 0.  DatasetError if it is something else."""
    if not value.isdigit() or len(value) > 18:
        raise loading.DatasetError(f"{place}, column {column}: {_text(value)!r}; expected a whole number")
    return int(value)


def store_pixels(path: pathlib.Path, texts: Iterable[tuple[str, bytes]]) -> int:
    """Writes the images (place, text) of all rows into `path`: uint8 (N, 96, 96, 1); returns N.

    Memory holds `BATCH` rows at a time.  DatasetError as from `pixels`.
    """

    def write_header(count: int) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, 96, 96, 1)}
        np.lib.format.write_array_header_1_0(file, header)  # of one length: NumPy leaves room for any count

    count, iterator = 0, iter(texts)
    with path.open("wb") as file:
        write_header(0)
        while batch := list(itertools.islice(iterator, BATCH)):
            file.write(pixels(batch).tobytes())
            count += len(batch)
        file.seek(0)
        write_header(count)
    return count


def pixels(texts: Sequence[tuple[str, bytes]]) -> np.ndarray:
    """(n, 9216) uint8: the images (place, text) of n rows, each 9,216 whole numbers from 0 to 255 between spaces.

    DatasetError with the place if a row has another number of them or anything else.
    """
    found = _plain_pixels([text for _, text in texts])
    return np.stack([_any_pixels(place, text) for place, text in texts]) if found is None else found


def _plain_pixels(texts: Sequence[bytes]) -> np.ndarray | None:
    """The pixels if every row is plain: numbers of one to three digits with one space between; None if one is not.

    All characters are read together.  The value of the number that ends at a character is its digit, 10 times the digit
    before and 100 times the one before that: a space counts as digit 0 (its low four bits are), and what stands before
    a space is not of this number.  The values at the ends, before each space, are the pixels.
    """
    characters = np.frombuffer(b" ".join([b" ", *texts, b""]), np.uint8)
    space = characters == SPACE
    before = np.flatnonzero(space)[1:]  # the space before each number, and the one after the last
    row_ends = 1 + np.cumsum([len(text) + 1 for text in texts])
    if len(before) != len(texts) * PIXELS + 1 or (before[PIXELS::PIXELS] != row_ends).any():
        return None
    lengths = np.diff(before) - 1
    digits = np.count_nonzero(characters - ZERO < 10)
    if lengths.min() < 1 or lengths.max() > 3 or digits + len(before) + 1 != len(characters):
        return None
    digit = characters & 15
    values = digit[2:].astype(np.uint16)
    values += digit[1:-1] * np.uint8(10)
    values += (digit[:-2] * ~space[1:-1]).astype(np.uint16) * np.uint16(100)
    numbers = values.take(before[1:] - 3)  # values[i] ends at character i + 2, the space follows
    return numbers.astype(np.uint8).reshape(-1, PIXELS) if numbers.max() <= 255 else None


def _any_pixels(place: str, text: bytes) -> np.ndarray:
    values = text.split()
    if len(values) != PIXELS:
        raise loading.DatasetError(f"{place}, column Image: {len(values):,} values; expected {PIXELS:,}")
    for i, value in enumerate(values):
        if not value.isdigit() or len(value.lstrip(b"0")) > 3 or int(value) > 255:
            raise loading.DatasetError(
                f"{place}, column Image, value {i} (0-based): {_text(value)!r}; expected a whole number from 0 to 255"
            )
    return np.array([int(value) for value in values], np.uint8)
