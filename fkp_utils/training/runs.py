"""Runs: experiments that were trained, kept on disk under their key, and found again by whoever asks for them."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import os
import pathlib
import re
import shutil
import time
from collections.abc import Callable
from typing import Any

import filelock
import keras
import numpy as np
import pandas as pd
import platformdirs

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.imputation import impute
from fkp_utils.models import architectures, label_sources
from fkp_utils.system import backend, devices, files, places, progress
from fkp_utils.training import batches, data_views, experiment, loop

ALL_LABELS = "knn"  # fills the missing labels of scores on all labels, where the experiment itself fills none (S0.3)


def folder() -> pathlib.Path:
    """`$FKP_RUNS`, or `build/runs` of the checkout the package lies in, or a folder where this system keeps caches."""
    if os.environ.get("FKP_RUNS"):
        return pathlib.Path(os.environ["FKP_RUNS"])
    if places.is_checkout():
        return places.BUILD / "runs"
    return pathlib.Path(platformdirs.user_cache_dir("fkp_utils")) / "runs"


@dataclasses.dataclass(frozen=True)
class Run:
    """A trained experiment on disk.

    facts: what `run.json` holds: label, description, parameters, seconds, device, versions, date, the restarts with
    their histories, the scores of the kept one by part and kind of labels.
    """

    path: pathlib.Path
    facts: dict[str, Any]

    @property
    def label(self) -> str:
        """What tells the experiment from others in a table."""
        return self.facts["label"]

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """By part ("training", "validation", "evaluation"): faces; mse, mae on given labels; all_mse, all_mae."""
        return self.facts["scores"]

    @property
    def offset(self) -> tuple[tuple[float, float], ...]:
        """(x, y) px by which the labels of each keypoint lie aside of what the model finds; () = none do."""
        return tuple((x, y) for x, y in self.facts["described"]["offset"])

    @property
    def history(self) -> pd.DataFrame:
        """A row for each epoch of each restart: restart, epoch (from 1), training and validation (px), seconds."""
        rows = [
            {"restart": number, "epoch": place, **dict(zip(("training", "validation", "seconds"), epoch, strict=True))}
            for number, restart in enumerate(self.facts["restarts"])
            for place, epoch in enumerate(restart["epochs"], 1)
        ]
        return pd.DataFrame(rows)

    @property
    def restarts(self) -> pd.DataFrame:
        """A row for each restart: seed, best_epoch (from 1), validation and evaluation error in px, seconds, kept."""
        rows = [{name: value for name, value in each.items() if name != "epochs"} for each in self.facts["restarts"]]
        return pd.DataFrame(rows).assign(kept=np.arange(len(rows)) == self.facts["kept"])

    @property
    def seed(self) -> int:
        """Of the restart that was kept: `build` with it gives the weights that this one began with."""
        return int(self.facts["restarts"][self.facts["kept"]]["seed"])

    @functools.cached_property
    def _model(self) -> keras.Model:
        return keras.models.load_model(self.path / "model.keras", compile=False)

    def model(self) -> keras.Model:
        """The trained model: images (B, H, W, C) in grey levels to points (B, O, 2) in pixels."""
        return self._model

    def predict(self, faces: face_sets.Faces) -> np.ndarray:
        """(N, K, 2) points in pixels, in the convention of each face's source if the model has outputs for it."""
        meaning = label_sources.Outputs(faces.keypoints, tuple(self.facts["own_outputs"]), self.offset)
        return predict(self.model(), faces, meaning)


def predict(model: keras.Model, faces: face_sets.Faces, meaning: label_sources.Outputs) -> np.ndarray:
    """(N, K, 2) points in pixels of the faces, read batch by batch; `meaning` tells what the outputs stand for."""
    return meaning.points(batches.outputs(model, faces), faces.source)


