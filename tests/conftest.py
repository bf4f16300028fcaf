"""Series executed once for all tests, in copies of the project: the real one, on photos too, and one with failures.

The real ones take longer than all other tests together.  One worker executes them, with a notebook on each processor,
while the others run the other tests.
"""

import dataclasses
import os
import pathlib
import pickle
import shutil
import subprocess
import sys

import filelock
import hypothesis
import nbformat
import pytest

from fkp_utils.system import places

for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # of the `make test` that runs this: tests call make themselves
    os.environ.pop(name, None)
os.environ.update({"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"})  # threads that wait for a core keep it busy
hypothesis.settings.register_profile("course", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("course")

FOLDERS = ("fkp_utils", "notebooks", "report")
FILES = ("Makefile", "Snakefile", "pyproject.toml", "constraints.txt", "README.md", ".gitignore")
SERIES = {"smoke", "smoke_on_photos", "executed_tiny"}  # fixtures
STARTED = {"server", "write_notebook"}  # fixtures of tests that start the app or a kernel
LONGEST = (
    "test_executed.py",
    "test_benchmarks.py",
    "test_series.py",
    "test_processes.py",
    "test_runs.py",
    "test_report.py",
)
PARAMETERS = 'DATA = "synthetic"\nROOT = ""\nPROFILE = "quick"\nSEED = 0'
TINY = {
    "01_first": [
        "parameters",
        "from fkp_utils import keypoints",
        "from fkp_utils.course import records\nrecords.record('one', 1)",
    ],
    "02_second": [
        "parameters",
        "%time\nimport fkp_utils.profiles",
        "print('a line of output')\nget_ipython().kernel.log.error('told by the kernel')\n"
        "import atexit, os\natexit.register(os.write, 2, b'told at its end')",
    ],
    "03_fails": ["parameters", "before = 'reached'\nbefore", "1 / 0", "after = 'not reached'"],
    "04_bare": ["DATA = 'synthetic'  # not tagged"],
}


@dataclasses.dataclass
class Series:
    """A copy of the project in `folder`, with what its last `report` printed and returned."""

    folder: pathlib.Path
    profile: str
    last: subprocess.CompletedProcess | None = None
    work: float = 0.0
    data: str = "synthetic"

    @property
    def made(self):
        return self.folder / "build" / "series" / f"{self.data}-{self.profile}"

    def start(self, *options, **settings):
        own = ("FKP_", "TF_CPP_")  # what tests, or jax when it is imported, have set here
        environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        command = [sys.executable, "-m", "fkp_utils.course.series", "report", "--profile", self.profile, *options]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **settings,
        )

    def finish(self, process):
        """Waits for its end; `work` is then the processor time of the process and of all that it started."""
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.work = usage.ru_utime + usage.ru_stime
        self.last = subprocess.CompletedProcess(process.args, process.returncode, out)
        return self.last

    def report(self, *options):
        return self.finish(self.start(*options))

    def copy(self, target):
        shutil.copytree(self.folder, target, symlinks=True)
        return Series(target, self.profile, self.last)


def _write(path, sources, text=""):
    """A notebook of a title, `text` and code cells, "parameters" standing for the cell of that tag."""
    cells = [nbformat.v4.new_markdown_cell(f"# {path.stem[:2]} · {path.stem[3:]}\n\n{text}")]
    for source in sources:
        cell = nbformat.v4.new_code_cell(source)
        if source == "parameters":
            cell = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        cells.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def own_folders(tmp_path_factory):
    """What the tests of a module train and cache lies in folders of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FKP_RUNS", "FKP_CACHE"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        yield


@pytest.fixture
def write_notebook():
    return _write


def copied(folder):
    for part in (*FOLDERS, *FILES):
        source = places.CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*", "kernel-*"))
        elif source.is_file():
            shutil.copy2(source, folder / part)
    return folder


def _photos():
    """A folder of photos in the Kaggle layout; None if there is none."""
    folders = [os.environ.get("FKP_DATA"), places.CHECKOUT / "data", places.CHECKOUT.parent / "shared" / "data"]
    found = [folder for place in folders if place for folder in pathlib.Path(place).resolve().glob("kaggle*")]
    return found[0] if found else None


def pytest_xdist_auto_num_workers(config):
    """Tests of single files run without workers, which take seconds to start."""
    return 0 if all(".py" in argument for argument in config.args) else None


def pytest_itemcollected(item):
    """What executes notebooks takes minutes: `pytest -m "not slow"` leaves it out."""
    asked = set(getattr(item, "fixturenames", ()))
    if asked & (SERIES | STARTED):
        item.add_marker(pytest.mark.slow)
    if asked & SERIES and os.name == "nt":
        item.add_marker(pytest.mark.skip(reason="a series is waited for and ended in ways that Windows lacks"))


def pytest_collection_modifyitems(items):
    """Workers take the files in turn; those that take longest are begun first, that of the real series before all."""
    items.sort(key=lambda item: [item.path.name != name for name in LONGEST])


def _once(request, tmp_path_factory, name, made):
    """The series that `made(folder)` executes for the first worker that asks; the others wait for it."""
    place = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        place = place.parent  # all workers have theirs in it
    kept = place / f"{name}.pickle"
    with filelock.FileLock(f"{kept}.lock"):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(made(place / name)))
        return pickle.loads(kept.read_bytes())


@pytest.fixture(scope="session")
def smoke(request, tmp_path_factory):
    """The real series with PROFILE=smoke, executed in a git repository of its own."""

    def made(folder):
        series = Series(copied(folder), "smoke")
        for words in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
        ):
            subprocess.run(["git", *words], cwd=folder, check=True)
        series.report()
        return series

    return _once(request, tmp_path_factory, "smoke", made)


@pytest.fixture(scope="session")
def smoke_on_photos(request, tmp_path_factory):
    """The real series with PROFILE=smoke on real photos in the Kaggle layout, where there are any."""
    if (root := _photos()) is None:
        pytest.skip("no photos: FKP_DATA names no folder that holds a kaggle_layout")

    def made(folder):
        series = Series(copied(folder), "smoke", data="kaggle")
        series.report("--data", "kaggle", "--root", str(root), "--jobs", "2")
        return series

    return _once(request, tmp_path_factory, "photos", made)


@pytest.fixture(scope="session")
def executed_tiny(request, tmp_path_factory):
    """Four tiny notebooks, of which the last two fail, executed once; tests copy it to change it."""

    def made(folder):
        copied(folder)
        for path in (folder / "notebooks").glob("*.ipynb"):
            path.unlink()
        for part in ("app/weights", "interpretation", "lessons"):  # without them the report is built in half the time
            shutil.rmtree(folder / "fkp_utils" / part)
        for name, sources in TINY.items():
            text = "Is $x^2$ shown? [Second](02_second.ipynb), [nowhere](77_nowhere.ipynb), [data](../data/README.md)."
            _write(folder / "notebooks" / f"{name}.ipynb", sources, text)
        series = Series(folder, "smoke")
        series.report("--jobs", "2")
        return series

    return _once(request, tmp_path_factory, "tiny", made)


@pytest.fixture
def tiny(executed_tiny, tmp_path):
    """A copy of the executed tiny series, to be changed."""
    return executed_tiny.copy(tmp_path / "tiny")
