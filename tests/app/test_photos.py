import numpy as np
import pytest
from PIL import Image

from fkp_utils.app import photos
from tests.helpers import exif

RAMP = np.add.outer(np.arange(0, 120, 10), np.arange(0, 128, 8)).astype(np.uint8)  # (12, 16), darkest at top left
COLOUR = np.repeat(RAMP[..., None], 3, axis=2)
# What turns the stored picture upright, for each EXIF orientation.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_the_orientation_is_obeyed(orientation, tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "turned.png", exif=exif.odd(orientation))
    np.testing.assert_array_equal(photos.read(tmp_path / "turned.png"), UPRIGHT[orientation](COLOUR))
    with Image.open(tmp_path / "turned.png") as picture:
        np.testing.assert_array_equal(photos.read(picture), UPRIGHT[orientation](COLOUR))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_are_divided_by_257(suffix, tmp_path):
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(path)
    np.testing.assert_array_equal(photos.read(path), COLOUR)
    for order in "<>":
        np.testing.assert_array_equal(photos.read((RAMP.astype(np.uint16) * 257).astype(f"{order}u2")), COLOUR)
    Image.fromarray(RAMP.astype(np.uint16)).save(path)  # so dark that nothing is seen
    with pytest.raises(ValueError, match=rf"deep\.{suffix}: levels from 0 to 1 of 255 show no face"):
        photos.read(path)


def test_integers_of_32_bits_are_taken_as_8_or_16(tmp_path):
    path = tmp_path / "deep.tiff"
    for factor in (1, 257):
        Image.fromarray(RAMP.astype(np.int32) * factor).save(path)
        np.testing.assert_array_equal(photos.read(path), COLOUR)
    Image.fromarray(RAMP.astype(np.int32) * 1000).save(path)
    with pytest.raises(ValueError, match=r"deep\.tiff has values outside 0 to 255"):
        photos.read(path)


def test_decimals_are_of_0_to_1_or_of_0_to_255(tmp_path):
    path = tmp_path / "decimals.tiff"
    for levels in (RAMP.astype(np.float32), RAMP.astype(np.float32) / 255):
        Image.fromarray(levels).save(path)
        np.testing.assert_array_equal(photos.read(path), COLOUR)
        np.testing.assert_array_equal(photos.read(levels), COLOUR)
    for wrong in (RAMP - 5.0, RAMP * 10.0, np.where(RAMP > 100, np.nan, RAMP)):
        Image.fromarray(wrong.astype(np.float32)).save(path)
        for photo in (path, wrong):
            with pytest.raises(ValueError, match="values outside 0 to 255"):
                photos.read(photo)


def test_alpha_is_dropped_and_palettes_are_looked_up(tmp_path):
    alpha = np.dstack([COLOUR, np.where(RAMP > 60, 255, 0).astype(np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    Image.fromarray(RAMP).convert("P").save(tmp_path / "palette.png", transparency=0)
    Image.fromarray(RAMP).save(tmp_path / "palette.gif")
    Image.fromarray(np.dstack([RAMP, alpha[..., 3]])).save(tmp_path / "grey.png")
    for photo in (alpha, *map(tmp_path.joinpath, ("alpha.png", "palette.png", "palette.gif", "grey.png"))):
        np.testing.assert_array_equal(photos.read(photo), COLOUR)


@pytest.mark.parametrize("kind", [RAMP, RAMP[..., None], COLOUR, RAMP.astype(int), RAMP > 60, Image.fromarray(RAMP)])
def test_arrays_and_pictures(kind):
    found = photos.read(kind)
    assert (found.shape, found.dtype) == (COLOUR.shape, np.uint8)
    np.testing.assert_array_equal(
        found, (COLOUR > 60) * 255 if getattr(kind, "dtype", None) == np.dtype(bool) else COLOUR
    )


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.moveaxis(COLOUR, -1, 0), r"shape \(3, 12, 16\) has its channels first; move them"),
        (RAMP[None], r"shape \(1, 12, 16\) has its channels first"),
        (np.moveaxis(COLOUR, -1, 0)[None], r"shape \(1, 3, 12, 16\) has its channels first"),
        (np.zeros((12, 16, 2)), r"shape \(12, 16, 2\); expected \(H, W\)"),
        (np.zeros((0, 16)), r"shape \(0, 16\)"),
        (COLOUR[None], r"shape \(1, 12, 16, 3\); expected \(H, W\)"),
        (RAMP.astype(complex), "values outside 0 to 255"),
        (np.zeros((12, 16)), "levels from 0 to 0 of 255 show no face"),
    ],
)
def test_arrays_that_are_no_photo(array, message):
    with pytest.raises(ValueError, match=message):
        photos.read(array)


def _png(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(path, "PNG")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda png: b"", "photo.png: the file is empty"),
        (lambda png: png[: len(png) // 2], "photo.png: the picture is damaged"),
        (lambda png: png[:20], "photo.png: (the picture is damaged|no picture that is known)"),
        (lambda png: b"text", "photo.png: no picture that is known"),
        (lambda png: b"P2 2 1 255 7 x", "photo.png: the picture is damaged"),
        (lambda png: b"\0\0\0\x18ftypheic" + bytes(40), "photo.png: a HEIC picture, which is not read"),
        (lambda png: b"version https://git-lfs.github.com/spec/v1\noid", "photo.png: a Git LFS pointer"),
    ],
)
def test_files_that_are_no_photo_are_named(content, message, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(content(_png(path)))
    with pytest.raises(ValueError, match=message):
        photos.read(path)


def test_folders_and_missing_files(tmp_path):
    with pytest.raises(ValueError, match="a folder; expected the file of a picture"):
        photos.read(tmp_path)
    with pytest.raises(FileNotFoundError):
        photos.read(tmp_path / "nowhere.png")


@pytest.mark.parametrize("side", [9500, 14000])
def test_a_small_file_of_a_huge_picture_is_not_decoded(side, tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (side, side)).save(path)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ValueError, match=r"bomb\.png: .*90,000,000"):
        photos.read(path)
