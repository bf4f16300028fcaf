import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import nbformat
import pytest
from PIL import Image

from fkp_utils.course import claims, notebooks, records_table, series
from fkp_utils.system import places

pytestmark = pytest.mark.usefixtures("environment")


def pending(tiny, *config):
    """The notebooks that would be executed now."""
    command = [sys.executable, "-m", "snakemake", "notebooks", "--dry-run", "--cores", "1", "--nolock"]
    command += ["--configfile", "build/series.json", *(["--config", *config] if config else [])]
    done = subprocess.run(command, cwd=tiny.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"wildcards: name=(\w+)", done.stdout + done.stderr)) - {"03_fails", "04_bare"}


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def stamp(tiny, name):
    return json.loads((tiny.made / "records" / f"{name}.json").read_text(encoding="utf-8"))


def test_a_failure_is_told_and_the_others_run(executed_tiny):
    assert executed_tiny.last.returncode == 1
    assert "03_fails: cell 4: ZeroDivisionError: division by zero" in executed_tiny.last.stdout
    assert "04_bare.ipynb: 0 cells are tagged 'parameters'; expected one" in executed_tiny.last.stdout
    assert "Traceback" not in executed_tiny.last.stdout
    assert "told " not in executed_tiny.last.stdout
    assert re.search(r"02_second +done +\d+ s", executed_tiny.last.stdout)
    assert {path.stem for path in executed_tiny.made.glob("notebooks/*")} == {"01_first", "02_second"}
    assert {path.stem for path in executed_tiny.made.glob("records/*")} == {"01_first", "02_second"}


def test_what_failed_is_kept_up_to_its_traceback(executed_tiny):
    kept = nbformat.read(executed_tiny.made / "failed" / "03_fails.ipynb", as_version=4)
    counts = [(cell.execution_count, bool(cell.outputs)) for cell in kept.cells if cell.cell_type == "code"]
    assert [bool(count) for count, _ in counts][-3:] == [True, True, False]
    assert kept.cells[-2].outputs[-1].ename == "ZeroDivisionError"
    assert nbformat.read(executed_tiny.made / "failed" / "04_bare.ipynb", as_version=4).cells[1].outputs == []


def test_what_failed_is_in_the_report(executed_tiny):
    page = (executed_tiny.folder / "build/report/03_fails.html").read_text(encoding="utf-8")
    assert "This notebook did not finish" in page
    assert page.count("ZeroDivisionError") >= 2
    assert "0 cells are tagged" in (executed_tiny.folder / "build/report/04_bare.html").read_text(encoding="utf-8")
    assert "did not finish" in (executed_tiny.folder / "build/report/index.html").read_text(encoding="utf-8")


def test_a_record_says_what_made_it(executed_tiny):
    found = stamp(executed_tiny, "01_first")
    assert found["parameters"] == {"DATA": "synthetic", "ROOT": "", "PROFILE": "smoke", "SEED": 0}
    assert found["values"] == {"one": 1}
    assert found["seconds"] > 0
    table = records_table.read(executed_tiny.made)
    assert table[["notebook", "name", "value"]].to_numpy().tolist() == [["01_first", "one", 1.0]]
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))


def test_what_depends_on_a_change_is_executed_and_only_that(tiny):
    assert pending(tiny) == set()
    assert pending(tiny, "live=True") == set()
    edit(tiny.folder / "notebooks/02_second.ipynb", "a line", "another line")
    assert pending(tiny) == {"02_second"}
    edit(tiny.folder / "notebooks/02_second.ipynb", "another line", "a line")
    edit(tiny.folder / "fkp_utils/keypoints.py", "\n", "\n\n")
    assert pending(tiny) == {"01_first"}


