"""Patches: what they change, that they arrived, and the way back."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander
from tools.errors import Conflict, Forbidden, GateRefused, Invalid, NotFound
from tools.gate import Permit
from tools.tool import Scope, Verdict

PATCH = "kubernetes_patch"
SETTINGS = {"kind": "configmap", "name": "settings"}

MERGE: dict[str, Any] = {"data": {"colour": "blue", "size": None, "shape": "round"}}
OPERATIONS: list[dict[str, Any]] = [
    {"op": "test", "path": "/data/colour", "value": "red"},
    {"op": "replace", "path": "/data/colour", "value": "blue"},
    {"op": "remove", "path": "/data/size"},
    {"op": "add", "path": "/data/shape", "value": "round"},
]


async def data(lab: Lab) -> Any:
    return (await lab.read("kubernetes_get", **SETTINGS)).object["data"]


@pytest.mark.parametrize("patch", [MERGE, OPERATIONS], ids=["merge", "json"])
async def test_either_patch_shows_its_diff_arrives_and_is_taken_back(lab: Lab, patch: Any) -> None:
    await lab.config_map("settings", {"colour": "red", "size": "9", "other": "stays"})
    preview = await lab.carry_out(PATCH, **SETTINGS, patch=patch)
    assert {change.path: (change.before, change.after) for change in preview.changes} == {
        "data.colour": ("red", "blue"),
        "data.size": ("9", None),
        "data.shape": (None, "round"),
    }
    assert await data(lab) == {"colour": "blue", "shape": "round", "other": "stays"}
    seen = await lab.observe(PATCH, preview, **SETTINGS, patch=patch)
    assert (seen.verdict, seen.applied) == (Verdict.HOLDS, True)
    undo = lab.undo(PATCH, preview, **SETTINGS, patch=patch)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert await data(lab) == {"colour": "red", "size": "9", "other": "stays"}


async def test_a_patch_overwritten_by_somebody_else_is_in_doubt_and_not_called_unsent(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    args: dict[str, Any] = {**SETTINGS, "patch": {"data": {"colour": "blue"}}}
    preview = await lab.carry_out(PATCH, **args)
    await lab.carry_out(PATCH, **SETTINGS, patch={"data": {"colour": "green"}})
    seen = await lab.observe(PATCH, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, None)
    assert "data.colour" in seen.detail


async def test_a_patched_deployment_holds_once_it_is_rolled_out(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)
    args: dict[str, Any] = {"kind": "deployment", "name": "web", "patch": {"spec": {"replicas": 2}}}
    preview = await pods.carry_out(PATCH, **args)
    seen = await pods.settled(PATCH, preview, **args)
    assert (seen.verdict, seen.detail) == (Verdict.HOLDS, "2 of 2 replicas ready.")


async def test_what_is_so_already_has_nothing_to_change_or_take_back(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    args: dict[str, Any] = {**SETTINGS, "patch": {"data": {"colour": "red"}}}
    preview = await lab.preview(PATCH, **args)
    assert preview.changes == ()
    assert lab.undo(PATCH, preview, **args) is None


async def test_an_operation_that_does_not_apply_says_which_and_why(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    failing = [{"op": "test", "path": "/data/colour", "value": "green"}]
    with pytest.raises(Invalid, match="configmaps settings"):
        await lab.preview(PATCH, **SETTINGS, patch=failing)
    with pytest.raises(Invalid):
        await lab.preview(PATCH, **SETTINGS, patch=[{"op": "remove", "path": "/data/nothing"}])


async def test_fields_the_server_refuses_are_named(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    with pytest.raises(Invalid, match=r"spec\.replicas"):
        await lab.preview(PATCH, kind="deployment", name="web", patch={"spec": {"replicas": -1}})


async def test_secrets_and_empty_patches_are_refused(lab: Lab) -> None:
    with pytest.raises(Invalid, match="Secret"):
        await lab.preview(PATCH, kind="secret", name="db", patch={"data": {"password": "eA=="}})
    with pytest.raises(Invalid, match="empty"):
        await lab.preview(PATCH, **SETTINGS, patch={})


async def test_undo_does_not_write_a_secret_down(lab: Lab) -> None:
    await lab.config_map("settings", {"password": "hunter2"})
    args: dict[str, Any] = {**SETTINGS, "patch": {"data": {"password": None}}}
    preview = await lab.preview(PATCH, **args)
    assert "hunter2" not in preview.model_dump_json()
    assert any("Undo cannot" in warning for warning in preview.warnings)
    assert lab.undo(PATCH, preview, **args) is None


async def test_taking_a_finalizer_away_is_warned_of(practice: Lab) -> None:
    path = f"/api/v1/namespaces/{practice.namespace}/configmaps"
    metadata = {"name": "settings", "finalizers": ["example.com/keep"]}
    await practice.create("configmaps", path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    preview = await practice.preview(PATCH, **SETTINGS, patch={"metadata": {"finalizers": None}})
    assert any("finalizer" in warning for warning in preview.warnings)
    await practice.run(PATCH, preview, **SETTINGS, patch={"metadata": {"finalizers": None}})


async def test_without_a_grant_nothing_is_patched(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    args: dict[str, Any] = {**SETTINGS, "patch": MERGE}
    preview = await lab.preview(PATCH, **args)
    tool = lab.registry.write(PATCH)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse(args), lab.scope)
    seen = await lab.observe(PATCH, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_stale_pin_of_a_json_patch_is_a_conflict(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    stale = [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}, *OPERATIONS[1:2]]
    permit = Permit(
        system="kubernetes",
        place=lab.cluster.context,
        verb="patch",
        resource="configmaps",
        namespace=lab.namespace,
        name="settings",
    )
    path = f"/api/v1/namespaces/{lab.namespace}/configmaps/settings"
    with lab.mint.grant("s", [permit], seconds=30), pytest.raises(Conflict):
        await lab.cluster.request("PATCH", path, body=[*stale], content_type="application/json-patch+json")
    assert await data(lab) == {"colour": "red"}


async def test_a_mistyped_object_is_answered_with_near_names(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    with pytest.raises(NotFound) as caught:
        await lab.preview(PATCH, kind="configmap", name="setings", patch=MERGE)
    assert "settings" in caught.value.hint


async def test_a_viewer_may_not_patch(practice: Lab) -> None:
    await practice.config_map("settings", {"colour": "red"})
    tool = practice.registry.write(PATCH)
    with pytest.raises(Forbidden, match="patch configmaps settings"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({**SETTINGS, "patch": MERGE}), scope)
