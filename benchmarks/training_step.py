"""What a training of ours costs beside a bare `model.fit`: the same LeNet-5, faces, loss, optimizer and validation.

A training of some epochs of each in turn, several times, in one process.  Ours reads uint8 faces batch by batch, in an
order that can be repeated, passes the layer of augmentation (which does nothing here) and counts the error in pixels;
the bare one is given float32 arrays that are whole in memory.

    python benchmarks/training_step.py [--faces 3000] [--repeats 5] [--before FOLDER] [--models lenet5,small]

With --before, a checkout of an earlier version, also how many times as many faces a second each of the models learns as
in that: medians of alternating processes, each of which trains twice and tells the time of the second.
"""

from __future__ import annotations

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import _options

from fkp_utils.system import backend

backend.load_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from fkp_utils import faces as face_sets  # noqa: E402
from fkp_utils.models import architectures, label_sources  # noqa: E402
from fkp_utils.system import devices  # noqa: E402
from fkp_utils.training import data_views, experiment, loop, losses  # noqa: E402

EPOCHS = 4
HERE = pathlib.Path(__file__).resolve().parents[1]
MEASURED = """
import pathlib, sys, tempfile, time
from fkp_utils.system import backend
backend.load_keras()
from fkp_utils.models import architectures
from fkp_utils.training import data_views, experiment, loop
name, faces, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
described = experiment.Experiment(data=data_views.Data(limit=faces), model=name, epochs=epochs)
parts = described.data.parts()
with tempfile.TemporaryDirectory() as folder:
    for _ in range(2):
        model = architectures.build(name, len(described.outputs(parts.training)), parts.training.size)
        start = time.perf_counter()
        loop.train(described, model, parts, 0, pathlib.Path(folder, "state.npz"), str)
        seconds = time.perf_counter() - start
print(len(parts.training) * epochs / seconds)
"""


def ours(described: experiment.Experiment, parts: data_views.Parts, folder: str) -> Callable[[], object]:
    """A training as `runs.run` makes it."""
    meaning, state = described.outputs(parts.training), pathlib.Path(folder, "state.npz")
    return lambda: loop.train(described, build(meaning, parts), parts, described.seed, state, str)


def bare(described: experiment.Experiment, parts: data_views.Parts) -> Callable[[], object]:
    """`fit` on arrays."""
    meaning = described.outputs(parts.training)
    model = build(meaning, parts)
    compiling = "auto" if devices.compiles() else False
    model.compile(keras.optimizers.Adam(described.learning_rate), losses.loss(described.loss), jit_compile=compiling)
    data, check = (arrays(meaning, faces) for faces in (parts.training, parts.validation))
    usual = {"batch_size": described.batch, "epochs": described.epochs, "validation_data": check, "verbose": 0}
    return lambda: model.fit(*data, **usual)


def build(meaning: label_sources.Outputs, parts: data_views.Parts) -> keras.Model:
    return architectures.build("lenet5", len(meaning), parts.training.size)


def arrays(meaning: label_sources.Outputs, faces: face_sets.Faces) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(faces.images).astype(np.float32), meaning.targets(faces)


def timed(training: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of all processors."""
    start = time.perf_counter(), time.process_time()
    training()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def alone(folder: pathlib.Path, name: str, faces: int) -> float:
    """Faces a second that the network learns by the version in `folder`."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", MEASURED, name, str(faces), str(EPOCHS)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    options = _options.parse(__doc__, faces=3000, repeats=5, before=pathlib.Path, models=("lenet5", "small"))
    described = experiment.Experiment(data=data_views.Data(limit=options.faces), epochs=EPOCHS)
    parts = described.data.parts()
    taken: dict[str, list[tuple[float, float]]] = {"bare fit": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        trainings = {"bare fit": bare(described, parts), "ours": ours(described, parts, folder)}
        for repeat in range(options.repeats + 1):
            for name, training in trainings.items():
                both = timed(training)
                if repeat:  # the first training traces the graph
                    taken[name].append(both)
    steps = EPOCHS * -(-len(parts.training) // described.batch)
    print(f"{len(parts.training):,} faces, {steps} steps of {described.batch}, medians of {options.repeats} trainings")
    print(f"{devices.accelerator()}, load {os.getloadavg()[0]:.1f} at the end")
    for name, each in taken.items():
        clock, processors = 1e3 * np.median(each, axis=0) / steps
        print(f"{name:10}{clock:7.2f} ms a step by the clock, {processors:7.2f} of processors")
    for name in options.models if options.before else ():
        folders = options.before.resolve(), HERE
        both = [[alone(folder, name, options.faces) for folder in folders] for _ in range(options.repeats)]
        earlier, now = (statistics.median(each) for each in zip(*both, strict=True))
        print(f"{name}: {earlier:,.0f} faces a second before, {now:,.0f} now")
        print(f"{name}_times_as_fast_as_before {now / earlier:.2f}")
    ratios = np.median(np.array(taken["ours"]) / np.array(taken["bare fit"]), axis=0)
    print(f"training_overhead_processors {ratios[1] - 1:.1%}")
    print(f"training_overhead {ratios[0] - 1:.1%}")


if __name__ == "__main__":
    main()
