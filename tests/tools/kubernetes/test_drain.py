"""Draining a node: what goes, what stays, and which budget holds it back."""

import asyncio
from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander, until
from tests.tools.kubernetes.scenery import remove
from tools.errors import Forbidden, GateRefused, Invalid, NotFound, TimedOut
from tools.tool import Call, Scope, Verdict

DRAIN = "kubernetes_drain"


async def pods(lab: Lab) -> set[str]:
    return {str(row[0]) for row in (await lab.read("kubernetes_list", kind="pods")).rows}


async def ready(lab: Lab, count: int) -> None:
    async def all_ready() -> bool:
        listed = await lab.read("kubernetes_list", kind="pods")
        return sum("1/1" in row for row in listed.rows) == count

    await until(all_ready)


async def allowed(lab: Lab, budget: str, count: int) -> None:
    async def counted() -> bool:
        found = (await lab.read("kubernetes_get", kind="pdb", name=budget)).object
        status = found.get("status", {})
        return bool(status.get("expectedPods")) and status.get("disruptionsAllowed") == count

    await until(counted)


async def test_a_drain_names_every_pod_evicts_it_and_undo_uncordons(lab: Lab) -> None:
    node, owner = await lab.node(), await lab.owner()
    for name in ("one", "two"):
        await lab.pod_on(node, name, owner=owner)
    preview = await lab.preview(DRAIN, name=node)
    paths = [change.path for change in preview.changes]
    ours = [f"pod {lab.namespace}/one", f"pod {lab.namespace}/two"]
    assert ["spec.unschedulable", *ours] == [path for path in paths if path in {"spec.unschedulable", *ours}]
    assert preview.objects == len(paths) and "drill" in preview.environments
    permits = {(permit.verb, permit.resource, permit.name) for permit in preview.permits}
    assert permits >= {
        ("patch", "nodes", node),
        ("create", "pods/eviction", "one"),
        ("create", "pods/eviction", "two"),
    }
    await lab.run(DRAIN, preview, name=node)
    seen = await lab.settled(DRAIN, preview, name=node)
    assert (seen.verdict, seen.applied) == (Verdict.HOLDS, True)
    assert await pods(lab) == set()
    undo = lab.undo(DRAIN, preview, name=node)
    assert undo == Call(tool="kubernetes_uncordon@1", args={"name": node})
    await lab.carry_out(undo.tool, **undo.args)


async def test_a_node_that_lost_its_pods_and_is_not_cordoned_was_drained_in_part(lab: Lab) -> None:
    node = await lab.node()
    await lab.pod_on(node, "one", owner=await lab.owner())
    preview = await lab.preview(DRAIN, name=node)
    assert (await lab.observe(DRAIN, preview, name=node)).applied is False
    await lab.carry_out("kubernetes_delete", kind="pod", name="one")
    seen = await lab.observe(DRAIN, preview, name=node)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, True)


async def test_two_previews_are_the_same_and_evict_nothing(lab: Lab) -> None:
    node = await lab.node()
    await lab.pod_on(node, "one", owner=await lab.owner())
    first, second = [await lab.preview(DRAIN, name=node) for _ in range(2)]
    assert first.model_dump_json() == second.model_dump_json()
    assert await pods(lab) == {"one"}


async def test_pods_nobody_has_agreed_to_lose_are_named_and_nothing_is_touched(lab: Lab) -> None:
    node, owner = await lab.node(), await lab.owner()
    await lab.pod_on(node, "alone")
    await lab.pod_on(node, "cache", owner=owner, volumes=[{"name": "data", "emptyDir": {}}])
    with pytest.raises(Invalid) as caught:
        await lab.preview(DRAIN, name=node)
    assert f"make these pods anew: {lab.namespace}/alone" in caught.value.message
    assert f"emptyDir volumes: {lab.namespace}/cache" in caught.value.message
    assert "delete_unmanaged and delete_empty_dir_data" in caught.value.hint
    args: dict[str, Any] = {"name": node, "delete_unmanaged": True, "delete_empty_dir_data": True}
    preview = await lab.preview(DRAIN, **args)
    assert any("data" in warning and "cache" in warning for warning in preview.warnings)
    await lab.run(DRAIN, preview, **args)
    assert (await lab.settled(DRAIN, preview, **args)).verdict is Verdict.HOLDS
    assert await pods(lab) == set()


async def test_pods_of_daemonsets_and_of_the_node_itself_stay(practice: Lab) -> None:
    node = await practice.node()
    of_a_daemon_set = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "made-up"}
    await practice.pod_on(node, "agent-1", owner=of_a_daemon_set)
    await practice.pod_on(node, "one", owner=await practice.owner())
    preview = await practice.preview(DRAIN, name=node)
    assert not any("agent-1" in change.path for change in preview.changes)
    assert any("stay" in warning for warning in preview.warnings)
    await practice.run(DRAIN, preview, name=node)
    seen = await practice.settled(DRAIN, preview, name=node)
    assert seen.verdict is Verdict.HOLDS
    assert await pods(practice) == {"agent-1"}


