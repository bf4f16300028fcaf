import errno
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from fkp_utils import keypoints
from fkp_utils.datasets import imm, loading

NAMES = ["01-1m", "01-2m", "02-1f", "03-5f"]
HEAD = "#" * 70 + "\n#\n#    AAM Shape File\n#\n\n#\n# number of model points\n#\n58\n\n# format: <path#> ...\n#\n"
POINTS = np.random.default_rng(0).uniform(0.2, 0.8, (len(NAMES), 58, 2)).round(8)


def made(root, suffix=".jpg"):
    """Four images in the layout of the IMM face database; the last is grey."""
    for k, name in enumerate(NAMES):
        image = Image.new("RGB", (640, 480), (50 * k, 80, 90))
        (image.convert("L") if k == 3 else image).save(root / f"{name}{suffix}")
        more = " \t0 \t0 \t0" if k == 1 else ""
        rows = [f"0 \t4 \t{x:.8f} \t{y:.8f} \t{i} \t{max(0, i - 1)} \t{min(57, i + 1)}{more}"
                for i, (x, y) in enumerate(POINTS[k])]  # fmt: skip
        (root / f"{name}.asf").write_text(HEAD + "\n".join(rows) + f"\n\n#\n# host image\n#\n{name}{suffix}\n")
    (root / "readme.txt").write_text("IMM")
    return root


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".png"])
def test_points_are_relative_to_the_size(tmp_path, suffix):
    faces = imm.load(made(tmp_path, suffix))
    assert faces.images.shape == (4, 480, 640, 3)
    assert faces.keypoints is keypoints.IMM_58
    np.testing.assert_allclose(faces.points, POINTS * (640, 480), atol=1e-3)
    np.testing.assert_array_equal(faces.subject, [1, 1, 2, 3])
    np.testing.assert_array_equal(faces.attributes["image"], [1, 2, 1, 5])
    np.testing.assert_array_equal(faces.attributes["male"], [True, True, False, False])
    np.testing.assert_allclose(faces.images[1][0, 0], (50, 80, 90), atol=2)
    grey = faces.images[3]
    assert (grey[..., 0] == grey[..., 1]).all()


def test_litter_is_no_shape_and_capitals_are_letters(tmp_path):
    made(tmp_path)
    for name in ("._01-1m.asf", "._01-1m.jpg", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"Mac")
    for suffix in (".asf", ".jpg"):
        (tmp_path / f"02-1f{suffix}").rename(tmp_path / f"02-1f{suffix.upper()}")
    assert len(imm.load(tmp_path)) == 4
    assert len(imm.load(tmp_path / "01-1m.asf")) == 4


def test_a_limit_reads_the_first_names(tmp_path):
    faces = imm.load(made(tmp_path), limit=2)
    np.testing.assert_array_equal(faces.subject, [1, 1])
    with pytest.raises(ValueError, match="limit is -1; expected at least 1"):
        imm.load(tmp_path, limit=-1)


def _shape(old, new):
    return lambda root: change(root / "02-1f.asf", old, new)


def _first(k, axis):
    return f"{POINTS[2, k, axis]:.8f}"


def _truncated_image(root):
    path = root / "02-1f.jpg"
    path.write_bytes(path.read_bytes()[:-500])


def _another_size(root):
    Image.new("RGB", (320, 240)).save(root / "02-1f.jpg")


def _truncated_shape(root):
    path = root / "02-1f.asf"
    path.write_text("\n".join(path.read_text().splitlines()[:40]))


def _empty_shape(root):
    (root / "02-1f.asf").write_text("")


def _no_image(root):
    (root / "02-1f.jpg").unlink()


def _no_shape(root):
    (root / "02-1f.asf").unlink()


def _two_images(root):
    shutil.copy(root / "02-1f.jpg", root / "02-1f.png")


def _another_name(root):
    (root / "02-1f.asf").rename(root / "anna.asf")
    (root / "02-1f.jpg").rename(root / "anna.jpg")
    change(root / "anna.asf", "02-1f.jpg", "anna.jpg")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncated_image, r"02-1f.jpg: damaged image \(.*\); expected a whole one"),
        (_another_size, "02-1f.jpg: 320×240 pixels; expected 640×480"),
        (_truncated_shape, "02-1f.asf: 58 points announced, 27 found; expected 58"),
        (_empty_shape, "02-1f.asf: no points announced, 0 found; expected 58"),
        (_no_image, "02-1f.asf: no image beside it; expected one of .bmp"),
        (_no_shape, "02-1f.jpg: no labels beside it; expected 02-1f.asf"),
        (_two_images, "02-1f.asf: 02-1f.jpg and 02-1f.png beside it; expected one of"),
        (_another_name, "anna.asf: expected a name like 01-1m.asf"),
        (_shape("\n58\n", "\n57\n"), "02-1f.asf: 57 points announced, 58 found; expected 58"),
        (_shape(_first(0, 0), "0.3o"), "02-1f.asf, line 13, column x: '0.3o'; expected a number"),
        (_shape(_first(2, 1), "0,5"), "02-1f.asf, line 15, column y: '0,5'; expected a number"),
        (_shape(_first(2, 1), "nan"), "02-1f.asf, line 15, column y: 'nan'; expected a number"),
        (_shape(_first(2, 1), "240"), r"02-1f.asf: a point at \(.*, 115200\) px; expected one of 640×480 pixels"),
        (_shape(f"{_first(1, 0)} \t", ""), "02-1f.asf, line 14: 6 values; expected 7"),
        (_shape(" \t7 \t6 \t8", " \t6 \t6 \t8"), "02-1f.asf, line 20: point 6; expected point 7"),
        (_shape("02-1f.jpg", "02-2f.jpg"), "02-1f.asf, line 75: points of image 02-2f; expected 02-1f"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, own_cache, damage, message):
    damage(made(tmp_path))
    with pytest.raises(loading.DatasetError, match=message):
        imm.load(tmp_path)
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []


def test_an_empty_folder_is_not_found(tmp_path):
    message = f"IMM face database not found. Looked for NN-?[mf].asf beside NN-?[mf].jpg, .bmp or .png in {tmp_path}. "
    with pytest.raises(loading.DatasetError, match=re.escape(message + "How to get it: data/README.md")):
        imm.load(tmp_path)


def test_a_disk_without_room_leaves_nothing(tmp_path, own_cache, monkeypatch):
    made(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(OSError, match="GB free") as raised:
        imm.load(tmp_path)
    assert raised.value.errno == errno.ENOSPC
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []


def test_a_change_of_a_shape_is_seen(tmp_path):
    before = imm.fingerprint(made(tmp_path))
    imm.load(tmp_path)
    change(tmp_path / "01-1m.asf", f"{POINTS[0, 0, 0]:.8f}", "0.1")
    assert imm.fingerprint(tmp_path) != before
    assert imm.load(tmp_path).points[0, 0, 0] == 64


def test_the_real_photos(real):
    faces = imm.load(real("imm_face_db"))
    assert repr(faces) == "Faces(192 of 640×480×3 px, IMM_58, 100% of points given)"
    assert len(np.unique(faces.subject)) == 32
    np.testing.assert_array_equal(np.unique(faces.attributes["image"]), range(1, 7))
    index = keypoints.IMM_58.index
    assert (faces.points[:, index("left_eye_0"), 0] > faces.points[:, index("right_eye_0"), 0]).all()
    assert ((faces.points > 0) & (faces.points < (640, 480))).all()
