"""The cells of a table row, kind by kind, as an API server prints them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tools.sandbox.controllers.pods import containers_of
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, deleting, dig, labels_of, moment_of, name_of
from tools.sandbox.selectors import as_text

Cells = dict[str, Any]
_NONE = "<none>"
_UNKNOWN = "<unknown>"


def cells_of(kind: Kind, obj: Manifest, now: datetime) -> list[Any]:
    """One row, in the order of the kind's columns; what a kind does not fill stays empty."""
    if kind.custom is not None:
        return [name_of(obj), *(column.cell(obj, age, now) for column in kind.custom.printed)]
    cells: Cells = {"Name": name_of(obj), "Age": age(obj["metadata"].get("creationTimestamp"), now)}
    cells["Created At"] = obj["metadata"].get("creationTimestamp")
    if kind.plural in _CELLS:
        cells.update(_CELLS[kind.plural](obj, now))
    return [cells.get(column["name"], "") for column in kind.columns]


def age(timestamp: str | None, now: datetime) -> str:
    """How long ago, in at most two units (k8s.io/apimachinery, duration.HumanDuration)."""
    return duration((now - moment_of(timestamp)).total_seconds()) if timestamp else _UNKNOWN


def duration(exact: float) -> str:
    seconds = max(0, int(exact))
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d"


def pod_state(pod: Manifest) -> str:
    """The STATUS column: the most telling word about a pod."""
    status = pod.get("status") or {}
    word = status.get("reason") or status.get("phase", "Unknown")
    running = False
    for entry in reversed(status.get("containerStatuses") or []):
        state = entry["state"]
        if reason := dig(state, "waiting", "reason"):
            word = reason
        elif ended := state.get("terminated"):
            word = ended.get("reason") or f"ExitCode:{ended.get('exitCode')}"
        elif entry.get("ready"):
            running = True
    if word == "Completed" and running:
        word = "Running"
    return "Terminating" if deleting(pod) else str(word)


def _pod(obj: Manifest, now: datetime) -> Cells:
    status, spec = obj.get("status") or {}, obj["spec"]
    containers = status.get("containerStatuses") or []
    restarts = sum(entry.get("restartCount", 0) for entry in containers)
    ends = [dig(entry, "lastState", "terminated", "finishedAt") for entry in containers]
    last = max((end for end in ends if end), default=None)
    return {
        "Ready": f"{sum(bool(entry.get('ready')) for entry in containers)}/{len(spec['containers'])}",
        "Status": pod_state(obj),
        "Restarts": f"{restarts} ({age(last, now)} ago)" if restarts and last else str(restarts),
        "IP": status.get("podIP", _NONE),
        "Node": spec.get("nodeName", _NONE),
        "Nominated Node": _NONE,
        "Readiness Gates": _NONE,
    }


def _images(obj: Manifest) -> Cells:
    containers = containers_of(obj)
    return {
        "Containers": ",".join(entry["name"] for entry in containers),
        "Images": ",".join(entry["image"] for entry in containers),
        "Selector": as_text(obj["spec"].get("selector")),
    }


def _deployment(obj: Manifest, now: datetime) -> Cells:
    status = obj.get("status") or {}
    return {
        "Ready": f"{status.get('readyReplicas', 0)}/{obj['spec']['replicas']}",
        "Up-to-date": status.get("updatedReplicas", 0),
        "Available": status.get("availableReplicas", 0),
        **_images(obj),
    }


def _replica_set(obj: Manifest, now: datetime) -> Cells:
    status = obj.get("status") or {}
    counts = {"Current": status.get("replicas", 0), "Ready": status.get("readyReplicas", 0)}
    return {"Desired": obj["spec"]["replicas"], **counts, **_images(obj)}


def _stateful_set(obj: Manifest, now: datetime) -> Cells:
    ready = dig(obj, "status", "readyReplicas", default=0)
    return {"Ready": f"{ready}/{obj['spec']['replicas']}", **_images(obj)}


def _daemon_set(obj: Manifest, now: datetime) -> Cells:
    status = obj.get("status") or {}
    selector = dig(obj, "spec", "template", "spec", "nodeSelector", default={})
    return {
        "Desired": status.get("desiredNumberScheduled", 0),
        "Current": status.get("currentNumberScheduled", 0),
        "Ready": status.get("numberReady", 0),
        "Up-to-date": status.get("updatedNumberScheduled", 0),
        "Available": status.get("numberAvailable", 0),
        "Node Selector": _pairs(selector),
        **_images(obj),
    }


def _job(obj: Manifest, now: datetime) -> Cells:
    status = obj.get("status") or {}
    words = [c["type"] for c in status.get("conditions") or [] if c["status"] == "True"]
    state = next((w for w in ("Failed", "Complete", "Suspended") if w in words), "Running")
    start, end = status.get("startTime"), status.get("completionTime")
    took = ((moment_of(end) if end else now) - moment_of(start)).total_seconds() if start else None
    return {
        "Status": "Terminating" if deleting(obj) else state,
        "Completions": f"{status.get('succeeded', 0)}/{obj['spec'].get('completions', 1)}",
        "Duration": duration(took) if took is not None else "",
        **_images(obj),
    }


