"""Pausing a Deployment's rollout, and letting it go on."""

import pytest

from tests.tools.kubernetes.lab import Lab, bystander, until
from tools.errors import Forbidden, GateRefused, Invalid, NotFound
from tools.tool import Scope, Verdict


async def revisions(lab: Lab) -> int:
    return int((await lab.read("kubernetes_list", kind="replicasets")).count)


async def test_a_paused_deployment_rolls_out_nothing_until_it_is_resumed(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)

    async def made() -> bool:
        return await revisions(lab) == 1

    await until(made)
    preview = await lab.carry_out("kubernetes_pause", name="web")
    assert [change.path for change in preview.changes] == ["spec.paused"]
    assert (await lab.observe("kubernetes_pause", preview, name="web")).verdict is Verdict.HOLDS
    await lab.carry_out("kubernetes_set_image", name="web", image="web:2")

    async def noticed() -> bool:
        found = (await lab.read("kubernetes_get", kind="deploy", name="web")).object
        return bool(found["status"].get("observedGeneration") == found["metadata"]["generation"])

    await until(noticed)
    assert await revisions(lab) == 1

    undo = lab.undo("kubernetes_pause", preview, name="web")
    assert undo is not None
    assert undo.tool == "kubernetes_resume@1"
    back = await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.settled(undo.tool, back, **undo.args)).verdict is Verdict.HOLDS

    async def rolled_out() -> bool:
        return await revisions(lab) == 2

    assert await until(rolled_out)


async def test_resuming_holds_once_what_waited_is_rolled_out(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)
    await pods.carry_out("kubernetes_pause", name="web")
    args = {"name": "web", "image": "web:2"}
    waiting = await pods.carry_out("kubernetes_set_image", **args)
    seen = await pods.settled("kubernetes_set_image", waiting, **args)
    assert seen.verdict is Verdict.HOLDS
    assert "paused" in seen.detail
    preview = await pods.carry_out("kubernetes_resume", name="web")
    seen = await pods.settled("kubernetes_resume", preview, name="web")
    assert (seen.verdict, seen.detail) == (Verdict.HOLDS, "1 of 1 replicas ready.")


async def test_a_deployment_that_is_not_paused_has_nothing_to_resume(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.preview("kubernetes_resume", name="web")
    assert preview.changes == ()
    assert lab.undo("kubernetes_resume", preview, name="web") is None


async def test_a_pause_without_a_grant_is_refused_and_seen_as_not_applied(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.preview("kubernetes_pause", name="web")
    tool = lab.registry.write("kubernetes_pause")
    with pytest.raises(GateRefused):
        await tool.run(tool.parse({"name": "web"}), lab.scope)
    seen = await lab.observe("kubernetes_pause", preview, name="web")
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_what_a_paused_deployment_cannot_do_says_to_resume_it_first(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    await lab.carry_out("kubernetes_pause", name="web")
    for tool in ("kubernetes_restart", "kubernetes_roll_back"):
        with pytest.raises(Invalid) as caught:
            await lab.preview(tool, name="web")
        assert "Resume" in caught.value.hint


async def test_a_mistyped_deployment_is_answered_with_near_names(lab: Lab) -> None:
    await lab.deployment("checkout", replicas=0)
    with pytest.raises(NotFound) as caught:
        await lab.preview("kubernetes_pause", name="chekout")
    assert "checkout" in caught.value.hint


async def test_a_viewer_may_not_pause(practice: Lab) -> None:
    await practice.deployment("web", replicas=0)
    tool = practice.registry.write("kubernetes_pause")
    with pytest.raises(Forbidden, match=r"patch deployments\.apps web"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"name": "web"}), scope)
