import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fkp_utils import faces, keypoints
from fkp_utils.datasets import landmarks68, loading
from tests.helpers import exif

NAMES = ["Ann_Lee_00.jpg", "Ann_Lee_01.jpg", "Bob_7.jpg"]
SIZES = [(100, 200), (224, 224), (300, 150)]  # width, height
POINTS = [np.random.default_rng(k).uniform(10, 90, (68, 2)).round(2) for k in range(3)]


def made(root, tested=False):
    """Frames of three sizes with their table, and two test frames with or without one."""
    for part, names in (("training", NAMES), ("test", NAMES[1:])):
        (root / part).mkdir()
        for name in names:
            Image.new("RGB", SIZES[NAMES.index(name)], (200, 100, 50)).save(root / part / name)
        if part == "training" or tested:
            rows = [",".join([name, *map(str, POINTS[NAMES.index(name)].ravel())]) for name in names]
            header = "," + ",".join(map(str, range(136)))
            (root / f"{part}_frames_keypoints.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def made_pts(root, folders=("helen/trainset", "helen/testset", "ibug")):
    """An image with a .pts file in each folder, as in 300-W."""
    for k, folder in enumerate(folders):
        (root / folder).mkdir(parents=True)
        Image.new("RGB", (224, 224), (200, 100, 50)).save(root / folder / f"image_{k}.png")
        rows = "\n".join(f"{x} {y}" for x, y in POINTS[k] + 1)
        (root / folder / f"image_{k}.pts").write_text(f"version: 1\nn_points:  68\n{{\n{rows}\n}}\n")
    return root


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_frames_are_fitted_and_their_points_move_along(tmp_path):
    some = landmarks68.load(made(tmp_path))
    assert some.images.shape == (3, 224, 224, 3)
    assert some.keypoints is keypoints.LANDMARKS_68
    np.testing.assert_allclose(some.points[1], POINTS[1], atol=1e-4)  # has the size already
    tall = (POINTS[0] + 0.5) * 224 / 200 + (56, 0) - 0.5  # 100×200 becomes 112×224, centred
    np.testing.assert_allclose(some.points[0], tall, atol=1e-4)
    wide = (POINTS[2] + 0.5) * 224 / 300 + (0, 56) - 0.5
    np.testing.assert_allclose(some.points[2], wide, atol=1e-4)
    assert (some.images[0][:, :56] == 0).all()
    np.testing.assert_allclose(some.images[0][112, [57, 166]], [(200, 100, 50)] * 2, atol=3)


def test_a_point_stays_on_what_it_marks(tmp_path):
    """A white spot in a wide frame is found where its point goes."""
    made(tmp_path)
    x, y = 210, 61
    image = np.zeros((150, 300, 3), np.uint8)
    image[y - 4 : y + 5, x - 4 : x + 5] = 255
    Image.fromarray(image).save(tmp_path / "training" / "Bob_7.jpg", quality=95)
    before = f"Bob_7.jpg,{POINTS[2][0, 0]},{POINTS[2][0, 1]},"
    change(tmp_path / "training_frames_keypoints.csv", before, f"Bob_7.jpg,{x},{y},")
    some = landmarks68.load(tmp_path, size=(96, 128))
    grey = some.images[2].astype(float).mean(2)
    rows, columns = np.mgrid[:96, :128]
    centre = [(columns * grey).sum() / grey.sum(), (rows * grey).sum() / grey.sum()]
    np.testing.assert_allclose(some.points[2, 0], centre, atol=0.1)


@given(st.tuples(st.integers(1, 4000), st.integers(1, 4000)), st.tuples(st.integers(1, 500), st.integers(1, 500)))
def test_a_placement_fills_one_side_and_is_centred(original, size):
    left, top, width, height = landmarks68.placement(original, size)
    assert width == size[1] or height == size[0]
    assert 0 <= size[1] - width - 2 * left <= 1
    assert 0 <= size[0] - height - 2 * top <= 1
    scale = min(size[1] / original[0], size[0] / original[1])
    np.testing.assert_allclose((width, height), np.maximum(1, np.array(original) * scale), atol=0.51)


def test_subjects_are_the_same_in_both_parts(tmp_path):
    training = landmarks68.load(made(tmp_path))
    test = landmarks68.load(tmp_path, part="test")
    assert training.subject[0] == training.subject[1] != training.subject[2]
    np.testing.assert_array_equal(test.subject, training.subject[1:])


@pytest.mark.parametrize("tested", [False, True])
def test_the_test_part_has_points_where_it_has_a_table(tmp_path, tested):
    test = landmarks68.load(made(tmp_path, tested), part="test")
    assert len(test) == 2
    assert test.given.all() == tested
    assert test.given.any() == tested


def test_pts_files_count_from_1_and_have_a_usual_split(tmp_path):
    training = landmarks68.load(made_pts(tmp_path))
    np.testing.assert_allclose(training.points, [POINTS[0]], atol=1e-4)
    assert training.subject is None
    test = landmarks68.load(tmp_path, part="test")
    np.testing.assert_allclose(test.points, POINTS[1:], atol=1e-4)


def test_a_folder_that_becomes_one_of_test_faces_takes_them_along(tmp_path):
    made_pts(tmp_path, ("helen/trainset", "lfpw/more/inner"))
    assert len(landmarks68.load(tmp_path)) == 2
    before = landmarks68.fingerprint(tmp_path)
    (tmp_path / "lfpw/more").rename(tmp_path / "lfpw/testset")
    assert landmarks68.fingerprint(tmp_path) != before
    assert len(landmarks68.load(tmp_path)) == len(landmarks68.load(tmp_path, part="test")) == 1


TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,  # stored so, it is turned by 270° to be seen upright
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("layout", [made, made_pts])
def test_points_are_those_of_the_upright_picture(tmp_path, layout, orientation):
    """A white spot in a picture that a phone has stored turned is found where its point is."""
    layout(tmp_path)
    x, y = 66, 31
    levels = np.zeros((150, 120, 3), np.uint8)
    levels[y - 3 : y + 4, x - 3 : x + 4] = 255
    stored = Image.fromarray(levels).transpose(TURNED[orientation])
    if layout is made:
        stored.save(tmp_path / "training" / NAMES[0], quality=95, exif=exif.odd(orientation))
        before = f"{NAMES[0]},{POINTS[0][0, 0]},{POINTS[0][0, 1]},"
        change(tmp_path / "training_frames_keypoints.csv", before, f"{NAMES[0]},{x},{y},")
    else:
        stored.save(tmp_path / "helen/trainset/image_0.png", exif=exif.odd(orientation))
        old = " ".join(map(str, POINTS[0][0] + 1))
        change(tmp_path / "helen/trainset/image_0.pts", old, f"{x + 1} {y + 1}")
    some = landmarks68.load(tmp_path, size=(150, 120))
    np.testing.assert_allclose(some.points[0, 0], (x, y), atol=1e-4)
    rows, columns = np.nonzero(some.images[0].mean(2) > 128)
    np.testing.assert_allclose((columns.mean(), rows.mean()), (x, y), atol=0.5)


def test_points_of_the_picture_as_it_is_stored_are_refused(tmp_path):
    made_pts(tmp_path)
    Image.new("RGB", (224, 40)).save(tmp_path / "ibug/image_2.png", exif=exif.odd(6))
    message = (
        r"image_2\.png: points around \(\d+, \d+\) in 40×224 pixels; expected points of the picture as people see it"
    )
    with pytest.raises(loading.DatasetError, match=message):
        landmarks68.load(tmp_path, part="test")


def test_a_picture_of_16_bits_is_refused(tmp_path):
    made_pts(tmp_path)
    Image.fromarray(np.full((224, 224), 9000, np.uint16)).save(tmp_path / "ibug/image_2.png")
    with pytest.raises(loading.DatasetError, match=r"image_2\.png: levels of more than 8 bits"):
        landmarks68.load(tmp_path, part="test")


def test_unreadable_exif_data_say_nothing(tmp_path):
    made(tmp_path)
    Image.new("RGB", SIZES[0]).save(tmp_path / "training" / NAMES[0], exif=b"Exif\0\0no exif at all")
    assert len(landmarks68.load(tmp_path)) == 3


def test_folders_behind_links_are_read_once(tmp_path):
    made_pts(tmp_path / "elsewhere", ("lfpw/trainset", "somewhere/ibug"))
    made_pts(tmp_path / "300w", ("helen/trainset",))
    for name, target in (("lfpw", "lfpw"), ("again", "lfpw"), ("mine", "somewhere/ibug")):
        (tmp_path / "300w" / name).symlink_to(tmp_path / "elsewhere" / target)
    (tmp_path / "300w" / "helen" / "round").symlink_to(tmp_path / "300w")
    assert len(landmarks68.load(tmp_path / "300w")) == 2
    assert len(landmarks68.load(tmp_path / "300w", part="test")) == 1


def test_mirrored_copies_without_points_are_left_out_and_counted(tmp_path):
    made_pts(tmp_path)
    for folder, name in (("helen/trainset", "image_0"), ("ibug", "image_2")):
        Image.new("RGB", (224, 224)).save(tmp_path / folder / f"{name}_mirror.jpg")
    with pytest.warns(UserWarning, match=f"^{re.escape(str(tmp_path))}: 2 mirrored copies without .pts are left out$"):
        assert len(landmarks68.load(tmp_path)) == 1
    (tmp_path / "ibug" / "image_2_mirror.jpg").rename(tmp_path / "ibug" / "other_mirror.jpg")
    with pytest.raises(
        loading.DatasetError, match=r"other_mirror\.jpg: no labels beside it; expected other_mirror\.pts"
    ):
        landmarks68.load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [("n_points:  68\n{", "n_points: 68 {"), ("version", "// by hand\n# twice\n\nversion"), ("\n}", "} // the end")],
)
def test_pts_files_as_people_write_them(tmp_path, old, new):
    path = made_pts(tmp_path) / "helen/trainset/image_0.pts"
    change(path, old, new)
    np.testing.assert_allclose(landmarks68.points(path), POINTS[0], atol=1e-9)


