import pytest

from fkp_utils import metrics
from fkp_utils.evaluation import verdicts

HIGH, LOW, WIDE = metrics.Estimate(3, 2, 4), metrics.Estimate(-3, -4, -2), metrics.Estimate(0, -1, 1)


@pytest.mark.parametrize(
    ("found", "threshold", "restarts", "expected"),
    [
        (HIGH, 0, None, True),
        (HIGH, 5, None, False),
        (HIGH, 3, None, None),  # the interval holds it
        (LOW, 0, None, False),
        (None, 0, None, None),  # not measured
        (HIGH, 0, [True, True], True),
        (HIGH, 0, [True, False], None),  # the restarts do not agree
        (HIGH, 0, [False, False], None),  # the persons say one thing, the restarts another
        (HIGH, 0, [True], None),  # one lucky training
        (HIGH, 0, [True] * 39 + [False], True),  # one of forty went wrong
        (WIDE, 0, [True, True], None),
    ],
)
def test_above_needs_the_whole_interval_and_the_restarts(found, threshold, restarts, expected):
    verdict = verdicts.above(found, threshold, restarts)
    assert verdict.holds is expected
    assert verdict.why
    if found is not None:
        mirrored = metrics.Estimate(-found.value, -found.high, -found.low)
        assert verdicts.below(mirrored, -threshold, restarts).holds is expected
    if restarts is None:
        opposite = None if expected is None else not expected
        assert (~verdict).holds is opposite
        assert verdicts.below(found, threshold).holds is opposite


def test_between_two_limits():
    assert verdicts.between(WIDE, -2, 2).holds is True
    assert verdicts.between(HIGH, -2, 1).holds is False
    assert verdicts.between(WIDE, -0.5, 0.5).holds is None


def test_a_share_of_draws():
    shares = (1.0, 0.95, 0.5, 0.05, 0.0)
    assert [verdicts.of_share(share).holds for share in shares] == [True, True, None, False, False]


def test_pairs_of_restarts():
    assert verdicts.of_pairs([1, 2], [3, 4]).holds is True
    assert verdicts.of_pairs([3, 4], [1, 2]).holds is False
    assert verdicts.of_pairs([1, 3], [2, 4]).holds is None
    assert verdicts.of_pairs([1], [3, 4]).holds is None


@pytest.mark.parametrize(
    ("several", "expected"),
    [([True, True], True), ([True, None], None), ([None, False, True], False), ([], None)],
)
def test_several_hold_only_together(several, expected):
    found = verdicts.all_hold(verdicts.Verdict(each, str(each)) for each in several)
    assert found.holds is expected
    assert found.why == {True: "True", None: "None", False: "False"}[expected] or not several


def test_ways_of_asking_have_to_agree():
    yes, no, open_ = verdicts.Verdict(True, "a"), verdicts.Verdict(False, "b"), verdicts.unknown("c")
    assert verdicts.agreed([yes, yes]).holds is True
    assert verdicts.agreed([no, no]).holds is False
    assert verdicts.agreed([yes, no]) == verdicts.unknown("persons and restarts say different things")
    assert verdicts.agreed([yes, open_]) == open_


def test_a_verdict_is_not_a_truth_value():
    assert [str(verdicts.Verdict(holds)) for holds in (True, False, None)] == list(verdicts.WORDS.values())
    with pytest.raises(TypeError, match="three values"):
        bool(verdicts.Verdict(None))
