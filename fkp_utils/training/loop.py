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


@dataclasses.dataclass(frozen=True)
class _Learner:
    """A model, the one around it that is compiled, and the values of the optimizer's variables before the first step.

    The last one is kept: a restart, and an experiment that differs in its faces alone, takes it up with other weights.
    To trace the same graph again takes longer than some trainings.
    """

    model: keras.Model
    whole: keras.Model
    first: list[np.ndarray]

    def begin(self, whole: keras.Model) -> None:
        """Takes the weights and random states of another `whole`; the optimizer has made no step."""
        for own, new in zip(self.whole.variables, whole.variables, strict=True):
            own.assign(new)
        for variable, value in zip(self.whole.optimizer.variables, self.first, strict=True):
            variable.assign(value)


_learners: dict[object, _Learner] = {}  # the last one, by what shapes its graph
_FACES_AND_TIME = (
    "data", "pretrained", "missing", "sources", "offset", "ema", "batch", "epochs", "patience", "restarts", "seed"
)  # fmt: skip  # fields that shape no graph


def _learner(
    described: experiment.Experiment, model: keras.Model, steps: int, mirror: tuple[int, ...], seed: int
) -> _Learner:
    """What learns for the experiment in `steps` steps, from the weights of `model`."""
    architectures.freeze(model, False)
    whole = trainer(model, described.augmentation, mirror, seed)
    eager = steps < EAGER and not devices.compiles()
    usual = experiment.Experiment()
    graph = dataclasses.replace(described, **{name: getattr(usual, name) for name in _FACES_AND_TIME})
    key = graph, model.input.shape, mirror, eager, steps if described.schedule != "constant" else None
    if key not in _learners:
        compile_trainer(whole, described, steps, eager)
        _learners.clear()
        _learners[key] = _Learner(model, whole, [np.asarray(each).copy() for each in whole.optimizer.variables])
    _learners[key].begin(whole)
    return _learners[key]


def train(
    described: experiment.Experiment,
    model: keras.Model,
    parts: data_views.Parts,
    seed: int,
    state: pathlib.Path,
    tell: Callable[[str], None],
) -> tuple[list[Epoch], list[np.ndarray]]:
    """Trains from the weights of `model`, whose own may change; returns all epochs, and the weights after the one with
    the lowest validation error.

    state: a file that is written now and then and read at the start, so that a killed training goes on; removed at the
    end.  tell: gets a line of progress.  TrainingError if the error is not finite or grows out of all bounds.
    """
    meaning = described.outputs(parts.training)
    training = learnable(described, parts.training)
    batches = Batches(training.images, meaning.targets(training), described.batch, seed)
    check = Batches(parts.validation.images, meaning.targets(parts.validation), described.batch, None)
    if described.frozen_epochs:
        whole = trainer(model, described.augmentation, meaning.mirror, seed)
    else:
        learner = _learner(described, model, described.epochs * len(batches), meaning.mirror, seed)
        model, whole = learner.model, learner.whole
    memory = _Memory(state, model, whole, described.ema)
    for first, last in ((0, described.frozen_epochs), (described.frozen_epochs, described.epochs)):
        if first == last:
            continue
        if described.frozen_epochs:
            architectures.freeze(model, first == 0)
            compile_trainer(whole, described, (last - first) * len(batches))
        memory.restore(first, last)
        watch = _Watch(described, batches, memory, tell)
        if len(memory.epochs) == last or watch.stops():
            continue
        try:
            whole.fit(
                batches,
                validation_data=check,
                initial_epoch=len(memory.epochs),
                epochs=last,
                shuffle=False,  # the order is that of `Batches`
                verbose=0,
                callbacks=[watch],
            )
        except BaseException:
            _learners.clear()  # it has stopped anywhere
            raise
    return memory.epochs, memory.finish()


class _Watch(keras.callbacks.Callback):
    """What happens around the steps of a training: order, progress, averages, memory, and an early end."""

    def __init__(
        self, described: experiment.Experiment, batches: Batches, memory: _Memory, tell: Callable[[str], None]
    ) -> None:
        super().__init__()
        self.described, self.batches, self.memory, self.tell = described, batches, memory, tell
        self.begun, self.done = time.monotonic(), 0

    def stops(self) -> bool:
        """Whether the validation error has not fallen for long enough."""
        late = len(self.memory.epochs) - 1 - self.memory.best
        return len(self.memory.epochs) > self.described.frozen_epochs and 0 < self.described.patience <= late

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.start = time.monotonic()
        self.batches.start(epoch)

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.done += 1
        epochs = self.memory.epochs
        errors = f" · train {epochs[-1].training:.2f} px · val {epochs[-1].validation:.2f} px" if epochs else ""
        steps = (self.described.epochs - len(epochs)) * len(self.batches) - batch - 1
        left = steps * (time.monotonic() - self.begun) / self.done
        self.tell(f"epoch {len(epochs) + 1}/{self.described.epochs}{errors} · {left:.0f} s left")
        self.memory.step()

    def on_test_begin(self, logs: object = None) -> None:
        self.memory.swap()

    def on_test_end(self, logs: object = None) -> None:
        self.memory.swap()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        found = logs or {}
        errors = float(found["rmse"]), float(found["val_rmse"])
        most = LOST * max(self.model.input[0].shape[1:3])
        if not (math.isfinite(found["loss"]) and max(errors) < most):
            raise TrainingError(
                f"{self.described.label}: epoch {epoch + 1} ends with loss {found['loss']:.3g}, training error"
                f" {errors[0]:.3g} px, validation error {errors[1]:.3g} px; a lower learning rate than"
                f" {self.described.learning_rate:g} may help"
            )
        self.memory.add(Epoch(*errors, time.monotonic() - self.start))
        self.model.stop_training = self.stops()


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

    def finish(self) -> list[np.ndarray]:
        """The weights of the best epoch; the state on disk is removed."""
        self.state.unlink(missing_ok=True)
        return self.weights