def _cron_job(obj: Manifest, now: datetime) -> Cells:
    spec, last = obj["spec"], dig(obj, "status", "lastScheduleTime")
    containers = dig(spec, "jobTemplate", "spec", "template", "spec", "containers", default=[])
    return {
        "Schedule": spec["schedule"],
        "Timezone": spec.get("timeZone", _NONE),
        "Suspend": bool(spec.get("suspend")),
        "Active": len(dig(obj, "status", "active", default=[])),
        "Last Schedule": age(last, now) if last else _NONE,
        "Containers": ",".join(entry["name"] for entry in containers),
        "Images": ",".join(entry["image"] for entry in containers),
        "Selector": _NONE,
    }


def _node(obj: Manifest, now: datetime) -> Cells:
    status = obj.get("status") or {}
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    words = ["Ready" if ready else "NotReady"]
    if dig(obj, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in labels_of(obj) if key.startswith(prefix))
    addresses = {entry["type"]: entry["address"] for entry in status.get("addresses") or []}
    info = status.get("nodeInfo") or {}
    return {
        "Status": ",".join(words),
        "Roles": ",".join(roles) or _NONE,
        "Version": info.get("kubeletVersion", ""),
        "Internal-IP": addresses.get("InternalIP", _NONE),
        "External-IP": addresses.get("ExternalIP", _NONE),
        "OS-Image": info.get("osImage", ""),
        "Kernel-Version": info.get("kernelVersion", ""),
        "Container-Runtime": info.get("containerRuntimeVersion", ""),
    }


def _event(obj: Manifest, now: datetime) -> Cells:
    about = obj.get("involvedObject") or {}
    first, last, count = obj.get("firstTimestamp"), obj.get("lastTimestamp"), obj.get("count", 1)
    seen = age(last or obj["metadata"].get("creationTimestamp"), now)
    return {
        "Last Seen": f"{seen} (x{count} over {age(first, now)})" if count > 1 else seen,
        "Type": obj.get("type", ""),
        "Reason": obj.get("reason", ""),
        "Object": f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        "Subobject": about.get("fieldPath", ""),
        "Source": ", ".join(part for part in (obj.get("source") or {}).values() if part),
        "Message": str(obj.get("message", "")).strip(),
        "First Seen": age(first, now),
        "Count": count,
    }


def _service(obj: Manifest, now: datetime) -> Cells:
    spec = obj["spec"]
    ports = [
        f"{port['port']}{':' + str(port['nodePort']) if 'nodePort' in port else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or []
    ]
    entries = dig(obj, "status", "loadBalancer", "ingress", default=[])
    outside = ",".join(entry.get("ip") or entry.get("hostname", "") for entry in entries)
    if not outside:
        outside = "<pending>" if spec.get("type") == "LoadBalancer" else spec.get("externalName", _NONE)
    return {
        "Type": spec.get("type", ""),
        "Cluster-IP": spec.get("clusterIP", _NONE),
        "External-IP": outside,
        "Port(s)": ",".join(ports) or _NONE,
        "Selector": _pairs(spec.get("selector") or {}),
    }


def _endpoints(obj: Manifest, now: datetime) -> Cells:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or []
        for address in subset.get("addresses") or []
        for port in subset.get("ports") or []
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return {"Endpoints": ",".join(found[:3]) + more if found else _NONE}


def _slice(obj: Manifest, now: datetime) -> Cells:
    addresses = [a for entry in obj.get("endpoints") or [] for a in entry["addresses"]]
    more = f" + {len(addresses) - 3} more..." if len(addresses) > 3 else ""
    return {
        "AddressType": obj.get("addressType", ""),
        "Ports": ",".join(str(port["port"]) for port in obj.get("ports") or []) or "<unset>",
        "Endpoints": ",".join(addresses[:3]) + more if addresses else "<unset>",
    }


def _autoscaler(obj: Manifest, now: datetime) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    reference = spec["scaleTargetRef"]
    current = {
        dig(entry, "resource", "name"): dig(entry, "resource", "current", "averageUtilization")
        for entry in status.get("currentMetrics") or []
    }
    targets = []
    for metric in spec.get("metrics") or []:
        name, wanted = (
            dig(metric, "resource", "name"),
            dig(metric, "resource", "target", "averageUtilization"),
        )
        now_used = f"{current[name]}%" if current.get(name) is not None else _UNKNOWN
        targets.append(f"{name}: {now_used}/{wanted}%")
    return {
        "Reference": f"{reference['kind']}/{reference['name']}",
        "Targets": ", ".join(targets) or _NONE,
        "MinPods": str(spec.get("minReplicas", "<unset>")),
        "MaxPods": spec["maxReplicas"],
        "Replicas": status.get("currentReplicas", 0),
    }


