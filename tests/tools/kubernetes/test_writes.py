"""Changing a cluster: rehearsed, granted, observed, undone."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, deployment, until
from tools.errors import Conflict, GateRefused, Invalid
from tools.gate import Permit
from tools.tool import Verdict

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}


def config(**data: str) -> dict[str, Any]:
    return {**CONFIG, "data": data}


async def replicas(lab: Lab, name: str = "web") -> Any:
    found = await lab.read("kubernetes_get", kind="deploy", name=name)
    return found.object["spec"]["replicas"]


async def image(lab: Lab, name: str = "web") -> Any:
    found = await lab.read("kubernetes_get", kind="deploy", name=name)
    return found.object["spec"]["template"]["spec"]["containers"][0]["image"]


WRITES: list[tuple[str, dict[str, Any]]] = [
    ("kubernetes_scale", {"name": "web", "replicas": 3}),
    ("kubernetes_restart", {"name": "web"}),
    ("kubernetes_set_image", {"name": "web", "image": "web:2"}),
    ("kubernetes_apply", {"manifest": config(colour="red")}),
    ("kubernetes_delete", {"kind": "deployment", "name": "web"}),
]


@pytest.mark.parametrize(("tool", "args"), WRITES, ids=lambda part: part if isinstance(part, str) else "")
async def test_a_preview_changes_nothing_and_is_the_same_each_time(
    lab: Lab, tool: str, args: dict[str, Any]
) -> None:
    await lab.deployment("web", replicas=0)

    async def replica_sets() -> int:
        return int((await lab.read("kubernetes_list", kind="replicasets")).count)

    # The controller makes it a moment later, and what a deletion takes along counts it.
    await until(lambda: _equals(replica_sets, 1))
    first = await lab.preview(tool, **args)
    before = await lab.read("kubernetes_get", kind="deploy", name="web")
    second = await lab.preview(tool, **args)
    after = await lab.read("kubernetes_get", kind="deploy", name="web")
    assert first.model_dump_json() == second.model_dump_json()
    assert before.object["spec"] == after.object["spec"]
    assert first.changes
    assert first.labels["team"] == "shop"


@pytest.mark.parametrize(("tool", "args"), WRITES, ids=lambda part: part if isinstance(part, str) else "")
async def test_a_write_without_a_grant_is_refused_and_seen_as_not_applied(
    lab: Lab, tool: str, args: dict[str, Any]
) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.preview(tool, **args)
    found = lab.registry.write(tool)
    with pytest.raises(GateRefused):
        await found.run(found.parse(args), lab.scope)
    seen = await lab.observe(tool, preview, **args)
    assert seen.applied is False
    assert seen.verdict is Verdict.DOES_NOT_HOLD


@pytest.mark.parametrize(("tool", "args"), WRITES, ids=lambda part: part if isinstance(part, str) else "")
async def test_a_write_needs_exactly_the_permits_its_preview_names(
    lab: Lab, tool: str, args: dict[str, Any]
) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.carry_out(tool, **args)
    assert len(preview.permits) == 1


async def test_scaling_shows_the_change_and_undo_takes_it_back(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)
    preview = await lab.carry_out("kubernetes_scale", name="web", replicas=2)
    (change,) = preview.changes
    assert (change.path, change.before, change.after) == ("spec.replicas", 1, 2)
    assert await replicas(lab) == 2
    undo = lab.undo("kubernetes_scale", preview, name="web", replicas=2)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert await replicas(lab) == 1


async def test_scaling_to_what_is_there_already_says_so(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)
    preview = await lab.preview("kubernetes_scale", name="web", replicas=1)
    assert preview.changes == ()
    assert any("Nothing to change" in warning for warning in preview.warnings)
    assert lab.undo("kubernetes_scale", preview, name="web", replicas=1) is None


async def test_scaling_holds_once_all_replicas_are_ready(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)
    args = {"name": "web", "replicas": 3}
    preview = await pods.carry_out("kubernetes_scale", **args)
    seen = await pods.settled("kubernetes_scale", preview, **args)
    assert seen.verdict is Verdict.HOLDS
    assert seen.detail == "3 of 3 replicas ready."


async def test_what_cannot_be_scaled_is_refused(lab: Lab) -> None:
    with pytest.raises(Invalid, match="cannot be scaled"):
        await lab.preview("kubernetes_scale", kind="configmap", name="settings", replicas=1)


async def test_an_autoscaler_in_charge_is_warned_of(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web-auto"},
        "spec": {
            "minReplicas": 1,
            "maxReplicas": 5,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    path = f"/apis/autoscaling/v2/namespaces/{lab.namespace}/horizontalpodautoscalers"
    await lab.create("horizontalpodautoscalers.autoscaling", path, body)
    preview = await lab.preview("kubernetes_scale", name="web", replicas=4)
    assert any("web-auto" in warning for warning in preview.warnings)


async def test_the_fingerprint_changes_with_intent_and_not_with_status(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)
    args = {"name": "web", "replicas": 2}
    first = await pods.preview("kubernetes_scale", **args)

    async def ready() -> bool:
        found = await pods.read("kubernetes_get", kind="deploy", name="web")
        return found.object.get("status", {}).get("readyReplicas") == 1

    await until(ready)
    assert (await pods.preview("kubernetes_scale", **args)).observed == first.observed
    await pods.carry_out("kubernetes_set_image", name="web", image="web:2")
    assert (await pods.preview("kubernetes_scale", **args)).observed != first.observed


async def test_a_restart_leaves_a_mark_and_has_no_undo(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.carry_out("kubernetes_restart", name="web")
    assert preview.changes[0].after == "time of execution"
    assert lab.undo("kubernetes_restart", preview, name="web") is None
    again = await lab.preview("kubernetes_restart", name="web")
    assert again.changes[0].before is not None


@pytest.mark.parametrize(
    ("before", "applied"),
    [
        ("2099-01-01T00:00:00Z", None),  # older than the record: rolled back, or another object
        ("2000-01-01T00:00:00Z", True),
    ],
)
async def test_a_restart_counts_as_arrived_only_by_a_later_mark(
    lab: Lab, before: str, applied: bool | None
) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.carry_out("kubernetes_restart", name="web")
    recorded = preview.model_copy(update={"before": {"restartedAt": before}})
    seen = await lab.observe("kubernetes_restart", recorded, name="web")
    assert seen.applied is applied


async def test_a_restart_whose_mark_is_gone_is_in_doubt(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    preview = await lab.preview("kubernetes_restart", name="web")
    recorded = preview.model_copy(update={"before": {"restartedAt": "2026-01-01T00:00:00Z"}})
    seen = await lab.observe("kubernetes_restart", recorded, name="web")
    assert (seen.verdict, seen.applied) == (Verdict.UNKNOWN, None)


async def test_a_new_image_can_be_rolled_back_and_forth(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)
    before = await image(lab)

    async def revisions() -> int:
        found = await lab.read("kubernetes_list", kind="replicasets")
        return int(found.count)

    await until(lambda: _equals(revisions, 1))
    args = {"name": "web", "image": "web:2"}
    preview = await lab.carry_out("kubernetes_set_image", **args)
    (change,) = preview.changes
    assert change.path == "spec.template.spec.containers[app].image"
    undo = lab.undo("kubernetes_set_image", preview, **args)
    assert undo is not None
    assert undo.args["image"] == before
    await until(lambda: _equals(revisions, 2))

    back = await lab.carry_out("kubernetes_roll_back", name="web")
    assert await image(lab) == before
    assert back.changes[0].after == before
    forth = lab.undo("kubernetes_roll_back", back, name="web")
    assert forth is not None
    await lab.carry_out(forth.tool, **forth.args)
    assert await image(lab) == "web:2"


async def _equals(question: Any, answer: int) -> bool:
    return bool(await question() == answer)


async def test_there_is_no_rolling_back_without_an_earlier_revision(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    with pytest.raises(Invalid, match="no earlier revision"):
        await lab.preview("kubernetes_roll_back", name="web")
    with pytest.raises(Invalid, match="no revision 42"):
        await lab.preview("kubernetes_roll_back", name="web", to_revision=42)


async def test_an_unknown_container_is_answered_with_those_there_are(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    with pytest.raises(Invalid) as caught:
        await lab.preview("kubernetes_set_image", name="web", container="sidecar", image="x:1")
    assert "app" in caught.value.hint


async def test_apply_creates_and_undo_deletes(lab: Lab) -> None:
    args = {"manifest": config(colour="red")}
    preview = await lab.carry_out("kubernetes_apply", **args)
    assert preview.observed == "absent"
    found = await lab.read("kubernetes_get", kind="cm", name="settings")
    assert found.object["data"] == {"colour": "red"}
    undo = lab.undo("kubernetes_apply", preview, **args)
    assert undo is not None
    assert undo.tool == "kubernetes_delete@1"
    await lab.carry_out(undo.tool, **undo.args)
    listed = await lab.read("kubernetes_list", kind="cm")
    assert "settings" not in {row[0] for row in listed.rows}


async def test_undoing_an_apply_restores_values_and_removes_additions(lab: Lab) -> None:
    await lab.carry_out("kubernetes_apply", manifest=config(colour="red", size="9"))
    args = {"manifest": config(colour="blue", shape="round")}
    preview = await lab.carry_out("kubernetes_apply", **args)
    assert {change.path: (change.before, change.after) for change in preview.changes} == {
        "data.colour": ("red", "blue"),
        "data.shape": (None, "round"),
        "data.size": ("9", None),
    }
    undo = lab.undo("kubernetes_apply", preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    found = await lab.read("kubernetes_get", kind="cm", name="settings")
    assert found.object["data"] == {"colour": "red", "size": "9"}


async def test_apply_takes_no_field_from_its_owner(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "red"})
    with pytest.raises(Conflict) as caught:
        await lab.preview("kubernetes_apply", manifest=config(colour="blue"))
    assert "conflict" in caught.value.message
    assert "colour" in caught.value.message


async def test_apply_wants_one_named_object_and_no_secret(lab: Lab) -> None:
    with pytest.raises(Invalid, match=r"metadata\.name"):
        await lab.preview("kubernetes_apply", manifest={"kind": "ConfigMap"})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": "b"}}
    with pytest.raises(Invalid, match="Secrets"):
        await lab.preview("kubernetes_apply", manifest=secret)
    elsewhere = {**CONFIG, "metadata": {"name": "settings", "namespace": "a/../b"}}
    with pytest.raises(Invalid):
        await lab.preview("kubernetes_apply", manifest=elsewhere)


async def test_the_server_refuses_a_bad_manifest_in_the_preview(lab: Lab) -> None:
    manifest = deployment("web")
    manifest["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    with pytest.raises(Invalid, match="invalid"):
        await lab.preview("kubernetes_apply", manifest=manifest)


async def test_deleting_counts_what_goes_along_and_can_be_undone_by_its_manifest(lab: Lab) -> None:
    await lab.deployment("web", replicas=2)

    async def pods_made() -> bool:
        return bool((await lab.read("kubernetes_list", kind="pods")).count == 2)

    await until(pods_made)
    args = {"kind": "deployment", "name": "web"}
    preview = await lab.preview("kubernetes_delete", **args)
    assert preview.objects == 4
    await lab.run("kubernetes_delete", preview, **args)
    seen = await lab.settled("kubernetes_delete", preview, **args)
    assert seen.verdict is Verdict.HOLDS
    undo = lab.undo("kubernetes_delete", preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert await replicas(lab) == 2


async def test_a_deleted_pod_is_named_as_its_owners_and_has_no_undo(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)

    async def first() -> str:
        found = await lab.read("kubernetes_list", kind="pods")
        return str(found.rows[0][0]) if found.rows else ""

    args = {"kind": "pod", "name": await until(first)}
    preview = await lab.preview("kubernetes_delete", **args)
    assert any("replicaset/web-" in warning for warning in preview.warnings)
    assert lab.undo("kubernetes_delete", preview, **args) is None


async def test_an_object_made_anew_is_not_the_one_that_was_deleted(lab: Lab) -> None:
    await lab.config_map("settings", {"a": "1"})
    args = {"kind": "configmap", "name": "settings"}
    preview = await lab.preview("kubernetes_delete", **args)
    await lab.run("kubernetes_delete", preview, **args)
    await lab.config_map("settings", {"a": "2"})
    seen = await lab.observe("kubernetes_delete", preview, **args)
    assert seen.verdict is Verdict.HOLDS
    assert "new object" in seen.detail


async def test_a_change_by_somebody_else_in_between_is_a_conflict(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)
    path = f"/apis/apps/v1/namespaces/{lab.namespace}/deployments/web"
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 5}}
    permit = Permit(
        system="kubernetes",
        place=lab.cluster.context,
        verb="patch",
        resource="deployments.apps/scale",
        namespace=lab.namespace,
        name="web",
    )
    with lab.mint.grant("s", [permit], seconds=30), pytest.raises(Conflict):
        await lab.cluster.request(
            "PATCH", f"{path}/scale", body=stale, content_type="application/merge-patch+json"
        )
    assert await replicas(lab) == 1
