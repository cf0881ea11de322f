"""Several manifests as one step, and the way back."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander, deployment
from tools.errors import Conflict, Forbidden, GateRefused, Invalid, TimedOut
from tools.tool import Scope, Verdict

APPLY = "kubernetes_apply_all"


def config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def configs(lab: Lab) -> dict[str, Any]:
    listed = await lab.read("kubernetes_list", kind="cm")
    names = [str(row[0]) for row in listed.rows if not str(row[0]).startswith("kube-root-ca")]
    found = [await lab.read("kubernetes_get", kind="cm", name=name) for name in names]
    return {name: each.object.get("data") for name, each in zip(names, found, strict=True)}


async def test_several_objects_are_created_and_changed_in_one_step_and_taken_back_in_one(lab: Lab) -> None:
    await lab.carry_out("kubernetes_apply", manifest=config("old", colour="red"))
    args: dict[str, Any] = {"manifests": [config("new", size="9"), config("old", colour="blue")]}
    preview = await lab.carry_out(APPLY, **args)
    paths = {change.path: (change.before, change.after) for change in preview.changes}
    assert paths[f"configmap/old in {lab.namespace}: data.colour"] == ("red", "blue")
    assert paths[f"configmap/new in {lab.namespace}: data.size"] == (None, "9")
    assert (preview.objects, len(preview.permits)) == (2, 2)
    assert await configs(lab) == {"new": {"size": "9"}, "old": {"colour": "blue"}}
    assert (await lab.settled(APPLY, preview, **args)).verdict is Verdict.HOLDS
    undo = lab.undo(APPLY, preview, **args)
    assert undo is not None
    assert undo.tool == "kubernetes_restore@1"
    back = await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.settled(undo.tool, back, **undo.args)).verdict is Verdict.HOLDS
    assert await configs(lab) == {"old": {"colour": "red"}}


async def test_two_previews_are_the_same_and_what_others_need_comes_first(lab: Lab) -> None:
    manifests = [deployment("web", lab.image, 0), config("settings", a="1")]
    first, second = [await lab.preview(APPLY, manifests=manifests) for _ in range(2)]
    assert first.model_dump_json() == second.model_dump_json()
    assert [permit.resource for permit in first.permits] == ["configmaps", "deployments.apps"]


async def test_a_conflict_over_one_refuses_all_and_names_the_owners(lab: Lab) -> None:
    await lab.config_map("one", {"colour": "red"})
    await lab.config_map("two", {"size": "9"})
    manifests = [config("one", colour="blue"), config("two", size="10"), config("three", a="1")]
    with pytest.raises(Conflict) as caught:
        await lab.preview(APPLY, manifests=manifests)
    assert "data.colour (" in caught.value.message
    assert "data.size (" in caught.value.message
    assert "three" not in await configs(lab)


async def test_what_stopped_half_way_says_how_far_it_came_and_can_be_taken_back(lab: Lab) -> None:
    args: dict[str, Any] = {"manifests": [config("one", a="1"), config("two", b="2")]}
    preview = await lab.preview(APPLY, **args)
    tool = lab.registry.write(APPLY)
    with (
        lab.mint.grant("step", preview.permits[:1], seconds=30),
        pytest.raises(TimedOut, match="1 of 2 objects were written"),
    ):
        await tool.run(tool.parse(args), lab.scope)
    seen = await lab.observe(APPLY, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, True)
    assert "configmap/two" in seen.detail
    undo = lab.undo(APPLY, preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert await configs(lab) == {}


async def test_an_object_named_twice_and_a_secret_are_refused(lab: Lab) -> None:
    with pytest.raises(Invalid, match="more than once"):
        await lab.preview(APPLY, manifests=[config("one", a="1"), config("one", a="2")])
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": "b"}}
    with pytest.raises(Invalid, match="Secret"):
        await lab.preview(APPLY, manifests=[config("one", a="1"), secret])


async def test_objects_of_different_environments_are_not_mixed(lab: Lab) -> None:
    one, two = config("one", a="1"), config("two", b="2")
    path = f"/api/v1/namespaces/{lab.namespace}/configmaps"
    for each, environment in ((one, "production"), (two, "staging")):
        labelled = {**each, "metadata": {**each["metadata"], "labels": {"environment": environment}}}
        await lab.create("configmaps", path, {**labelled, "data": {}})
    with pytest.raises(Invalid, match="another object to production"):
        await lab.preview(APPLY, manifests=[one, two])


async def test_without_a_grant_nothing_is_applied(lab: Lab) -> None:
    args: dict[str, Any] = {"manifests": [config("one", a="1"), config("two", b="2")]}
    preview = await lab.preview(APPLY, **args)
    tool = lab.registry.write(APPLY)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse(args), lab.scope)
    seen = await lab.observe(APPLY, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_viewer_may_not_apply(practice: Lab) -> None:
    tool = practice.registry.write(APPLY)
    with pytest.raises(Forbidden, match="patch configmaps"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"manifests": [config("one", a="1")]}), scope)