def run(described: experiment.Experiment) -> Run:
    """The run of the experiment: found on disk, or trained now.

    Other processes that want it too, here or on machines that share the folder of runs, share its restarts: each trains
    the next one that nobody works on, and one of them puts all together.  A single restart is waited for.  A training
    that was killed goes on from its last state; a run whose files are damaged is trained again, with a warning.
    TrainingError if training cannot go on.
    In the file `$FKP_TRAININGS`, if that is set, a line of JSON tells what the run has cost.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", described.label.lower()).strip("-")
    path = folder() / f"{slug}-{described.key}"
    line = progress.Line()
    training = _Training(described, path, line)
    if described.restarts > 1 and not path.exists():
        training.do_restarts(wait=False)
    files.built_once(
        path,
        build=training.finish,
        waiting=lambda: line.close(f"{described.label}: another process trains it; waiting"),
    )
    found = Run(path, json.loads((path / "run.json").read_text(encoding="utf-8")))
    kept = found.restarts.iloc[found.facts["kept"]]
    line.close(
        f"{found.label}: {len(found.restarts)} × trained in {found.facts['seconds']:.0f} s, {kept.best_epoch} epochs,"
        f" validation {kept.validation:.2f} px"
    )
    if os.environ.get("FKP_TRAININGS"):
        with open(os.environ["FKP_TRAININGS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(_cost(found)) + "\n")
    return found


def _cost(found: Run) -> dict[str, Any]:
    return {
        "key": found.facts["key"],
        "label": found.label,
        "faces": found.scores["training"]["faces"],
        "epochs": len(found.history),
        "restarts": len(found.facts["restarts"]),
        "seconds": round(found.facts["seconds"], 1),
    }


@dataclasses.dataclass
class _Training:
    """A run in the making: what is done of its restarts lies in a folder beside `path`, where it will be."""

    described: experiment.Experiment
    path: pathlib.Path
    line: progress.Line

    @property
    def partial(self) -> pathlib.Path:
        """Of each restart its lock, its state now and then, and its result; of the best one the weights."""
        return self.path.with_name(f"{self.path.name}.partial")

    @functools.cached_property
    def model(self) -> keras.Model:
        """Takes the weights of any restart, to predict with them."""
        described = dataclasses.replace(self.described, precision="float32")
        return build(described, described.data.parts(), described.seed)

    def results(self) -> dict[int, dict[str, Any]]:
        """What is known of the restarts that are done, by number."""
        paths = {number: self.partial / f"result-{number}.json" for number in range(self.described.restarts)}
        return {number: json.loads(path.read_text(encoding="utf-8")) for number, path in paths.items() if path.exists()}

    def do_restarts(self, wait: bool) -> None:
        """Trains the restarts that are not done; those that another process trains are waited for, or left to it."""
        self.partial.mkdir(parents=True, exist_ok=True)
        for number in range(self.described.restarts):
            lock = filelock.FileLock(self.partial / f"restart-{number}.lock")
            try:
                held = lock.acquire(timeout=0)
            except filelock.Timeout:
                if not wait:
                    continue
                self.line.close(f"{self.described.label}: another process trains restart {number + 1}; waiting")
                held = lock.acquire()
            with held:  # once a run is there, its results are removed: so these are looked for first
                if number not in self.results() and not self.path.exists():
                    self.restart(number)

    def restart(self, number: int) -> None:
        """Trains one restart; keeps its result, and its weights if it is the best one so far."""
        parts, seed = self.described.data.parts(), self.described.seed + number
        predicting = self.model  # built first: it sets the seed
        model = build(self.described, parts, seed)
        count = f" {number + 1}/{self.described.restarts}" if self.described.restarts > 1 else ""
        start = time.monotonic()
        epochs, weights = loop.train(
            self.described,
            model,
            parts,
            seed,
            self.partial / f"state-{number}.npz",
            lambda text: self.line.write(f"{self.described.label}{count} · {text}"),
        )
        seconds = max(time.monotonic() - start, sum(epoch.seconds for epoch in epochs))
        best = min(range(len(epochs)), key=lambda place: epochs[place].validation)
        predicting.set_weights(weights)
        points = predict(predicting, parts.evaluation, self.described.outputs(parts.training))
        result = {
            "seed": seed,
            "best_epoch": best + 1,
            "validation": epochs[best].validation,
            "seconds": seconds,
            "epochs": [dataclasses.astuple(epoch) for epoch in epochs],
            "evaluation": metrics.rmse(points, parts.evaluation.points),
        }
        with files.replacing(self.partial / f"weights-{number}.npz") as new, new.open("wb") as file:
            np.savez(file, *weights)
        files.write_text(self.partial / f"result-{number}.json", json.dumps(result))
        results = self.results()
        for worse in results.keys() - {_kept(results)}:
            (self.partial / f"weights-{worse}.npz").unlink(missing_ok=True)

    def finish(self) -> None:
        """Puts the restarts together."""
        self.do_restarts(wait=True)
        described, parts, results = self.described, self.described.data.parts(), self.results()
        meaning = described.outputs(parts.training)
        with np.load(self.partial / f"weights-{_kept(results)}.npz") as file:
            self.model.set_weights([file[name] for name in file.files])
        facts = {
            "label": described.label,
            "key": described.key,
            "described": described.described(),
            "root": pathlib.Path(described.data.root).name,
            "own_outputs": meaning.own,
            "parameters": self.model.count_params(),
            "seconds": sum(each["seconds"] for each in results.values()),
            "device": devices.accelerator(),
            "versions": backend.versions(),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "kept": _kept(results),
            "restarts": list(results.values()),
            "scores": scores(lambda faces: predict(self.model, faces, meaning), parts, _filling(described)),
        }
        with files.sealed(self.path) as new:
            self.model.save(new / "model.keras")
            files.write_text(new / "run.json", json.dumps(facts, indent=1))
        shutil.rmtree(self.partial)


def _kept(results: dict[int, dict[str, Any]]) -> int:
    return min(results, key=lambda number: results[number]["validation"])


def build(described: experiment.Experiment, parts: data_views.Parts, seed: int) -> keras.Model:
    """The untrained model of the experiment, with the weights it starts from."""
    keras.utils.set_random_seed(seed)
    faces = parts.training
    height, width, channels = faces.images.shape[1:]
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if described.precision == "bfloat16" else "float32")
    try:
        model = architectures.build(
            described.model,
            len(described.outputs(faces)),
            (height, width),
            channels,
            dropout=described.dropout,
            weights=described.weights or None,
        )
    finally:
        keras.config.set_dtype_policy(usual)
    if described.pretrained:
        architectures.transfer(run(described.pretrained).model(), model)
    return model


def _filling(described: experiment.Experiment) -> str:
    """The imputer of the labels that only scores on all labels need."""
    return ALL_LABELS if described.missing in experiment.MISSING else described.missing


def scores(
    answer: Callable[[face_sets.Faces], np.ndarray], parts: data_views.Parts, filling: str = ALL_LABELS
) -> dict[str, dict[str, float]]:
    """By part: faces; mse in px² and mae in px on given labels; all_mse, all_mae on all of them.

    answer: gives points (N, K, 2) for faces.  filling: the imputer, fitted on training faces, of missing labels.
    """
    found = {}
    for part, faces in parts._asdict().items():
        points = answer(faces)
        found[part] = {
            "faces": len(faces),
            "mse": metrics.mse(points, faces.points),
            "mae": metrics.mae(points, faces.points),
        }
        if not faces.given.all():
            filled = impute.fill(faces, impute.build(filling), parts.training).points
            found[part] |= {"all_mse": metrics.mse(points, filled), "all_mae": metrics.mae(points, filled)}
    return found


def found() -> list[Run]:
    """Every whole run on disk, by label and date."""
    paths = [path.parent for path in sorted(folder().glob("*/run.json")) if files.is_whole(path.parent)]
    every = [Run(path, json.loads((path / "run.json").read_text(encoding="utf-8"))) for path in paths]
    return sorted(every, key=lambda each: (each.label, each.facts["date"]))
