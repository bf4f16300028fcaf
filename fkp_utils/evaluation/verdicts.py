"""Where an interval becomes a verdict: a claim holds, does not hold, or cannot be told, and why.

A claim holds if its whole 95% interval lies on the claimed side of a threshold, and does not if it lies on the other
side.  A claim about networks needs an interval over their restarts that says the same: one training may be luck.  A
claim of a difference does not hold either if all of the interval is too near to the threshold to matter.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from fkp_utils import metrics

SURE = 0.95  # share of draws, or of restarts, from which something is said
# A smaller change of an RMSE, in px of images of SIDE px, does not matter: it is a tenth of an error of one pixel, and
# a third of a percent of the distance between the eyes.
MATTERS, SIDE = 0.1, 96
RATIO_MATTERS = 0.1  # kinds of faces whose errors are less than a tenth larger are not what a report calls hard
WORDS = {True: "holds", False: "does not hold", None: "cannot be told here"}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """holds: True, False, or None where it cannot be told.  why: what decided, in a few words for a reader.

    opposite: the verdict on the opposite claim where that is not just the reverse: that a value is not above a
    threshold, by as much as matters, does not say that it is below.
    """

    holds: bool | None
    why: str = ""
    opposite: Verdict | None = None

    def __str__(self) -> str:
        return WORDS[self.holds]

    @property
    def side(self) -> bool | None:
        """Whether the claim holds (True) or its opposite does (False); None if neither is told."""
        return True if self.holds else False if (~self).holds else None

    def __invert__(self) -> Verdict:
        """The verdict on the opposite claim."""
        if self.opposite is None:
            return Verdict(None if self.holds is None else not self.holds, self.why)
        return dataclasses.replace(self.opposite, opposite=dataclasses.replace(self, opposite=None))

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values; ask for its `holds`")


@dataclasses.dataclass(frozen=True)
class Tested:
    """A sentence of an earlier report, tested.

    identity: the claim's number and a word that tells its parts apart, such as "S0.2 KNN".  statement: what is claimed.
    theirs, ours: the figures, in words.
    """

    identity: str
    statement: str
    theirs: str
    ours: str
    verdict: Verdict


def unknown(why: str) -> Verdict:
    """It cannot be told, and why not."""
    return Verdict(None, why)


def unlearnt(who: str) -> Verdict:
    """It cannot be told of a network that has not learnt enough."""
    return unknown(f"{who} is no better than the mean points; it takes more epochs")


def above(
    found: metrics.Estimate | None,
    threshold: float = 0.0,
    restarts: Iterable[bool] | None = None,
    matters: float = 0.0,
    drawn: str = "persons",
) -> Verdict:
    """Whether a value is above the threshold; None for a value that was not measured.

    restarts: whether it is so in each restart, where the claim is about networks.  matters: as in `unless_small`.
    drawn: what the interval is over; with more of them it is narrower.
    """
    if found is None:
        return unknown("it was not measured")
    if found.low <= threshold <= found.high:
        words = f"the interval over {drawn} from {found.low:.3g} to {found.high:.3g} includes {threshold:.3g}"
        needed = _needed(found, threshold)
        if drawn == "restarts" and needed.startswith("about"):
            needed = f"at most {needed}"  # with more of them, Student's factor falls as well
        told = unknown(f"{words}; {needed} as many {drawn} would decide if the value stays")
    else:
        higher = found.low > threshold
        told = Verdict(higher, f"the whole interval lies {'above' if higher else 'below'} {threshold:.3g}")
        told = told if restarts is None else agreed([told, of_restarts(restarts)])
    return unless_small(told, found, matters, threshold)


def below(
    found: metrics.Estimate | None, threshold: float = 0.0, restarts: Iterable[bool] | None = None, **more: Any
) -> Verdict:
    """Whether a value is below the threshold; as `above`."""
    return ~above(found, threshold, None if restarts is None else [not each for each in restarts], **more)


def unless_small(told: Verdict, found: metrics.Estimate, matters: float, threshold: float = 0.0) -> Verdict:
    """The verdict on "above the threshold"; but if it cannot be told, a side on which the interval ends nearer to the
    threshold than `matters` does not hold.  If both ends are so near, neither does.

    These are the two one-sided tests of D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987),
    657–680, each at 2.5% by a 95% interval.
    """
    up, down = found.high - threshold, threshold - found.low
    if told.holds is not None:
        return told
    if max(up, down) < matters:
        near = f"the whole interval, {found.low:.3g} to {found.high:.3g}, lies within {matters:.2g} of {threshold:.3g}"
        neither = Verdict(False, f"{near}, which is too little to matter")
        return dataclasses.replace(neither, opposite=neither)
    little = f"which is nearer to {threshold:.3g} than the {matters:.2g} that matter"
    if 0 <= up < matters:
        return Verdict(False, f"the interval ends at {found.high:.3g}, {little}", opposite=told)
    if 0 <= down < matters:
        return dataclasses.replace(told, opposite=Verdict(False, f"the interval ends at {found.low:.3g}, {little}"))
    return told


def _needed(found: metrics.Estimate, threshold: float) -> str:
    """How many times what is drawn makes an interval end at the threshold: its width falls with the square root."""
    distance = abs(found.value - threshold)
    half = found.value - found.low if found.value > threshold else found.high - found.value
    times = (half / distance) ** 2 if distance else math.inf
    step = 1 if times <= 10 else 10
    return f"about {max(2, step * math.ceil(times / step))} times" if times <= 100 else "more than 100 times"


def between(found: metrics.Estimate, low: float, high: float) -> Verdict:
    """Whether a value lies between two limits: its whole interval does, or lies wholly outside."""
    if low < found.low and found.high < high:
        return Verdict(True, f"the whole interval lies between {low:.3g} and {high:.3g}")
    if found.high < low or found.low > high:
        return Verdict(False, f"the whole interval lies outside {low:.3g} to {high:.3g}")
    return unknown(f"the interval from {found.low:.3g} to {found.high:.3g} crosses a limit; it takes more persons")


def of_share(share: float, what: str = "bootstrap draws", drawn: str = "persons") -> Verdict:
    """What a share of draws says of a claim: it holds from 95% on, does not up to 5%; drawn: as in `above`."""
    holds = True if share >= SURE else False if share <= 1 - SURE else None
    return Verdict(holds, f"it is so in {share:.0%} of the {what}" + f"; it takes more {drawn}" * (holds is None))


def of_restarts(restarts: Iterable[bool]) -> Verdict:
    """Whether what each restart (or seed) says is the same for nearly all of them; not told by fewer than two."""
    found = [bool(each) for each in restarts]
    if len(found) < 2:
        return unknown(f"there {'is 1 restart' if found else 'are no restarts'}; at least 2 are needed")
    return of_share(float(np.mean(found)), f"{len(found)} restarts", "restarts")


def of_networks(persons: metrics.Estimate | None, restarts: metrics.Estimate | None, matters: float = 0.0) -> Verdict:
    """Whether one network's error is lower than another's, by their difference over persons and over restarts.

    Both intervals must lie on the same side of 0, or both end as near to it as `unless_small` says.  persons: None
    where only restarts were measured.  restarts: None if one of the two was not restarted.
    """
    if restarts is None:
        return unknown("one of the two was not restarted; at least 2 restarts of each are needed")
    found = {"restarts": restarts} | ({} if persons is None else {"persons": persons})
    told = agreed(above(each, drawn=drawn) for drawn, each in found.items())
    low, high = min(each.low for each in found.values()), max(each.high for each in found.values())
    return ~unless_small(told, metrics.Estimate(restarts.value, low, high), matters)


def agreed(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that several ways of asking the same share; not told where they differ."""
    found = list(verdicts)
    if {each.holds for each in found} in ({True}, {False}):
        return found[0]
    open_ = [each.why for each in found if each.holds is None]
    return unknown("; ".join(dict.fromkeys(open_)) or "persons and restarts disagree; it takes more of both")


def all_hold(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several claims at once: does not hold if one does not, else not told if one is not."""
    found = list(verdicts)
    for holds in (False, None):
        if deciding := [each.why for each in found if each.holds is holds]:
            return Verdict(holds, "; ".join(dict.fromkeys(deciding)))
    return Verdict(True, found[0].why) if found else unknown("nothing was compared")
