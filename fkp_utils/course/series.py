"""The series of notebooks: each executed by papermill into its page, figures and records.

Snakemake orders the notebooks (see the Snakefile); `make report` calls `python -m fkp_utils.course.series report`.
"""

from __future__ import annotations

import argparse
import datetime
import getpass
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fkp_utils import profiles
from fkp_utils.course import notebooks
from fkp_utils.datasets import kaggle, loading
from fkp_utils.system import backend, devices, files, places

if TYPE_CHECKING:
    import nbformat

NATIVE = "python3"  # Jupyter's name for the kernel of an environment
FOLDERS = ("FKP_CACHE", "FKP_DATA", "FKP_RUNS", "FKP_WEIGHTS")  # variables that name folders
WORDS = 15  # lines that are shown of what Snakemake says
EVERY = 30.0  # seconds between two lines of progress where there is no terminal
LONGEST_SOCKET = 98  # bytes of a socket's path without its number; systems allow 103 or 107, else TCP is used
MOST = 4  # notebooks at a time that "auto" runs; each needs about 2 GB of memory
# Those that take longest begin first, so that no processor waits for the last one of them.
LONGEST = ("05_augmentation", "08_regularisation_and_learning_rate", "09_shape_aware_loss", "13_best_model")
# Not to be imported: with nbformat comes jsonschema, and with it, where it is installed, a grammar of addresses that
# takes as long to load as all else together; no notebook has anything for it to check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


class SeriesError(Exception):
    """What stops the series, in one sentence for the person who called it."""


def folder(data: str, profile: str) -> pathlib.Path:
    """Where the series keeps what it made of one data set with one profile."""
    return places.BUILD / "series" / f"{data}-{profile}"


