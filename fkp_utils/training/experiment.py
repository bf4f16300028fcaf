"""Experiments: what is trained, on what, and how, in one frozen description whose key names its run.

`training.runs` trains an experiment, or finds it trained.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from typing import Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.augmentation import augment
from fkp_utils.datasets import loading
from fkp_utils.models import architectures, label_sources
from fkp_utils.models import pretrained as weight_files
from fkp_utils.system import code_version
from fkp_utils.training import data_views

MISSING = ("mask", "drop")  # and the imputers by name


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What is trained and how.

    data: the faces.  model: a name in `architectures.NAMES`.  weights: "" (from scratch), "imagenet", or a file or
    folder of such weights.  pretrained: an experiment whose trained model gives its weights to the layers that both
    have.  missing: "mask" (missing labels carry no weight), "drop" (faces that lack a label are left out), or the name
    of an imputer that fills the training faces.  sources: "together", or "apart" for own outputs where the second label
    source means another point.  offset: (x, y) px by which the labels of each keypoint lie aside of what they name, ()
    = none; taken off before training and put back in answers, so that a mirror does not contradict the labels.
    loss: a name in `losses.LOSSES`; errors are in `units`.  alpha: weight of the second term of the losses that have
    two (`losses.WEIGHTED`), of no effect in others.  units: "pixels", or "half_image" for coordinates from -1 to 1, as
    learning rates for such mean (S2); histories and scores are in pixels in any case.  dropout: share of the values
    that are dropped before the dense layers.  optimizer: a name in `optimizers.NAMES`.  schedule: "constant", "cosine",
    or "one_cycle" (Smith & Topin, 2018): the rate rises to its value during 30% of all steps, from a 25th of it, then
    falls to 0 as a cosine does.  ema: share of the weights' running average that a step keeps; the average is what is
    validated and kept (Polyak averaging); 0 = the weights themselves.  precision: "float32", or "bfloat16" for what
    layers pass on while they learn, which processors that know it do faster; weights are float32 in any case,
    and so is the trained model.  frozen_epochs: so many epochs first train the head alone.  patience: epochs without a
    lower validation error after which training stops; 0: never.  restarts: so many trainings, seeds `seed`, `seed` + 1,
    …

    ValueError for a value that is not known.
    """

    data: data_views.Data = dataclasses.field(default_factory=data_views.Data)
    model: str = "lenet5"
    weights: str = ""
    pretrained: Experiment | None = None
    missing: str = "mask"
    sources: str = "together"
    offset: tuple[tuple[float, float], ...] = ()
    augmentation: augment.Augmentation = dataclasses.field(default_factory=augment.Augmentation)
    loss: str = "mse"
    alpha: float = 0.01
    units: str = "pixels"
    dropout: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    ema: float = 0.0
    precision: str = "float32"
    batch: int = 64
    frozen_epochs: int = 0
    epochs: int = 30
    patience: int = 0
    restarts: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        from fkp_utils.imputation import impute
        from fkp_utils.training import losses, optimizers

        known = {
            "model": architectures.NAMES,
            "missing": (*MISSING, *impute.IMPUTERS),
            "sources": ("together", "apart"),
            "loss": tuple(losses.LOSSES),
            "units": ("pixels", "half_image"),
            "optimizer": optimizers.NAMES,
            "schedule": ("constant", "cosine", "one_cycle"),
            "precision": ("float32", "bfloat16"),
        }
        for field, names in known.items():
            if getattr(self, field) not in names:
                raise ValueError(f"{field} is {getattr(self, field)!r}; expected one of {', '.join(names)}")
        for field, lowest in {"batch": 1, "epochs": 1, "restarts": 1, "patience": 0, "frozen_epochs": 0}.items():
            if getattr(self, field) < lowest:
                raise ValueError(f"{field} is {getattr(self, field)}; expected at least {lowest}")
        for field in ("dropout", "ema"):
            if not 0 <= getattr(self, field) < 1:
                raise ValueError(f"{field} is {getattr(self, field)}; expected a share from 0 to below 1")
        if not self.alpha >= 0:
            raise ValueError(f"alpha is {self.alpha}; expected 0 or more")
        if not all(math.isfinite(x) and math.isfinite(y) for x, y in self.offset):
            raise ValueError(f"offset is {self.offset}; expected x and y in pixels of each keypoint")
        if not (self.learning_rate > 0 and self.frozen_epochs <= self.epochs):
            raise ValueError(
                f"learning_rate {self.learning_rate}, frozen_epochs {self.frozen_epochs} of {self.epochs}; expected a"
                " positive number, and no more than all epochs"
            )

    @property
    def label(self) -> str:
        """What tells the experiment from others in a table: the model, then what differs from the usual."""
        from fkp_utils.training import losses

        words = [self.model]
        if self.weights:
            words.append("ImageNet" if self.weights == "imagenet" else "given weights")
        if self.pretrained:
            words.append(f"pretrained on {self.pretrained.data.name}")
        words.append({"mask": "masked", "drop": "complete rows"}.get(self.missing, self.missing.replace("_", " ")))
        words += ["sources apart"] * (self.sources == "apart")
        words += [f"labels {np.mean(self.offset, axis=0)[0]:+.1f} px aside"] if self.offset else []
        words += [self.augmentation.label] * (self.augmentation.label != "")
        weight = f" {self.alpha:g}" if self.loss in losses.WEIGHTED else ""
        words += [f"loss {self.loss.replace('_', ' ')}{weight}"] * (self.loss != "mse")
        words += [f"drop-out {self.dropout:g}"] * (self.dropout > 0)
        words += [f"SGD {self.learning_rate:g}"] * (self.optimizer == "sgd")
        words += ["Muon"] * (self.optimizer == "muon")
        words += ["one cycle"] * (self.schedule == "one_cycle")
        words += ["averaged weights"] * (self.ema > 0)
        return ", ".join(words)

    @functools.cached_property
    def key(self) -> str:
        """12 hex digits of the description, the data and the code that shapes a training."""
        return hashlib.sha256(json.dumps(self.described(), sort_keys=True).encode()).hexdigest()[:12]

    def described(self) -> dict[str, Any]:
        """The description as JSON has it, with the versions of data and code; where the data lie does not count."""
        described = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        described["data"] = self.data.described()
        described["augmentation"] = dataclasses.asdict(self.augmentation)
        described["pretrained"] = self.pretrained and self.pretrained.key
        if self.weights not in ("", weight_files.IMAGENET):
            with weight_files.find(self.model, self.weights).open("rb") as file:
                described["weights"] = hashlib.file_digest(file, "sha256").hexdigest()
        described["code"] = code(self.data.name, self.model)
        return described

    def outputs(self, faces: face_sets.Faces) -> label_sources.Outputs:
        """What the outputs of its model stand for."""
        meaning = (label_sources.apart if self.sources == "apart" else label_sources.together)(faces.keypoints)
        return dataclasses.replace(meaning, offset=self.offset)


def code(data: str, model: str) -> str:
    """The version of the code that shapes a training of the model on the data set, both by name."""
    return code_version.version("fkp_utils.training.loop", loading.module(data), architectures.module(model))