async def test_a_budget_that_holds_is_named_before_in_the_error_and_afterwards(practice: Lab) -> None:
    node, owner = await practice.node(), await practice.owner()
    for name in ("one", "two"):
        await practice.pod_on(node, name, owner=owner)
    await practice.budget("keep-two", minAvailable=2)
    await ready(practice, 2)
    await allowed(practice, "keep-two", 0)
    args: dict[str, Any] = {"name": node, "wait_seconds": 0}
    preview = await practice.preview(DRAIN, **args)
    assert any("keep-two" in warning for warning in preview.warnings)
    with pytest.raises(TimedOut, match="Held back by the budget keep-two"):
        await practice.run(DRAIN, preview, **args)
    seen = await practice.observe(DRAIN, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, True)
    assert f"node/{node} is cordoned, 2 of 2 pods remain" in seen.detail
    assert "keep-two" in seen.detail
    assert await pods(practice) == {"one", "two"}


async def test_a_drain_that_was_cut_off_says_who_left_who_is_still_there_and_who_came(lab: Lab) -> None:
    node, owner = await lab.node(), await lab.owner()
    for name in ("one", "two"):
        await lab.pod_on(node, name, owner=owner)
    preview = await lab.preview(DRAIN, name=node)
    assert {
        change.lost.partition(",")[0] for change in preview.changes if change.path.startswith("pod ")
    } == {"uncordoning brings no pod back"}
    await lab.carry_out("kubernetes_cordon", name=node)
    await remove(lab, "pods", "one")

    async def half_way() -> str:
        seen = await lab.observe(DRAIN, preview, name=node)
        return seen.detail if "left" in seen.detail else ""

    detail = await until(half_way)
    assert detail.startswith(f"node/{node} is cordoned, 1 pod has left, 1 of 2 pods remain: ")
    await lab.pod_on(node, "three", owner=owner)
    assert "1 of 2 pods remain, 1 came since" in (await lab.observe(DRAIN, preview, name=node)).detail


async def test_a_budget_is_waited_for_and_never_overdrawn(practice: Lab) -> None:
    node, other = await practice.node(), await practice.node()
    owner = await practice.owner()
    for name in ("one", "two"):
        await practice.pod_on(node, name, owner=owner)
    await practice.budget("keep-one", minAvailable=1)
    await ready(practice, 2)
    await allowed(practice, "keep-one", 1)
    preview = await practice.preview(DRAIN, name=node)
    draining = asyncio.create_task(practice.run(DRAIN, preview, name=node))
    try:

        async def first_gone() -> bool:
            return len(await pods(practice)) == 1

        await until(first_gone)
        await allowed(practice, "keep-one", 0)
        assert not draining.done()
        await practice.pod_on(other, "three", owner=owner)  # its successor, elsewhere
        await draining
    finally:
        draining.cancel()
    assert (await practice.settled(DRAIN, preview, name=node)).verdict is Verdict.HOLDS
    assert await pods(practice) == {"three"}


async def test_an_empty_node_is_only_cordoned_and_a_cordoned_one_left_as_it_is(lab: Lab) -> None:
    node = await lab.node(cordoned=True)
    preview = await lab.preview(DRAIN, name=node)
    assert lab.undo(DRAIN, preview, name=node) is None
    assert not any(permit.resource == "nodes" for permit in preview.permits)
    await lab.run(DRAIN, preview, name=node)
    assert (await lab.settled(DRAIN, preview, name=node)).verdict is Verdict.HOLDS


async def test_without_a_grant_nothing_is_evicted(lab: Lab) -> None:
    node = await lab.node()
    await lab.pod_on(node, "one", owner=await lab.owner())
    preview = await lab.preview(DRAIN, name=node)
    tool = lab.registry.write(DRAIN)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse({"name": node}), lab.scope)
    seen = await lab.observe(DRAIN, preview, name=node)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)
    assert await pods(lab) == {"one"}


async def test_a_pod_that_came_since_is_another_diff(lab: Lab) -> None:
    node, owner = await lab.node(), await lab.owner()
    await lab.pod_on(node, "one", owner=owner)
    first = await lab.preview(DRAIN, name=node)
    await lab.pod_on(node, "two", owner=owner)
    assert (await lab.preview(DRAIN, name=node)).changes != first.changes


async def test_a_mistyped_node_is_answered_with_near_names(lab: Lab) -> None:
    node = await lab.node()
    with pytest.raises(NotFound) as caught:
        await lab.preview(DRAIN, name=node.replace("node", "nod"))
    assert node in caught.value.hint


async def test_a_viewer_may_not_drain(practice: Lab) -> None:
    node = await practice.node()
    tool = practice.registry.write(DRAIN)
    with pytest.raises(Forbidden):
        await tool.preview(tool.parse({"name": node}), Scope(context=bystander(practice)))
