import os

import pytest

from fkp_utils.datasets import folders, loading


@pytest.mark.parametrize(
    ("name", "expected"),
    [("._face.pts", True), (".DS_Store", True), ("__MACOSX", True), ("Thumbs.db", True), (".ipynb_checkpoints", True)]
    + [("face.pts", False), ("_face.pts", False), ("thumbs", False)],
)
def test_what_systems_leave_beside_data_is_litter(name, expected):
    assert folders.is_litter(name) == expected


def test_contents_are_in_order_and_links_count_as_what_they_lead_to(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.pts").touch()
    (tmp_path / "._a.pts").touch()
    (tmp_path / "c").symlink_to(tmp_path / "b")
    (tmp_path / "d.pts").symlink_to(tmp_path / "a.pts")
    assert folders.contents(tmp_path) == (["a.pts", "d.pts"], ["b", "c"])


def test_a_folder_that_may_not_be_read_does_not_stop_the_search(tmp_path, monkeypatch):
    for name in ("closed", "lost+found", "kaggle"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "closed")
    assert folders.candidates(tmp_path) == [tmp_path, tmp_path / "kaggle"]
    monkeypatch.setattr(loading, "KAGGLE_INPUT", tmp_path / "nowhere")
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    assert folders.candidates(None) == [tmp_path, tmp_path / "kaggle"]
