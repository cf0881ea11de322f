"""Recent changes: who changed what and when, within the window that was asked for."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import change, forbidden
from tools.errors import Invalid
from tools.kubernetes.reads.events import Happening
from tools.kubernetes.reads.joined_warnings import joined_warnings
from tools.kubernetes.reads.metadata_changes import RecentChange, object_changes, owned_fields
from tools.kubernetes.reads.recent_changes import (
    KubernetesRecentChanges,
    RecentChangesOutput,
)


async def test_a_change_is_shown_with_its_manager_and_its_fields(lab: Lab) -> None:
    await lab.config_map("settings", {"mode": "slow"})
    values = count()

    async def changed() -> RecentChange | None:
        # The cluster counts whole seconds: one later than the creation tells the two apart.
        await change(lab, "cm", "settings", {"data": {"mode": f"fast-{next(values)}"}})
        found = await lab.read("kubernetes_recent_changes", events=False)
        assert isinstance(found, RecentChangesOutput)
        return next((entry for entry in found.changes if entry.fields), None)

    entry = await until(changed)
    assert (entry.object, entry.namespace, entry.what) == ("configmap/settings", lab.namespace, "update")
    assert entry.fields == ("data.mode",)
    assert entry.who


async def test_creations_revisions_and_what_controllers_scaled_are_in_one_list_newest_first(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)

    async def told() -> RecentChangesOutput | None:
        found = await lab.read("kubernetes_recent_changes", name="web")
        assert isinstance(found, RecentChangesOutput)
        words = " ".join(entry.what for entry in found.changes)
        return (
            found
            if all(word in words for word in ("created", "revision 1 with", "ScalingReplicaSet: "))
            else None
        )

    found = await until(told)
    times = [entry.at for entry in found.changes]
    assert times == sorted(times, reverse=True)
    assert {entry.object.split("/")[0] for entry in found.changes} >= {"deployment"}


async def test_what_controllers_report_says_which_of_them_does(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)

    async def scaled() -> list[RecentChange]:
        found = await lab.read("kubernetes_recent_changes", name="web")
        return [entry for entry in found.changes if entry.what.startswith("ScalingReplicaSet")]

    (entry, *_) = await until(scaled)
    assert (entry.object, entry.who) == ("deployment/web", "deployment-controller")


async def test_what_a_controller_makes_for_another_object_is_left_out_unless_asked_for(lab: Lab) -> None:
    await lab.config_map("parent", {})
    uid = (await lab.read("kubernetes_get", kind="cm", name="parent")).object["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "parent", "uid": uid, "controller": True}
    path = f"/api/v1/namespaces/{lab.namespace}/configmaps"
    metadata = {"name": "child", "ownerReferences": [owner]}
    await lab.create("configmaps", path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    for controllers, told in ((False, {"configmap/parent"}), (True, {"configmap/parent", "configmap/child"})):
        args = {"kinds": ["cm"], "events": False, "controllers": controllers}
        found = await lab.read("kubernetes_recent_changes", **args)
        ours = {entry.object for entry in found.changes if entry.object != "configmap/kube-root-ca.crt"}
        assert ours == told


async def test_nothing_is_said_to_be_nothing(lab: Lab) -> None:
    found = await lab.read("kubernetes_recent_changes", name="nobody")
    assert found.summary == "Nothing changed that the cluster remembers, and nothing was warned of."


def test_the_same_warning_of_several_pods_is_one_line() -> None:
    def warning(name: str, minute: int, count: int, **other: Any) -> Happening:
        at = datetime(2026, 1, 1, 12, minute, tzinfo=UTC)
        told: dict[str, Any] = {"warning": True, "reason": "BackOff", "namespace": "shop", "message": name}
        return Happening(object=name, last=at, count=count, **(told | other))

    found = joined_warnings(
        [
            warning("pod/web-79c8474f98-hktnf", 1, 3),
            warning("pod/web-79c8474f98-rsnfq", 2, 4),
            warning("pod/web-79c8474f98-rsnfq", 2, 1, warning=False),
            warning("pod/web-79c8474f98-rsnfq", 2, 1, reason="Unhealthy"),
            warning("pod/db-0", 3, 1),
            warning("job/report-29923620", 4, 1),
        ]
    )
    assert [(entry.object, entry.reason, entry.times, entry.message) for entry in found] == [
        ("job/report-29923620", "BackOff", 1, "job/report-29923620"),
        ("pod/db-0", "BackOff", 1, "pod/db-0"),
        ("pod/web-79c8474f98-rsnfq", "Unhealthy", 1, "pod/web-79c8474f98-rsnfq"),
        ("pod/web-* (2)", "BackOff", 7, "pod/web-79c8474f98-rsnfq"),
    ]


async def test_what_lies_outside_the_window_is_left_out(lab: Lab) -> None:
    await lab.config_map("settings", {})
    later = KubernetesRecentChanges(lab.clusters, lambda: datetime.now(UTC) + timedelta(hours=3))
    args = {"kinds": ["cm"], "name": "settings", "events": False}
    inside = await later.run(later.parse({**args, "since": 4 * 3600, "until": 2 * 3600}), lab.scope)
    assert [entry.what for entry in inside.changes] == ["created"]
    outside = await later.run(later.parse({**args, "since": 3600}), lab.scope)
    assert outside.changes == ()


async def test_the_values_of_secrets_do_not_travel_for_it(lab: Lab) -> None:
    await lab.secret("db", {"password": "hunter2"})
    found = await lab.read("kubernetes_recent_changes", kinds=["secrets", "cm"], events=False)
    assert any(sentence.startswith("secrets") for sentence in found.unseen)
    assert not any(entry.object.startswith("secret/") for entry in found.changes)


async def test_kinds_that_may_not_be_read_are_named_and_the_rest_is_shown(practice: Lab) -> None:
    await practice.config_map("settings", {})
    async with forbidden(practice, "deployments", "services"):
        found = await practice.read("kubernetes_recent_changes")
    assert {sentence.split()[0] for sentence in found.unseen} == {"deployments.apps", "services"}
    assert any(entry.object == "configmap/settings" for entry in found.changes)


async def test_a_window_that_ends_before_it_begins_is_refused(lab: Lab) -> None:
    with pytest.raises(Invalid, match="ends before it begins"):
        await lab.read("kubernetes_recent_changes", since=60, until=60)


def owner(manager: str, time: str, **more: Any) -> dict[str, Any]:
    fields = {"f:spec": {"f:replicas": {}}}
    return {"manager": manager, "operation": "Apply", "time": time, "fieldsV1": fields, **more}


def obj(*owners: dict[str, Any]) -> Any:
    metadata = {"name": "web", "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": list(owners)}
    return {"kind": "Deployment", "metadata": metadata}


def test_what_controllers_write_is_shown_only_when_it_is_asked_for() -> None:
    found = obj(
        owner("helm", "2026-01-01T00:00:00Z"),
        owner("argocd", "2026-01-02T00:00:00Z"),
        owner("kube-controller-manager", "2026-01-03T00:00:00Z", subresource="status"),
    )
    plainly = object_changes(found, controllers=False)
    assert [(entry.what, entry.who) for entry in plainly] == [("created", "helm"), ("apply", "argocd")]
    everything = object_changes(found, controllers=True)
    assert everything[-1].what == "apply of status"


def test_odd_metadata_is_no_reason_to_fail() -> None:
    odd: Any = {"kind": "Thing", "metadata": {"name": "x", "managedFields": [{"time": "yesterday"}, {}, 3]}}
    assert object_changes(odd, controllers=True) == []


def test_owned_fields_are_written_as_paths() -> None:
    containers = {'k:{"name":"app"}': {".": {}, "f:image": {}}}
    fields: Any = {
        "f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {}}},
        "f:spec": {"f:template": {"f:spec": {"f:containers": containers}}},
    }
    assert owned_fields(fields) == [
        "spec.template.spec.containers[app].image",
        "metadata.labels[app.kubernetes.io/name]",
    ]
