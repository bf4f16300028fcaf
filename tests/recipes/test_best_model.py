import dataclasses
import types

import numpy as np
import pytest

from fkp_utils import profiles
from fkp_utils.augmentation import augment
from fkp_utils.lessons.best_model import leaderboard
from fkp_utils.recipes import best_model
from fkp_utils.system import places
from fkp_utils.training import data_views, runs

DATA = data_views.Data(limit=80)
SAMPLE = places.CHECKOUT / "data" / "sample"


def test_each_step_is_the_one_before_with_one_change():
    steps = best_model.steps(DATA, profiles.profile("quick"), 6)
    described = [dataclasses.asdict(each) for each in steps.values()]
    network = {"model", "dropout", "epochs", "batch", "precision"}  # one choice: heat maps cost more
    falling, directions = {"schedule", "learning_rate", "ema"}, {"optimizer", "learning_rate"}
    expected = [{"sources"}, {"augmentation"}, network, {"loss"}, falling, directions, {"pretrained"}, {"data"}]
    for before, after, fields in zip(described[:-1], described[1:], expected, strict=True):
        assert {name for name in after if after[name] != before[name]} <= fields
        assert any(after[name] != before[name] for name in fields)
    assert len({each.key for each in steps.values()}) == 9


def test_the_first_lesson_is_of_other_faces():
    last = best_model.steps(DATA, profiles.profile("quick"), 6)["synthetic faces first"]
    assert last.pretrained.data.seed != last.data.seed
    assert dataclasses.replace(last.pretrained, data=last.data, epochs=last.epochs) == dataclasses.replace(
        last, pretrained=None
    )


def test_the_recipe_augments_synthetic_faces_more_strongly():
    member = best_model.teachers(DATA, profiles.profile("quick"))[0]
    assert (member.augmentation, member.pretrained.augmentation) == (best_model.GENTLE, augment.STRONG)


@pytest.mark.parametrize(("fast", "expected"), [(True, (10, 16)), (False, (5, 8))])
def test_a_slow_machine_takes_half_the_epochs(fast, expected, monkeypatch):
    monkeypatch.setattr(best_model.devices, "fast_bfloat16", lambda: fast)
    profile = dataclasses.replace(profiles.profile("quick"), best_before=10, best_epochs=16)
    found = best_model.for_this_machine(profile)
    assert (found.best_before, found.best_epochs) == expected
    smoke = profiles.profile("smoke")
    assert best_model.for_this_machine(smoke) == smoke


def test_the_smoke_profile_takes_few_steps():
    assert list(best_model.steps(DATA, profiles.profile("smoke"), 1)) == [
        "LeNet-5, masked loss", "augmentation", "synthetic faces first"
    ]  # fmt: skip


def test_the_recipe_is_what_the_steps_lead_to():
    last = best_model.steps(DATA, profiles.profile("quick"), 6)["synthetic faces first"]
    member = best_model.teachers(DATA, profiles.profile("quick"))[0]
    for field in best_model.RECIPE.keys() - {"model"}:  # the steps have a smaller network
        assert getattr(member, field) == getattr(last, field), field


def test_scores_of_others_are_sorted():
    assert list(leaderboard.SCORES.values()) == sorted(leaderboard.SCORES.values())


@pytest.mark.parametrize(("aside", "found"), [(1.34, ((1.3, 0),) * 15), (-0.6, ((-0.6, 0),) * 15), (0.04, ())])
def test_an_offset_is_what_both_sides_share(aside, found, monkeypatch):
    data = best_model.everything("kaggle", str(SAMPLE))
    outward = np.zeros(15)
    outward[:2] = 2, -2  # eyes whose corners somebody takes for their centres: left and right cancel

    def predict(faces):
        return faces.points - np.stack([aside + outward, np.full(15, 5)], axis=-1)

    monkeypatch.setattr(runs, "run", lambda described: types.SimpleNamespace(predict=predict))
    assert best_model.offset("before", data) == found
    member = best_model.teachers(data, profiles.profile("smoke"))[0]
    assert (member.offset, member.pretrained.offset) == (found, ())
    assert best_model.teachers(data, profiles.profile("smoke"), offset=())[0].offset == ()
    steps = best_model.steps(data, profiles.profile("quick"), 2)
    assert ("offset of the labels" in steps) == bool(found)


def test_a_pupil_learns_what_its_teacher_did_from_more_labels():
    steps = list(best_model.steps(DATA, profiles.profile("quick"), 6).values())
    teacher, pupil = steps[-2:]
    assert dataclasses.replace(pupil, data=teacher.data) == teacher
    assert pupil.data.views[-1].teacher == teacher.key
    assert pupil.key != teacher.key


def test_members_are_pupils_where_labels_are_missing(monkeypatch):
    trained = []
    monkeypatch.setattr(runs, "run", trained.append)
    profile = dataclasses.replace(profiles.profile("smoke"), best_members=2)
    found = best_model.members(DATA, profile)
    assert trained == best_model.teachers(DATA, profile)
    assert found == [best_model.pupil(each) for each in trained]
    whole = DATA.through(data_views.AllLabels())
    assert best_model.members(whole, profile) == best_model.teachers(whole, profile)


def test_what_a_training_builds_on_counts_once(monkeypatch):
    def run(key, seconds, pretrained=None, *views):
        return types.SimpleNamespace(
            facts={"key": key, "seconds": seconds, "described": {"pretrained": pretrained, "data": {"views": views}}}
        )

    pupil = run("pupil", 4, "before", {"view": "PseudoLabels", "teacher": "teacher"})
    every = [run("other", 8), run("before", 1), run("teacher", 2, "before"), pupil]
    monkeypatch.setattr(runs, "found", lambda: every)
    assert [best_model.seconds(each) for each in every] == [8, 1, 3, 7]


def test_synthetic_labels_have_no_offset():
    assert best_model.offset("before", DATA) == ()
