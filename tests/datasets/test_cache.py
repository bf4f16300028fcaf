import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from fkp_utils.datasets import cache
from fkp_utils.system import files


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "input.csv"
    path.write_text("1,2,3")
    return path


class Builder:
    def __init__(self):
        self.calls = 0

    def __call__(self, folder):
        self.calls += 1
        np.save(folder / "values.npy", np.arange(1000))


def test_it_is_built_once(source):
    build = Builder()
    folders = {cache.cached("made", [source], 1, build) for _ in range(3)}
    assert build.calls == 1
    np.testing.assert_array_equal(np.load(folders.pop() / "values.npy"), np.arange(1000))


def test_another_content_or_version_is_built_again(source):
    build = Builder()
    first = cache.cached("made", [source], 1, build)
    assert cache.cached("made", [source], 2, build) != first
    source.write_text("1,2,4")
    os.utime(source, ns=(1, 1))
    assert cache.cached("made", [source], 1, build) != first
    assert build.calls == 3


def test_the_same_content_with_another_time_is_not_built_again(source):
    build = Builder()
    first = cache.cached("made", [source], 1, build)
    os.utime(source, ns=(1, 1))
    assert cache.cached("made", [source], 1, build) == first
    assert build.calls == 1


def test_a_folder_changes_with_its_files(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"1")
    before = cache.fingerprint([folder])
    assert cache.fingerprint([folder]) == before
    (folder / "b.jpg").write_bytes(b"1")
    assert cache.fingerprint([folder]) != before


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove", "manifest"])
def test_a_damaged_folder_is_built_again_with_a_warning(source, damage):
    build = Builder()
    values = cache.cached("made", [source], 1, build) / "values.npy"
    content = values.read_bytes()
    if damage == "truncate":
        values.write_bytes(content[:-5])
    elif damage == "flip":
        values.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "remove":
        values.unlink()
    else:
        (values.parent / files.MANIFEST).write_text("{half")
    with pytest.warns(UserWarning, match="is damaged; it is built again"):
        cache.cached("made", [source], 1, build)
    assert values.read_bytes() == content
    assert build.calls == 2


def test_a_failed_build_leaves_nothing_and_no_warning(source, own_cache):
    def fails(folder):
        (folder / "half.npy").write_bytes(b"half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cache.cached("made", [source], 1, fails)
    assert [path.name for path in own_cache.iterdir() if path.is_dir()] == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.cached("made", [source], 1, Builder())


BUILDS_SLOWLY = """
import pathlib, sys, time
from fkp_utils.system import files
from fkp_utils.datasets import cache

def build(folder):
    with open(sys.argv[2], "a") as calls:
        calls.write("x")
    (folder / "values").write_text("half")
    time.sleep(float(sys.argv[3]))
    (folder / "values").write_text("whole")

print(cache.cached("made", [pathlib.Path(sys.argv[1])], 1, build))
"""


def _start(source, calls, seconds):
    command = [sys.executable, "-c", BUILDS_SLOWLY, str(source), str(calls), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_only_one_of_two_processes_builds(source, tmp_path):
    processes = [_start(source, tmp_path / "calls", 1) for _ in range(2)]
    folders = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(folders) == 1
    assert (tmp_path / "calls").read_text() == "x"


def test_what_a_killed_build_left_is_not_used_and_goes_with_the_next(source, tmp_path, own_cache):
    process = _start(source, tmp_path / "calls", 60)
    while not list(own_cache.rglob("values")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    build = Builder()
    folder = cache.cached("made", [source], 1, build)
    assert build.calls == 1
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]


def test_a_long_file_is_checked_at_both_ends(source, monkeypatch):
    monkeypatch.setattr(files, "LONG", 5000)
    monkeypatch.setattr(files, "BLOCK", 1000)
    build = Builder()
    values = cache.cached("made", [source], 1, build) / "values.npy"
    content = values.read_bytes()
    for place in (0, len(content) - 1):
        values.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.warns(UserWarning, match="is damaged"):
            cache.cached("made", [source], 1, build)
    assert build.calls == 3
