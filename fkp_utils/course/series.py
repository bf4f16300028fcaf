"""The series of notebooks, in the order of the Snakefile, and its report: what `make report` calls.

Snakemake executes each notebook by `python -m fkp_utils.course.series execute` (see `execution`).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable

from fkp_utils import profiles
from fkp_utils.course import execution, notebooks
from fkp_utils.datasets import kaggle, loading
from fkp_utils.system import commands, devices, files, places

WORDS = 15  # lines that are shown of what Snakemake says
MOST = 4  # notebooks at a time that "auto" runs; each needs about 2 GB of memory
# Those that take longest begin first, so that no processor waits for the last one of them.
LONGEST = ("05_augmentation", "08_regularisation_and_learning_rate", "09_shape_aware_loss", "13_best_model")


def folder(data: str, profile: str) -> pathlib.Path:
    """Where the series keeps what it made of one data set with one profile."""
    return places.BUILD / "series" / f"{data}-{profile}"


def configuration() -> pathlib.Path:
    """The file of what Snakemake is told, here or on a cluster."""
    return places.BUILD / "series.json"


def number_of_jobs(text: str, processors: int) -> int:
    """How many notebooks run at a time: a number, or "auto" for one on each processor, at most MOST.

    ValueError for anything else.
    """
    if text == "auto":
        return min(processors, MOST)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"jobs is {text!r}; expected how many notebooks run at a time, 1 or more, or 'auto'")
    return int(text)


def report(data: str, root: str, profile: str, kernel: str, jobs: int) -> None:
    """Executes what is not up to date, then builds the book; ValueError if a notebook failed.

    Where several notebooks run at a time, they share the processors: threads that wait for one another's cost more than
    they compute, as the networks are small.
    """
    import filelock

    from fkp_utils.course import book, records_table

    execution.environment(kernel)
    if jobs > 1:
        for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, str(max(1, devices.processors() // jobs)))
    config = _checked_configuration(data, root, profile, kernel) | {"live": jobs == 1 and sys.stdout.isatty()}
    command = [sys.executable, "-m", "snakemake", "notebooks", "--cores", str(jobs), "--keep-going", "--nolock"]
    command += ["--rerun-incomplete", "--quiet", "all", "--configfile", str(configuration())]
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
            files.write_text(configuration(), json.dumps(config, indent=1))
            failed = subprocess.run(command, cwd=places.CHECKOUT, check=False).returncode
            words = ""
            if failed and not _changed(folder(data, profile).glob("failed/*.ipynb"), begun):
                words = f"Snakemake stopped:{_last_words(command, begun)}"
            if words and not book.pages(folder(data, profile), notebooks.names()):
                raise ValueError(words)
            records_table.write(folder(data, profile))
            book.build(folder(data, profile))
    except filelock.Timeout as error:
        raise ValueError(f"another `make report` is at work in {places.BUILD}; wait for it") from error
    print(f"report: {os.path.relpath(places.BUILD / 'report' / 'index.html')}  ({time.monotonic() - start:.0f} s)")
    if failed:
        raise ValueError(words or "not every notebook was executed; .snakemake/log says why if no line above does")


def cluster(data: str, root: str, profile: str, kernel: str) -> None:
    """Writes the configuration and executes nothing, for a call of Snakemake on a cluster; prints that call."""
    execution.environment(kernel)
    config = _checked_configuration(data, root, profile, kernel) | {"live": False}
    files.write_text(configuration(), json.dumps(config, indent=1))
    command = f"snakemake notebooks --configfile {configuration().relative_to(places.CHECKOUT)} --executor slurm"
    command += " --keep-going"
    print(f"{command} --jobs {len(notebooks.names())}")


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

    ValueError or OSError for what does not exist, and for data that are not as they should be.
    """
    from jupyter_client import kernelspec

    profiles.profile(profile)
    fingerprint = loading.layout(data).fingerprint(root or None)
    _read(data, root)
    kernels = kernelspec.KernelSpecManager().find_kernel_specs()
    if kernel not in kernels:
        raise ValueError(f"no kernel {kernel!r}; there are {', '.join(sorted(kernels))}")
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


@commands.command
def main(arguments: list[str] | None = None) -> None:
    """The command line: `report` for the series, `cluster` to prepare it for one, `execute` for one notebook."""
    parser = argparse.ArgumentParser(prog="python -m fkp_utils.course.series", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    whole = kinds.add_parser("report", help="execute what is not up to date and build the report")
    away = kinds.add_parser("cluster", help="write build/series.json and say how a cluster executes the series")
    single = kinds.add_parser("execute", help="execute one notebook")
    single.add_argument("name", help="such as 01_eda")
    for kind in (whole, away, single):
        kind.add_argument("--data", default="synthetic")
        kind.add_argument("--root", default="", help="folder of the data")
        kind.add_argument("--profile", default="quick")
        kind.add_argument("--kernel", default="python3")
    whole.add_argument("--jobs", default="auto", help="how many notebooks at a time (default: one on each processor)")
    single.add_argument("--live", default="False", help="rewrite the line of progress")
    given = parser.parse_args(arguments)
    given.root = execution.absolute(given.root)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no × shows its number
    try:
        if given.kind == "report":
            jobs = number_of_jobs(given.jobs, devices.processors())
            report(given.data, given.root, given.profile, given.kernel, jobs)
        elif given.kind == "cluster":
            cluster(given.data, given.root, given.profile, given.kernel)
        else:
            parameters = {"DATA": given.data, "ROOT": given.root, "PROFILE": given.profile}
            path, target = places.NOTEBOOKS / f"{given.name}.ipynb", folder(given.data, given.profile)
            execution.execute(path, target, parameters, given.kernel, given.live == "True")
    except KeyboardInterrupt:
        print("stopped; the next `make report` goes on from here", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    sys.exit(main())
