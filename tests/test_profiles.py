import dataclasses

import pytest

from fkp_utils import profiles


def test_profiles_grow():
    smoke, quick, long, full = profiles.PROFILES.values()
    assert smoke.faces < quick.faces
    assert long.faces is full.faces is None
    assert smoke.bootstraps < quick.bootstraps <= long.bootstraps <= full.bootstraps
    assert 1 <= smoke.repeats <= quick.repeats <= long.repeats <= full.repeats
    assert smoke.epochs < quick.epochs < long.epochs < full.epochs
    assert smoke.restarts < quick.restarts < long.restarts < full.restarts


def test_names_are_those_of_the_table():
    assert all(profile.name == name for name, profile in profiles.PROFILES.items())


def test_an_unknown_profile_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no profile 'fast'; there are smoke, quick, long, full"):
        profiles.profile("fast")


def test_a_profile_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        profiles.profile("quick").faces = 1
