"""A pod's status, put together from the states of its containers."""

from __future__ import annotations

import hashlib

from tools.sandbox.kubelet.behaviour import full_reference
from tools.sandbox.manifest import Manifest, dig, uid_of
from tools.sandbox.plane import set_condition


def waiting(reason: str, message: str = "") -> Manifest:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def fresh_container(container: Manifest) -> Manifest:
    """The status of a container that has not started yet."""
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": waiting("ContainerCreating"),
        "lastState": {},
    }


def image_id(reference: str) -> str:
    digest = hashlib.sha256(full_reference(reference).encode()).hexdigest()
    return f"{full_reference(reference).rpartition(':')[0]}@sha256:{digest}"


def container_id(pod: Manifest, name: str, restarts: int) -> str:
    return "containerd://" + hashlib.sha256(f"{uid_of(pod)}/{name}/{restarts}".encode()).hexdigest()


def pod_address(pod: Manifest) -> str:
    """The pod's IP: in its node's range, by its uid."""
    digest = hashlib.sha256(uid_of(pod).encode()).digest()
    node = hashlib.sha256(str(dig(pod, "spec", "nodeName", default="")).encode()).digest()
    return f"10.{244 + node[1] % 4}.{node[0]}.{digest[0] % 254 + 1}"


def compose(pod: Manifest, containers: list[Manifest], node_address: str, now: str) -> Manifest:
    """The pod's whole status."""
    old = pod.get("status") or {}
    phase = _phase(pod, containers)
    ready = phase == "Running" and all(entry["ready"] for entry in containers)
    unready = [entry["name"] for entry in containers if not entry["ready"]]
    ended = phase in ("Succeeded", "Failed")
    why = (
        ("PodCompleted", "")
        if ended
        else ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    )
    conditions = list(old.get("conditions") or [])
    begun = phase != "Pending"
    for type_, holds in (
        ("PodReadyToStartContainers", begun or any("terminated" in entry["state"] for entry in containers)),
        ("Initialized", True),
        ("Ready", ready),
        ("ContainersReady", ready),
    ):
        reason, message = ("", "") if holds or type_ == "PodReadyToStartContainers" else why
        conditions = set_condition(conditions, type_, str(holds), reason, message, now)
    status: Manifest = {
        **old,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": phase,
        "conditions": [_trim(condition) for condition in conditions],
        "containerStatuses": containers,
        "hostIP": node_address,
        "hostIPs": [{"ip": node_address}],
        "startTime": old.get("startTime") or now,
    }
    if begun or any(entry["restartCount"] for entry in containers):
        address = node_address if dig(pod, "spec", "hostNetwork") else pod_address(pod)
        status["podIP"], status["podIPs"] = address, [{"ip": address}]
    return status


def _phase(pod: Manifest, containers: list[Manifest]) -> str:
    states = [entry["state"] for entry in containers]
    policy = dig(pod, "spec", "restartPolicy", default="Always")
    if policy != "Always" and all("terminated" in state for state in states):
        codes = [state["terminated"]["exitCode"] for state in states]
        if all(code == 0 for code in codes):
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    if any("running" in state or "terminated" in state for state in states):
        return "Running"
    return "Running" if any(entry["restartCount"] for entry in containers) else "Pending"


def _trim(condition: Manifest) -> Manifest:
    kept = {key: value for key, value in condition.items() if value != "" and key != "lastUpdateTime"}
    return {**kept, "lastProbeTime": None}
