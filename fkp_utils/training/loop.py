"""One training: batches, the graph that augments and learns, its state on disk, and the epoch that is kept."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import time
import zipfile
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from fkp_utils import faces
from fkp_utils.augmentation import augment
from fkp_utils.imputation import impute
from fkp_utils.models import architectures
from fkp_utils.system import devices, files
from fkp_utils.training import data_views, experiment, losses, optimizers

EAGER = 16  # steps: a shorter training is over before TensorFlow, on a processor, has traced its graph
SAVE_EVERY = 30.0  # seconds between two states on disk
LOST = 10.0  # an error of so many image widths ends a training
RISE, FIRST = 0.3, 1 / 25  # of "one_cycle": the share of steps in which the rate rises, and that of it at the start


class TrainingError(Exception):
    """A training that cannot go on; the message names the experiment."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """One line of a history: root mean squared errors in px on given labels, of (augmented) training and validation."""

    training: float
    validation: float
    seconds: float


class Batches(keras.utils.PyDataset):
    """Images and targets of the faces, read batch by batch; shuffled by (seed, epoch) if a seed is given."""

    def __init__(
        self, images: np.ndarray | faces.StoredImages, targets: np.ndarray, size: int, seed: int | None
    ) -> None:
        super().__init__(workers=2)  # with one, TensorFlow tunes how it reads, and ends an epoch when it next looks
        self.images, self.targets, self.size, self.seed = images, targets, size, seed
        self.start(0)

    def start(self, epoch: int) -> None:
        """The order of this epoch."""
        count = len(self.images)
        self.order = np.arange(count)
        if self.seed is not None:
            self.order = np.random.default_rng([self.seed, epoch]).permutation(count)

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, index: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        rows = self.order[index * self.size : (index + 1) * self.size]
        targets = self.targets[rows]
        return (self.images[rows], targets), targets


class RootMeanSquare(keras.metrics.Metric):
    """Root mean squared error in px over the given coordinates of all batches."""

    def __init__(self) -> None:
        super().__init__(name="rmse")
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, _: object, pairs: keras.KerasTensor, sample_weight: object = None) -> None:
        error, given = losses.errors(pairs[..., :2], pairs[..., 2:])
        self.total.assign_add(ops.sum(ops.square(error)))
        self.count.assign_add(ops.sum(given))

    def result(self) -> object:
        return ops.sqrt(self.total / ops.maximum(self.count, 1.0))


def trainer(model: keras.Model, augmentation: augment.Augmentation, mirror: tuple[int, ...], seed: int) -> keras.Model:
    """A model of images and targets that augments both and gives (B, O, 4): the targets and the predictions."""
    height, width, channels = model.input.shape[1:]
    images = keras.Input((height, width, channels), dtype="uint8", name="images")
    targets = keras.Input((len(mirror), 2), name="targets")
    moved = augment.layer(augmentation, mirror, (height, width), seed)([ops.cast(images, "float32"), targets])
    return keras.Model([images, targets], ops.concatenate([moved[1], model(moved[0])], axis=-1))


def compile_trainer(model: keras.Model, described: experiment.Experiment, steps: int, eager: bool = False) -> None:
    """The loss, the optimizer and the error in pixels, for `steps` steps in all, each traced once or, `eager`, anew."""
    rate: object = described.learning_rate
    if described.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(described.learning_rate, steps)
    elif described.schedule == "one_cycle":
        rise, top = max(1, round(RISE * steps)), described.learning_rate
        rate = keras.optimizers.schedules.CosineDecay(
            FIRST * top, max(1, steps - rise), warmup_target=top, warmup_steps=rise
        )
    optimizer = optimizers.build(described.optimizer, rate)
    loss = losses.loss(described.loss, described.alpha)
    height, width = model.input[0].shape[1:3]
    unit = np.array([1, 1] if described.units == "pixels" else [width / 2, height / 2], np.float32)
    model.compile(
        optimizer,
        lambda _, pairs: loss(pairs[..., :2] / unit, pairs[..., 2:] / unit),
        metrics=[RootMeanSquare()],
        jit_compile=devices.compiles(),
        run_eagerly=eager,
    )
    optimizer.build(model.trainable_variables)


def learnable(described: experiment.Experiment, training: faces.Faces) -> faces.Faces:
    """The training faces with their missing labels dealt with; ValueError if none is left."""
    if described.missing == "mask":
        return training
    if described.missing != "drop":
        return impute.fill(training, impute.build(described.missing))
    complete = np.all(training.given, axis=1)
    if not complete.any():
        raise ValueError(f"{described.label}: none of {len(training)} training faces has all labels")
    return training.select(complete)


def train(
    described: experiment.Experiment,
    model: keras.Model,
    parts: data_views.Parts,
    seed: int,
    state: pathlib.Path,
    tell: Callable[[str], None],
) -> list[Epoch]:
    """Trains the model in place and leaves it at the epoch with the lowest validation error; returns all epochs.

    state: a file that is written now and then and read at the start, so that a killed training goes on; removed at the
    end.  tell: gets a line of progress.  TrainingError if the error is not finite or grows out of all bounds.
    """
    meaning = described.outputs(parts.training)
    training = learnable(described, parts.training)
    batches = Batches(training.images, meaning.targets(training), described.batch, seed)
    check = Batches(parts.validation.images, meaning.targets(parts.validation), described.batch, None)
    whole = trainer(model, described.augmentation, meaning.mirror, seed)
    eager = described.epochs * len(batches) < EAGER and not devices.compiles()
    phases = [(0, described.frozen_epochs, True), (described.frozen_epochs, described.epochs, False)]
    memory = _Memory(state, model, whole, described.ema)
    for first, last, frozen in phases:
        if first == last:
            continue
        architectures.freeze(model, frozen)
        compile_trainer(whole, described, (last - first) * len(batches), eager)
        memory.restore(first, last)
        while len(memory.epochs) < last and not _stops(described, memory, frozen):
            memory.add(_epoch(described, whole, batches, check, memory, tell))
    memory.finish()
    return memory.epochs


def _stops(described: experiment.Experiment, memory: _Memory, frozen: bool) -> bool:
    late = len(memory.epochs) - 1 - memory.best
    return not frozen and 0 < described.patience <= late


def _epoch(
    described: experiment.Experiment,
    whole: keras.Model,
    batches: Batches,
    check: Batches,
    memory: _Memory,
    tell: Callable[[str], None],
) -> Epoch:
    number, start = len(memory.epochs), time.monotonic()
    known = memory.epochs[-1] if memory.epochs else None
    errors = f" · train {known.training:.2f} px · val {known.validation:.2f} px" if known else ""

    def step(batch: int, logs: object = None) -> None:
        left = (described.epochs - number - (batch + 1) / len(batches)) * (time.monotonic() - start)
        left *= len(batches) / (batch + 1)
        tell(f"epoch {number + 1}/{described.epochs}{errors} · {left:.0f} s left")
        memory.step()

    batches.start(number)
    logs = whole.fit(
        batches,
        validation_data=check,
        initial_epoch=number,
        epochs=number + 1,
        shuffle=False,  # the order is that of `Batches`
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_train_batch_end=step, on_test_begin=lambda _: memory.swap(), on_test_end=lambda _: memory.swap()
            )
        ],
    ).history
    epoch = Epoch(float(logs["rmse"][0]), float(logs["val_rmse"][0]), time.monotonic() - start)
    if not (
        math.isfinite(logs["loss"][0]) and max(epoch.training, epoch.validation) < LOST * max(whole.input[0].shape[1:3])
    ):
        raise TrainingError(
            f"{described.label}: epoch {number + 1} ends with loss {logs['loss'][0]:.3g}, training error"
            f" {epoch.training:.3g} px, validation error {epoch.validation:.3g} px; a lower learning rate than"
            f" {described.learning_rate:g} may help"
        )
    return epoch


class _Memory:
    """The epochs so far, the weights of the best one, and both on disk with all that training needs to go on.

    average: the running mean of the weights after each step, of which a step keeps the share `ema`, less at first; with
    ema 0 there is none.
    """

    def __init__(self, state: pathlib.Path, model: keras.Model, whole: keras.Model, ema: float) -> None:
        self.state, self.model, self.whole, self.ema, self.steps = state, model, whole, ema, 0
        self.epochs: list[Epoch] = []
        self.best, self.weights, self.saved = -1, model.get_weights(), time.monotonic()
        self.average = model.get_weights() if ema else []

    def step(self) -> None:
        """Adds the weights after a step to the average."""
        if not self.ema:
            return
        if keras.backend.backend() == "jax":
            self.whole.jax_state_sync()  # which keeps the weights to itself during an epoch
        self.steps += 1
        keep = min(self.ema, self.steps / (10 + self.steps))
        for mean, weight in zip(self.average, self.model.weights, strict=True):
            mean += (1 - keep) * (np.asarray(weight) - mean)

    def swap(self) -> None:
        """The model takes the average as its weights, and gives its own for it; once more, and all is as before."""
        if self.ema:
            own = self.model.get_weights()
            self.model.set_weights(self.average)
            self.average = own

    def _variables(self) -> list[keras.Variable]:
        return [*self.whole.variables, *self.whole.optimizer.variables]

    def restore(self, first: int, last: int) -> None:
        """Goes on from the state on disk if it is of the epochs from `first` to `last`; a damaged state is removed."""
        try:
            with np.load(self.state) as file:
                epochs = [Epoch(*values) for values in json.loads(str(file["epochs"]))]
                if not first < len(epochs) <= last:
                    return
                variables, count = self._variables(), len(self.weights)
                values = [file[f"variable{i}"] for i in range(len(variables))]
                weights = [file[f"best{i}"] for i in range(count)]
                average = [file[f"average{i}"] for i in range(len(self.average))]
                best, steps = int(file["best"]), int(file["steps"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            self.state.unlink(missing_ok=True)
            return
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.epochs, self.best, self.weights, self.average, self.steps = epochs, best, weights, average, steps

    def add(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)
        if self.best < 0 or epoch.validation < self.epochs[self.best].validation:
            own = [mean.copy() for mean in self.average] or self.model.get_weights()
            self.best, self.weights = len(self.epochs) - 1, own
        if time.monotonic() - self.saved >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        arrays = {f"variable{i}": np.asarray(value) for i, value in enumerate(self._variables())}
        arrays |= {f"best{i}": value for i, value in enumerate(self.weights)}
        arrays |= {f"average{i}": value for i, value in enumerate(self.average)}
        epochs = json.dumps([dataclasses.astuple(epoch) for epoch in self.epochs])
        with files.replacing(self.state) as new, new.open("wb") as file:
            np.savez(file, epochs=epochs, best=self.best, steps=self.steps, **arrays)  # type: ignore[arg-type]  # none is allow_pickle
        self.saved = time.monotonic()

    def finish(self) -> None:
        self.model.set_weights(self.weights)
        self.state.unlink(missing_ok=True)
