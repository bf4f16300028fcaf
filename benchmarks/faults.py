"""Faults: work that is killed, has no room, may not write, is done twice at once, or after a clock was set back.

The works are `make report` of two notebooks, `make submission`, the app, parsed data and synthetic faces, all small.
Each is done undisturbed, in a copy of the project; then a fault is made, the work is done once more, and the result has
to be the same: records and answers to a thousandth, files of data to the byte.

kill: SIGKILL for the process group after a random time, at most what the work takes undisturbed; `--kills` times, or as
  often as begins within `--minutes`, where the work takes long.
disk: the copy lies on a file system with room for a share of what the work writes, and then for all of it.
read-only: nothing can be written into the copy; what needs to is refused in a sentence, and the rest is right.
runners: two processes do the same work at the same time.
clock: all files are of an hour ahead, and a notebook is changed now.

    python benchmarks/faults.py [--works report,submission,app] [--faults kill,disk] [--kills 20] [--minutes 12]

Each work with each fault can be done by itself, and takes a quarter of an hour at most then on a processor of its own.

The disk and the read-only copy are mounted in a namespace of the benchmark's own, which Linux alone has; where that is
not allowed, the table says so.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import _options
import h5py
import numpy as np

from fkp_utils.system import places

NOTEBOOKS = ("01_eda", "03_lenet_activations")
PARTS = ("fkp_utils", "notebooks", "report", "data/sample", "results", "Makefile", "Snakefile", "pyproject.toml")
FAULTS = ("kill", "disk", "read-only", "runners", "clock")
SHARES = (0.1, 0.5, 0.9)  # of the room that a work needs
OWN = ["unshare", "--user", "--map-root-user", "--mount"]  # a namespace in which an ordinary user may mount
AHEAD = 3600  # seconds
CLOSE = 1e-3

Result = dict[str, Any]

APP = """
import json, pathlib, socket, subprocess, sys, time, urllib.request
import gradio_client
from fkp_utils.app import web
with socket.socket() as free:
    free.bind((web.ADDRESS, 0))
    address = f"http://{web.ADDRESS}:{free.getsockname()[1]}"
server = subprocess.Popen([sys.executable, "-m", "fkp_utils.app.web", "--port", address.rpartition(":")[2]])
try:
    while server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=10)
            break
        except OSError:
            time.sleep(0.5)
    web.example_photo().save(sys.argv[1] + "/photo.png")
    photo = gradio_client.handle_file(sys.argv[1] + "/photo.png")
    answer = gradio_client.Client(address, verbose=False).predict(photo, 0.12, 15, api_name="/points")
    pathlib.Path(sys.argv[1], "answer.json").write_text(json.dumps(answer))
finally:  # a server that is left would hold the output open, and the benchmark would wait for it
    server.terminate()
    server.wait()
"""
CACHE = """
from fkp_utils.datasets import loading
for part in ("training", "test"):
    loading.load("kaggle", "data/sample", part=part)
