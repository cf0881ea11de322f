"""Cordoning a node and letting it take pods again."""

import pytest

from tests.tools.kubernetes.lab import Lab, bystander
from tools.errors import Forbidden, GateRefused, NotFound
from tools.tool import Call, Scope, Verdict


async def cordoned(lab: Lab, name: str) -> bool:
    found = await lab.read("kubernetes_get", kind="node", name=name)
    return found.object["spec"].get("unschedulable") is True


async def test_a_cordon_shows_its_one_field_holds_and_is_taken_back(lab: Lab) -> None:
    node = await lab.node()
    preview = await lab.carry_out("kubernetes_cordon", name=node)
    (change,) = preview.changes
    assert (change.path, change.before, change.after) == ("spec.unschedulable", None, True)
    assert [permit.resource for permit in preview.permits] == ["nodes"]
    assert await cordoned(lab, node)
    undo = lab.undo("kubernetes_cordon", preview, name=node)
    assert undo == Call(tool="kubernetes_uncordon@1", args={"name": node})
    back = await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.observe(undo.tool, back, **undo.args)).verdict is Verdict.HOLDS
    assert not await cordoned(lab, node)


async def test_a_node_that_is_cordoned_already_has_nothing_to_change_or_take_back(lab: Lab) -> None:
    node = await lab.node(cordoned=True)
    preview = await lab.preview("kubernetes_cordon", name=node)
    assert preview.changes == ()
    assert any("Nothing to change" in warning for warning in preview.warnings)
    assert lab.undo("kubernetes_cordon", preview, name=node) is None


async def test_without_a_grant_no_node_is_cordoned(lab: Lab) -> None:
    node = await lab.node()
    preview = await lab.preview("kubernetes_cordon", name=node)
    tool = lab.registry.write("kubernetes_cordon")
    with pytest.raises(GateRefused):
        await tool.run(tool.parse({"name": node}), lab.scope)
    seen = await lab.observe("kubernetes_cordon", preview, name=node)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_mistyped_node_is_answered_with_the_names_that_resemble_it(lab: Lab) -> None:
    node = await lab.node()
    with pytest.raises(NotFound) as caught:
        await lab.preview("kubernetes_uncordon", name=node.replace("node", "nod"))
    assert node in caught.value.hint


async def test_who_may_not_change_nodes_hears_it_in_the_preview(practice: Lab) -> None:
    node = await practice.node()
    scope = Scope(context=bystander(practice), namespace=practice.namespace)
    tool = practice.registry.write("kubernetes_cordon")
    with pytest.raises(Forbidden, match="patch nodes") as caught:
        await tool.preview(tool.parse({"name": node}), scope)
    assert "kubectl auth can-i patch nodes" in caught.value.hint


async def test_a_node_changed_since_the_preview_has_another_fingerprint(lab: Lab) -> None:
    node = await lab.node()
    first = await lab.preview("kubernetes_cordon", name=node)
    await lab.carry_out("kubernetes_cordon", name=node)
    assert (await lab.preview("kubernetes_cordon", name=node)).observed != first.observed