def kill(tiny, begun):
    """Starts a report, and kills it as soon as a notebook has made the file `begun`."""
    process = tiny.start("--jobs", "2", start_new_session=True)
    while not begun.exists():
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_what_is_left_changed_or_repaired_is_executed_and_then_the_last_notebook(tiny, write_notebook):
    """A report is killed, then the clock is set back: neither hides a change nor stops the next report."""
    before = stamp(tiny, "01_first")
    own = [claim.identity for claim in claims.CLAIMS if claim.notebook == notebooks.LAST]
    source = "from fkp_utils.course import records\nfrom fkp_utils.evaluation import verdicts\n"
    source += f"records.audit(verdicts.Tested(name, 'a', 'b', 'c', verdicts.unknown('d')) for name in {own})"
    write_notebook(tiny.folder / f"notebooks/{notebooks.LAST}.ipynb", ["parameters", source])
    assert pending(tiny) == {notebooks.LAST}
    (tiny.folder / "notebooks/04_bare.ipynb").unlink()
    slow = "import pathlib, time\npathlib.Path('begun').touch()\n"
    slow += "while not pathlib.Path('go').exists():\n    time.sleep(0.1)"
    write_notebook(tiny.folder / "notebooks/05_slow.ipynb", ["parameters", slow])
    kill(tiny, tiny.folder / "notebooks/begun")
    assert list(tiny.made.glob("*/.*"))
    (tiny.folder / "notebooks/go").touch()
    later = time.time() + 3600
    for path in tiny.folder.rglob("*"):
        os.utime(path, (later, later))
    edit(tiny.folder / "notebooks/02_second.ipynb", "a line", "another line")
    edit(tiny.folder / "notebooks/03_fails.ipynb", "1 / 0", "1 / 2")
    assert tiny.report("--jobs", "2").returncode == 0, tiny.last.stdout
    *first, last = re.findall(r"(\w+) +done", tiny.last.stdout)
    assert (sorted(first), last) == (["02_second", "03_fails", "05_slow"], notebooks.LAST)
    assert stamp(tiny, "01_first") == before
    assert not list(tiny.made.glob("failed/03*"))
    assert not list(tiny.made.glob("*/.*"))
    front = (tiny.folder / "build/report/index.html").read_text(encoding="utf-8")
    assert "did not finish" not in front
    assert f"The {len(own)} tests of them in these notebooks say: 0: holds" in " ".join(front.split())
    assert tiny.report().returncode == 0
    assert tiny.work < 10
    assert re.fullmatch(r"report: build/report/index.html  \(\d+ s\)\n", tiny.last.stdout)
    edit(tiny.folder / "notebooks/01_first.ipynb", "'one', 1", "'one', 2")
    assert pending(tiny) == {"01_first", notebooks.LAST}


def test_a_module_that_nothing_imports_changes_nothing(tiny):
    edit(tiny.folder / "fkp_utils/imputation/impute.py", "\n", "\n\n")
    assert pending(tiny) == set()


