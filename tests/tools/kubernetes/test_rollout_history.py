"""Rollout history: what each revision was, what changed, and which one is current."""

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import change, forbidden, workload
from tools.errors import Invalid, NotFound
from tools.kubernetes.reads.rollout_history import RolloutHistoryOutput


async def revised(lab: Lab, count: int, **args: str) -> RolloutHistoryOutput:
    async def enough() -> RolloutHistoryOutput | None:
        found = await lab.read("kubernetes_rollout_history", **args)
        assert isinstance(found, RolloutHistoryOutput)
        complete = len(found.revisions) == count and any(entry.current for entry in found.revisions)
        return found if complete else None

    return await until(enough)


async def test_a_new_image_is_a_new_current_revision_that_names_the_change(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    await revised(lab, 1, name="web")
    await lab.carry_out("kubernetes_set_image", name="web", image="registry.invalid/web:2")
    found = await revised(lab, 2, name="web")
    newest, oldest = found.revisions
    assert (newest.number, newest.current, oldest.current) == (2, True, False)
    assert newest.images == {"app": "registry.invalid/web:2"}
    (change,) = newest.changes
    assert change.path == "spec.containers[app].image"
    assert (change.before, change.after) == (lab.image, "registry.invalid/web:2")
    assert oldest.changes == ()
    assert newest.created is not None
    assert newest.object.startswith("replicaset/web-")


async def test_a_rolled_back_deployment_has_its_old_template_as_the_current_revision(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    await revised(lab, 1, name="web")
    await lab.carry_out("kubernetes_set_image", name="web", image="registry.invalid/web:2")
    await revised(lab, 2, name="web")
    await lab.carry_out("kubernetes_roll_back", name="web")

    async def back() -> bool:
        found = await lab.read("kubernetes_rollout_history", name="web")
        return [(entry.number, entry.current) for entry in found.revisions] == [(3, True), (2, False)]

    assert await until(back)


async def test_the_status_of_a_finished_rollout_holds(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)

    async def done() -> bool:
        found = await lab.read("kubernetes_rollout_history", name="web")
        return bool(found.verdict == "holds" and "0 of 0" in found.status)

    assert await until(done)


async def test_a_secret_looking_variable_shows_that_it_changed_but_not_to_what(lab: Lab) -> None:
    def variables(password: str, mode: str) -> list[dict[str, str]]:
        return [{"name": "DB_PASSWORD", "value": password}, {"name": "MODE", "value": mode}]

    await workload(lab, "Deployment", "web", env=variables("hunter2", "slow"))
    await revised(lab, 1, name="web")
    container = {"name": "app", "image": lab.image, "env": variables("swordfish", "fast")}
    await change(lab, "deployment", "web", {"spec": {"template": {"spec": {"containers": [container]}}}})
    found = await revised(lab, 2, name="web")
    written = {change.path: (change.before, change.after) for change in found.revisions[0].changes}
    assert written["spec.containers[app].env[MODE].value"] == ("slow", "fast")
    assert written["spec.containers[app].env[DB_PASSWORD].value"] == ("(hidden)", "(hidden, another)")
    assert "hunter2" not in found.model_dump_json()
    assert "swordfish" not in found.model_dump_json()


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_controller_revisions_tell_the_history_of_other_workloads(lab: Lab, kind: str) -> None:
    await workload(lab, kind, "db")
    found = await revised(lab, 1, kind=kind, name="db")
    assert found.revisions[0].object.startswith("controllerrevision/db-")
    assert found.revisions[0].current
    assert found.revisions[0].images == {"app": lab.image}


async def test_what_has_no_rollout_is_refused_with_what_does(lab: Lab) -> None:
    await lab.config_map("web", {})
    with pytest.raises(Invalid, match="Deployment"):
        await lab.read("kubernetes_rollout_history", kind="configmap", name="web")


async def test_a_missing_workload_is_answered_with_near_names(lab: Lab) -> None:
    await lab.deployment("checkout", replicas=0)
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_rollout_history", name="chekout")
    assert caught.value.near == ("checkout",)


async def test_without_the_right_to_read_replica_sets_the_rest_is_still_told(practice: Lab) -> None:
    await practice.deployment("web", replicas=0)
    async with forbidden(practice, "replicasets"):
        found = await practice.read("kubernetes_rollout_history", name="web")
    assert found.revisions == ()
    assert found.verdict == "holds"
    assert any("replicasets.apps" in sentence for sentence in found.unseen)
