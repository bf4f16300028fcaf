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

from fkp_utils import runtime

runtime.load_keras()

from fkp_utils import augment, experiment, models, profiles, runs, summary, variants  # noqa: E402

MODELS = ("lenet5", "small", "squeezenet")
RESTARTS = 5  # enough for a spread; the earlier report's 50 are meant for finding one good network


def wanted(model: str, data: experiment.Data, profile: profiles.Profile) -> list[experiment.Experiment]:
    """The variants of one network, the cheapest first."""

    def variant(**changes: Any) -> experiment.Experiment:
        return variants.experiment_of(model, data, profile, **changes)

    apart = {"missing": "mask", "sources": "apart"}
    if model == "lenet5":
        ways = [*variants.IMPUTERS, "drop", "mask"]
        presets = ["none", "standard"]
        return [variant(missing=way) for way in ways] + [augmented(variant(**apart), name) for name in presets]
    if model == "small":
        return [augmented(variant(**apart), name) for name in augment.PRESETS]
    faces = dataclasses.replace(data, name="synthetic", root="")
    synthetic = variants.experiment_of(model, faces, profile, missing="mask", augmentation=augment.STANDARD)
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
    deep = {f"deep_{name}": sizes[name] for name in ("epochs", "restarts")} if any(given.values()) else {}
    text = f"{profile.name} profile: up to {sizes['epochs']} epochs, patience {sizes['patience']},"
    text += f" restarts {sizes['restarts']}"
    faces = {"faces": options.faces or profile.faces, "deep_faces": options.faces or profile.faces}
    return dataclasses.replace(profile, **sizes, **deep, **faces), text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--root", default="", help="folder of the data")
    parser.add_argument("--profile", default="full", choices=tuple(profiles.PROFILES))
    parser.add_argument("--models", default=",".join(MODELS), help=f"of {', '.join(models.NAMES)}")
    for name in ("faces", "epochs", "restarts", "patience"):
        parser.add_argument(f"--{name}", type=int, help="instead of the profile's")
    parser.add_argument("--results", type=pathlib.Path, help="folder of the table (default: results/ of the project)")
    options = parser.parse_args(arguments)
    names = options.models.split(",")
    if unknown := set(names) - set(models.NAMES):
        parser.error(f"no model {', '.join(sorted(unknown))}; there are {', '.join(models.NAMES)}")
    profile, text = budget(options)
    data = experiment.Data(options.data, options.root, profile.faces)
    found, left_out = [], []
    for described in (each for name in names for each in wanted(name, data, profile)):
        try:
            found.append(runs.run(described))
        except models.WeightsError as error:
            left_out.append(described.label)
            print(f"{described.label}: left out: {error}", file=sys.stderr)
    path = summary.publish("variants", found, data, text, options.results)
    columns = ["variant", "epochs", "train mse", "val mse", "eval mse", "eval mae", "eval rmse", "sd", "earlier mse"]
    print(summary.table(found, data)[columns].to_string(index=False, float_format="{:.2f}".format, na_rep=""))
    print(f"{path}: {len(found)} variants" + (f"; left out: {'; '.join(left_out)}" if left_out else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
