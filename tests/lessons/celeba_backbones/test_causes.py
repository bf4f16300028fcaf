import dataclasses

import numpy as np

from fkp_utils.lessons.celeba_backbones import causes, heads

BAD = heads.Recipe(faces=20, steps=50)
GOOD = heads.Recipe(heads.OWN, half_image=True, normalised=True, zeros=True, longest=1.0, steps=100)


def test_one_cause_is_changed_at_a_time_and_all_of_them_in_turn():
    found = causes.recipes(BAD, GOOD)
    assert found[causes.REMOVED, causes.NONE] == BAD
    assert found[causes.ADDED, causes.NONE] == GOOD
    assert len(found) == 2 + 3 * len(causes.CAUSES)
    for field, word in causes.CAUSES.items():
        for way, start, other in ((causes.REMOVED, BAD, GOOD), (causes.ADDED, GOOD, BAD)):
            differing = {name for name in vars(BAD) if getattr(found[way, word], name) != getattr(start, name)}
            assert differing == {field}
            assert getattr(found[way, word], field) == getattr(other, field)
    assert found[causes.IN_TURN, "units"] == found[causes.REMOVED, "units"]
    assert found[causes.IN_TURN, "range of the input"] == GOOD


def test_what_decides_is_told_by_medians():
    error = {key: np.array([1000.0, 1000, 1]) for key in causes.recipes(BAD, GOOD)}
    error[causes.ADDED, causes.NONE] = np.array([100.0, 100, 900])
    error[causes.REMOVED, "units"] = np.array([140.0, 140, 2000])
    error[causes.ADDED, "number of steps"] = np.array([140.0, 140, 2000])
    saving, ruining = causes.decisive(error)
    assert saving == ["units"]
    assert ruining == [word for word in causes.CAUSES.values() if word != "number of steps"]
    named = causes.medians(error)
    assert len(named) == len(error)
    assert named["added none"] == 100
    assert named["removed units"] == 140
    assert named["in turn 2: scale of features"] == 1000
    assert causes.listed(error, causes.ADDED, ["number of steps", "units"]) == "number of steps (140), units (1,000)"


def test_each_way_has_a_panel_that_begins_without_a_change():
    values = {key: number for number, key in enumerate(causes.recipes(BAD, GOOD))}
    found = causes.panels(values)
    assert list(found) == list(causes.WAYS)
    assert all(list(panel) == [causes.NONE, *causes.CAUSES.values()] for panel in found.values())
    assert found[causes.IN_TURN][causes.NONE] == values[causes.REMOVED, causes.NONE]


def test_reaches_are_those_of_the_recipes():
    maps = np.random.default_rng(0).uniform(0, 1, (10, 2, 2, 6))
    table = causes.reaches(causes.recipes(BAD, GOOD), {heads.RAW: (9 * maps, maps), heads.OWN: (maps, maps)}, (40, 60))
    assert table.loc[causes.NONE, causes.REMOVED] == heads.reach(BAD, 9 * maps, (40, 60))
    np.testing.assert_allclose(table[causes.ADDED].drop("length of a step"), GOOD.longest)
    np.testing.assert_allclose(table.loc["units", causes.REMOVED], 30 * table.loc[causes.NONE, causes.REMOVED])
    usual = dataclasses.replace(GOOD, longest=None)
    assert table.loc["length of a step", causes.ADDED] == heads.reach(usual, maps, (40, 60))
