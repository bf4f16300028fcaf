"""A notebook executed by papermill into its page, figures and records, on a machine that shapes nothing of them."""

from __future__ import annotations

import datetime
import getpass
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

from fkp_utils.course import notebooks
from fkp_utils.system import backend, files, places, progress

if TYPE_CHECKING:
    import nbformat

NATIVE = "python3"  # Jupyter's name for the kernel of an environment
FOLDERS = ("FKP_CACHE", "FKP_DATA", "FKP_RUNS", "FKP_WEIGHTS")  # variables that name folders
# Not to be imported: with nbformat comes jsonschema, and with it, where it is installed, a grammar of addresses that
# takes as long to load as all else together; no notebook has anything for it to check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


class _Progress:
    """One line about a running notebook, its cell and seconds: rewritten where `live`, else written now and then."""

    def __init__(self, name: str, live: bool) -> None:
        self.name, self.line = name, progress.Line()
        self.line.kind = "terminal" if live else "plain"  # several notebooks may share a terminal
        self.cell, self.cells, self.start, self.done = 0, 0, time.monotonic(), threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.done.wait(1):
            self.line.write(self._text(f"cell {self.cell} of {self.cells}"))

    def _text(self, text: str) -> str:
        return f"{self.name:24} {text:>15} {self.seconds:5.0f} s"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    def stop(self, text: str) -> None:
        self.done.set()
        self.thread.join()
        self.line.close(self._text(text))


def execute(
    path: pathlib.Path, target: pathlib.Path, parameters: dict[str, Any], kernel: str, live: bool = False
) -> None:
    """Executes a notebook into `target`: notebooks/NAME.ipynb, records/NAME.json and figures/NAME/.

    parameters: by the names in the notebook's parameters cell.  A notebook that fails is kept, executed up to its
    traceback, as failed/NAME.ipynb, and ValueError is raised; so it is for parameters that do not fit.
    """
    import nbformat
    import papermill
    from nbclient import exceptions

    from fkp_utils.course import kernels, records

    name = path.stem
    if not path.is_file():
        raise ValueError(f"no notebook {name!r}; there are {', '.join(notebooks.names())}")
    executed, failed, figures = target / f"notebooks/{name}.ipynb", target / f"failed/{name}.ipynb", target / "figures"
    line = _Progress(name, live)
    stamp: dict[str, Any] = {
        "parameters": _shown(parameters),
        "versions": backend.versions(),
        "cores": os.cpu_count(),
        "executed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }

    def started(cell: nbformat.NotebookNode, cell_index: int) -> None:
        line.cell += cell.cell_type == "code"

    environment(kernel)
    failed.unlink(missing_ok=True)
    with (
        files.replacing(executed) as new,
        files.replacing(figures / name, folder=True) as pictures,
        tempfile.TemporaryDirectory(prefix="fkp-") as own,  # of this kernel alone, whatever runs beside it
    ):
        os.environ["FKP_FIGURES"] = str(pictures.resolve())
        trainings = pathlib.Path(own, "trainings.jsonl")
        os.environ["FKP_TRAININGS"] = str(trainings)
        used = _of_children()
        try:
            changed = notebooks.checked(path, parameters)
            stamp["parameters"] = _shown(notebooks.declared(path) | parameters)
            line.cells = sum(cell["cell_type"] == "code" for cell in notebooks.cells(path)) + bool(changed)
            papermill.execute_notebook(
                *map(_without_fields, (path, new)),
                changed,
                kernel_name=kernel,
                language="python",
                cwd=path.parent,
                progress_bar=False,
                on_cell_start=started,
                config=kernels.settings(own),
            )
            notebook = nbformat.read(new, as_version=4)
            found = records.read(notebook)
        except Exception as error:
            line.stop("failed")
            sentence = _sentence(error)
            if isinstance(error, exceptions.DeadKernelError):
                sentence += kernels.last_words(own)
            stamp |= _cost(line.seconds, used, trainings) | {"error": sentence}
            kept = _keep(new if new.exists() else path, failed, stamp)
            raise ValueError(f"{name}: {sentence}{kept}") from error
        finally:
            del os.environ["FKP_TRAININGS"]
        notebook.metadata["fkp"] = stamp = stamp | _cost(line.seconds, used, trainings)
        nbformat.write(notebook, new)
        files.write_text(target / f"records/{name}.json", json.dumps(stamp | found, indent=1))
        line.stop("done")


def _cost(seconds: float, used: float, trainings: pathlib.Path) -> dict[str, Any]:
    """What an execution has taken: seconds, those of all processors since `used`, and the trainings written down."""
    lines = trainings.read_text(encoding="utf-8").splitlines() if trainings.exists() else []
    each = [json.loads(line) for line in dict.fromkeys(lines)]
    return {"seconds": round(seconds, 1), "processor_seconds": round(_of_children() - used, 1), "trainings": each}


def _of_children() -> float:
    """Seconds of all processors that the processes begun by this one have taken, of those that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _without_fields(path: pathlib.Path) -> str:
    """`path` as papermill takes it: it fills in parameters for names in braces, and there are none."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """`parameters` as pages and records show them: of the folder of the data, only its name."""
    return parameters | {"ROOT": pathlib.Path(parameters.get("ROOT", "")).name}


def environment(kernel: str) -> None:
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
            os.environ[name] = absolute(place)
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


def absolute(folder: str) -> str:
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