def test_litter_is_no_face_and_capitals_are_letters(tmp_path):
    made_pts(tmp_path)
    for name in ("._image_0.pts", "._image_0.png", ".DS_Store", "Thumbs.db"):
        (tmp_path / "helen/trainset" / name).write_bytes(b"Mac")
    for folder in ("__MACOSX", ".ipynb_checkpoints", "lost+found"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "image_0.pts").write_bytes(b"Mac")
    for suffix in (".pts", ".png"):
        (tmp_path / f"helen/trainset/image_0{suffix}").rename(tmp_path / f"helen/trainset/image_0{suffix.upper()}")
    assert len(landmarks68.load(tmp_path)) == 1
    assert len(landmarks68.load(tmp_path, part="test")) == 2


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["001.jpg", "002.jpg", "003.jpg"], None),
        (["IMG_2040.jpg", "IMG_2041.jpg", "DSC00012.jpg"], None),
        (["T_Boone_Pickens_01.jpg", "T_Boone_Pickens_02.jpg", "IMG_2041.jpg"], 2),
        (["Carrie-Anne_Moss_01.jpg", "IMG_2040.jpg", "IMG_2041.jpg"], 3),
        (["Émile_Zola_01.jpg", "E\N{COMBINING ACUTE ACCENT}mile_Zola_02.jpg", "T_Boone_Pickens_01.jpg"], 2),
        (["my_face_01.jpg", "my_face_02.jpg", "Émile_Zola_01.jpg"], 3),
    ],
)
def test_a_subject_is_read_from_names_of_its_form(tmp_path, names, groups):
    made(tmp_path)
    table = tmp_path / "training_frames_keypoints.csv"
    for old, new in zip(NAMES, names, strict=True):
        (tmp_path / "training" / old).rename(tmp_path / "training" / new)
        change(table, f"{old},", f"{new},")
    some = landmarks68.load(tmp_path)
    assert (some.subject is None) if groups is None else len(np.unique(some.subject)) == groups


