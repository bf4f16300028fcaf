"""Where an interval becomes a verdict: a claim holds, does not hold, or cannot be told, and why.

A claim holds if its whole 95% interval lies on the claimed side of a threshold, and does not if it lies on the other
side.  A claim about networks also has to be the same for their restarts: one training may be luck.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from fkp_utils import metrics

SURE = 0.95  # share of draws, or of restarts, from which something is said
WORDS = {True: "holds", False: "does not hold", None: "cannot be told here"}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """holds: True, False, or None where it cannot be told.  why: what decided, in a few words for a reader."""

    holds: bool | None
    why: str = ""

    def __str__(self) -> str:
        return WORDS[self.holds]

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values; ask for its `holds`")

    def __invert__(self) -> Verdict:
        """The verdict on the opposite claim."""
        return Verdict(None if self.holds is None else not self.holds, self.why)


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


def above(found: metrics.Estimate | None, threshold: float = 0.0, restarts: Iterable[bool] | None = None) -> Verdict:
    """Whether a value is above the threshold; None for a value that was not measured.

    restarts: whether it is so in each restart, where the claim is about networks.
    """
    if found is None:
        return unknown("it was not measured")
    if found.low <= threshold <= found.high:
        return unknown(f"the interval from {found.low:.3g} to {found.high:.3g} includes {threshold:.3g}")
    higher = found.low > threshold
    side = Verdict(higher, f"the whole interval lies {'above' if higher else 'below'} {threshold:.3g}")
    return side if restarts is None else agreed([side, of_restarts(restarts)])


def below(found: metrics.Estimate | None, threshold: float = 0.0, restarts: Iterable[bool] | None = None) -> Verdict:
    """Whether a value is below the threshold; as `above`."""
    return ~above(found, threshold, None if restarts is None else [not each for each in restarts])


def between(found: metrics.Estimate, low: float, high: float) -> Verdict:
    """Whether a value lies between two limits: its whole interval does, or lies wholly outside."""
    if low < found.low and found.high < high:
        return Verdict(True, f"the whole interval lies between {low:.3g} and {high:.3g}")
    if found.high < low or found.low > high:
        return Verdict(False, f"the whole interval lies outside {low:.3g} to {high:.3g}")
    return unknown(f"the interval from {found.low:.3g} to {found.high:.3g} reaches beyond a limit")


def of_share(share: float, what: str = "bootstrap draws") -> Verdict:
    """What a share of draws says of a claim: it holds from 95% on, does not up to 5%."""
    holds = True if share >= SURE else False if share <= 1 - SURE else None
    return Verdict(holds, f"it is so in {share:.0%} of the {what}")


def of_restarts(restarts: Iterable[bool]) -> Verdict:
    """Whether what each restart (or seed) says is the same for nearly all of them; not told by fewer than two."""
    found = [bool(each) for each in restarts]
    if len(found) < 2:
        return unknown(f"there {'is' if len(found) == 1 else 'are'} {len(found) or 'no'} restart{'s' * (not found)}")
    return of_share(float(np.mean(found)), "restarts")


def of_pairs(lower: Sequence[float] | np.ndarray, higher: Sequence[float] | np.ndarray) -> Verdict:
    """Whether the first values, of one training's restarts, are lower than the second's, pair by pair."""
    if min(len(lower), len(higher)) < 2:
        return unknown("one of the two was not restarted")
    pairs = np.asarray(lower)[:, None] < np.asarray(higher)
    return of_share(float(pairs.mean()), "pairs of restarts")


def agreed(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that several ways of asking the same share; not told where they differ."""
    found = list(verdicts)
    if {each.holds for each in found} in ({True}, {False}):
        return found[0]
    open_ = [each.why for each in found if each.holds is None]
    return unknown("; ".join(dict.fromkeys(open_)) or "persons and restarts say different things")


def all_hold(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several claims at once: does not hold if one does not, else not told if one is not."""
    found = list(verdicts)
    for holds in (False, None):
        if deciding := [each.why for each in found if each.holds is holds]:
            return Verdict(holds, "; ".join(dict.fromkeys(deciding)))
    return Verdict(True, found[0].why) if found else unknown("nothing was compared")