"""
GENERATOR = """
import pathlib, sys
from fkp_utils.datasets import sample
from fkp_utils.datasets.synthetic import generator
generator.load(limit=220)
sample.write(pathlib.Path(sys.argv[1], "sample"))
"""


@dataclasses.dataclass(frozen=True)
class Work:
    """A command, where OUT stands for the folder of what it makes; `result` reads that from the folder."""

    command: list[str]
    result: Callable[[pathlib.Path], Result]
    writes: bool = False  # into the checkout, so that a read-only one is refused


def numbers(out: pathlib.Path) -> Result:
    """What the series has recorded, but for the seconds, and the pictures and pages that there are."""
    (table,) = out.glob("series/*/records.csv")
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    found = {f"{row['notebook']} {row['name']}": float(row["value"]) for row in rows if row["unit"] != "seconds"}
    made = [*out.glob("series/*/figures/*/*.png"), *out.glob("report/*.html")]
    return found | {"files": sorted(str(path.relative_to(out)) for path in made)}


def submitted(out: pathlib.Path) -> Result:
    """The coordinates, and the weights of the model."""
    rows = csv.DictReader(io.StringIO((out / "submission.csv").read_text(encoding="utf-8")))
    found: Result = {"coordinates": [float(row["Location"]) for row in rows]}
    weights = zipfile.ZipFile(out / "best.keras").read("model.weights.h5")
    with h5py.File(io.BytesIO(weights)) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return found


def answered(out: pathlib.Path) -> Result:
    """The points of each face of the example, and folders of photos that are still there."""
    faces = json.loads((out / "answer.json").read_text(encoding="utf-8"))["faces"]
    left = {path.name: "left" for path in out.glob("tmp/fkp-app-*")}
    return {f"face {number}": list(map(list, face["points"].values())) for number, face in enumerate(faces)} | left


def contents(out: pathlib.Path) -> Result:
    """The bytes of all files in the cache and of the sample."""
    paths = [*out.glob("cache/[!.]*/*"), *out.glob("sample/*")]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def make(target: str, *options: str) -> list[str]:
    return ["make", "--no-print-directory", target, f"RUN={sys.executable}", "PROFILE=smoke", *options]


WORKS = {
    "report": Work(make("report"), numbers, writes=True),
    "submission": Work(make("submission", "DATA=kaggle", "ROOT=data/sample"), submitted, writes=True),
    "app": Work([sys.executable, "-c", APP, "OUT"], answered),
    "cache": Work([sys.executable, "-c", CACHE], contents),
    "generator": Work([sys.executable, "-c", GENERATOR, "OUT"], contents),
}


class Copy:
    """A copy of the project in `folder`; `out` is where works write, build/ of the copy if it is not named."""

    def __init__(self, folder: pathlib.Path, out: pathlib.Path | None = None) -> None:
        self.folder, self.out = folder, out or folder / "build"
        for part in PARTS:
            source, target = places.CHECKOUT / part, folder / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*", "kernel-*"))
            else:
                shutil.copy2(source, target)
        for path in (folder / "notebooks").glob("*.ipynb"):
            if path.stem not in NOTEBOOKS:
                path.unlink()
        self.clear()

    def clear(self) -> None:
        """Removes all that works have made."""
        for made in (self.out, self.folder / ".snakemake"):
            shutil.rmtree(made, ignore_errors=True)
        (self.out / "tmp").mkdir(parents=True)

    def start(self, work: Work) -> subprocess.Popen[str]:
        """The work in a process group of its own, with one thread, so that it computes the same every time."""
        foreign = ("FKP_", "TF_", "MAKE", "MFLAGS")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        own = {"FKP_CACHE": str(self.out / "cache"), "TMPDIR": str(self.out / "tmp")}
        own |= {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
        own["PYTHONDONTWRITEBYTECODE"] = "1"  # on a full disk Python keeps half a file of bytecode, and cannot read it
        return subprocess.Popen(
            [str(self.out) if word == "OUT" else word for word in work.command],
            cwd=self.folder,
            env=kept | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def right(self, work: Work, expected: Result) -> str:
        """Does the work; "" if the result is as expected, otherwise what is wrong."""
        process = self.start(work)
        told = process.communicate()[0]
        return difference(self.out, work, expected) if process.returncode == 0 else f"ended with {told[-2000:]}"

    def size(self) -> int:
        """KiB of all files."""
        return sum(path.lstat().st_blocks for path in self.folder.rglob("*")) // 2


def difference(out: pathlib.Path, work: Work, expected: Result) -> str:
    """Which parts of the result are not as expected; "" if all are."""
    try:
        found = work.result(out)
    except (OSError, ValueError, KeyError) as error:
        return f"no result: {type(error).__name__}: {error}"
    other = sorted(found.keys() ^ expected.keys())
    other += [name for name in found.keys() & expected.keys() if not _same(found[name], expected[name])]
    return f"differs: {', '.join(other[:5])}" if other else ""


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bytes) or (isinstance(a, list) and a and isinstance(a[0], str)):
        return a == b
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=CLOSE, atol=CLOSE, equal_nan=True)


def refused(process: subprocess.Popen[str]) -> str:
    """ "" if the work ends with an error that a person can read, otherwise what is wrong."""
    told = process.communicate()[0]
    if process.returncode == 0:
        return "it ended as if nothing was wrong"
    return "" if "error: " in told and "Traceback" not in told else f"told is {told[-2000:]}"


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def kill(copy: Copy, work: Work, expected: Result, seconds: float, chance: random.Random) -> tuple[str, str]:
    """When it was killed, and what is wrong after the next run."""
    copy.clear()
    after = chance.uniform(0, seconds)
    process = copy.start(work)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return f"after {after:.2f} s", copy.right(work, expected)


def disk(folder: pathlib.Path, work: Work, expected: Result, share: float, needed: int) -> tuple[str, str]:
    """The room that there was, and what is wrong then and once there is more; needed: KiB."""
    folder.mkdir()
    mount("-t", "tmpfs", "none", str(folder))
    try:
        copy = Copy(folder)
        room = int(share * needed)
        mount("-o", f"remount,size={copy.size() + room}k", str(folder))
        process = copy.start(work)
        if work.writes:
            wrong = refused(process)
        else:
            process.communicate()
            wrong = "" if process.returncode else "it ended as if nothing was wrong"
        mount("-o", "remount,size=50%", str(folder))
        return f"{room} KiB", wrong or copy.right(work, expected)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def read_only(folder: pathlib.Path, work: Work, expected: Result) -> tuple[str, str]:
    """What is wrong in a checkout that cannot be written to."""
    copy = Copy(folder / "copy", folder / "out")
    mount("--bind", str(copy.folder), str(copy.folder))
    try:
        mount("-o", "remount,ro,bind", str(copy.folder))
        return "", refused(copy.start(work)) if work.writes else copy.right(work, expected)
    finally:
        subprocess.run(["umount", "--lazy", str(copy.folder)], check=True)
        shutil.rmtree(folder)


def runners(copy: Copy, work: Work, expected: Result) -> tuple[str, str]:
    """What is wrong if two do the work at the same time; a second `make report` may be refused."""
    copy.clear()
    both = [copy.start(work) for _ in range(2)]
    told = [process.communicate()[0] for process in both]
    ended = sorted(process.returncode != 0 for process in both)
    if ended == [False, False] or (ended == [False, True] and "another `make report` is at work" in "".join(told)):
        return "", difference(copy.out, work, expected)
    return "", f"ended with {told[0][-1000:]} and {told[1][-1000:]}"


def clock(copy: Copy, work: Work, expected: Result) -> tuple[str, str]:
    """What is wrong after a clock was set back, and for the series after a notebook has been changed then."""
    copy.clear()
    wrong = copy.right(work, expected)
    later = time.time() + AHEAD
    for path in copy.folder.rglob("*"):
        os.utime(path, (later, later))
    if work is not WORKS["report"]:
        return "", wrong or copy.right(work, expected)
    path = copy.folder / f"notebooks/{NOTEBOOKS[0]}.ipynb"
    before = path.read_text(encoding="utf-8")
    notebook = json.loads(before)
    cell = {"cell_type": "code", "execution_count": None, "id": "new", "metadata": {}, "outputs": []}
    source = "from fkp_utils.course import records\nrecords.record('changed', 7)"
    path.write_text(json.dumps(notebook | {"cells": [*notebook["cells"], cell | {"source": source}]}))
    wrong = wrong or copy.right(work, expected | {f"{NOTEBOOKS[0]} changed": 7.0})
    path.write_text(before, encoding="utf-8")
    return "", wrong


def faults(name: str, options: Any, folder: pathlib.Path, mounts: bool) -> Iterator[tuple[str, str, str]]:
    """(fault, how, what is wrong) for each time that the work was disturbed."""
    work, copy, chance = WORKS[name], Copy(folder / name), random.Random(f"{options.seed} {name}")
    size, start = copy.size(), time.monotonic()
    told = copy.start(work)
    words = told.communicate()[0]
    if told.returncode:
        sys.exit(f"error: undisturbed, {name} ended with {words[-3000:]}")
    seconds, needed, expected = time.monotonic() - start, copy.size() - size, work.result(copy.out)
    print(f"{name}: {seconds:.1f} s and {needed} KiB undisturbed", flush=True)
    for fault in options.faults:
        if fault in ("disk", "read-only") and not mounts:
            print(f"{fault}: left out, as nothing can be mounted here")
        elif fault == "kill":
            end = time.monotonic() + 60 * options.minutes
            for _ in range(options.kills):
                if time.monotonic() > end:
                    break
                yield fault, *kill(copy, work, expected, seconds, chance)
        elif fault == "disk" and needed:
            for share in SHARES:
                yield fault, *disk(folder / "disk", work, expected, share, needed)
        elif fault == "read-only":
            yield fault, *read_only(folder / "read-only", work, expected)
        elif fault == "runners":
            yield fault, *runners(copy, work, expected)
        elif fault == "clock":
            yield fault, *clock(copy, work, expected)


def main() -> int:
    options = _options.parse(__doc__, works=tuple(WORKS), faults=FAULTS, kills=20, minutes=12.0, seed=0, inside=False)
    for given, known in ((options.works, WORKS), (options.faults, FAULTS)):
        if unknown := set(given) - set(known):
            _options.refuse(f"no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    mounts = shutil.which("unshare") is not None and subprocess.run([*OWN, "true"], capture_output=True).returncode == 0
    if mounts and not options.inside:
        return subprocess.run([*OWN, sys.executable, *sys.argv, "--inside", "1"], check=False).returncode
    counts: dict[tuple[str, str], list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.works:
            for fault, how, wrong in faults(name, options, pathlib.Path(folder), mounts):
                counts.setdefault((name, fault), []).append(wrong)
                print(f"{name}, {fault} {how}: {wrong or 'right'}", flush=True)
    print(f"\nseed {options.seed}; up to {options.kills} kills, in {options.minutes:g} minutes")
    print(f"{'work':12}{'fault':12}{'times':>6}{'right':>7}")
    for (name, fault), found in counts.items():
        print(f"{name:12}{fault:12}{len(found):6}{found.count(''):7}")
    return 1 if any(any(found) for found in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
