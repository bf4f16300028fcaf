import errno
import os
import re
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from fkp_utils import keypoints
from fkp_utils.datasets import celeba, images, loading
from fkp_utils.system import places

BENCHMARK = places.CHECKOUT / "benchmarks" / "celeba_memory.py"
NAMES = [f"{number:06d}.jpg" for number in range(1, 7)]
POINTS = ["lefteye", "righteye", "nose", "leftmouth", "rightmouth"]
HEADER = [f"{point}_{axis}" for point in POINTS for axis in "xy"]
ROWS = [[70 + k, 112, 107 + k, 113, 89 + k, 133, 74 + k, 153, 105 + k, 154] for k in range(len(NAMES))]
PARTITION = [0, 0, 0, 1, 2, 2]
IDENTITY = [2880, 2937, 8692, 2880, 9295, 8692]


def made(root, folder="img_align_celeba", original=False, text=False, zipped=False):
    """Six grey images in CelebA's layout."""
    anno, evaluation, img = (root / part if original else root for part in ("Anno", "Eval", "Img"))
    pictures = img / folder
    for path in (anno, evaluation, pictures):
        path.mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(NAMES):
        Image.new("RGB", (178, 218), (40 * k, 40 * k, 10)).save(pictures / name, quality=95)
    suffix, separator = (".txt", " ") if text else (".csv", ",")

    def lines(rows):
        return [separator.join(map(str, [name, *row])) for name, row in zip(NAMES, rows, strict=True)]

    header = [str(len(NAMES)), " ".join(HEADER)] if text else [",".join(["image_id", *HEADER])]
    write(anno / f"list_landmarks_align_celeba{suffix}", header + lines(ROWS))
    write(evaluation / f"list_eval_partition{suffix}", ([] if text else ["image_id,partition"]) + lines(zip(PARTITION)))
    write(anno / "identity_CelebA.txt", [f"{name} {number}" for name, number in zip(NAMES, IDENTITY, strict=True)])
    if zipped:
        with zipfile.ZipFile(img / "img_align_celeba.zip", "w") as archive:
            for path in pictures.iterdir():
                archive.write(path, f"img_align_celeba/{path.name}")
        shutil.rmtree(pictures)
    return root


def write(path, lines):
    path.write_text("\n".join(lines) + "\n")


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"folder": "img_align_celeba/img_align_celeba"},
        {"original": True, "text": True},
        {"zipped": True},
        {"original": True, "text": True, "zipped": True},
    ],
    ids=str,
)
def test_every_layout_gives_the_same_faces(tmp_path, layout):
    faces = celeba.load(made(tmp_path, **layout))
    assert faces.images.shape == (6, 218, 178, 3)
    assert faces.keypoints is keypoints.CELEBA_5
    np.testing.assert_allclose(np.asarray(faces.images)[:, 100, 80, 0], 40 * np.arange(6), atol=2)
    np.testing.assert_array_equal(faces.points[2], [(109, 113), (72, 112), (91, 133), (107, 154), (76, 153)])
    np.testing.assert_array_equal(faces.attributes["partition"], PARTITION)
    np.testing.assert_array_equal(faces.subject, IDENTITY)


def test_a_zip_with_an_image_in_two_folders_is_refused(tmp_path):
    made(tmp_path, zipped=True)
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "a") as archive:
        archive.writestr("__MACOSX/img_align_celeba/._000001.jpg", b"Mac")
    assert len(celeba.load(tmp_path)) == 6
    assert len(celeba.load(tmp_path / "img_align_celeba.zip")) == 6
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "a") as archive:
        archive.writestr("000003.jpg", b"another")
    both = r"img_align_celeba/000003\.jpg and 000003\.jpg are in it; expected one 000003\.jpg"
    with pytest.raises(loading.DatasetError, match=both):
        celeba.load(tmp_path)


def test_quoted_values_and_an_index_in_front(tmp_path):
    expected = celeba.load(made(tmp_path)).points
    path = tmp_path / "list_landmarks_align_celeba.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    index = ["", *map(str, range(len(rows) - 1))]
    write(path, [",".join(f'"{value}"' for value in (k, *row)) for k, row in zip(index, rows, strict=True)])
    np.testing.assert_array_equal(celeba.load(tmp_path).points, expected)


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_and_encodings_are_named(tmp_path, separator, name):
    path = made(tmp_path) / "list_eval_partition.csv"
    text = path.read_text()
    path.write_text(text.replace(",", separator))
    with pytest.raises(loading.DatasetError, match=rf"partition\.csv: {name} between its values; expected commas"):
        celeba.load(tmp_path)
    path.write_text(text, encoding="utf-16")
    with pytest.raises(loading.DatasetError, match=r"partition\.csv: UTF-16 text; expected UTF-8"):
        celeba.load(tmp_path)


