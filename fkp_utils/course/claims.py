"""Every claim of the five earlier reports, and what the series recorded about each (notebook 14, the report's front).

A table says which notebook has to test a claim; verdicts come from records, never from here.  Which of several verdicts
counts is decided in `settled`.
"""

from __future__ import annotations

import dataclasses
import html
import json
import pathlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from pandas.io.formats import style

from fkp_utils import profiles
from fkp_utils.course import notebooks
from fkp_utils.evaluation import verdicts

PAGE = notebooks.LAST
REPORTS = {
    "S0": "Fifteen points of Kaggle's faces",
    "S1": "From the nose tip to 68 points",
    "S2": "Regularisation and learning rate",
    "S3": "Complete graph distance",
    "S4": "Five points of CelebA",
}
OTHERS = {"K": "Gains reported for Kaggle's competition"}  # tested too, as "K.1", but claimed by none of the reports


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim: what an earlier report says, its figures, and the notebook that has to record a test of it."""

    identity: str
    statement: str
    theirs: str
    notebook: str


CLAIMS = tuple(
    Claim(*row)
    for row in (
        ("S0.1", "Labels given, and how coordinates spread: more in y than in x, most at the mouth",
         "7,049 rows, about 70% incomplete", "01_eda"),
        ("S0.2", "Missing labels: forward fill is bad, the median good unless a face is tilted, KNN best",
         "shown on faces", "02_imputation"),
        ("S0.3", "Regression by the nine nearest faces as a baseline",
         "MSE 17.24 px² on given labels, 11.32 on all", "03_lenet_activations"),
        ("S0.4", "LeNet-5, and what each of its layers puts out", "943,054 parameters", "03_lenet_activations"),
        ("S0.5", "Early layers of VGG-16 still look like a face, late ones do not", "shown for one face",
         "04_vgg_feature_maps"),
        ("S0.6", "The procedure: many restarts, the epoch and the restart of the lowest validation error are kept",
         "50 restarts, up to 200 epochs", "03_lenet_activations"),
        ("S0.7", "LeNet-5 on labels filled by forward fill, median and KNN", "MSE 20.01, 13.61, 19.95 px²",
         "03_lenet_activations"),
        ("S0.8", "VGG-16 and VGG-19 from scratch", "MSE 13.17, 13.18 px²", "04_vgg_feature_maps"),
        ("S0.9", "The same from ImageNet weights", "MSE 4.37, 4.29 px²", "04_vgg_feature_maps"),
        ("S0.10", "Augmentation that also moves the keypoints", "MSE 3.97, 4.31 px²", "05_augmentation"),
        ("S0.11", "One table of all variants, and which is best",
         "VGG-16, ImageNet weights, augmented: MSE 3.97 px²", PAGE),
        ("S0.12", "Wrong labels, faces that are hard for all, weaknesses of each network", "2 images, seen",
         "06_error_analysis"),
        ("S0.13", "Drawings work, adversarial images do not", "seen", "06_error_analysis"),
        ("S0.14", "An app that marks the keypoints on an uploaded face", "a public web app", PAGE),
        ("S1.1", "The nose tip alone: kernels of 3×3 are worse, 16 filters faster and worse", "seen on faces",
         "11_nose_tip_to_68_points"),
        ("S1.2", "58 points from 40 people: poor on faces off centre and on expressions", "loss below 0.001",
         "11_nose_tip_to_68_points"),
        ("S1.3", "All 65 filters of the first layer", "drawn", "11_nose_tip_to_68_points"),
        ("S1.4", "68 points in colour with ResNet-18", "MAE 10.69", "11_nose_tip_to_68_points"),
        ("S1.5", "Beards, covered faces, extreme expressions and sharp profiles fail", "seen", "06_error_analysis"),
        ("S2.1", "Three convolutions, three dense layers, SGD with Nesterov momentum, no decay", "described",
         "08_regularisation_and_learning_rate"),
        ("S2.2", "Drop-out and flips: augmentation alone is best", "0.0013, 0.0012 (drop-out), 0.0011 (flips), 0.0012",
         "08_regularisation_and_learning_rate"),
        ("S2.3", "The learning rate: 0.42 is best", "0.00088 at 0.42, 0.00105 at 0.50",
         "08_regularisation_and_learning_rate"),
        ("S2.4", "More epochs overfit; early stopping", "0.00088 = RMSE 1.42 px",
         "08_regularisation_and_learning_rate"),
        ("S2.5", "A flip that does not swap left and right", "shown on faces", "05_augmentation"),
        ("S2.6", "Proposed: diagonal shifts, specialists per group of points, a low rate with more epochs", "not tried",
         "08_regularisation_and_learning_rate"),
        ("S3.1", "ResNet-50 and DenseNet-121 behind a 1×1 convolution that makes three channels", "described",
         "09_shape_aware_loss"),
        ("S3.2", "A complete graph distance in the loss makes both networks worse", "worse, α = 0.01",
         "09_shape_aware_loss"),
        ("S3.3", "With augmentation the error is low from the first epochs", "about 30 more epochs without",
         "05_augmentation"),
        ("S4.1", "Coordinates, locations and correlations of five points", "some pairs correlate less than expected",
         "01_eda"),
        ("S4.2", "Pretrained networks fail beside a small one and the mean", "MSE 1.69, 0.99; 592, 1316, 1055",
         "10_celeba_backbones"),
        ("S4.3", "Grad-CAM maps of two targets are almost the same", "by eye", "07_grad_cam"),
        ("S4.4", "Proposed: an app or an API, higher resolution, video", "not done there", PAGE),
    )
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Test:
    """One recorded test of a claim.  identity: as recorded, such as "S0.1 axis"; holds: as `verdicts.Verdict` has it.

    data, profile, device, date, version of the package, epochs and restarts of the profile: what it rests on, if known.
    """

    identity: str
    statement: str
    theirs: str
    ours: str
    holds: bool | None
    notebook: str
    data: str
    profile: str
    why: str = ""
    device: str = ""
    date: str = ""
    version: str = ""
    epochs: int | None = None
    restarts: int | None = None

    @property
    def claim(self) -> str:
        """The number of the claim, such as "S0.1"."""
        return self.identity.split(" ")[0]

    @property
    def report(self) -> str:
        """The report that makes the claim, such as "S0"."""
        return self.claim.split(".")[0]

    @property
    def verdict(self) -> str:
        """Whether it holds, in words."""
        return verdicts.WORDS[self.holds]

    @property
    def told(self) -> str:
        """The verdict, what was found, and why it is so."""
        return f"{self.verdict}: {self.ours}" + f"; {self.why}" * bool(self.why)

    @property
    def basis(self) -> str:
        """What it rests on, in words; what is not known is left out."""
        work = f"{self.epochs} epochs, {self.restarts} restarts" if self.epochs else ""
        version = self.version and f"version {self.version}"
        return ", ".join(filter(None, (self.data, self.profile, work, self.device, self.date, version)))

    @property
    def anchor(self) -> str:
        """Where the page of the notebook shows it."""
        return anchor(self.identity)


def anchor(identity: str) -> str:
    """The name in a page of the place that shows the test: "claim-s0-1-axis"."""
    return "claim-" + re.sub(r"\W+", "-", identity.lower()).strip("-")


def read(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """What the other notebooks of a series, or folder of records, recorded, by name; empty if none was executed."""
    folder = folder / "records" if (folder / "records").is_dir() else folder
    paths = [path for path in sorted(folder.glob("[0-9][0-9]_*.json")) if path.stem != PAGE]
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def own(tested: Iterable[verdicts.Tested], data: str, profile: str) -> list[Test]:
    """Tests that notebook 14 itself makes of claims about the whole series, to be counted with the others."""
    facts: dict[str, Any] = {"notebook": PAGE, "data": data, "profile": profile}
    return [
        Test(each.identity, each.statement, each.theirs, each.ours, each.verdict.holds, why=each.verdict.why, **facts)
        for each in tested
    ]


def tests(recorded: Mapping[str, Mapping[str, Any]]) -> list[Test]:
    """Every test that the notebooks recorded, in the order of CLAIMS, then of the notebooks.

    ValueError for a test of no claim in CLAIMS, and for a claim whose notebook was executed and recorded no test of it.
    """
    found = [
        Test(identity, **value, notebook=name, **_stamped(stamp))
        for name, stamp in recorded.items()
        for identity, value in stamp["claims"].items()
    ]
    known = {claim.identity for claim in CLAIMS}
    for test in found:
        if test.claim not in known and test.report not in OTHERS:
            raise ValueError(f"{test.notebook} records {test.identity!r}; no claim of that number is in claims.CLAIMS")
    made = {(test.claim, test.notebook) for test in found}
    lacking = [
        f"{claim.identity} in {claim.notebook}"
        for claim in CLAIMS
        if claim.notebook in recorded and (claim.identity, claim.notebook) not in made
    ]
    if lacking:
        raise ValueError(f"claims without a record, though their notebook was executed: {', '.join(lacking)}")
    return ordered(found)


def _stamped(stamp: Mapping[str, Any]) -> dict[str, Any]:
    """What the tests of an executed notebook rest on, but for the device, which each of them has recorded."""
    profile = profiles.profile(stamp["parameters"]["PROFILE"])
    found = {"data": stamp["parameters"]["DATA"], "date": stamp["executed"][:10]}
    found |= {"profile": profile.name, "epochs": profile.epochs, "restarts": profile.restarts}
    return found | {"version": stamp["versions"]["fkp_utils"]}


def ordered(found: list[Test]) -> list[Test]:
    """The tests in the order of CLAIMS; those of no claim in it come last."""
    order = [claim.identity for claim in CLAIMS]
    order += sorted({test.claim for test in found} - {*order})
    return sorted(found, key=lambda test: order.index(test.claim))


def verdict(claim: Claim, found: Iterable[Test], existing: Iterable[str]) -> str:
    """The verdict on a claim in words: how many of its tests hold; or why there is none.

    existing: the notebooks there are.
    """
    counted = Counter(test.verdict for test in found if test.claim == claim.identity)
    if not counted:
        return "not executed here" if claim.notebook in existing else "announced"
    if len(counted) == 1:
        return next(iter(counted))
    short = {True: ("holds", "hold"), False: ("does not", "do not"), None: ("cannot be told",) * 2}
    numbers = {words: counted[verdicts.WORDS[holds]] for holds, words in short.items()}
    return ", ".join(f"{count} {words[count > 1]}" for words, count in numbers.items() if count)


def front(found: Iterable[Test], existing: Iterable[str], kept: Mapping[str, Test] | None = None) -> pd.DataFrame:
    """A row for each claim, as HTML: what a report says, its figures, settled verdicts and those here, and links.

    kept: the settled tests by identity (`settled.published`).
    """
    found, existing = list(found), list(existing)
    rows = []
    for claim in CLAIMS:
        own = [test for test in found if test.claim == claim.identity]
        pages = {test.notebook: test for test in reversed(own)}  # the first test of each
        links = " ".join(link(pages[name], name[:2]) for name in sorted(pages)) or claim.notebook[:2]
        settled = [test for test in (kept or {}).values() if test.claim == claim.identity]
        told = verdict(claim, settled, ()) if settled else "–"
        words = (claim.identity, claim.statement, claim.theirs, told, verdict(claim, own, existing))
        rows.append((*map(html.escape, words), links))
    return pd.DataFrame(rows, columns=["claim", "an earlier report", "its figures", "settled", "here", "page"])


def link(test: Test, text: str) -> str:
    """HTML that leads to the cell of the test."""
    return f'<a href="{test.notebook}.ipynb#{test.anchor}">{html.escape(text)}</a>'


def table(found: Iterable[Test], report: str, kept: Mapping[str, Test]) -> pd.DataFrame:
    """A row for each test of a report, by its number, as HTML: what of `kept` settles it, and what was found."""
    rows = []
    for test in (each for each in found if each.report == report):
        other = kept.get(test.identity)
        words = {"statement": test.statement, "theirs": test.theirs, "settled": other.told if other else "–"}
        words |= {"rests on": other.basis if other else "–", f"here ({test.data}, {test.profile})": test.told}
        rows.append({"claim": link(test, test.identity)} | {name: html.escape(text) for name, text in words.items()})
    return pd.DataFrame(rows)


def frame(found: Iterable[Test]) -> pd.DataFrame:
    """A row for each test, by its identity; here: what was found, the other columns as in `Test`."""
    facts = ["claim", "report", "statement", "ours", "verdict", "why", "notebook", "basis"]
    rows = {each.identity: [getattr(each, fact) for fact in facts] for each in found}
    return pd.DataFrame(rows.values(), rows.keys(), facts).rename(columns={"ours": "here", "basis": "rests on"})


def styled(table: pd.DataFrame) -> style.Styler:
    """The table as pages show sentences."""
    return table.style.hide(axis="index").set_table_attributes("data-text")


def counts(found: Iterable[Test]) -> pd.DataFrame:
    """How many tests of each report hold, do not, and cannot be told: a row a report, a column a verdict."""
    counted = pd.DataFrame(0, [*REPORTS, *OTHERS], list(verdicts.WORDS.values()))
    for test in found:
        counted.loc[test.report, test.verdict] += 1
    return counted
