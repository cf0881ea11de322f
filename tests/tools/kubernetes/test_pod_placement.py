"""Affinity, anti-affinity and spreading are weighed as the scheduler must, on objects as a server sends them."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import put
from tools.kubernetes.reads.node_fit import suits, tolerates
from tools.kubernetes.reads.pod_placement import Placement, chooses_namespaces

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
SPACES = {"shop": {"team": "shop"}, "payments": {"team": "payments"}}


def node(name: str, zone: str = "", **spec: Any) -> dict[str, Any]:
    labels = {HOST: name, **({ZONE: zone} if zone else {})}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec}


def pod(name: str, on: str = "", namespace: str = "shop", app: str = "web", **spec: Any) -> dict[str, Any]:
    placed = {"nodeName": on} if on else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app, "pod-template-hash": "1"}},
        "spec": {"containers": [{"name": "app", "image": "web:1"}], **placed, **spec},
        "status": {"phase": "Running" if on else "Pending"},
    }


def term(app: str = "web", key: str = ZONE, **more: Any) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}


def near(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAffinity": {REQUIRED: list(terms)}}}


def apart(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"podAntiAffinity": {REQUIRED: list(terms)}}}


def spread(key: str = ZONE, skew: int = 1, **more: Any) -> dict[str, Any]:
    constraint = {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
        **more,
    }
    return {"topologySpreadConstraints": [constraint]}


NODES = [node("a1", "a"), node("a2", "a"), node("b1", "b"), node("bare")]


def off(
    waiting: dict[str, Any], *there: dict[str, Any], nodes: Any = NODES, spaces: Any = SPACES
) -> dict[str, str]:
    """What keeps the pod off each node, where anything does."""
    weigh = Placement(nodes, there, spaces, suits, tolerates).of(waiting)
    return {found["metadata"]["name"]: "; ".join(weigh(found)) for found in nodes if weigh(found)}


def test_a_pod_goes_where_the_pods_are_that_it_wants_to_be_with() -> None:
    refused = off(pod("new", **near(term("db"))), pod("db-0", "a1", app="db"))
    assert set(refused) == {"b1", "bare"}
    assert refused["b1"] == f"the pod wants to be with pods app=db in one {ZONE}, and none is in b"
    assert "has no label for" in refused["bare"]


def test_the_first_of_a_group_that_wants_to_be_together_may_go_anywhere() -> None:
    assert set(off(pod("new", **near(term("web"))))) == {"bare"}
    assert set(off(pod("new", **near(term("db"))))) == {"a1", "a2", "b1", "bare"}


def test_a_pod_keeps_away_from_its_like_host_by_host_or_zone_by_zone() -> None:
    there = pod("web-1", "a1")
    assert set(off(pod("new", **apart(term(key=HOST))), there)) == {"a1"}
    refused = off(pod("new", **apart(term(key=ZONE))), there)
    assert set(refused) == {"a1", "a2"}
    assert refused["a2"] == f"the pod keeps away from pods app=web in one {ZONE}, and web-1 is in a"


def test_pods_that_are_there_keep_others_off_too() -> None:
    hermit = pod("hermit", "b1", app="hermit", **apart(term("web", HOST)))
    refused = off(pod("new"), hermit)
    assert set(refused) == {"b1"}
    assert "hermit is in b1" in refused["b1"]
    assert off(pod("other", app="other"), hermit) == {}


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({}, set()),
        ({"namespaces": ["payments"]}, {"a1", "a2"}),
        ({"namespaces": ["shop"]}, set()),
        ({"namespaceSelector": {}}, {"a1", "a2"}),
        ({"namespaceSelector": {"matchLabels": {"team": "payments"}}}, {"a1", "a2"}),
        ({"namespaceSelector": {"matchLabels": {"team": "shop"}}}, set()),
        ({"namespaceSelector": {"matchLabels": {"team": "none"}}, "namespaces": ["payments"]}, {"a1", "a2"}),
    ],
)
def test_a_term_means_pods_of_its_own_namespace_unless_it_says_others(more: Any, refused: set[str]) -> None:
    assert set(off(pod("new", **apart(term(**more))), pod("web-1", "a1", namespace="payments"))) == refused


def test_namespaces_that_may_not_be_read_are_not_guessed() -> None:
    chosen = apart(term(namespaceSelector={"matchLabels": {"team": "payments"}}))
    waiting = pod("new", **chosen)
    assert off(waiting, pod("web-1", "a1", namespace="payments"), spaces=None) == {}
    assert chooses_namespaces([waiting]) and not chooses_namespaces([pod("x", **apart(term()))])


def test_what_is_only_preferred_keeps_nothing_off() -> None:
    soft = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term()}]}
    waiting = pod(
        "new",
        affinity={"podAntiAffinity": soft, "podAffinity": soft},
        **spread(whenUnsatisfiable="ScheduleAnyway"),
    )
    assert off(waiting, pod("web-1", "a1"), pod("web-2", "a1")) == {}


def test_a_term_without_a_selector_means_nobody() -> None:
    assert off(pod("new", **apart({"topologyKey": HOST})), pod("web-1", "a1")) == {}


def test_spreading_lets_no_zone_run_ahead() -> None:
    there = [pod("web-1", "a1"), pod("web-2", "a2"), pod("web-3", "b1")]
    refused = off(pod("new", **spread()), *there)
    assert set(refused) == {"a1", "a2", "bare"}
    assert refused["a1"] == (
        f"the pod is spread by {ZONE}: a has 2 of app=web and the emptiest has 1,"
        " with one more the difference would exceed 1"
    )
    assert set(off(pod("new", **spread(skew=2)), *there)) == {"bare"}


def test_what_is_ending_and_what_is_elsewhere_is_not_counted_for_spreading() -> None:
    ending = pod("web-2", "a2")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    there = [
        pod("web-1", "a1"),
        ending,
        pod("web-9", "a1", namespace="payments"),
        pod("db-0", "a1", app="db"),
    ]
    assert set(off(pod("new", **spread()), *there)) == {"a1", "a2", "bare"}
    assert set(off(pod("new", **spread()), *there[1:])) == {"bare"}


def test_too_few_domains_count_as_an_empty_one() -> None:
    there = [pod("web-1", "a1"), pod("web-2", "b1")]
    assert set(off(pod("new", **spread()), *there)) == {"bare"}
    assert set(off(pod("new", **spread(minDomains=3)), *there)) == {"a1", "a2", "b1", "bare"}


def test_only_nodes_the_pod_may_use_are_spread_over() -> None:
    there = [pod("web-1", "a1"), pod("web-2", "a2")]
    bound = {**spread(), "nodeSelector": {ZONE: "a"}}
    assert "a1" not in off(pod("new", **bound), *there)  # zone b does not count
    free = {**spread(nodeAffinityPolicy="Ignore"), "nodeSelector": {ZONE: "a"}}
    assert "a1" in off(pod("new", **free), *there)


def test_tainted_nodes_count_unless_the_constraint_honours_taints() -> None:
    taint = {"key": "gpu", "effect": "NoSchedule"}
    nodes = [node("a1", "a"), node("b1", "b", taints=[taint])]
    there = [pod("web-1", "a1")]
    assert "a1" in off(pod("new", **spread()), *there, nodes=nodes)
    assert off(pod("new", **spread(nodeTaintsPolicy="Honor")), *there, nodes=nodes) == {}


def test_spreading_by_revision_counts_pods_of_the_same_revision() -> None:
    old = pod("web-1", "a1")
    old["metadata"]["labels"]["pod-template-hash"] = "0"
    assert "a1" in off(pod("new", **spread()), old)
    assert "a1" not in off(pod("new", **spread(matchLabelKeys=["pod-template-hash"])), old)


async def test_a_waiting_pod_is_told_what_other_pods_say_and_what_was_not_weighed(practice: Lab) -> None:
    lonely = {**near(term("nobody", HOST)), "containers": [{"name": "app", "image": practice.image}]}
    lonely["containers"][0]["resources"] = {"requests": {"cpu": "500"}}
    await put(practice, "v1", "Pod", "lonely", spec=lonely)

    async def told() -> Any:
        answer = await practice.read("kubernetes_diagnose", name="lonely")
        return answer if any("cannot be scheduled" in entry.cause for entry in answer.findings) else None

    answer = await until(told)
    quotes = [entry.quote for entry in answer.findings[0].evidence if entry.what == "node fit"]
    assert quotes and all(f"wants to be with pods app=nobody in one {HOST}" in quote for quote in quotes)
    assert any("preferred affinity" in entry for entry in answer.not_checked)
