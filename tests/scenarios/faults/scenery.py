"""The objects that the jobs work on, and what may be asked of them afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from tests.scenarios.faults.stage import Json, Stage

IMAGE = "web:1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one case happens: a namespace and a node of its own, under a user of its own."""

    user: str
    namespace: str
    node: str

    def path(self, resource: str, name: str = "") -> str:
        """The address of one of our objects, or of their collection."""
        group = _GROUPS.get(resource, "")
        root = f"/apis/{group}" if group else "/api/v1"
        inside = "" if resource in ("nodes", "namespaces") else f"/namespaces/{self.namespace}"
        return f"{root}{inside}/{resource}" + (f"/{name}" if name else "")


_GROUPS = {
    "deployments": "apps/v1",
    "cronjobs": "batch/v1",
    "jobs": "batch/v1",
    "horizontalpodautoscalers": "autoscaling/v2",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of one object. `wanted` None: it is not there; `ANY`: it is, whatever it says."""

    resource: str
    name: str
    field: tuple[str | int, ...]
    wanted: JsonValue

    async def holds(self, stage: Stage, place: Place) -> bool:
        name = self.name.format(node=place.node)
        found = dig(await stage.ask("GET", place.path(self.resource, name)), self.field)
        return found is not None if self.wanted == ANY else found == self.wanted


ANY = "*"


class Arrival(StrEnum):
    """How much of a change is there."""

    NONE = "none of it"
    PART = "a part of it"
    ALL = "all of it"


def dig(found: object, field: tuple[str | int, ...]) -> object:
    for part in field:
        try:
            found = found[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def deployment(name: str, image: str = IMAGE, replicas: int = 2, **spec: JsonValue) -> Json:
    labels = {"app": name}
    containers = [{"name": "app", "image": image, "ports": [{"containerPort": 8080}]}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    full = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": full,
    }


def config_map(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def cron_job(name: str, *, suspended: bool) -> Json:
    container = {"name": "app", "image": IMAGE}
    pod = {"restartPolicy": "Never", "containers": [container]}
    template = {"metadata": {"annotations": {"sandbox.pilothouse/behaviour": "complete"}}, "spec": pod}
    spec = {"schedule": "0 0 29 2 *", "suspend": suspended, "jobTemplate": {"spec": {"template": template}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}


async def namespace(stage: Stage, place: Place) -> None:
    metadata = {"name": place.namespace, "labels": {"team": "shop"}}
    await stage.put(place.path("namespaces"), {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


async def running(stage: Stage, place: Place, body: Json) -> None:
    """A Deployment whose pods are all up."""
    await stage.put(place.path("deployments"), body)
    await rolled_out(stage, place, body["metadata"]["name"])


async def rolled_out(stage: Stage, place: Place, name: str) -> None:
    await stage.until(place.path("deployments", name), complete)


def complete(found: Json) -> bool:
    """Whether the rollout of a Deployment is over: all pods are new and ready, and no old one is left."""
    status, wanted = found.get("status", {}), found["spec"]["replicas"]
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    counts = {
        status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    }
    return seen and (counts == {wanted} or bool(found["spec"].get("paused")))


async def web(stage: Stage, place: Place) -> None:
    await running(stage, place, deployment("web"))


async def two_revisions(stage: Stage, place: Place) -> None:
    await web(stage, place)
    image = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "web:2"}]}}}}
    await stage.change(place.path("deployments", "web"), image)
    await rolled_out(stage, place, "web")


async def paused(stage: Stage, place: Place) -> None:
    await web(stage, place)
    await stage.change(place.path("deployments", "web"), {"spec": {"paused": True}})
    await rolled_out(stage, place, "web")


async def conf(stage: Stage, place: Place) -> None:
    await stage.put(place.path("configmaps"), config_map("conf", mode="slow", size="1"))


async def two_confs(stage: Stage, place: Place) -> None:
    await conf(stage, place)
    await stage.put(place.path("configmaps"), config_map("other", mode="slow"))


async def nightly(stage: Stage, place: Place) -> None:
    await stage.put(place.path("cronjobs"), cron_job("nightly", suspended=False))


async def nightly_asleep(stage: Stage, place: Place) -> None:
    await stage.put(place.path("cronjobs"), cron_job("nightly", suspended=True))


async def node(stage: Stage, place: Place) -> None:
    """A node of our own; a taint keeps every pod off that is not put there."""
    spec = {"taints": [{"key": "pilothouse.test/ours", "effect": "NoSchedule"}]}
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": place.node}, "spec": spec}
    await stage.put(place.path("nodes"), body)


async def cordoned_node(stage: Stage, place: Place) -> None:
    await node(stage, place)
    await stage.change(place.path("nodes", place.node), {"spec": {"unschedulable": True}})


async def node_with_pods(stage: Stage, place: Place) -> None:
    """Two pods on a node of our own, owned by something that does not make them anew."""
    await node(stage, place)
    await conf(stage, place)
    owner = await stage.ask("GET", place.path("configmaps", "conf")) or {}
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "conf", "uid": owner["metadata"]["uid"]}
    for name in ("one", "two"):
        metadata = {"name": name, "ownerReferences": [{**reference, "controller": True}]}
        containers = [{"name": "app", "image": IMAGE}]
        spec = {"nodeName": place.node, "terminationGracePeriodSeconds": 0, "containers": containers}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        await stage.put(place.path("pods"), body)

        def ready(found: Json) -> bool:
            return bool(found.get("status", {}).get("phase") == "Running")

        await stage.until(place.path("pods", name), ready)


async def everything(stage: Stage, place: Place) -> None:
    """A bit of all that the reading tools look at."""
    await two_revisions(stage, place)
    await two_confs(stage, place)
    await node(stage, place)
    selector = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": selector}
    await stage.put(place.path("services"), service)
    quota = {"spec": {"hard": {"pods": "50"}}}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, **quota}
    await stage.put(place.path("resourcequotas"), body)
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    bounds = {"scaleTargetRef": scaled, "minReplicas": 2, "maxReplicas": 2}
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": bounds,
    }
    await stage.put(place.path("horizontalpodautoscalers"), autoscaler)


async def clear(stage: Stage, place: Place) -> None:
    """Take away what a case leaves behind, so that the cluster does not grow with every case."""
    await stage.ask("DELETE", place.path("nodes", place.node))
    await stage.ask("DELETE", place.path("namespaces", place.namespace))