def test_a_table_with_quotes_and_an_index_in_front(tmp_path):
    table = made(tmp_path) / "training_frames_keypoints.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    index = ["", *map(str, range(len(rows) - 1))]
    quoted = [",".join(f'"{value}"' for value in (k, *row)) for k, row in zip(index, rows, strict=True)]
    table.write_text("\n".join(quoted))
    np.testing.assert_allclose(landmarks68.load(tmp_path).points[1], POINTS[1], atol=1e-4)


def test_limit_part_and_size_are_checked(tmp_path):
    assert len(landmarks68.load(made(tmp_path), limit=2)) == 2
    for wrong, message in (
        ({"limit": 0}, "limit is 0; expected at least 1"),
        ({"part": "dev"}, "part is 'dev'; expected 'training' or 'test'"),
        ({"size": (0, 5)}, r"size is \(0, 5\); expected \(height, width\)"),
    ):
        with pytest.raises(ValueError, match=message):
            landmarks68.load(tmp_path, **wrong)


def _table(old, new):
    return lambda root: change(root / "training_frames_keypoints.csv", old, new)


def _truncated_image(root):
    path = root / "training" / "Bob_7.jpg"
    path.write_bytes(path.read_bytes()[:-100])


def _missing_image(root):
    (root / "training" / "Bob_7.jpg").unlink()


def _missing_row(root):
    path = root / "training_frames_keypoints.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))


def _no_rows(root):
    path = root / "training_frames_keypoints.csv"
    path.write_text(path.read_text().splitlines()[0])


def _empty_table(root):
    (root / "training_frames_keypoints.csv").write_text("")


