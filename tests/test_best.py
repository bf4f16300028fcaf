import dataclasses

from fkp_utils import best, experiment, leaderboard, profiles

DATA = experiment.Data(limit=80)


def test_each_step_is_the_one_before_with_one_change():
    steps = best.steps(DATA, profiles.profile("quick"), 6)
    described = [dataclasses.asdict(each) for each in steps.values()]
    network = {"model", "epochs", "batch", "precision"}  # one choice: heat maps cost more, and so learn for fewer epochs
    expected = [{"sources"}, {"augmentation"}, network, {"loss"}, {"schedule", "learning_rate", "ema"}, {"pretrained"}]
    for before, after, fields in zip(described[:-1], described[1:], expected, strict=True):
        assert {name for name in after if after[name] != before[name]} <= fields
        assert any(after[name] != before[name] for name in fields)
    assert len({each.key for each in steps.values()}) == 7


def test_the_first_lesson_is_of_other_faces():
    last = best.steps(DATA, profiles.profile("quick"), 6)["synthetic faces first"]
    assert last.pretrained.data.seed != last.data.seed
    assert dataclasses.replace(last.pretrained, data=last.data, epochs=last.epochs) == dataclasses.replace(last, pretrained=None)


def test_the_smoke_profile_takes_few_steps():
    assert list(best.steps(DATA, profiles.profile("smoke"), 1)) == [
        "LeNet-5, masked loss", "augmentation", "synthetic faces first"
    ]  # fmt: skip


def test_the_recipe_is_what_the_steps_lead_to():
    last = best.steps(DATA, profiles.profile("quick"), 6)["synthetic faces first"]
    member = best.members(DATA, profiles.profile("quick"))[0]
    for field in best.RECIPE:
        assert getattr(member, field) == getattr(last, field), field


def test_public_scores_are_sorted_and_private_ones_are_lower():
    private = [score.private for score in leaderboard.SCORES]
    assert private == sorted(private)
    assert all(score.public is None or score.public > score.private for score in leaderboard.SCORES)
