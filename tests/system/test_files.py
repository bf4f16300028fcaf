import errno

import pytest

from fkp_utils.system import files


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    files.write_text(path, "old")
    files.write_text(path, "new")
    assert path.read_text() == "new"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_a_full_disk_loses_nothing(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="No space left"), files.replacing(path) as new:
        new.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "folder"
    for content in ("old", "new"):
        with files.replacing(path, folder=True) as new:
            (new / f"{content}.txt").write_text(content)
    assert [entry.name for entry in path.iterdir()] == ["new.txt"]
    with pytest.raises(KeyError), files.replacing(path, folder=True) as new:
        (new / "half.txt").write_text("half")
        raise KeyError
    assert [entry.name for entry in path.iterdir()] == ["new.txt"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_file_never_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "precious.txt").write_text("precious")
    with pytest.raises(IsADirectoryError, match="tables: a folder; expected the path of a file"):
        files.write_text(tmp_path / "tables", "new")
    assert [entry.name for entry in tmp_path.rglob("*")] == ["tables", "precious.txt"]


def test_a_sealed_folder_is_whole_until_a_file_changes(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    assert not files.is_whole(tmp_path)
    files.seal(tmp_path)
    assert files.is_whole(tmp_path)
    (tmp_path / "a.txt").write_text("b")
    assert not files.is_whole(tmp_path)
