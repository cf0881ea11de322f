"""Environment variables: set, pointed at, removed; a secret is never told."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander
from tools.errors import Forbidden, GateRefused, Invalid, NotFound
from tools.tool import Scope, Verdict

SET_ENV = "kubernetes_set_env"


async def variables(lab: Lab, name: str = "web") -> dict[str, Any]:
    found = await lab.read("kubernetes_get", kind="deploy", name=name)
    container = found.object["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}


async def test_variables_are_set_and_removed_one_by_one_and_undo_restores_them(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    await lab.carry_out(SET_ENV, name="web", set={"COLOUR": "red", "SIZE": "9", "OTHER": "stays"})
    args: dict[str, Any] = {
        "name": "web",
        "set": {"COLOUR": "blue"},
        "from_config_map": {"SHAPE": {"name": "settings", "key": "shape"}},
        "from_field": {"POD_IP": "status.podIP"},
        "remove": ["SIZE"],
    }
    preview = await lab.carry_out(SET_ENV, **args)
    paths = {change.path.rpartition("env")[2]: (change.before, change.after) for change in preview.changes}
    assert paths["[COLOUR].value"] == ("red", "blue")
    assert paths["[SIZE].value"] == ("9", None)
    assert paths["[SHAPE].valueFrom.configMapKeyRef.name"] == (None, "settings")
    now = await variables(lab)
    assert (now["COLOUR"], now["OTHER"], "SIZE" in now) == ("blue", "stays", False)
    assert now["POD_IP"]["fieldRef"]["fieldPath"] == "status.podIP"
    undo = lab.undo(SET_ENV, preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert await variables(lab) == {"COLOUR": "red", "SIZE": "9", "OTHER": "stays"}
    again = await lab.preview(undo.tool, **undo.args)
    assert again.changes == ()


@pytest.mark.parametrize("name", ["DATABASE_PASSWORD", "GITHUB_TOKEN", "CLIENT_SECRET", "API_KEY"])
async def test_a_secret_in_plain_text_is_refused_and_the_way_to_do_it_named(lab: Lab, name: str) -> None:
    await lab.deployment("web", replicas=0)
    with pytest.raises(Invalid, match=name) as caught:
        await lab.preview(SET_ENV, name="web", set={name: "hunter2"})
    assert "from_secret" in caught.value.hint
    assert "hunter2" not in str(caught.value)


async def test_a_password_inside_a_url_is_refused_too(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    with pytest.raises(Invalid) as caught:
        await lab.preview(SET_ENV, name="web", set={"DATABASE_URL": "postgres://shop:hunter2@db/shop"})
    assert "hunter2" not in str(caught.value)


async def test_a_secret_is_pointed_at_by_its_key(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    reference = {"DATABASE_PASSWORD": {"name": "db", "key": "password"}}
    preview = await lab.carry_out(SET_ENV, name="web", from_secret=reference)
    assert await variables(lab) == {"DATABASE_PASSWORD": {"secretKeyRef": {"name": "db", "key": "password"}}}
    undo = lab.undo(SET_ENV, preview, name="web", from_secret=reference)
    assert undo is not None
    assert undo.args["remove"] == ["DATABASE_PASSWORD"]


async def test_a_secret_that_stands_there_in_plain_text_is_neither_shown_nor_recorded(lab: Lab) -> None:
    body = _with_plain_password("web", lab.image)
    await lab.create("deployments.apps", f"/apis/apps/v1/namespaces/{lab.namespace}/deployments", body)
    args: dict[str, Any] = {"name": "web", "remove": ["DATABASE_PASSWORD"]}
    preview = await lab.preview(SET_ENV, **args)
    assert preview.changes
    assert "hunter2" not in preview.model_dump_json()
    assert any("DATABASE_PASSWORD" in warning for warning in preview.warnings)
    assert lab.undo(SET_ENV, preview, **args) is None
    # Nor does any other write show it.
    labelled = await lab.preview("kubernetes_set_image", name="web", image="web:2")
    assert "hunter2" not in labelled.model_dump_json()


def _with_plain_password(name: str, image: str) -> dict[str, Any]:
    labels = {"app": name}
    env = [{"name": "DATABASE_PASSWORD", "value": "hunter2"}]
    container = {"name": "app", "image": image, "env": env}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


async def test_a_new_variable_is_rolled_out(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)
    args: dict[str, Any] = {"name": "web", "set": {"COLOUR": "red"}}
    preview = await pods.carry_out(SET_ENV, **args)
    assert (await pods.settled(SET_ENV, preview, **args)).verdict is Verdict.HOLDS


async def test_each_variable_is_named_once_and_at_least_one_is(lab: Lab) -> None:
    with pytest.raises(Invalid, match="not said which variables"):
        await lab.preview(SET_ENV, name="web")
    with pytest.raises(Invalid, match="two ways"):
        await lab.preview(SET_ENV, name="web", set={"A": "1"}, remove=["A"])
    with pytest.raises(Invalid, match="this works on a Deployment"):
        await lab.preview(SET_ENV, kind="configmap", name="settings", set={"A": "1"})


async def test_without_a_grant_no_variable_is_set(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    args: dict[str, Any] = {"name": "web", "set": {"COLOUR": "red"}}
    preview = await lab.preview(SET_ENV, **args)
    tool = lab.registry.write(SET_ENV)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse(args), lab.scope)
    seen = await lab.observe(SET_ENV, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_mistyped_names_are_answered_with_those_there_are(lab: Lab) -> None:
    await lab.deployment("checkout", replicas=0)
    with pytest.raises(NotFound) as workload:
        await lab.preview(SET_ENV, name="chekout", set={"A": "1"})
    assert "checkout" in workload.value.hint
    with pytest.raises(Invalid) as container:
        await lab.preview(SET_ENV, name="checkout", container="ap", set={"A": "1"})
    assert "app" in container.value.hint


async def test_a_viewer_may_not_set_variables(practice: Lab) -> None:
    await practice.deployment("web", replicas=0)
    tool = practice.registry.write(SET_ENV)
    with pytest.raises(Forbidden, match=r"patch deployments\.apps web"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"name": "web", "set": {"A": "1"}}), scope)