def _no_folder(root):
    (root / "training").rename(root / "train")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncated_image, r"Bob_7.jpg: damaged image \(.*\); expected a whole one"),
        (_missing_image, r"keypoints.csv: Bob_7.jpg not found; expected it among the 2 in .*training"),
        (_missing_row, r"training: Bob_7.jpg not found; expected it among the 2 rows of .*keypoints.csv"),
        (_no_rows, "keypoints.csv: no rows; expected one for each image"),
        (_empty_table, "keypoints.csv, line 1: [01] columns; expected 137: file name, x and y of 68 points"),
        (_no_folder, "training not found; expected the frames of part 'training' there"),
        (_table(",135\n", "\n"), "keypoints.csv, line 1: 136 columns; expected 137"),
        (_table(f"Ann_Lee_01.jpg,{POINTS[1][0, 0]},", "Ann_Lee_01.jpg,12,5,"), "line 3: 137 values; expected 136"),
        (_table(f"Ann_Lee_01.jpg,{POINTS[1][0, 0]},", "Ann_Lee_01.jpg,x,"), "line 3, column 0: 'x'; expected a number"),
        (_table(f"Ann_Lee_01.jpg,{POINTS[1][0, 0]},", 'Ann_Lee_01.jpg,"1,5",'), "column 0: '1,5'; expected a number"),
        (_table("Ann_Lee_01.jpg", "Ann_Lee_00.jpg"), "line 3: Ann_Lee_00.jpg for the second time; expected one row"),
    ],
)
def test_what_is_wrong_with_frames_is_said_with_its_place(tmp_path, own_cache, damage, message):
    damage(made(tmp_path))
    with pytest.raises(loading.DatasetError, match=message):
        landmarks68.load(tmp_path)
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []


def _pts(old, new):
    return lambda path: change(path, old, new)


def _first_lines(path):
    path.write_text("\n".join(path.read_text().splitlines()[:30]))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_text(""), "image_0.pts: no points announced, 0 found; expected 68"),
        (_first_lines, "image_0.pts: 68 points announced, 26 found; expected 68"),
        (_pts("68", "51"), "image_0.pts: 51 points announced, 68 found; expected 68"),
        (_pts("{", "("), r"points between '\(' and '}'; expected braces"),
        (_pts(f"{POINTS[0][0, 0] + 1} ", "1,5 "), "image_0.pts, line 4, column x: '1,5'; expected a number"),
        (_pts(f"{POINTS[0][0, 0] + 1} ", "999 "), r"image_0.png: a point at \(998, .*\) px; expected one of 224×224"),
        (_pts(f"{POINTS[0][1, 0] + 1} ", ""), "image_0.pts, line 5: 1 values; expected 2"),
        (lambda path: path.with_suffix(".png").unlink(), "image_0.pts: no image beside it"),
        (lambda path: path.rename(path.with_name("other.pts")), "other.pts: no image beside it"),
    ],
)
def test_what_is_wrong_with_pts_files_is_said_with_its_place(tmp_path, damage, message):
    damage(made_pts(tmp_path) / "helen/trainset/image_0.pts")
    with pytest.raises(loading.DatasetError, match=message):
        landmarks68.load(tmp_path)


def test_a_part_without_faces_is_an_error(tmp_path):
    made_pts(tmp_path / "pts", ["lfpw/trainset"])
    with pytest.raises(loading.DatasetError, match="no faces of part 'test'; all 1 are of the other part"):
        landmarks68.load(tmp_path / "pts", part="test")
    made(tmp_path)
    for path in (tmp_path / "test").iterdir():
        path.unlink()
    with pytest.raises(loading.DatasetError, match="test: no images; expected some of"):
        landmarks68.load(tmp_path, part="test")


def test_an_empty_folder_is_not_found(tmp_path):
    message = (
        "68 points not found. Looked for training_frames_keypoints.csv with training/ and test/, or .pts files beside "
        f"images in {tmp_path}. How to get it: data/README.md"
    )
    with pytest.raises(loading.DatasetError, match=re.escape(message)):
        landmarks68.load(tmp_path)


def test_the_real_photos(real):
    root = real("landmarks68")
    some = landmarks68.load(root, size=(96, 96))
    assert repr(some) == "Faces(2,754 of 96×96×3 px, LANDMARKS_68, 100% of points given)"
    few = some.to(keypoints.KAGGLE_15)
    assert (few.points[:, 0, 0] > few.points[:, 1, 0]).mean() > 0.99  # the subject's left eye lies on the right
    test = landmarks68.load(root, part="test", size=(96, 96))
    assert not test.given.any()
    assert not set(test.subject) & set(some.subject)
    assert isinstance(some.images, faces.StoredImages)
