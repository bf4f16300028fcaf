import numpy as np
import pytest

from fkp_utils import metrics
from fkp_utils.lessons.grad_cam import claims

NETWORKS = ["lenet5", "small"]
GROUPS = np.repeat(np.arange(20), 2)
IDENTITIES = [
    "S4.3 alike", "S4.3 sign",
    "S4.3 Grad-CAM of x against chance", "S4.3 here against chance", "S4.3 its own maps against chance",
    "S4.3 Grad-CAM of x against mean point", "S4.3 here against mean point", "S4.3 its own maps against mean point",
    "S4.3 learnt gradcam", "S4.3 learnt layercam", "S4.3 learnt saliency",
    "S4.3 deleted Grad-CAM of x", "S4.3 inserted Grad-CAM of x", "S4.3 deleted saliency of x",
    "S4.3 inserted saliency of x", "S4.3 deleted here", "S4.3 inserted here",
]  # fmt: skip


def near(value):
    return metrics.Estimate(value, value - 0.05, value + 0.05)


def hits(**shares):
    """Hits of each face, by network and map, with these shares, and those of two controls."""
    generator = np.random.default_rng(0)
    maps = {f"{name} {kind}": 0.3 for name in NETWORKS for kind in ("Grad-CAM of x", "here")}
    shares = maps | {"small its own maps": 0.5, "no map chance": 0.1, "no map mean point": 0.8} | shares
    return {key: share + generator.normal(0, 0.01, 40) for key, share in shares.items()}


def judged(learnt=NETWORKS, alike=0.3, x=-0.4, wholly=0.1, gain=1.0, **shares):
    """All claims, by identity, where both networks have these values."""
    audit = claims.Audit(NETWORKS, learnt, GROUPS, repeats=50)
    orders = ("Grad-CAM of x", "saliency of x", "here")
    found = audit.tests(
        {(name, layer): near(alike) for name in NETWORKS for layer in ("conv1", "conv2")},
        {(name, method): near(x) for name in NETWORKS for method in ("gradcam", "layercam")},
        hits(**shares),
        {(name, method): near(wholly) for name in NETWORKS for method in ("gradcam", "layercam", "saliency")},
        {(name, way, kind): near(gain) for name in NETWORKS for way in ("deleted", "inserted") for kind in orders},
    )
    assert [each.identity for each in found] == IDENTITIES
    return {each.identity: each for each in found}


def test_each_claim_is_decided_by_both_networks():
    found = {identity: each.verdict.holds for identity, each in judged().items()}
    lost = {"S4.3 alike", *(identity for identity in IDENTITIES if identity.endswith("against mean point"))}
    assert {identity for identity, held in found.items() if held is False} == lost
    assert all(held is True for identity, held in found.items() if identity not in lost)


def test_the_other_values_say_the_opposite():
    found = judged(alike=0.97, x=0.9, wholly=0.9, gain=-1.0)
    assert found["S4.3 alike"].verdict.holds is True
    assert "layercam" not in found["S4.3 sign"].ours
    for identity in ("S4.3 sign", "S4.3 learnt saliency", "S4.3 deleted here", "S4.3 inserted Grad-CAM of x"):
        assert found[identity].verdict.holds is False, identity
    assert found["S4.3 deleted here"].ours.startswith("px, mean over the shares: lenet5 -1.00 [-1.05, -0.95]; small")


def test_one_network_is_enough_for_a_claim_not_to_hold():
    found = judged(**{"small here": 0.05})
    assert found["S4.3 here against chance"].verdict.holds is False
    assert found["S4.3 Grad-CAM of x against chance"].verdict.holds is True


def test_a_network_that_learnt_nothing_tells_nothing():
    for each in judged(learnt=["small"]).values():
        assert each.verdict.holds is None
        assert each.verdict.why == "a network is no better than the mean points; it takes more epochs"


def test_the_finding_names_the_map_that_points_best():
    alike = {("lenet5", "conv2"): near(0.36), ("small", "merge"): near(0.17)}
    scores = {"lenet5 here": near(0.24), "small here": near(0.1), "no map mean point": near(0.66)}
    found = claims.finding(alike, scores)
    assert found.endswith("correlate by 0.36 in LeNet-5 and by 0.17 in the small network.")
    assert "“here” of LeNet-5 peaks at the point it explains most often, in 24% of cases" in found
    assert "is right in 66%." in found


@pytest.mark.parametrize("way", ["deleted", "inserted"])
def test_statements_name_the_way(way):
    assert f"(here) marks, {way}," in judged()[f"S4.3 {way} here"].statement
