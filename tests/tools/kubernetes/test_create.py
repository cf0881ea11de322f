"""New objects: made once, never over one that exists."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander, deployment
from tools.errors import AlreadyExists, Forbidden, GateRefused, Invalid, NotFound
from tools.tool import Scope, Verdict

CREATE = "kubernetes_create"
CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"colour": "red"},
}


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080}]
    body = {"selector": {"app": "web"}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": body}


def job(image: str) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "app", "image": image}]}
    spec = {"backoffLimit": 0, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": spec}


async def test_an_object_is_created_whole_and_undo_deletes_it(lab: Lab) -> None:
    preview = await lab.carry_out(CREATE, manifest=CONFIG)
    assert preview.observed == "absent"
    assert {change.path: change.after for change in preview.changes}["data.colour"] == "red"
    assert [(permit.verb, permit.resource) for permit in preview.permits] == [("create", "configmaps")]
    seen = await lab.observe(CREATE, preview, manifest=CONFIG)
    assert (seen.verdict, seen.applied) == (Verdict.HOLDS, True)
    undo = lab.undo(CREATE, preview, manifest=CONFIG)
    assert undo is not None
    assert undo.tool == "kubernetes_delete@1"
    await lab.carry_out(undo.tool, **undo.args)
    listed = await lab.read("kubernetes_list", kind="cm")
    assert "settings" not in {row[0] for row in listed.rows}


@pytest.mark.parametrize("kind", ["service", "node-port", "job", "deployment"])
async def test_two_previews_of_a_new_object_are_the_same_whatever_the_server_makes_up(
    lab: Lab, kind: str
) -> None:
    manifest = {
        "service": service(),
        "node-port": service(type="NodePort"),
        "job": job(lab.image),
        "deployment": deployment("web", lab.image, 0),
    }[kind]
    first, second = [await lab.preview(CREATE, manifest=manifest) for _ in range(2)]
    assert first.model_dump_json() == second.model_dump_json()
    applied = [await lab.preview("kubernetes_apply", manifest=manifest) for _ in range(2)]
    assert applied[0].changes == applied[1].changes


async def test_an_object_that_lost_a_field_on_its_way_is_not_as_it_was_asked_for(practice: Lab) -> None:
    whole = {**CONFIG, "data": {"colour": "red", "size": "large"}}
    preview = await practice.preview(CREATE, manifest=whole)
    less = {**CONFIG, "data": {"colour": "red"}}
    await practice.carry_out(CREATE, manifest=less)
    seen = await practice.observe(CREATE, preview, manifest=whole)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, True)
    assert "without data.size" in seen.detail


async def test_what_exists_is_named_and_left_as_it_is(lab: Lab) -> None:
    await lab.config_map("settings", {"colour": "green"})
    with pytest.raises(AlreadyExists, match="There is a configmap/settings") as caught:
        await lab.preview(CREATE, manifest=CONFIG)
    assert "kubernetes_apply" in caught.value.hint
    found = await lab.read("kubernetes_get", kind="cm", name="settings")
    assert found.object["data"] == {"colour": "green"}


async def test_a_created_job_is_watched_to_its_end(practice: Lab) -> None:
    manifest = job(practice.image)
    manifest["spec"]["template"]["metadata"] = {"annotations": {"sandbox.pilothouse/behaviour": "complete"}}
    preview = await practice.carry_out(CREATE, manifest=manifest)
    seen = await practice.settled(CREATE, preview, manifest=manifest)
    assert (seen.verdict, seen.detail) == (Verdict.HOLDS, "Job once is complete: 1 succeeded.")


async def test_every_field_the_server_refuses_is_named(lab: Lab) -> None:
    manifest = deployment("web")
    manifest["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 99999}]
    with pytest.raises(Invalid, match=r"containers\[0\]\.ports\[0\]\.containerPort"):
        await lab.preview(CREATE, manifest=manifest)


async def test_secrets_and_unknown_kinds_are_refused(lab: Lab) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": "b"}}
    with pytest.raises(Invalid, match="Secret"):
        await lab.preview(CREATE, manifest=secret)
    with pytest.raises((NotFound, Invalid), match="Widget"):
        await lab.preview(
            CREATE, manifest={"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
        )


async def test_without_a_grant_nothing_is_created(lab: Lab) -> None:
    preview = await lab.preview(CREATE, manifest=CONFIG)
    tool = lab.registry.write(CREATE)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse({"manifest": CONFIG}), lab.scope)
    seen = await lab.observe(CREATE, preview, manifest=CONFIG)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_viewer_may_not_create(practice: Lab) -> None:
    tool = practice.registry.write(CREATE)
    with pytest.raises(Forbidden, match="create configmaps"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"manifest": CONFIG}), scope)
