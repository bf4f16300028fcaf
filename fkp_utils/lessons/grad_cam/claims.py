"""What an earlier report says of the maps of two targets (S4.3), and what such maps are worth, tested."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.lessons.grad_cam import attribution


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """Tests of maps in several networks: a claim holds if it does in each of them, over persons.

    networks: their names.  learnt: those that are better than the mean points.  groups: (N,) of the faces.  repeats,
    seed: of the bootstrap.
    """

    networks: Sequence[str]
    learnt: Sequence[str]
    groups: np.ndarray
    repeats: int = 1000
    seed: int = 0

    def tests(
        self,
        alike: Mapping[tuple[str, str], metrics.Estimate],
        signs: Mapping[tuple[str, str], metrics.Estimate],
        hits: Mapping[str, np.ndarray],
        wholly: Mapping[tuple[str, str], metrics.Estimate],
        gained: Mapping[tuple[str, str, str], metrics.Estimate],
    ) -> list[verdicts.Tested]:
        """All of them; what each needs is said below."""
        return [
            *self.alike(alike),
            *self.sign(signs),
            *self.pointing(hits),
            *self.random_weights(wholly),
            *self.erasing(gained),
        ]

    def alike(self, found: Mapping[tuple[str, str], metrics.Estimate]) -> list[verdicts.Tested]:
        """Whether the maps of two targets are almost the same; found: mean r by network and layer."""
        return [
            verdicts.Tested(
                "S4.3 alike",
                "Grad-CAM maps of left-eye y and nose x are almost the same (r above 0.9 at every layer, in both"
                " networks).",
                "almost the same, by eye",
                "; ".join(f"{name} {layer} r = {value}" for (name, layer), value in found.items()),
                self._all(found.values(), 0.9),
            )
        ]

    def sign(self, found: Mapping[tuple[str, str], metrics.Estimate]) -> list[verdicts.Tested]:
        """Whether the Grad-CAM maps of x and of −x differ; found: mean r by network and method."""
        mine = {name: found[name, "gradcam"] for name in self.networks}
        return [
            verdicts.Tested(
                "S4.3 sign",
                "Grad-CAM maps of x and −x of the nose differ (r below 0.5).",
                "one sign only",
                "; ".join(f"{name} r = {value}" for name, value in mine.items()),
                self._all(mine.values(), 0.5, above=False),
            )
        ]

    def pointing(self, hits: Mapping[str, np.ndarray]) -> list[verdicts.Tested]:
        """Whether maps hit their points more often than two controls; hits: (N,) by network and map, as in `table`."""
        tested = []
        for rival in ("chance", "mean point"):
            for kind in ("Grad-CAM of x", "here", "its own maps"):
                mine = {name: hits[f"{name} {kind}"] for name in self.networks if f"{name} {kind}" in hits}
                found = {name: self._mean(each - hits[f"no map {rival}"]) for name, each in mine.items()}
                tested.append(
                    verdicts.Tested(
                        f"S4.3 {kind} against {rival}",
                        f"Maps ({kind}) peak at their point more often than the control ({rival}) hits it.",
                        "not measured",
                        "share of hits minus the control's: "
                        + "; ".join(f"{name} {value}" for name, value in found.items()),
                        self._all(found.values(), 0),
                    )
                )
        return tested

    def random_weights(self, wholly: Mapping[tuple[str, str], metrics.Estimate]) -> list[verdicts.Tested]:
        """Whether maps depend on what was learnt; wholly: mean r with wholly random weights by network and method."""
        tested = []
        for method in ("gradcam", "layercam", "saliency"):
            found = {name: wholly[name, method] for name in self.networks}
            tested.append(
                verdicts.Tested(
                    f"S4.3 learnt {method}",
                    f"Maps by {method} depend on what was learnt: with random weights, r is below 0.5, in both"
                    " networks.",
                    "not measured",
                    "; ".join(f"{name} r = {value}" for name, value in found.items()),
                    self._all(found.values(), 0.5, above=False),
                )
            )
        return tested

    def erasing(self, gained: Mapping[tuple[str, str, str], metrics.Estimate]) -> list[verdicts.Tested]:
        """Whether what a map marks matters more than random cells; gained: as `gains`."""
        statements = {"deleted": "moves the nose further", "inserted": "keeps the nose nearer"}
        tested = []
        for kind in attribution.METHOD:
            for way, statement in statements.items():
                found = {name: gained[name, way, kind] for name in self.networks}
                tested.append(
                    verdicts.Tested(
                        f"S4.3 {way} {kind}",
                        f"What the map ({kind}) marks, {way}, {statement} than random cells do, in both networks.",
                        "not measured",
                        "px, mean over the shares: " + "; ".join(f"{name} {value}" for name, value in found.items()),
                        self._all(found.values(), 0),
                    )
                )
        return tested

    def _mean(self, values: np.ndarray) -> metrics.Estimate:
        return bootstrap.mean(values, self.groups, self.repeats, self.seed)

    def _all(self, estimates: Iterable[metrics.Estimate], limit: float, above: bool = True) -> verdicts.Verdict:
        """Whether all lie on that side of the limit; not told if a network has learnt nothing."""
        if len(self.learnt) < len(self.networks):
            return verdicts.unlearnt("a network")
        beyond = verdicts.above if above else verdicts.below
        return verdicts.all_hold(beyond(each, limit) for each in estimates)


def finding(alike: Mapping[tuple[str, str], metrics.Estimate], scores: Mapping[str, metrics.Estimate]) -> str:
    """What the notebook found, in two sentences; alike: mean r by network and layer, scores: share of points hit."""
    best = max((key for key in scores if not key.startswith("no map")), key=lambda key: scores[key].value)
    network, _, kind = best.partition(" ")
    network = {"lenet5": "LeNet-5", "small": "the small network"}.get(network, network)
    return (
        f"Of all maps, “{kind}” of {network} peaks at the point it explains most often, in {scores[best].value:.0%} of"
        f" cases; the mean place of the point, without any map, is right in {scores['no map mean point'].value:.0%}."
        f" Grad-CAM maps of two different coordinates, left-eye y and nose x, correlate by"
        f" {alike['lenet5', 'conv2'].value:.2f} in LeNet-5 and by {alike['small', 'merge'].value:.2f} in the small"
        " network."
    )