def _budget(obj: Manifest, now: datetime) -> Cells:
    spec = obj["spec"]
    return {
        "Min Available": str(spec.get("minAvailable", "N/A")),
        "Max Unavailable": str(spec.get("maxUnavailable", "N/A")),
        "Allowed Disruptions": dig(obj, "status", "disruptionsAllowed", default=0),
    }


def _ingress(obj: Manifest, now: datetime) -> Cells:
    spec = obj["spec"]
    hosts = [rule["host"] for rule in spec.get("rules") or [] if rule.get("host")]
    entries = dig(obj, "status", "loadBalancer", "ingress", default=[])
    return {
        "Class": spec.get("ingressClassName", _NONE),
        "Hosts": ",".join(hosts) or "*",
        "Address": ",".join(entry.get("ip") or entry.get("hostname", "") for entry in entries),
        "Ports": "80, 443" if spec.get("tls") else "80",
    }


def _claim(obj: Manifest, now: datetime) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    return {
        "Status": status.get("phase", "Pending"),
        "Volume": spec.get("volumeName", ""),
        "Capacity": dig(status, "capacity", "storage", default=""),
        "Access Modes": _modes(status.get("accessModes") or []),
        "StorageClass": spec.get("storageClassName", ""),
        "VolumeAttributesClass": "<unset>",
        "VolumeMode": spec.get("volumeMode", ""),
    }


def _volume(obj: Manifest, now: datetime) -> Cells:
    spec = obj["spec"]
    claim = spec.get("claimRef") or {}
    return {
        "Capacity": dig(spec, "capacity", "storage", default=""),
        "Access Modes": _modes(spec.get("accessModes") or []),
        "Reclaim Policy": spec.get("persistentVolumeReclaimPolicy", ""),
        "Status": dig(obj, "status", "phase", default="Available"),
        "Claim": f"{claim['namespace']}/{claim['name']}" if claim else "",
        "StorageClass": spec.get("storageClassName", ""),
        "VolumeAttributesClass": "<unset>",
        "VolumeMode": spec.get("volumeMode", ""),
    }


def _binding(obj: Manifest, now: datetime) -> Cells:
    reference = obj["roleRef"]
    by_kind: dict[str, list[str]] = {}
    for subject in obj.get("subjects") or []:
        full = "/".join(part for part in (subject.get("namespace"), subject["name"]) if part)
        by_kind.setdefault(subject["kind"], []).append(full)
    return {
        "Role": f"{reference['kind']}/{reference['name']}",
        "Users": ", ".join(by_kind.get("User", [])),
        "Groups": ", ".join(by_kind.get("Group", [])),
        "ServiceAccounts": ", ".join(by_kind.get("ServiceAccount", [])),
    }


def _revision(obj: Manifest, now: datetime) -> Cells:
    owner = (obj["metadata"].get("ownerReferences") or [{}])[0]
    called = f"{owner.get('kind', '').lower()}.apps/{owner.get('name', '')}" if owner else _NONE
    return {"Controller": called, "Revision": obj.get("revision", 0)}


def _modes(modes: list[str]) -> str:
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    return ",".join(short.get(mode, mode) for mode in modes)


def _pairs(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or _NONE


_CELLS: dict[str, Callable[[Manifest, datetime], Cells]] = {
    "pods": _pod,
    "deployments": _deployment,
    "replicasets": _replica_set,
    "statefulsets": _stateful_set,
    "daemonsets": _daemon_set,
    "jobs": _job,
    "cronjobs": _cron_job,
    "nodes": _node,
    "namespaces": lambda obj, now: {"Status": dig(obj, "status", "phase", default="")},
    "events": _event,
    "services": _service,
    "endpoints": _endpoints,
    "endpointslices": _slice,
    "configmaps": lambda obj, now: {"Data": len(obj.get("data") or {}) + len(obj.get("binaryData") or {})},
    "secrets": lambda obj, now: {"Type": obj.get("type", "Opaque"), "Data": len(obj.get("data") or {})},
    "horizontalpodautoscalers": _autoscaler,
    "poddisruptionbudgets": _budget,
    "ingresses": _ingress,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
    "rolebindings": _binding,
    "clusterrolebindings": _binding,
    "controllerrevisions": _revision,
    "networkpolicies": lambda obj, now: {"Pod-Selector": as_text(dig(obj, "spec", "podSelector")) or _NONE},
    "storageclasses": lambda obj, now: {
        "Provisioner": obj.get("provisioner", ""),
        "ReclaimPolicy": obj.get("reclaimPolicy", "Delete"),
        "VolumeBindingMode": obj.get("volumeBindingMode", "Immediate"),
        "AllowVolumeExpansion": bool(obj.get("allowVolumeExpansion")),
    },
    "leases": lambda obj, now: {"Holder": dig(obj, "spec", "holderIdentity", default="")},
}
