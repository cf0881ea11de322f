"""Requests and limits of a container."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander
from tools.errors import Forbidden, GateRefused, Invalid, NotFound
from tools.tool import Scope, Verdict

SET = "kubernetes_set_resources"


async def resources(lab: Lab) -> Any:
    found = await lab.read("kubernetes_get", kind="deploy", name="web")
    return found.object["spec"]["template"]["spec"]["containers"][0]["resources"]


async def test_requests_and_limits_are_set_one_by_one_and_undo_restores_them(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    await lab.carry_out(
        SET, name="web", requests={"cpu": "100m", "memory": "64Mi"}, limits={"memory": "128Mi"}
    )
    args: dict[str, Any] = {
        "name": "web",
        "requests": {"memory": "96Mi"},
        "limits": {"memory": None, "cpu": "2"},
    }
    preview = await lab.carry_out(SET, **args)
    assert {change.path.rpartition("resources.")[2]: change.after for change in preview.changes} == {
        "requests.memory": "96Mi",
        "limits.memory": None,
        "limits.cpu": "2",
    }
    assert await resources(lab) == {
        "requests": {"cpu": "100m", "memory": "96Mi"},
        "limits": {"cpu": "2"},
    }
    undo = lab.undo(SET, preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert await resources(lab) == {
        "requests": {"cpu": "100m", "memory": "64Mi"},
        "limits": {"memory": "128Mi"},
    }


async def test_an_amount_the_server_writes_in_its_own_way_is_seen_as_applied(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    args: dict[str, Any] = {"name": "web", "requests": {"cpu": "1000m"}}
    preview = await lab.carry_out(SET, **args)
    assert (await lab.observe(SET, preview, **args)).applied is True


async def test_new_limits_are_rolled_out(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)
    args: dict[str, Any] = {"name": "web", "limits": {"memory": "256Mi"}}
    preview = await pods.carry_out(SET, **args)
    assert (await pods.settled(SET, preview, **args)).verdict is Verdict.HOLDS


async def test_a_request_above_its_limit_is_refused_with_the_field(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    with pytest.raises(Invalid, match=r"containers\[0\]\.resources\.requests") as caught:
        await lab.preview(SET, name="web", requests={"memory": "1Gi"}, limits={"memory": "1Mi"})
    assert "memory limit" in caught.value.message


async def test_what_is_no_quantity_never_leaves(lab: Lab) -> None:
    with pytest.raises(Invalid, match=r"requests\.memory"):
        await lab.preview(SET, name="web", requests={"memory": "lots"})
    with pytest.raises(Invalid, match="not said which"):
        await lab.preview(SET, name="web")


async def test_without_a_grant_nothing_is_set(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    args: dict[str, Any] = {"name": "web", "requests": {"cpu": "100m"}}
    preview = await lab.preview(SET, **args)
    tool = lab.registry.write(SET)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse(args), lab.scope)
    seen = await lab.observe(SET, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_mistyped_workload_is_answered_with_near_names(lab: Lab) -> None:
    await lab.deployment("checkout", replicas=0)
    with pytest.raises(NotFound) as caught:
        await lab.preview(SET, name="chekout", requests={"cpu": "1"})
    assert "checkout" in caught.value.hint


async def test_a_viewer_may_not_set_resources(practice: Lab) -> None:
    await practice.deployment("web", replicas=0)
    tool = practice.registry.write(SET)
    with pytest.raises(Forbidden, match=r"patch deployments\.apps web"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"name": "web", "requests": {"cpu": "1"}}), scope)
