"""Taints of a node, one by one."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander, until
from tools.errors import Forbidden, GateRefused, Invalid, NotFound
from tools.tool import Scope, Verdict

TAINT = "kubernetes_taint"
OURS = ("pilothouse.test/ours", "", "NoSchedule")
"""The taint every node of the lab has from the beginning."""


async def taints(lab: Lab, node: str) -> set[tuple[str, str, str]]:
    found = (await lab.read("kubernetes_get", kind="node", name=node)).object["spec"].get("taints", [])
    listed = {(entry["key"], entry.get("value", ""), entry["effect"]) for entry in found}
    return {entry for entry in listed if not entry[0].startswith("node.kubernetes.io/")}


async def test_taints_are_added_replaced_and_removed_one_by_one_and_undo_restores_them(lab: Lab) -> None:
    node = await lab.node()
    first = {"add": [{"key": "a", "value": "1", "effect": "NoSchedule"}, {"key": "b", "effect": "NoExecute"}]}
    await lab.carry_out(TAINT, name=node, **first)
    assert await taints(lab, node) == {OURS, ("a", "1", "NoSchedule"), ("b", "", "NoExecute")}
    args: dict[str, Any] = {
        "name": node,
        "add": [
            {"key": "a", "value": "2", "effect": "NoSchedule"},
            {"key": "c", "effect": "PreferNoSchedule"},
        ],
        "remove": [{"key": "b"}],
    }
    preview = await lab.carry_out(TAINT, **args)
    assert preview.changes
    assert await taints(lab, node) == {OURS, ("a", "2", "NoSchedule"), ("c", "", "PreferNoSchedule")}
    undo = lab.undo(TAINT, preview, **args)
    assert undo is not None
    back = await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.observe(undo.tool, back, **undo.args)).verdict is Verdict.HOLDS
    assert await taints(lab, node) == {OURS, ("a", "1", "NoSchedule"), ("b", "", "NoExecute")}


async def test_a_taint_that_is_there_already_has_nothing_to_change_or_take_back(lab: Lab) -> None:
    args = {"name": await lab.node(), "add": [{"key": OURS[0], "effect": OURS[2]}]}
    preview = await lab.preview(TAINT, **args)
    assert preview.changes == ()
    assert lab.undo(TAINT, preview, **args) is None


async def test_the_pods_a_taint_drives_away_are_named_and_counted(lab: Lab) -> None:
    node = await lab.node()
    await lab.pod_on(node, "goes")
    await lab.pod_on(node, "stays", tolerations=[{"key": "maintenance", "operator": "Exists"}])
    args = {"name": node, "add": [{"key": "maintenance", "effect": "NoExecute"}]}
    preview = await lab.preview(TAINT, **args)
    (warning,) = [text for text in preview.warnings if "deleted" in text]
    assert f"{lab.namespace}/goes" in warning
    assert "stays" not in warning
    # Other pods may stand on it: those of DaemonSets that tolerate nearly everything.
    assert preview.objects >= 2
    harmless = await lab.preview(TAINT, name=node, add=[{"key": "maintenance", "effect": "NoSchedule"}])
    assert harmless.objects == 1


async def test_pods_that_do_not_tolerate_it_leave(practice: Lab) -> None:
    node = await practice.node()
    await practice.pod_on(node, "goes")
    await practice.pod_on(node, "stays", tolerations=[{"key": "maintenance", "operator": "Exists"}])
    await practice.carry_out(TAINT, name=node, add=[{"key": "maintenance", "effect": "NoExecute"}])

    async def left() -> list[str]:
        return [str(row[0]) for row in (await practice.read("kubernetes_list", kind="pods")).rows]

    async def gone() -> bool:
        return "goes" not in await left()

    await until(gone)
    assert await left() == ["stays"]


async def test_an_effect_must_be_one_there_is_and_something_must_be_said(lab: Lab) -> None:
    with pytest.raises(Invalid, match=r"add\.0\.effect"):
        await lab.preview(TAINT, name="any", add=[{"key": "a", "effect": "Nowhere"}])
    with pytest.raises(Invalid, match="not said which taints"):
        await lab.preview(TAINT, name="any")


async def test_without_a_grant_no_node_is_tainted(lab: Lab) -> None:
    args = {"name": await lab.node(), "add": [{"key": "a", "effect": "NoSchedule"}]}
    preview = await lab.preview(TAINT, **args)
    tool = lab.registry.write(TAINT)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse(args), lab.scope)
    seen = await lab.observe(TAINT, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_mistyped_node_is_answered_with_near_names(lab: Lab) -> None:
    node = await lab.node()
    with pytest.raises(NotFound) as caught:
        await lab.preview(TAINT, name=node.replace("node", "nod"), remove=[{"key": "a"}])
    assert node in caught.value.hint


async def test_a_viewer_may_not_taint(practice: Lab) -> None:
    args = {"name": await practice.node(), "add": [{"key": "a", "effect": "NoSchedule"}]}
    tool = practice.registry.write(TAINT)
    with pytest.raises(Forbidden, match="patch nodes"):
        await tool.preview(tool.parse(args), Scope(context=bystander(practice)))
