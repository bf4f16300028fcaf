"""How much work a notebook does: one definition for all of them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Profile:
    """faces: how many faces are loaded, None for all.  repeats: draws of a bootstrap, repetitions of an experiment."""

    name: str
    faces: int | None
    bootstraps: int
    repeats: int


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", faces=240, bootstraps=50, repeats=1),  # tests: seconds a notebook
        Profile("quick", faces=3000, bootstraps=1000, repeats=3),  # a laptop with two cores: minutes for the series
        Profile("full", faces=None, bootstraps=2000, repeats=5),  # everything
    )
}


def profile(name: str) -> Profile:
    """The profile `name`; ValueError with the known names if there is none."""
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
