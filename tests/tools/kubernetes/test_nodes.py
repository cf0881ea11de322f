"""Nodes: what is wrong with them, and the room they have."""

from collections.abc import AsyncIterator

import pytest

from tests.tools.kubernetes.lab import Lab
from tests.tools.kubernetes.scenery import change, forbidden, put, remove
from tools.errors import NotFound
from tools.kubernetes.reads.nodes import NodeHealth, NodesOutput

NODE = "old-node"


@pytest.fixture
async def old(practice: Lab) -> AsyncIterator[Lab]:
    """The practice cluster with a node of its own that nothing may run on."""
    taints = [{"key": "dedicated", "value": "tests", "effect": "NoExecute"}]
    await put(practice, "v1", "Node", NODE, cluster_wide=True, spec={"taints": taints, "unschedulable": True})
    status = {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"},
        "nodeInfo": {"kubeletVersion": "v1.29.1"},
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "network is down"},
            {"type": "MemoryPressure", "status": "True", "reason": "KubeletHasInsufficientMemory"},
            {"type": "DiskPressure", "status": "False", "reason": "KubeletHasNoDiskPressure"},
        ],
    }
    await change(practice, "node", NODE, {"status": status}, status=True, cluster_wide=True)
    yield practice
    await remove(practice, "node", NODE, cluster_wide=True)


async def sick(lab: Lab) -> NodeHealth:
    found = await lab.read("kubernetes_nodes", name=NODE)
    assert isinstance(found, NodesOutput)
    (node,) = found.nodes
    return node


async def test_bad_conditions_are_problems_and_good_ones_are_not(old: Lab) -> None:
    node = await sick(old)
    assert not node.ready
    assert any("KubeletNotReady, network is down" in problem for problem in node.problems)
    assert any("MemoryPressure True" in problem for problem in node.problems)
    assert not any("DiskPressure" in problem for problem in node.problems)


async def test_cordon_taints_and_version_skew_are_seen(old: Lab) -> None:
    node = await sick(old)
    assert node.cordoned
    assert "dedicated=tests:NoExecute" in node.taints
    assert any("v1.29.1 is 7 minor versions behind" in problem for problem in node.problems)


async def test_room_is_what_is_allocatable_and_what_pods_ask_for(lab: Lab) -> None:
    found = await lab.read("kubernetes_nodes")
    if not found.nodes:
        pytest.skip("this cluster has no nodes")
    for node in found.nodes:
        assert {"cpu", "memory", "pods"} <= {room.resource for room in node.room}
        assert node.pods is not None
    assert "nodes ready" in found.summary


async def test_where_pods_may_not_be_listed_health_is_still_shown(old: Lab) -> None:
    async with forbidden(old, "pods"):
        node = await sick(old)
    assert node.pods is None
    assert node.room == ()
    assert node.problems


async def test_an_unknown_node_is_not_found(lab: Lab) -> None:
    with pytest.raises(NotFound, match="no-such-node"):
        await lab.read("kubernetes_nodes", name="no-such-node")