@pytest.mark.parametrize(
    "config", ["fingerprint=other", "root=/another", "root=/an{o}ther", "kernel=another", "data=kaggle", "profile=full"]
)
def test_data_and_parameters_concern_all(tiny, config):
    assert pending(tiny, config) == {"01_first", "02_second"}


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "hours", "gpu"), [("quick", 1 / 3, 0), ("long", 5, 0), ("full", 12, 1)])
def test_a_cluster_is_asked_for_memory_minutes_and_gpus_of_each_notebook(tmp_path, profile, hours, gpu):
    config = tmp_path / "series.json"
    keys = {"data": "synthetic", "root": "", "profile": profile, "kernel": "python3", "fingerprint": "", "live": False}
    config.write_text(json.dumps(keys))
    command = [sys.executable, "-m", "snakemake", "notebooks", "--dry-run", "--forceall", "--cores", "1", "--nolock"]
    command += ["--snakefile", str(places.CHECKOUT / "Snakefile"), "--configfile", str(config), "--directory", tmp_path]
    for name in ("notebooks", "fkp_utils", "results"):
        (tmp_path / name).symlink_to(places.CHECKOUT / name)
    environment = os.environ | {"PYTHONPATH": str(places.CHECKOUT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(r"wildcards: name=(\w+)(?:\n.*)*?\n    resources: (.*)", done.stdout + done.stderr)
    asked = {name: dict(re.findall(r"(\w+)=(\d+)(?=,|$)", text)) for name, text in found}
    assert sorted(asked) == notebooks.names()
    source = (places.CHECKOUT / "Snakefile").read_text(encoding="utf-8")
    assert re.findall(r'^    "(\w+)": \(', source, re.MULTILINE) == notebooks.names()
    assert all(each["cpus_per_task"] == "2" and int(each["mem_mb"]) >= 4000 for each in asked.values())
    assert min(int(each["runtime"]) for each in asked.values()) >= 60 * hours
    assert max(int(each["runtime"]) for each in asked.values()) <= 24 * 60
    assert {name for name, each in asked.items() if each.get("gpu", "0") == "1"} == (
        set() if not gpu else set(notebooks.names()) - {"01_eda", "02_imputation", notebooks.LAST}
    )


def test_a_cluster_is_prepared_without_executing_anything(tiny):
    command = [sys.executable, "-m", "fkp_utils.course.series", "cluster", "--profile", "smoke"]
    (tiny.folder / "build/series.json").unlink()
    done = subprocess.run(command, cwd=tiny.folder, capture_output=True, text=True, check=True)
    assert pending(tiny) == set(), "it asks for what `make report` has made"
    printed = done.stdout.split()
    assert printed[:4] == ["snakemake", "notebooks", "--configfile", "build/series.json"]
    assert printed[-2:] == ["--jobs", str(len(list((tiny.folder / "notebooks").glob("[0-9]*.ipynb"))))]


def test_two_reports_do_not_mix(tiny):
    import filelock

    with filelock.FileLock(tiny.folder / "build/series.lock"):
        assert tiny.report().returncode == 1
    assert "another `make report` is at work" in tiny.last.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--data", "cats"], "no data set 'cats'; there are synthetic, kaggle"),
        (["--profile", "huge"], "no profile 'huge'; there are smoke, quick, long, full"),
        (["--kernel", "cobol"], "no kernel 'cobol'; there are "),
        (["--jobs", "0"], "jobs is '0'; expected"),
        (["--jobs", "two"], "jobs is 'two'; expected"),
        (["--root", "somewhere"], "synthetic faces are made, not read"),
        (["--data", "kaggle", "--root", "no/such/folder"], "no/such/folder"),
        (["--data", "celeba", "--root", "no/such/folder"], "no/such/folder"),
    ],
)
def test_a_wrong_option_is_one_sentence(capsys, options, sentence):
    assert series.main(["report", *options]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ")
    assert sentence in printed.err
    assert printed.out == ""


def test_bad_data_are_told_before_the_first_notebook(tmp_path):
    (tmp_path / "training.csv").write_text("left_eye_center_x;Image\n1;2\n")
    command = [sys.executable, "-m", "fkp_utils.course.series", "report", "--data", "kaggle", "--root", str(tmp_path)]
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=places.CHECKOUT, **out)  # where the package of this checkout is found
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1
    assert told == f"error: {tmp_path}/training.csv, line 1: semicolons between its values; expected commas\n"
    assert usage.ru_utime + usage.ru_stime < 10


@pytest.mark.parametrize("part", ["training", "test"])
def test_every_row_of_either_part_is_read_before_the_first_notebook(tmp_path, monkeypatch, capsys, part):
    for path in (places.CHECKOUT / "data/sample").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(subprocess, "run", None)
    with zipfile.ZipFile(tmp_path / f"{part}.zip") as archive:
        text = archive.read(f"{part}.csv")
    (tmp_path / f"{part}.csv").write_bytes(text.rstrip() + b" 7\n")
    assert series.main(["report", "--data", "kaggle", "--root", str(tmp_path)]) == 1
    row = {"training": 39, "test": 9}[part]
    told = f"error: {tmp_path}/{part}.csv, row {row} (0-based), column Image: 9,217 values; expected 9,216\n"
    assert capsys.readouterr().err == told


def test_what_is_left_out_of_the_data_is_told(tmp_path, capsys):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "a_mirror.png")
    rows = "\n".join(f"{k % 8 + 10} {k // 8 + 10}" for k in range(68))
    (tmp_path / "a.pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")
    series._read("landmarks68", str(tmp_path))
    assert capsys.readouterr().out == f"note: {tmp_path}: 1 mirrored copies without .pts are left out\n"


