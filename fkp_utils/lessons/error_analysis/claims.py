"""What earlier reports say of hard faces, wrong labels, odd images and attacks (S0.12, S0.13, S1.5), tested."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, test_time_augmentation, verdicts
from fkp_utils.lessons.error_analysis import suspects, weaknesses

ENOUGH = 100  # faces of which a tenth says something
COMMON = 0.25  # share of the hardest faces that networks have in common, from which on these are called the same
FOUND = 0.9  # share of the wrong labels, from which on a search is said to find them
NAMED = {"S0.12": ("off centre", "padded", "tilted"), "S1.5": ("profile", "beard", "expression")}
DRAWN = {"S0.13 drawings": "drawing", "S0.13 photographed": "photographed drawing"}


@dataclasses.dataclass(frozen=True)
class Audit:
    """Tests of claims about networks; nothing is said of one that learnt nothing.

    learnt: the names of those that are better than the mean points.
    """

    learnt: Collection[str]

    def same_faces(
        self, common: metrics.Estimate, chance: float, names: Sequence[str], faces: int
    ) -> list[verdicts.Tested]:
        """Whether the hardest faces are hard for every network.

        common: share of a network's hardest tenth that is in that of all networks called `names`; chance: the same if
        they err independently.  faces: how many there are.
        """
        here = f"{common.value:.0%} [{common.low:.0%}, {common.high:.0%}] of a hardest tenth are in that of all of"
        return [
            self._tested(
                "S0.12 same faces",
                "The same faces are hard for every network (a quarter of each hardest tenth at least).",
                "many common images across all models",
                f"{here} {', '.join(names)}; {chance:.1%} by chance",
                common if len(self.learnt) > 1 and faces >= ENOUGH else None,
                max(chance, COMMON),
                lacks=f"fewer than two networks have learnt, or there are fewer than {ENOUGH} faces",
            )
        ]

    def conditions(
        self, kinds: Mapping[str, np.ndarray], ratios: Mapping[str, metrics.Estimate | None]
    ) -> list[verdicts.Tested]:
        """Whether the kinds of faces in NAMED are harder than others.

        kinds: which faces are of a kind, (N,) bool; ratios: their RMSE over that of the others, None for too few faces.
        """
        tested = []
        for report, names in NAMED.items():
            for kind in names:
                ratio, here = ratios.get(kind), "not known, or too few"
                if ratio is not None:
                    here = f"RMSE {ratio} times that of other faces, {kinds[kind].sum()} faces"
                statement = f"Faces of the kind '{kind}' are harder than others."
                tested.append(self._harder(f"{report} {kind}", statement, here, ratio))
        return tested

    def of_lenet(self, lost: Mapping[str, metrics.Estimate | None]) -> list[verdicts.Tested]:
        """Whether the kinds in `weaknesses.OWN` are LeNet-5's own weakness.

        lost: the ratio of its RMSE to that of `small` on such faces, over that ratio elsewhere; None for too few faces.
        """
        tested = []
        for kind in weaknesses.OWN:
            ratio, here = lost[kind], "too few faces"
            if ratio is not None:
                here = f"its RMSE over that of small is {ratio} times as large as on other faces"
            statement = f"It is LeNet-5's own weakness: {kind}."
            tested.append(self._harder(f"S0.12 {kind} LeNet-5", statement, here, ratio, "LeNet-5"))
        return tested

    def pixelated(self, more: Mapping[str, metrics.Estimate], size: int) -> list[verdicts.Tested]:
        """Whether coarse pixels of `size` px raise the error; more: by how many px, of the trained networks."""
        tested = []
        for name in ("LeNet-5", "VGG-16"):
            here = "not trained in this profile"
            if name in more:
                here = f"RMSE changes by {more[name]} px with coarse pixels of {size} px"
            statement = f"{name} is weak on highly pixelated faces."
            identity = f"S0.12 pixelated {name}"
            lacks = "it was not trained; it takes the profile full"
            tested.append(self._tested(identity, statement, "seen", here, more.get(name), network=name, lacks=lacks))
        return tested

    def cure(
        self, coarse: metrics.Estimate, plain: metrics.Estimate, restarts: metrics.Estimate | None
    ) -> list[verdicts.Tested]:
        """Whether training on coarse faces lowers the error on coarse faces, by `coarse` px over persons.

        plain: its change in px on faces as they are.  restarts: that on coarse faces over trainings.
        """
        network = "LeNet-5, blur"
        told = verdicts.of_networks(coarse, restarts) if network in self.learnt else verdicts.unlearnt(network)
        here = f"RMSE changes by {coarse} px with coarse pixels, by {plain} px on faces as they are"
        if restarts:
            here += f"; over restarts by {restarts} px with coarse pixels"
        return [verdicts.Tested("S0.12 cure", "Blurring training faces cures it.", "proposed", here, told)]

    def filled(self, judged: Mapping[str, metrics.Estimate]) -> list[verdicts.Tested]:
        """Whether the network is nearer to hidden labels than what they are filled with; of `errors.at_filled`."""
        return [
            self._tested(
                "S0.12 filled",
                "At missing points the filled label is further off than the network it would judge.",
                "filled points poor",
                ", ".join(f"{name} {found} px" for name, found in judged.items()),
                judged["network − filled"],
                below=True,
            )
        ]

    def wrong_labels(
        self, share: metrics.Estimate, recall: Mapping[str, float], count: int, faces: int
    ) -> list[verdicts.Tested]:
        """Whether planted faults are found among twice as many suspects.

        share: of the `count` faults in as many `faces`, those found; recall: the same by the kind of fault.
        """
        here = f"{share} of {count} planted faults among the first {2 * count} of {faces}: "
        return [
            self._tested(
                "S0.12 wrong labels",
                "Wrong labels are found from errors: nine of ten among twice as many suspects.",
                "2 found",
                here + suspects.in_words(recall),
                share,
                FOUND,
            )
        ]

    def odd_images(
        self,
        odd: Mapping[str, face_sets.Faces],
        looked: Mapping[str, test_time_augmentation.Averaged],
        always: np.ndarray,
        repeats: int = 1000,
        seed: int = 0,
    ) -> list[verdicts.Tested]:
        """Whether `small` is better than the mean points on drawings, and whether a bar over the mouth makes it fail.

        odd: "plain" faces and what is made of them, of `stress.KINDS`; looked: how the network sees them.  always:
        (N, K, 2) the mean points, the same for all kinds.
        """
        tested, groups = [], odd["plain"].groups
        error = {kind: metrics.rmse(looked[kind].points, odd[kind].points) for kind in ("plain", *DRAWN.values())}
        for identity, kind in DRAWN.items():
            points = odd[kind].points
            gain = bootstrap.rmse_difference(looked[kind].points, always, points, groups, repeats, seed)
            here = f"RMSE {error[kind]:.1f} px, of the faces {error['plain']:.1f}; {gain} px against the mean points"
            statement = f"A {kind} works: better than the mean points."
            tested.append(self._tested(identity, statement, "OK on drawings", here, gain, below=True))
        pair = looked["mouth covered"].points, looked["plain"].points
        worse = bootstrap.rmse_difference(*pair, odd["plain"].points, groups, repeats, seed)
        statement = "Covered faces fail (a bar over the mouth raises the RMSE by half at least)."
        here = f"RMSE changes by {worse} px"
        return [*tested, self._tested("S1.5 occlusion", statement, "fail", here, worse, error["plain"] / 2)]

    def attacked(self, told: Mapping[str, metrics.Estimate], limit: float, noticed: float) -> list[verdicts.Tested]:
        """Whether an attack makes the point worse than the mean point.

        told: RMSE of the point in px "before", "after", and other ways to ask; limit: that of the mean point.  noticed:
        the share of pairs in which the spread tells the attacked image from a plain one.
        """
        here = ", ".join(f"{name} {value} px" for name, value in told.items())
        return [
            self._tested(
                "S0.13 adversarial",
                "Adversarial images fail (PGD of 4 grey levels: the point is worse than the mean point).",
                "do not work",
                f"{here}; mean point {limit:.1f} px; noticed in {noticed:.0%} of pairs",
                told["after"],
                limit,
            )
        ]

    def _harder(
        self, identity: str, statement: str, here: str, ratio: metrics.Estimate | None, network: str = "small"
    ) -> verdicts.Tested:
        """Holds if a ratio of errors is above 1."""
        matters = verdicts.RATIO_MATTERS
        return self._tested(identity, statement, "seen", here, ratio, 1, network=network, matters=matters)

    def _tested(
        self,
        identity: str,
        statement: str,
        theirs: str,
        here: str,
        found: metrics.Estimate | None,
        limit: float = 0.0,
        below: bool = False,
        network: str = "small",
        lacks: str = "such faces are not known, or too few; it takes other or more faces",
        matters: float = 0.0,
    ) -> verdicts.Tested:
        """Holds if the whole interval is above the limit, or below it; not told of a network that learnt nothing.

        matters: as in `verdicts.unless_small`.
        """
        if found is None:
            verdict = verdicts.unknown(lacks)
        elif network not in self.learnt:
            verdict = verdicts.unlearnt(network)
        else:
            verdict = (verdicts.below if below else verdicts.above)(found, limit, matters=matters)
        return verdicts.Tested(identity, statement, theirs, here, verdict)


def finding(share: metrics.Estimate, moved: metrics.Estimate, linked: metrics.Estimate) -> str:
    """What the notebook found; share: of planted faults, moved: px by a grey level, linked: a rank correlation."""
    return (
        f"Of the planted wrong labels, {share.value:.0%} are among twice as many suspects. An attack that changes each"
        f" pixel by one grey level at most moves a point by {moved.value:.1f} px. The error that the network expects"
        f" has a rank correlation of {linked.value:.2f} with the one it makes."
    )


def caricatures(published: tuple[pd.DataFrame, str] | None) -> list[verdicts.Tested]:
    """Whether a network that has met no drawing is better than the mean points on drawings by people.

    published: the table of `benchmarks/drawings.py`, of NME in percent, as `course.summary.published` has it.
    """
    here, verdict = "no table of drawings is at hand", verdicts.unknown("results/drawings.json is not at hand")
    if published is not None:
        table, where = published
        rows = table[table["network"] == "the model of the package"].set_index("kind")
        on, photos, gain = (
            metrics.Estimate(*rows.loc[kind, ["nme", "low", "high"]].astype(float))
            for kind in ("drawings", "photos", "against the mean points")
        )
        here = f"NME {on}%, of photos {photos}%; {gain}% against the mean points; {where}"
        verdict = verdicts.below(gain, drawn="drawings")
    statement = "Drawings by people work: the model of the package is better on them than the mean points."
    return [verdicts.Tested("S0.13 caricatures", statement, "OK on drawings", here, verdict)]
