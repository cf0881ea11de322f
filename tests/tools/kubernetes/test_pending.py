"""A pod that waits: every node's obstacle and every claim it waits for is evidence."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import forbidden, put, workload
from tools.kubernetes.reads.diagnose import DiagnoseOutput
from tools.kubernetes.reads.node_fit import affine, tolerated


async def waiting(lab: Lab, name: str) -> DiagnoseOutput:
    async def found() -> DiagnoseOutput | None:
        answer = await lab.read("kubernetes_diagnose", name=name)
        assert isinstance(answer, DiagnoseOutput)
        return answer if any("cannot be scheduled" in entry.cause for entry in answer.findings) else None

    return await until(found)


async def test_what_no_node_has_room_for_is_shown_with_the_numbers(practice: Lab) -> None:
    await workload(practice, "Deployment", "big", replicas=1, resources={"requests": {"cpu": "500"}})
    answer = await waiting(practice, "big")
    quotes = [entry.quote for entry in answer.findings[0].evidence if entry.what == "node fit"]
    assert quotes
    assert all("free, 500 asked for" in quote for quote in quotes)


async def test_a_label_no_node_has_is_named(practice: Lab) -> None:
    pod = {"nodeSelector": {"disk": "fast"}, "containers": [{"name": "app", "image": practice.image}]}
    await put(practice, "v1", "Pod", "picky", spec=pod)
    answer = await waiting(practice, "picky")
    (quote,) = {entry.quote for entry in answer.findings[0].evidence if entry.what == "node fit"}
    assert "selects disk=fast, the node has none" in quote


async def test_where_nodes_may_not_be_read_the_schedulers_words_still_stand(practice: Lab) -> None:
    await workload(practice, "Deployment", "big", replicas=1, resources={"requests": {"cpu": "500"}})
    async with forbidden(practice, "nodes"):
        answer = await waiting(practice, "big")
    assert any(sentence.startswith("nodes") for sentence in answer.not_checked)
    assert answer.findings[0].evidence


TAINT: Any = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "holds"),
    [
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_toleration_covers_exactly_its_taints(toleration: Any, holds: bool) -> None:
    assert tolerated(TAINT, [toleration]) is holds


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ({"key": "cores", "operator": "Gt", "values": ["4"]}, True),
        ({"key": "cores", "operator": "Lt", "values": ["4"]}, False),
        ({"key": "zone", "operator": "In", "values": ["a", "b"]}, True),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, False),
        ({"key": "absent", "operator": "DoesNotExist"}, True),
    ],
)
def test_required_affinity_is_weighed_as_the_scheduler_does(expression: Any, holds: bool) -> None:
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    pod: Any = {"spec": {"affinity": {"nodeAffinity": {key: required}}}}
    node: Any = {"metadata": {"name": "n", "labels": {"cores": "8", "zone": "a"}}}
    assert affine(pod, node) is holds
