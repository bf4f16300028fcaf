import re

import numpy as np
import pytest

from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, verdicts

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


@pytest.mark.parametrize(
    ("low", "high", "higher", "lower"),
    [
        (-0.05, 0.09, False, False),  # too near to matter
        (-0.05, 0.11, None, False),  # it may be higher by what matters, but not lower
        (-0.11, 0.09, False, None),
        (-0.11, 0.11, None, None),
        (0.02, 0.09, True, False),
        (-0.09, -0.02, False, True),
    ],
)
def test_a_difference_that_does_not_matter_is_none(low, high, higher, lower):
    for threshold in (0, 1):
        found = metrics.Estimate(threshold, threshold + low, threshold + high)
        above = verdicts.above(found, threshold, matters=0.1)
        below = verdicts.below(found, threshold, matters=0.1)
        assert (above.holds, below.holds) == (higher, lower)
        assert ((~above).holds, (~below).holds, (~~above).holds) == (lower, higher, higher)
        assert above.side is {(True, False): True, (False, True): False}.get((higher, lower))
        for verdict in (above, below):
            assert bool(re.search("too little to matter|that matter", verdict.why)) is (
                verdict.holds is False and True not in (higher, lower)
            )


@pytest.mark.parametrize(
    ("low", "high", "higher", "lower"),
    [(0.02, 0.09, False, False), (0.02, 0.11, None, None), (-0.3, -0.2, None, None), (-0.3, 0.05, False, None)],
)
def test_restarts_that_disagree_leave_open_what_is_not_small(low, high, higher, lower):
    found = metrics.Estimate(0, low, high)
    verdict = verdicts.above(found, restarts=[True, False], matters=0.1)
    assert (verdict.holds, (~verdict).holds) == (higher, lower)


@pytest.mark.parametrize(
    ("value", "low", "high", "needed"),
    [
        (1, -1, 3, "about 4 times as many persons"),
        (1, -0.1, 2, "about 2 times"),
        (-1, -9, 3, "about 20 times"),  # (4 / 1)² = 16
        (0.1, -1, 1, "more than 100 times"),
        (0, -1, 1, "more than 100 times"),
    ],
)
def test_what_is_open_says_how_many_persons_would_decide(value, low, high, needed):
    assert f"; {needed}" in verdicts.above(metrics.Estimate(value, low, high)).why
    moved = metrics.Estimate(value + 5, low + 5, high + 5)
    assert f"{needed.split(' times')[0]} times as many restarts" in verdicts.below(moved, 5, drawn="restarts").why


def test_so_many_persons_do_decide():
    random = np.random.default_rng(0)
    few = random.normal(0, 1, 40)
    few += 0.2 - few.mean()
    open_ = bootstrap.mean(few)
    assert verdicts.above(open_).holds is None
    times = int(re.search(r"about (\d+) times", verdicts.above(open_).why)[1])
    assert verdicts.above(bootstrap.mean(np.tile(few, times + 1))).holds is True
    assert verdicts.above(bootstrap.mean(np.tile(few, max(1, times // 2)))).holds is None


def test_what_is_open_says_what_it_takes():
    assert verdicts.of_restarts([True]).why == "there is 1 restart; at least 2 are needed"
    assert verdicts.of_restarts([]).why == "there are no restarts; at least 2 are needed"
    assert verdicts.of_share(0.5).why == "it is so in 50% of the bootstrap draws; it takes more persons"
    assert verdicts.of_share(1.0).why == "it is so in 100% of the bootstrap draws"


def test_between_two_limits():
    assert verdicts.between(WIDE, -2, 2).holds is True
    assert verdicts.between(HIGH, -2, 1).holds is False
    assert verdicts.between(WIDE, -0.5, 0.5).holds is None


def test_a_share_of_draws():
    shares = (1.0, 0.95, 0.5, 0.05, 0.0)
    assert [verdicts.of_share(share).holds for share in shares] == [True, True, None, False, False]


@pytest.mark.parametrize(
    ("persons", "restarts", "matters", "expected"),
    [
        ((-2, -3, -1), (-2, -4, -1), 0, True),
        ((2, 1, 3), (2, 1, 4), 0, False),
        ((-2, -3, -1), (-2, -5, 1), 0, None),  # another training may say the opposite
        ((-2, -5, 1), (-2, -3, -1), 0, None),  # other persons may
        ((-2, -3, -1), (2, 1, 3), 0, None),
        (None, (-2, -3, -1), 0, True),
        ((-2, -3, -1), None, 0, None),
        ((0, -1, 1), (0, -2, 2), 3, False),
        ((0, -1, 1), (0, -2, 2), 1.5, None),  # the restarts may differ by more
        ((0, -1, 2), (1, 0.5, 3), 1.5, False),  # it may be higher by what matters, but not lower
        ((0, -2, 1), (-1, -3, -0.5), 1.5, None),  # it may be lower, and is not higher
    ],
)
def test_networks_are_compared_over_persons_and_restarts(persons, restarts, matters, expected):
    both = (each and metrics.Estimate(*each) for each in (persons, restarts))
    found = verdicts.of_networks(*both, matters)
    assert found.holds is expected
    mirrored = [each and metrics.Estimate(-each[0], -each[2], -each[1]) for each in (persons, restarts)]
    assert (~verdicts.of_networks(*mirrored, matters)).holds is expected


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
    assert verdicts.agreed([yes, no]).why.startswith("persons and restarts disagree")
    assert verdicts.agreed([yes, open_]) == open_


def test_a_verdict_is_not_a_truth_value():
    assert [str(verdicts.Verdict(holds)) for holds in (True, False, None)] == list(verdicts.WORDS.values())
    with pytest.raises(TypeError, match="three values"):
        bool(verdicts.Verdict(None))
