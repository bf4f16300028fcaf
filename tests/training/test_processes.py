"""Trainings that several processes make: killed and gone on with, shared, on another backend than TensorFlow."""

import dataclasses
import json
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from fkp_utils.augmentation import augment
from fkp_utils.training import checkpoint, data_views, experiment, runs

TINY = experiment.Experiment(data=data_views.Data(limit=80), epochs=2, batch=16)
KILLED = dataclasses.replace(TINY, epochs=5, restarts=2, augmentation=augment.STANDARD, dropout=0.2, ema=0.9)
SHARED = dataclasses.replace(TINY, restarts=4, augmentation=augment.STANDARD, dropout=0.2)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]

SCRIPT = """
import sys, time
from fkp_utils.system import backend
backend.load_keras()
sys.path.insert(0, sys.argv[1])
import test_processes
from fkp_utils.training import checkpoint, runs
add = checkpoint.Checkpoint.add
def slow(memory, epoch):
    add(memory, epoch)
    if len(memory.epochs) == 3 and "state-1" in memory.state.name:
        print("epoch 3", flush=True)
        time.sleep(60)
checkpoint.SAVE_EVERY, checkpoint.Checkpoint.add = 0, slow
runs.run(test_processes.KILLED)
"""


def test_a_killed_training_goes_on_as_if_unbroken(tmp_path, monkeypatch):
    command, broken = [sys.executable, "-c", SCRIPT, os.path.dirname(__file__)], tmp_path / "broken"
    environment = os.environ | {"FKP_RUNS": str(broken)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("epoch 3"):
            process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    partial = next(broken.glob("*.partial"))
    assert (partial / "result-0.json").exists()
    added, add = [], checkpoint.Checkpoint.add
    monkeypatch.setattr(checkpoint.Checkpoint, "add", lambda memory, epoch: (added.append(epoch), add(memory, epoch)))
    found = []
    for folder in (broken, tmp_path / "unbroken"):
        monkeypatch.setenv("FKP_RUNS", str(folder))
        found.append(runs.run(KILLED).history[["training", "validation"]].to_numpy())
    assert len(added) == 2 + 10, "two epochs were left, and all others are not trained again"
    assert found[0].shape == (10, 2)
    np.testing.assert_allclose(*found, rtol=1e-3)
    assert not list(broken.glob("*.partial"))


SHARING = """
import sys, time
from fkp_utils.system import backend
backend.load_keras()
sys.path.insert(0, sys.argv[1])
import test_processes
from fkp_utils.training import checkpoint, runs
restart, add = runs._Training.restart, checkpoint.Checkpoint.add
def told(training, number):
    print("#restart", number, flush=True)
    input()
    restart(training, number)
def slow(memory, epoch):
    add(memory, epoch)
    print("#epoch", len(memory.epochs), flush=True)
    input()
runs._Training.restart = told
if len(sys.argv) > 2:
    checkpoint.SAVE_EVERY, checkpoint.Checkpoint.add = 0, slow
runs.run(test_processes.SHARED)
"""


@pytest.fixture
def worker(tmp_path):
    """Starts processes that train SHARED in the folder `tmp_path`/name; each says what comes and waits for a line."""
    started = []

    def start(name, *options):
        command = [sys.executable, "-c", SHARING, os.path.dirname(__file__), *options]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        own = {"FKP_RUNS": str(tmp_path / name), "TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
        started.append(subprocess.Popen(command, env=os.environ | own, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def says(process, word):
    """The next line of the process with that word in it; "" if it ends without."""
    return next((line.strip() for line in process.stdout if word in line), "")


def go_on(process, times=1):
    process.stdin.write(times * "\n")
    process.stdin.flush()


def trained_in(folder):
    """Weights, errors of all epochs, and the restart that is kept, of the only run in the folder."""
    (facts,) = (json.loads(path.read_text()) for path in folder.glob("*/run.json"))
    (model,) = folder.glob("*/model.keras")
    errors = [epoch[:2] for restart in facts["restarts"] for epoch in restart["epochs"]]
    return keras.models.load_model(model, compile=False).get_weights(), errors, facts["kept"]


def test_processes_share_the_restarts_and_do_what_another_leaves(worker, tmp_path):
    alone, first = worker("alone"), worker("shared", "slow")
    go_on(alone, times=4)
    assert says(first, "#") == "#restart 0"
    second = worker("shared")
    for number in (1, 2):
        assert says(second, "#") == f"#restart {number}"
        go_on(second, times=number % 2)
    go_on(first, times=3)
    assert [says(first, "#") for _ in range(3)] == ["#epoch 1", "#epoch 2", "#restart 3"]
    go_on(second)
    assert "another process trains restart 4; waiting" in says(second, "waiting")
    go_on(first)
    assert says(first, "#") == "#epoch 1"
    first.kill()
    assert says(second, "#") == "#restart 3"
    go_on(second)
    assert [process.wait(60) for process in (alone, second)] == [0, 0]
    weights, errors, kept = trained_in(tmp_path / "alone")
    shared_weights, shared_errors, shared_kept = trained_in(tmp_path / "shared")
    assert (shared_errors, shared_kept) == (errors, kept)
    for ours, theirs in zip(shared_weights, weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [path.name for path in (tmp_path / "shared").glob("*.partial")] == []


def test_jax_learns_and_averages(tmp_path):
    pytest.importorskip("jax")
    script = """
from fkp_utils.system import backend
backend.load_keras()
from fkp_utils.training import data_views, experiment, runs
described = experiment.Experiment(data=data_views.Data(limit=80), epochs=3, batch=16, ema=0.9, optimizer="muon")
print("validation", *runs.run(described).history["validation"])
"""
    environment = os.environ | {"FKP_RUNS": str(tmp_path), "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    first, *_, last = map(float, done.stdout.split("validation ")[-1].split())
    assert last < 0.95 * first, "the average does not follow what is learnt"
