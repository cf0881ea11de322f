"""Many idle pods, to see how things scale."""

from __future__ import annotations

from tools.sandbox.controllers.deployment import HASH
from tools.sandbox.kubelet.kubelet import Kubelet
from tools.sandbox.kubelet.pod_status import compose, container_id, fresh_container, image_id
from tools.sandbox.manifest import Manifest, name_of, owner_reference
from tools.sandbox.plane import ControlPlane
from tools.sandbox.world import manifests
from tools.sandbox.world.model import Node

_NAMESPACES = 50
_PODS_PER_NODE = 200
_IMAGE = "registry.k8s.io/pause:3.10"


def add_crowd(plane: ControlPlane, kubelet: Kubelet, pods: int) -> None:
    """Add idle pods, spread over fifty namespaces `crowd-00` to `crowd-49`, running already.

    Args:
        plane: the control plane, still simulated.
        kubelet: takes the pods over.
        pods: how many.
    """
    if not pods:
        return
    nodes = []
    for number in range(-(-pods // _PODS_PER_NODE)):
        entry = Node(name=f"crowd-node-{number:03d}", zone="eu-central-1a", cpu="32", memory="128Gi")
        body = manifests.node(entry, number + 100, pods=_PODS_PER_NODE + 20)
        body["spec"]["taints"] = [{"key": "crowd", "value": "only", "effect": "NoSchedule"}]
        body["status"]["conditions"] = manifests.node_conditions(plane.stamp())
        nodes.append(plane.create(plane.nodes, body))
    for number in range(_NAMESPACES):
        size = pods // _NAMESPACES + (number < pods % _NAMESPACES)
        offset = number * (pods // _NAMESPACES)
        if size:
            _fill(plane, kubelet, f"crowd-{number:02d}", size, nodes, offset)
    plane.timeline.settle()


def _fill(
    plane: ControlPlane, kubelet: Kubelet, namespace: str, size: int, nodes: list[Manifest], offset: int
) -> None:
    labels = {"team": "crowd", "environment": "dev"}
    plane.create(plane.namespaces, {"metadata": {"name": namespace, "labels": labels}})
    container = {"name": "idle", "image": _IMAGE, "resources": {"requests": {"cpu": "1m", "memory": "4Mi"}}}
    spec: Manifest = {"containers": [container], "tolerations": [{"key": "crowd", "operator": "Exists"}]}
    template = {"metadata": {"labels": {"app": "idle"}}, "spec": spec}
    deployment = plane.create(
        plane.deployments,
        {
            "metadata": {"name": "idle", "namespace": namespace, "labels": {"app": "idle", **labels}},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "idle"}}, "template": template},
        },
    )
    plane.timeline.settle()
    # Sizes and pods appear together, before any controller looks: nobody has to start anything.
    owner = plane.store.children(deployment["metadata"]["uid"], plane.replicasets)[0]
    for kind, obj in (
        (plane.deployments, plane.current(plane.deployments, deployment)),
        (plane.replicasets, owner),
    ):
        if obj is not None:
            plane.store.put(kind, {**obj, "spec": {**obj["spec"], "replicas": size}})
    for number in range(size):
        node = nodes[(offset + number) // _PODS_PER_NODE % len(nodes)]
        _add_running_pod(plane, kubelet, owner, spec, node)


def _add_running_pod(
    plane: ControlPlane, kubelet: Kubelet, owner: Manifest, spec: Manifest, node: Manifest
) -> None:
    now = plane.stamp()
    metadata = {
        "generateName": f"{name_of(owner)}-",
        "namespace": owner["metadata"]["namespace"],
        "labels": {"app": "idle", HASH: owner["metadata"]["labels"][HASH]},
        "ownerReferences": [owner_reference(owner)],
    }
    pod = plane.prepare(plane.pods, {"metadata": metadata, "spec": {**spec, "nodeName": name_of(node)}})
    container = pod["spec"]["containers"][0]
    running = {
        **fresh_container(container),
        "ready": True,
        "started": True,
        "imageID": image_id(container["image"]),
        "containerID": container_id(pod, container["name"], 0),
        "state": {"running": {"startedAt": now}},
    }
    address = node["status"]["addresses"][0]["address"]
    pod["status"] = compose(pod, [running], address, now)
    kubelet.adopt(plane.store.put(plane.pods, pod))