class _Progress:
    """One line about a running notebook: rewritten every second on a terminal, else written every few seconds."""

    def __init__(self, name: str, live: bool) -> None:
        self.name, self.live = name, live
        self.cell, self.cells, self.start, self.done = 0, 0, time.monotonic(), threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.done.wait(1 if self.live else EVERY):
            self._write(f"cell {self.cell} of {self.cells}", end="" if self.live else "\n")

    def _write(self, text: str, end: str) -> None:
        start = "\r\033[K" if self.live else ""
        print(f"{start}{self.name:24} {text:>15} {self.seconds:5.0f} s", end=end, flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    def stop(self, text: str) -> None:
        self.done.set()
        self.thread.join()
        self._write(text, end="\n")


def execute(
    path: pathlib.Path, target: pathlib.Path, parameters: dict[str, Any], kernel: str, live: bool = False
) -> None:
    """Executes a notebook into `target`: notebooks/NAME.ipynb, records/NAME.json and figures/NAME/.

    parameters: by the names in the notebook's parameters cell.  A notebook that fails is kept, executed up to its
    traceback, as failed/NAME.ipynb, and SeriesError is raised; so it is for parameters that do not fit.
    """
    import nbformat
    import papermill
    from nbclient import exceptions
    from traitlets import config

    from fkp_utils.course import kernels, records

    name = path.stem
    if not path.is_file():
        raise SeriesError(f"no notebook {name!r}; there are {', '.join(notebooks.names())}")
    executed, failed, figures = target / f"notebooks/{name}.ipynb", target / f"failed/{name}.ipynb", target / "figures"
    progress = _Progress(name, live)
    stamp: dict[str, Any] = {
        "parameters": _shown(parameters),
        "versions": backend.versions(),
        "cores": os.cpu_count(),
        "executed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }

    def started(cell: nbformat.NotebookNode, cell_index: int) -> None:
        progress.cell += cell.cell_type == "code"

    _environment(kernel)
    failed.unlink(missing_ok=True)
    with (
        files.replacing(executed) as new,
        files.replacing(figures / name, folder=True) as pictures,
        tempfile.TemporaryDirectory(prefix="fkp-") as own,  # of this kernel alone, whatever runs beside it
    ):
        log = pathlib.Path(own, "log")
        place = f"{own}/kernel"
        fits = os.name != "nt" and len(os.fsencode(place)) <= LONGEST_SOCKET
        sockets = {"transport": "ipc", "ip": place} if fits else {}
        settings = {
            "KernelManager": {"log_file": str(log)} | sockets,
            "NotebookClient": {"kernel_manager_class": kernels.KernelManager},
        }
        os.environ["FKP_FIGURES"] = str(pictures.resolve())
        try:
            changed = notebooks.checked(path, parameters)
            stamp["parameters"] = _shown(notebooks.declared(path) | parameters)
            progress.cells = sum(cell["cell_type"] == "code" for cell in notebooks.cells(path)) + bool(changed)
            papermill.execute_notebook(
                *map(_without_fields, (path, new)),
                changed,
                kernel_name=kernel,
                language="python",
                cwd=path.parent,
                progress_bar=False,
                on_cell_start=started,
                config=config.Config(settings),
            )
            notebook = nbformat.read(new, as_version=4)
            found = records.read(notebook)
        except Exception as error:
            progress.stop("failed")
            sentence = _sentence(error)
            if isinstance(error, exceptions.DeadKernelError):
                sentence += kernels.last_words(log)
            stamp |= {"seconds": progress.seconds, "error": sentence}
            kept = _keep(new if new.exists() else path, failed, stamp)
            raise SeriesError(f"{name}: {sentence}{kept}") from error
        stamp["seconds"] = round(progress.seconds, 1)
        notebook.metadata["fkp"] = stamp
        nbformat.write(notebook, new)
        files.write_text(target / f"records/{name}.json", json.dumps(stamp | found, indent=1))
        progress.stop("done")


def _without_fields(path: pathlib.Path) -> str:
    """`path` as papermill takes it: it fills in parameters for names in braces, and there are none."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """`parameters` as pages and records show them: of the folder of the data, only its name."""
    return parameters | {"ROOT": pathlib.Path(parameters.get("ROOT", "")).name}


def _environment(kernel: str) -> None:
    """What the kernels of the series inherit, whatever the shell has set; ValueError as from `backend.quiet_logs`.

    Relative folders are those of the folder that `make` is called in.  Texts, dates and numbers are written in one way:
    UTF-8, UTC and without the customs of a country.  The kernel `python3` is that of this environment.  A user's folder
    that cannot be written to is replaced by build/home.
    """
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    if kernel == NATIVE:
        os.environ.pop("JUPYTER_PATH", None)
    os.environ.setdefault("FKP_CACHE", str(places.BUILD / "cache"))
    for name in FOLDERS:
        if place := os.environ.get(name):
            os.environ[name] = _absolute(place)
    if not os.access(os.path.expanduser("~"), os.W_OK):  # Snakemake and Jupyter keep files in the user's folder
        (places.BUILD / "home").mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(places.BUILD / "home")
    try:
        getpass.getuser()
    except (ImportError, KeyError, OSError):  # as in a container that runs as some number
        os.environ["LOGNAME"] = "somebody"
    os.environ |= {"LC_ALL": "C", "PYTHONUTF8": "1", "TZ": "UTC"}  # every system has C; with it, Python is told UTF-8
    os.environ.pop("PYTHONIOENCODING", None)
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")  # of joblib, when a kernel ends
    backend.quiet_logs()


def _absolute(folder: str) -> str:
    """`folder` from the root on, `~` being the user's; "" stays as it is."""
    return str(pathlib.Path(folder).expanduser().resolve()) if folder else ""


def _keep(path: pathlib.Path, failed: pathlib.Path, stamp: dict[str, Any]) -> str:
    """Keeps the notebook at `path` as `failed`, with its stamp; returns the sentence that says where."""
    import nbformat
    from papermill import execute as papermill_execute

    try:
        notebook = nbformat.read(path, as_version=4)
    except nbformat.reader.NotJSONError:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# {path.stem}")])
    notebook = papermill_execute.remove_error_markers(notebook)
    notebook.metadata["fkp"] = stamp
    failed.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, failed)
    return f"\n  kept, as far as it came: {os.path.relpath(failed)}"


def _sentence(error: Exception) -> str:
    from papermill import exceptions

    if isinstance(error, exceptions.PapermillExecutionError):
        return f"cell {error.exec_count}: {error.ename}: {error.evalue}"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def number_of_jobs(text: str, processors: int) -> int:
    """How many notebooks run at a time: a number, or "auto" for one on each processor, at most MOST.

    SeriesError for anything else.
    """
    if text == "auto":
        return min(processors, MOST)
    if not text.isdecimal() or int(text) < 1:
        raise SeriesError(f"jobs is {text!r}; expected how many notebooks run at a time, 1 or more, or 'auto'")
    return int(text)


def report(data: str, root: str, profile: str, kernel: str, jobs: int) -> None:
    """Executes what is not up to date, then builds the book; SeriesError if a notebook failed.

    Where several notebooks run at a time, they share the processors: threads that wait for one another's cost more than
    they compute, as the networks are small.
    The configuration is kept as build/series.json, so that Snakemake can also be called by itself, on a cluster, say.
    """
    import filelock

    from fkp_utils.course import book, records_table

    _environment(kernel)
    if jobs > 1:
        for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, str(max(1, devices.processors() // jobs)))
    config = _checked_configuration(data, root, profile, kernel) | {"live": jobs == 1 and sys.stdout.isatty()}
    path = places.BUILD / "series.json"
    command = [sys.executable, "-m", "snakemake", "notebooks", "--cores", str(jobs), "--keep-going", "--nolock"]
    command += ["--rerun-incomplete", "--quiet", "all", "--configfile", str(path)]
    where = folder(data, profile).relative_to(places.CHECKOUT) / "notebooks"
    if first := [str(where / f"{name}.ipynb") for name in notebooks.names() if name in LONGEST]:
        command += ["--prioritize", *first]
    places.BUILD.mkdir(exist_ok=True)
    try:
        with filelock.FileLock(places.BUILD / "series.lock", timeout=0):
            start, begun = time.monotonic(), time.time()
            for left in folder(data, profile).glob("*/.*"):  # by a run that was killed
                shutil.rmtree(left, ignore_errors=True)
            for made in folder(data, profile).rglob("*"):  # before the clock was set back
                if made.stat().st_mtime > begun:
                    os.utime(made)
            files.write_text(path, json.dumps(config, indent=1))
            failed = subprocess.run(command, cwd=places.CHECKOUT, check=False).returncode
            words = ""
            if failed and not _changed(folder(data, profile).glob("failed/*.ipynb"), begun):
                words = f"Snakemake stopped:{_last_words(command, begun)}"
            if words and not book.pages(folder(data, profile), notebooks.names()):
                raise SeriesError(words)
            records_table.write(folder(data, profile))
            book.build(folder(data, profile))
    except filelock.Timeout as error:
        raise SeriesError(f"another `make report` is at work in {places.BUILD}; wait for it") from error
    print(f"report: {os.path.relpath(places.BUILD / 'report' / 'index.html')}  ({time.monotonic() - start:.0f} s)")
    if failed:
        raise SeriesError(words or "not every notebook was executed; .snakemake/log says why if no line above does")


def _changed(paths: Iterable[pathlib.Path], since: float) -> list[pathlib.Path]:
    """The files that were written since then, in seconds of the epoch, the last one last."""
    written = [(path.stat().st_mtime, path) for path in paths]
    return [path for when, path in sorted(written) if when >= since - 1]  # some file systems keep whole seconds


def _last_words(command: list[str], since: float) -> str:
    """What Snakemake says of why it stopped, a line for each: from its log, or of a dry run where it kept none."""
    told = ""
    if logs := _changed((places.CHECKOUT / ".snakemake" / "log").glob("*.log"), since):
        told = logs[-1].read_text(encoding="utf-8", errors="replace")
    if not told.strip():
        words = [word for word in command if word not in ("--quiet", "all")]
        dry = subprocess.run(
            [*words, "--dry-run"], cwd=places.CHECKOUT, capture_output=True, text=True, encoding="utf-8", check=False
        )
        told = dry.stdout + dry.stderr
    return "".join(f"\n  {line}" for line in told.splitlines()[-WORDS:] if line.strip())


def _checked_configuration(data: str, root: str, profile: str, kernel: str) -> dict[str, str]:
    """What Snakemake is told, with the fingerprint of the data, which are read once, as the notebooks will.

    SeriesError for what does not exist, and for data that are not as they should be.
    """
    from jupyter_client import kernelspec

    try:
        profiles.profile(profile)
        fingerprint = loading.layout(data).fingerprint(root or None)
        _read(data, root)
    except (ValueError, OSError) as error:
        raise SeriesError(str(error)) from error
    kernels = kernelspec.KernelSpecManager().find_kernel_specs()
    if kernel not in kernels:
        raise SeriesError(f"no kernel {kernel!r}; there are {', '.join(sorted(kernels))}")
    return {"data": data, "root": root, "profile": profile, "kernel": kernel, "fingerprint": fingerprint}


def _read(data: str, root: str) -> None:
    """Reads the data into the cache, where the notebooks find them; prints what is left out of them.

    DatasetError if they are not as they should be, also of Kaggle's test images if they are there.
    """
    if data == "synthetic":
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        loading.load(data, root)
        if data == "kaggle" and kaggle.has_test(root):
            loading.load(data, root, part="test")
    for warning in told:
        print(f"note: {warning.message}")


def main(arguments: list[str] | None = None) -> int:
    """The command line: `report` for the series, `execute` for one notebook; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fkp_utils.course.series", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("report", help="execute what is not up to date and build the report")
    single = commands.add_parser("execute", help="execute one notebook")
    single.add_argument("name", help="such as 01_eda")
    for command in (whole, single):
        command.add_argument("--data", default="synthetic")
        command.add_argument("--root", default="", help="folder of the data")
        command.add_argument("--profile", default="quick")
        command.add_argument("--kernel", default="python3")
    whole.add_argument("--jobs", default="auto", help="how many notebooks at a time (default: one on each processor)")
    single.add_argument("--live", default="False", help="rewrite the line of progress")
    given = parser.parse_args(arguments)
    given.root = _absolute(given.root)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no × shows its number
    try:
        if given.command == "report":
            jobs = number_of_jobs(given.jobs, devices.processors())
            report(given.data, given.root, given.profile, given.kernel, jobs)
        else:
            parameters = {"DATA": given.data, "ROOT": given.root, "PROFILE": given.profile}
            target = folder(given.data, given.profile)
            execute(places.NOTEBOOKS / f"{given.name}.ipynb", target, parameters, given.kernel, given.live == "True")
    except (SeriesError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the next `make report` goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