def test_what_snakemake_stops_at_is_told(tmp_path, monkeypatch, capsys):
    """Its sentences reach the user, though it is told to be quiet."""
    (tmp_path / "Snakefile").write_text("rule notebooks:\n    input: 'nowhere.txt'\n")
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    monkeypatch.setattr(places, "BUILD", tmp_path / "build")
    assert series.main(["report", "--profile", "smoke", "--jobs", "1"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: Snakemake stopped:\n")
    assert "nowhere.txt" in told


def test_a_line_that_the_terminal_cannot_show_does_not_stop_the_series():
    command = [sys.executable, "-m", "fkp_utils.course.series", "report", "--profile", "×"]
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=places.CHECKOUT, env=ascii_only, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:29]) == (1, "error: no profile '\\xd7'; there"[:29])


def test_an_unknown_notebook_is_one_sentence(capsys):
    assert series.main(["execute", "99_none"]) == 1
    assert "no notebook '99_none'; there are 01_eda" in capsys.readouterr().err


def test_the_kernel_of_another_environment_executes_the_series(tiny, monkeypatch, write_notebook):
    """Its specification lies in Jupyter's path under another name, and sets a variable that tells it from ours."""
    specification = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Other",
        "language": "python",
        "env": {"THIS_KERNEL_IS": "another"},
    }
    place = tiny.folder / "jupyter" / "kernels" / "fkp-other"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(specification))
    monkeypatch.setenv("JUPYTER_PATH", str(tiny.folder / "jupyter"))
    for path in (tiny.folder / "notebooks").glob("*.ipynb"):
        path.unlink()
    told = "import os\nfrom fkp_utils.course import records\nrecords.record('kernel', os.environ.get('THIS_KERNEL_IS'))"
    write_notebook(tiny.folder / "notebooks/01_first.ipynb", ["parameters", told])
    assert series._checked_configuration("synthetic", "", "smoke", "fkp-other")["kernel"] == "fkp-other"
    command = [sys.executable, "-m", "snakemake", "notebooks", "--cores", "1", "--nolock"]
    command += ["--configfile", "build/series.json", "--config"]
    for kernel, expected in (("fkp-other", "another"), ("python3", None)):
        done = subprocess.run(
            [*command, f"kernel={kernel}"], cwd=tiny.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert stamp(tiny, "01_first")["values"] == {"kernel": expected}


def test_make_passes_every_option(tiny):
    given = {"DATA": "kaggle", "ROOT": "a folder", "PROFILE": "full", "JOBS": "2", "KERNEL": "other"}
    command = ["make", "--dry-run", "report", *(f"{name}={value}" for name, value in given.items())]
    printed = subprocess.run(command, cwd=tiny.folder, capture_output=True, text=True, check=True).stdout
    assert all(f'--{name.lower()} "{value}"' in printed for name, value in given.items())


def test_variables_of_the_shell_are_no_options(tiny):
    foreign = {
        "DATA": "celeba",
        "ROOT": "elsewhere",
        "PROFILE": "full",
        "JOBS": "9",
        "KERNEL": "ir",
        "PYTHON": "python2",
    }
    command = ["make", "--dry-run", "report"]
    environment = os.environ | foreign
    done = subprocess.run(command, cwd=tiny.folder, env=environment, capture_output=True, text=True, check=True)
    assert '--data "synthetic" --root "" --profile "quick" --jobs "auto" --kernel "python3"' in done.stdout
    assert "python2" not in done.stdout


@pytest.mark.parametrize(
    ("text", "processors", "expected"), [("auto", 2, 2), ("auto", 64, 4), ("auto", 1, 1), ("9", 2, 9)]
)
def test_as_many_notebooks_run_at_a_time_as_there_are_processors(text, processors, expected):
    assert series.number_of_jobs(text, processors) == expected


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_another_python_is_refused_in_one_sentence(tiny, version):
    fake = tiny.folder / "python"
    fake.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import sys; sys.version_info = {version}; exec(sys.argv[1])' \"$2\"\n"
    )
    fake.chmod(0o755)
    command = ["make", "report", "PYTHON=./python"]
    done = subprocess.run(command, cwd=tiny.folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    sentence = f"error: Python 3.11, 3.12 or 3.13 is needed; ./python is {version[0]}.{version[1]}."
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr
    assert not (tiny.folder / ".venv").exists()
