"""Faces in folds of persons, and with wrong labels planted or left out (notebook 06)."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from fkp_utils import code_version, datasets, experiment, faults
from fkp_utils import faces as face_sets

VALIDATION = 0.08  # share of the other folds that chooses the epoch


@dataclasses.dataclass(frozen=True)
class Spoilt(experiment.Data):
    """The same faces in the same parts, with faults in the labels that are learnt from.

    faults: share of all rows whose labels `faults.plant` spoils; the evaluation part keeps its labels as they are.
    left_out: rows, as attributes["row"] of `whole` counts them, that neither training nor validation has.
    """

    faults: float = 0.0
    left_out: tuple[int, ...] = ()

    def whole(self) -> face_sets.Faces:
        """All faces in the order of the set; attributes: "row" there, "fault" as a number in `faults.KINDS`."""
        return _whole(self.name, self.root, self.limit, self.seed, self.faults)

    def parts(self) -> experiment.Parts:
        return _parts(self)

    def fingerprint(self) -> str:
        """Changes also when the code that spoils and folds does."""
        return f"{super().fingerprint()}-{code_version.version('fkp_utils.folds')}"


@dataclasses.dataclass(frozen=True)
class Fold(Spoilt):
    """One of `folds` parts of all faces is the evaluation; no person and no image of it is learnt from."""

    fold: int = 0
    folds: int = 3

    def parts(self) -> experiment.Parts:
        return _fold_parts(self)


@functools.lru_cache(maxsize=2)
def _whole(name: str, root: str, limit: int | None, seed: int, share: float) -> face_sets.Faces:
    loaded = datasets.load(name, root, limit if name == "synthetic" else None, seed=seed)
    rows = np.arange(len(loaded))
    if limit is not None and limit < len(rows):
        rows = np.sort(np.random.default_rng(seed).permutation(len(rows))[:limit])
        loaded = loaded.select(rows)
    points, kinds = faults.plant(loaded, share, seed)
    attributes = {**loaded.attributes, "row": rows, "fault": kinds}
    return dataclasses.replace(loaded, points=points, attributes=attributes)


@functools.lru_cache(maxsize=2)
def _parts(data: Spoilt) -> experiment.Parts:
    whole = data.whole()
    training, validation, evaluation = whole.split(data.fractions, seed=data.seed)
    clean = _whole(data.name, data.root, data.limit, data.seed, 0.0).points
    places = np.searchsorted(whole.attributes["row"], evaluation.attributes["row"])
    evaluation = dataclasses.replace(evaluation, points=clean[places])
    kept = [part.select(~np.isin(part.attributes["row"], data.left_out)) for part in (training, validation)]
    return experiment.Parts(*kept, evaluation)


@functools.lru_cache(maxsize=2)
def _fold_parts(data: Fold) -> experiment.Parts:
    if not 0 <= data.fold < data.folds or data.folds < 2:
        raise ValueError(f"fold {data.fold} of {data.folds}; expected at least two, counted from 0")
    whole = data.whole()
    evaluation = whole.split([1 / data.folds] * data.folds, seed=data.seed)[data.fold]
    learnt = np.setdiff1d(whole.attributes["row"], [*evaluation.attributes["row"], *data.left_out])
    rest = whole.select(np.isin(whole.attributes["row"], learnt))
    return experiment.Parts(*rest.split([1 - VALIDATION, VALIDATION], seed=data.seed), evaluation)