def test_left_is_the_subjects_left(tmp_path):
    """The file's `lefteye` has the smaller x; the subject's left eye lies on the right of the image."""
    points = celeba.load(made(tmp_path)).points
    index = keypoints.CELEBA_5.index
    assert (points[:, index("left_eye"), 0] > points[:, index("right_eye"), 0]).all()
    assert (points[:, index("mouth_left"), 0] > points[:, index("mouth_right"), 0]).all()


def test_a_limit_reads_the_first_rows_of_the_table(tmp_path):
    faces = celeba.load(made(tmp_path), limit=2)
    assert len(faces) == 2
    np.testing.assert_array_equal(faces.subject, IDENTITY[:2])
    assert len(celeba.load(tmp_path, limit=100)) == 6
    with pytest.raises(ValueError, match="limit is 0; expected at least 1"):
        celeba.load(tmp_path, limit=0)


def test_files_that_were_downloaded_twice_are_what_they_were(tmp_path):
    made(tmp_path)
    for old, new in (
        ("identity_CelebA.txt", "Identity_CelebA (1).txt"),
        ("list_landmarks_align_celeba.csv", "list_landmarks_align_celeba (2).CSV"),
    ):
        (tmp_path / old).rename(tmp_path / new)
    faces = celeba.load(tmp_path)
    np.testing.assert_array_equal(faces.subject, IDENTITY)
    np.testing.assert_array_equal(faces.attributes["partition"], PARTITION)


def test_without_partition_and_identity(tmp_path):
    made(tmp_path)
    (tmp_path / "list_eval_partition.csv").unlink()
    (tmp_path / "identity_CelebA.txt").unlink()
    faces = celeba.load(tmp_path)
    assert faces.subject is None
    assert dict(faces.attributes) == {}


def test_images_are_decoded_once_and_again_when_one_has_changed(tmp_path, monkeypatch):
    calls = []
    store = images.store
    monkeypatch.setattr(images, "store", lambda *arguments: calls.append(1) or store(*arguments))
    made(tmp_path)
    before = celeba.fingerprint(tmp_path)
    celeba.load(tmp_path)
    celeba.load(tmp_path)
    assert len(calls) == 1
    Image.new("RGB", (178, 218), (250, 0, 0)).save(tmp_path / "img_align_celeba" / NAMES[0])
    assert celeba.fingerprint(tmp_path) != before
    assert celeba.load(tmp_path).images[0].mean() > 80
    assert len(calls) == 2


def _truncated_image(root):
    path = root / "img_align_celeba" / NAMES[3]
    path.write_bytes(path.read_bytes()[:-300])


def _no_image(root):
    (root / "img_align_celeba" / NAMES[3]).write_text("<html>404</html>")


def _another_size(root):
    Image.new("RGB", (178, 217)).save(root / "img_align_celeba" / NAMES[3])


def _missing_image(root):
    (root / "img_align_celeba" / NAMES[3]).unlink()


def _no_images(root):
    for path in (root / "img_align_celeba").iterdir():
        path.unlink()


def _rows(old, new):
    return lambda root: change(root / "list_landmarks_align_celeba.csv", old, new)


def _partition(old, new):
    return lambda root: change(root / "list_eval_partition.csv", old, new)


def _identity(old, new):
    return lambda root: change(root / "identity_CelebA.txt", old, new)


def _no_rows(root):
    write(root / "list_landmarks_align_celeba.csv", [",".join(["image_id", *HEADER])])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncated_image, r"000004.jpg: damaged image \(.*truncated.*\); expected a whole one"),
        (_no_image, "000004.jpg: not an image; expected a JPEG, PNG or BMP file"),
        (_another_size, "000004.jpg: 178×217 pixels; expected 178×218"),
        (_missing_image, r"celeba.csv: 000004.jpg not found; expected it among the 5 in .*img_align_celeba"),
        (_no_images, "000001.jpg not found; expected it among the 0 in"),
        (_no_rows, "list_landmarks_align_celeba.csv: no rows; expected one for each image"),
        (_rows("000004.jpg,73,112", "000004.jpg,73,1l2"), "line 5, column lefteye_y: '1l2'; expected a number"),
        (_rows("000004.jpg,73,", '000004.jpg,"73,0",'), "line 5, column lefteye_x: '73,0'; expected a number"),
        (_rows("000004.jpg,73,", "000004.jpg,nan,"), "line 5, column lefteye_x: 'nan'; expected a number"),
        (_rows("000004.jpg,73,", "000004.jpg,7_3,"), "line 5, column lefteye_x: '7_3'; expected a number"),
        (
            _rows("000004.jpg,73,", "000004.jpg,99999,"),
            r"celeba.csv, 000004.jpg: a point at \(99999, 112\) px; expected one of 178×218 pixels",
        ),
        (_rows("000004.jpg,73,", "000004.jpg,"), "celeba.csv, line 5: 9 values; expected 10"),
        (_rows("000004.jpg,73,", "000003.jpg,73,"), "line 5: 000003.jpg for the second time; expected one row"),
        (_rows("000006.jpg,", "000007.jpg,"), "000007.jpg not found; expected it among the 6 in"),
        (_rows("nose_x,nose_y,", "nose_x,"), "line 1: columns image_id, .*; expected image_id, lefteye_x"),
        (_rows("000006.jpg,75,112,112,113,94,133,79,153,110,154", ""), "000006.jpg not found; .* among the 5 rows of"),
        (_partition("000004.jpg,1", "000004.jpg,3"), "partition.csv, 000004.jpg: partition 3; expected 0, 1 or 2"),
        (_partition("000004.jpg,1", "000004.jpg,?"), r"line 5, column partition: '\?'; expected a number"),
        (_partition("000004.jpg,1", "000009.jpg,1"), "partition.csv: no row for 000004.jpg; expected one"),
        (_identity("8692", "86.5"), "identity_CelebA.txt, 000003.jpg: subject 86.5; expected a whole number"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, own_cache, damage, message):
    damage(made(tmp_path))
    with pytest.raises(loading.DatasetError, match=message):
        celeba.load(tmp_path)
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []


