"""One training: the graph that augments and learns, its steps, and the end of each epoch."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import time
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from fkp_utils import faces, metrics
from fkp_utils.augmentation import augment
from fkp_utils.imputation import impute
from fkp_utils.models import architectures
from fkp_utils.system import devices
from fkp_utils.training import batches, checkpoint, data_views, experiment, losses, optimizers

EAGER = 16  # steps: a shorter training is over before TensorFlow, on a processor, has traced its graph
LOST = 10.0  # an error of so many image widths ends a training
RISE, FIRST = 0.3, 1 / 25  # of "one_cycle": the share of steps in which the rate rises, and that of it at the start


class TrainingError(Exception):
    """A training that cannot go on; the message names the experiment."""


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
) -> tuple[list[checkpoint.Epoch], list[np.ndarray]]:
    """Trains from the weights of `model`, whose own may change; returns all epochs, and the weights after the one with
    the lowest validation error.

    seed: that of the experiment, plus the number of the restart.  state: a file that is written now and then and read
    at the start, so that a killed training goes on; removed at the end.  tell: gets a line of progress, whose seconds
    are those of the restarts after this one too.  TrainingError if the error is not finite or grows out of all bounds.
    """
    meaning = described.outputs(parts.training)
    training = learnable(described, parts.training)
    targets = meaning.targets(training)
    steps = -(-len(targets) // described.batch)
    if described.frozen_epochs:
        whole = trainer(model, described.augmentation, meaning.mirror, seed)
    else:
        learner = _learner(described, model, described.epochs * steps, meaning.mirror, seed)
        model, whole = learner.model, learner.whole
    memory = checkpoint.Checkpoint(state, model, whole, described.ema)
    unseen = parts.validation, meaning.targets(parts.validation)
    for first, last in ((0, described.frozen_epochs), (described.frozen_epochs, described.epochs)):
        if first == last or memory.stored() > last:  # nothing to do, or done before the training was killed
            continue
        if described.frozen_epochs:
            architectures.freeze(model, first == 0)
            compile_trainer(whole, described, (last - first) * steps)
        memory.restore(first, last)
        watch = _Watch(described, steps, memory, unseen, tell, described.restarts - 1 - (seed - described.seed))
        done = len(memory.epochs)
        if done == last or watch.stops():
            continue
        try:
            whole.fit(  # all epochs as one: at the end of each, Keras would wait for what reads the next
                batches.Batches(training.images, targets, described.batch, seed, first=done),
                steps_per_epoch=(last - done) * steps,
                shuffle=False,  # the batches are
                verbose=0,
                callbacks=[watch],
            )
        except BaseException:
            _learners.clear()  # it has stopped anywhere
            raise
    return memory.epochs, memory.finish()


class _Watch(keras.callbacks.Callback):
    """What happens around the steps of a training: progress, averages, the end of an epoch, and an early end."""

    def __init__(
        self,
        described: experiment.Experiment,
        steps: int,
        memory: checkpoint.Checkpoint,
        unseen: tuple[faces.Faces, np.ndarray],
        tell: Callable[[str], None],
        further: int,
    ) -> None:
        super().__init__()
        self.described, self.steps, self.memory, self.unseen, self.tell = described, steps, memory, unseen, tell
        self.further = further  # restarts after this one
        self.begun, self.done = 0.0, 0  # after the first step, which takes long
        self.start = time.monotonic()

    def stops(self) -> bool:
        """Whether the validation error has not fallen for long enough."""
        late = len(self.memory.epochs) - 1 - self.memory.best
        return len(self.memory.epochs) > self.described.frozen_epochs and 0 < self.described.patience <= late

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        epochs, step = self.memory.epochs, batch % self.steps + 1
        errors = f" · train {epochs[-1].training:.2f} px · val {epochs[-1].validation:.2f} px" if epochs else ""
        left = ""
        if self.done:
            steps = ((1 + self.further) * self.described.epochs - len(epochs)) * self.steps - step
            left = f" · {steps * (time.monotonic() - self.begun) / self.done:.0f} s left"
        else:
            self.begun = time.monotonic()
        self.done += 1
        self.tell(f"epoch {len(epochs) + 1}/{self.described.epochs}{errors}{left}")
        self.memory.step()
        if step == self.steps:
            self._epoch_ends(logs or {})

    def _epoch_ends(self, logs: dict[str, float]) -> None:
        validation, targets = self.unseen
        self.memory.sync()
        self.memory.swap()
        found = batches.outputs(self.memory.model, validation)
        self.memory.swap()
        errors = float(logs["rmse"]), metrics.rmse(found, targets) if np.isfinite(found).all() else math.inf
        most = LOST * max(self.model.input[0].shape[1:3])
        if not (math.isfinite(logs["loss"]) and all(error < most for error in errors)):
            raise TrainingError(
                f"{self.described.label}: epoch {len(self.memory.epochs) + 1} ends with loss {logs['loss']:.3g},"
                f" training error {errors[0]:.3g} px, validation error {errors[1]:.3g} px; a lower learning rate than"
                f" {self.described.learning_rate:g} may help"
            )
        self.memory.add(checkpoint.Epoch(*errors, time.monotonic() - self.start))
        self.model.reset_metrics()
        self.model.stop_training = self.stops()
        self.start = time.monotonic()
