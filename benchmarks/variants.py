"""The performance summary at length: every variant of the earlier report, and ours, on one set of faces (S0.7–S0.10).

Trains each variant, or finds it trained, prints the table and writes it to results/variants.json with its provenance;
notebooks show it beside what they just computed.  A benchmark that is killed goes on where it was.  Variants whose
ImageNet weights are not to be had are left out, and named.

    python benchmarks/variants.py --data kaggle --root FOLDER [--models lenet5,small,squeezenet,vgg16,vgg19]
        [--profile full] [--faces N] [--epochs N] [--restarts N] [--patience N] [--results FOLDER]
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
from typing import Any

import _options

from fkp_utils.system import backend

backend.load_keras()

from fkp_utils import profiles  # noqa: E402
from fkp_utils.augmentation import augment  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.models import architectures  # noqa: E402
from fkp_utils.recipes import earlier_networks  # noqa: E402
from fkp_utils.training import data_views, experiment, runs  # noqa: E402

MODELS = ("lenet5", "small", "squeezenet")
RESTARTS = 5  # enough for a spread; the earlier report's 50 are meant for finding one good network


def wanted(model: str, data: data_views.Data, profile: profiles.Profile) -> list[experiment.Experiment]:
    """The variants of one network, the cheapest first."""

    def variant(**changes: Any) -> experiment.Experiment:
        return earlier_networks.experiment_of(model, data, profile, **changes)

    apart = {"missing": "mask", "sources": "apart"}
    if model == "lenet5":
        ways = [*earlier_networks.IMPUTERS, "drop", "mask"]
        presets = ["none", "standard"]
        return [variant(missing=way) for way in ways] + [augmented(variant(**apart), name) for name in presets]
    if model == "small":
        return [augmented(variant(**apart), name) for name in augment.PRESETS]
    faces = dataclasses.replace(data, name="synthetic", root="")
    synthetic = earlier_networks.experiment_of(model, faces, profile, missing="mask", augmentation=augment.STANDARD)
    starts: list[dict[str, Any]] = [{}, {"weights": "imagenet"}, {"pretrained": synthetic}]
    found = [variant(missing=way, **start) for start in starts for way in ("knn", "mask")]
    return [*found, augmented(variant(missing="knn", weights="imagenet"), "standard")]


def augmented(described: experiment.Experiment, preset: str) -> experiment.Experiment:
    return dataclasses.replace(described, augmentation=augment.PRESETS[preset])


def budget(options: argparse.Namespace) -> tuple[profiles.Profile, str]:
    """The profile with what the options change, for VGG networks too, and both in words."""
    profile = profiles.profile(options.profile)
    given = {name: getattr(options, name) for name in ("epochs", "restarts", "patience")}
    usual = {"epochs": profile.epochs, "restarts": min(RESTARTS, profile.restarts), "patience": profile.patience}
    sizes = usual | {name: value for name, value in given.items() if value is not None}
    deep = {"deep_epochs": sizes["epochs"], "vgg_epochs": sizes["epochs"], "deep_restarts": sizes["restarts"]}
    deep = deep if any(given.values()) else {}
    stop = f"stopped after {sizes['patience']} epochs in a row without a lower validation error"
    stop = stop if sizes["patience"] else "no early stopping"
    text = f"{profile.name} profile: up to {sizes['epochs']} epochs, {stop}, {sizes['restarts']} restarts"
    faces = {"faces": options.faces or profile.faces, "deep_faces": options.faces or profile.faces}
    return dataclasses.replace(profile, **sizes, **deep, **faces), text


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(
        __doc__,
        arguments,
        data="synthetic",
        root="",
        profile="full",
        models=MODELS,
        faces=int,
        epochs=int,
        restarts=int,
        patience=int,
        results=pathlib.Path,
    )
    if unknown := set(options.models) - set(architectures.NAMES):
        _options.refuse(f"no model {', '.join(sorted(unknown))}; there are {', '.join(architectures.NAMES)}")
    profile, text = budget(options)
    data = data_views.Data(options.data, options.root, profile.faces)
    found, left_out = [], []
    for described in (each for name in options.models for each in wanted(name, data, profile)):
        try:
            found.append(runs.run(described))
        except architectures.WeightsError as error:
            left_out.append(described.label)
            print(f"{described.label}: left out: {error}", file=sys.stderr)
    path = summary.publish("variants", found, data, text, options.results)
    columns = ["variant", "epochs", "train mse", "val mse", "eval mse", "eval mae", "eval rmse", "sd", "earlier mse"]
    print(summary.table(found, data)[columns].to_string(index=False, float_format="{:.2f}".format, na_rep=""))
    print(f"{path}: {len(found)} variants" + (f"; left out: {'; '.join(left_out)}" if left_out else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