def test_a_text_file_that_ends_early_is_refused(tmp_path):
    made(tmp_path, text=True)
    path = tmp_path / "list_landmarks_align_celeba.txt"
    write(path, path.read_text().splitlines()[:-1])
    with pytest.raises(loading.DatasetError, match="line 1: '6' rows announced, 5 found; expected all"):
        celeba.load(tmp_path)


@pytest.mark.parametrize("keep", [-30, 2000])
def test_a_truncated_zip_is_refused(tmp_path, keep):
    path = made(tmp_path, zipped=True) / "img_align_celeba.zip"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(loading.DatasetError, match=r"img_align_celeba.zip: .*; expected a whole zip file"):
        celeba.load(tmp_path)


def test_a_damaged_zip_is_refused_with_the_member(tmp_path):
    path = made(tmp_path, zipped=True) / "img_align_celeba.zip"
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"img_align_celeba/{NAMES[2]}")
    middle = info.header_offset + 100 + info.compress_size // 2
    content[middle : middle + 8] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(loading.DatasetError, match=r"img_align_celeba.zip, img_align_celeba/000003.jpg: Bad CRC-32"):
        celeba.load(tmp_path)


def test_without_files_the_error_says_what_where_and_how(tmp_path):
    made(tmp_path)
    (tmp_path / "list_landmarks_align_celeba.csv").unlink()
    expected = (
        "CelebA not found. Looked for img_align_celeba/ or img_align_celeba.zip with list_landmarks_align_celeba.csv "
        f"or list_landmarks_align_celeba.txt in {tmp_path}. How to get it: data/README.md"
    )
    with pytest.raises(loading.DatasetError, match=re.escape(expected)):
        celeba.load(tmp_path)


def test_a_disk_without_room_leaves_nothing(tmp_path, own_cache, monkeypatch):
    made(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(OSError, match=r"0\.0 GB free; FKP_CACHE may name a folder with more room") as raised:
            celeba.load(tmp_path)
    assert raised.value.errno == errno.ENOSPC
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []
    assert len(celeba.load(tmp_path)) == 6


def test_a_write_that_fails_leaves_nothing(tmp_path, own_cache, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space left"):
            celeba.load(tmp_path)
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []
    assert len(celeba.load(tmp_path)) == 6


def test_a_damaged_cache_is_built_again(tmp_path, own_cache):
    made(tmp_path)
    before = np.asarray(celeba.load(tmp_path).images)
    (stored,) = own_cache.rglob("images.npy")
    content = bytearray(stored.read_bytes())
    content[5000] ^= 255
    stored.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged; it is built again"):
        faces = celeba.load(tmp_path)
    np.testing.assert_array_equal(faces.images, before)


def test_the_images_are_never_in_memory_all_at_once():
    """A batch is 30 MB and 2,500 images are 291 MB."""
    done = subprocess.run([sys.executable, BENCHMARK, "--images", "2500"], capture_output=True, text=True, check=True)
    assert "2,500 images, 291 MB of pixels" in done.stdout
    growth = float(done.stdout.split("celeba_growth_mb")[1])
    assert growth < 180


def test_the_real_photos(real):
    faces = celeba.load(real("celeba_layout"))
    assert repr(faces) == "Faces(1,500 of 178×218×3 px, CELEBA_5, 100% of points given)"
    spread = faces.points.std(0)
    assert spread.max() < 12  # aligned: the eyes lie nearly still
    np.testing.assert_allclose(faces.points[:, :2].mean((0, 1)), (89, 111), atol=3)
    assert set(faces.attributes["partition"]) <= {0, 1, 2}
    assert len(np.unique(faces.select(slice(0, 50)).image_groups)) == 50
    assert len(celeba.load(real("celeba_layout"), limit=20)) == 20
