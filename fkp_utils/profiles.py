"""How much work a notebook does: one definition for all of them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Profile:
    """faces: how many faces are loaded, None for all.  bootstraps: draws of a bootstrap.  repeats: repetitions of an
    experiment without training.

    epochs, patience, restarts: of a training, as in `experiment.Experiment`.  deep_faces, deep_epochs, deep_restarts:
    the same for the networks in `earlier_networks.DEEP`.  vgg_epochs: of VGG, in place of those; it costs about 500
    times as much as LeNet-5.

    best_synthetic, best_before: faces and epochs of the best model's training on synthetic faces.  best_epochs: of the
    one on the data, twice where a teacher's labels are learnt.  best_members: so many seeds are averaged.  Slow
    machines take half the epochs (`best_model.for_this_machine`).
    """

    name: str
    faces: int | None
    bootstraps: int
    repeats: int
    epochs: int
    patience: int
    restarts: int
    deep_faces: int | None
    deep_epochs: int
    deep_restarts: int
    vgg_epochs: int
    best_synthetic: int
    best_before: int
    best_epochs: int
    best_members: int


PROFILES = {
    profile.name: profile
    for profile in (
        # Tests: seconds a notebook.
        Profile(
            "smoke", 180, 50, 1, epochs=1, patience=0, restarts=1, deep_faces=40, deep_epochs=1, deep_restarts=1,
            vgg_epochs=1, best_synthetic=64, best_before=1, best_epochs=1, best_members=1,
        ),
        # A laptop with two cores: fifteen minutes to an hour for the series, up to one for the best model.
        Profile(
            "quick", 1600, 1000, 3, epochs=12, patience=0, restarts=2, deep_faces=160, deep_epochs=2, deep_restarts=1,
            vgg_epochs=4, best_synthetic=16000, best_before=10, best_epochs=16, best_members=1,
        ),
        # Two cores for some hours: what two restarts leave open.
        Profile(
            "long", None, 2000, 3, epochs=20, patience=0, restarts=8, deep_faces=400, deep_epochs=4, deep_restarts=3,
            vgg_epochs=16, best_synthetic=16000, best_before=10, best_epochs=16, best_members=1,
        ),
        # A GPU: the earlier report's budget (S0.6); it does not say how often it restarted the VGG networks.
        Profile(
            "full", None, 2000, 5, epochs=200, patience=20, restarts=50, deep_faces=None, deep_epochs=200,
            deep_restarts=5, vgg_epochs=200, best_synthetic=30000, best_before=40, best_epochs=300, best_members=5,
        ),
    )
}  # fmt: skip


def profile(name: str) -> Profile:
    """The profile `name`; ValueError with the known names if there is none."""
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
