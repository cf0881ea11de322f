"""From an entry of a world file to the object an operator would have applied."""

from __future__ import annotations

import base64

from tools.sandbox.manifest import Manifest
from tools.sandbox.world.model import App, Autoscaler, Budget, Cron, Daemon, Data, Ingress, Node, Release

CHANGE_CAUSE = "kubernetes.io/change-cause"


def node(entry: Node, number: int, pods: int = 110) -> Manifest:
    """A node that is ready."""
    capacity = {"cpu": entry.cpu, "memory": entry.memory, "pods": str(pods), "ephemeral-storage": "100Gi"}
    return {
        "metadata": {
            "name": entry.name,
            "labels": {
                "kubernetes.io/hostname": entry.name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": "m7i.2xlarge",
                "topology.kubernetes.io/region": entry.zone[:-1],
                "topology.kubernetes.io/zone": entry.zone,
            },
        },
        "spec": {"podCIDR": f"10.244.{number % 256}.0/24"},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{number // 250}.{number % 250 + 11}"},
                {"type": "Hostname", "address": entry.name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0-practice",
                "kubeletVersion": "v1.36.2",
                "operatingSystem": "linux",
                "osImage": "Practice Linux",
            },
        },
    }


def node_conditions(now: str) -> list[Manifest]:
    found = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    return [
        {
            "type": t,
            "status": s,
            "reason": r,
            "message": m,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        for t, s, r, m in found
    ]


def labels(name: str, team: str, environment: str) -> dict[str, str]:
    found = {"app": name, "team": team}
    return {**found, "environment": environment} if environment else found


def pod_template(app: App, image: str, environment: str) -> Manifest:
    container: Manifest = {
        "name": app.name,
        "image": image,
        **_resources(app.cpu, app.memory, app.memory_limit),
    }
    if app.port:
        container["ports"] = [{"name": "main", "containerPort": app.port}]
    if app.environment:
        container["env"] = _variables(app.environment)
    if app.settings:
        container["envFrom"] = [{"configMapRef": {"name": name}} for name in app.settings]
    if app.probe:
        container["readinessProbe"] = {
            "httpGet": {"path": app.probe, "port": "main"},
            "initialDelaySeconds": 2,
            "periodSeconds": 10,
        }
    return {
        "metadata": {"labels": labels(app.name, app.team, environment)},
        "spec": {"containers": [container]},
    }


def deployment(app: App, namespace: str, environment: str, release: Release) -> Manifest:
    strategy = {"type": app.strategy}
    return {
        "metadata": {
            "name": app.name,
            "namespace": namespace,
            "labels": labels(app.name, app.team, environment),
            **_cause(release),
        },
        "spec": {
            "replicas": app.places[namespace],
            "selector": {"matchLabels": {"app": app.name}},
            "strategy": strategy,
            "template": pod_template(app, release.image, environment),
        },
    }


def stateful_set(app: App, namespace: str, environment: str, release: Release) -> Manifest:
    body = deployment(app, namespace, environment, release)
    del body["spec"]["strategy"]
    body["spec"]["serviceName"] = app.name
    if app.storage:
        claim = {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": app.storage}}},
        }
        body["spec"]["volumeClaimTemplates"] = [claim]
        container = body["spec"]["template"]["spec"]["containers"][0]
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return body


def service(app: App, namespace: str, environment: str) -> Manifest:
    port = {"name": "main", "port": app.port, "targetPort": app.port}
    return {
        "metadata": {
            "name": app.name,
            "namespace": namespace,
            "labels": labels(app.name, app.team, environment),
        },
        "spec": {"selector": {"app": app.name}, "ports": [port]},
    }


def daemon_set(entry: Daemon, environment: str) -> Manifest:
    found = labels(entry.name, entry.team, environment)
    container = {"name": entry.name, "image": entry.image, **_resources(entry.cpu, entry.memory, "")}
    return {
        "metadata": {"name": entry.name, "namespace": entry.namespace, "labels": found},
        "spec": {
            "selector": {"matchLabels": {"app": entry.name}},
            "template": {"metadata": {"labels": found}, "spec": {"containers": [container]}},
        },
    }


def cron_job(entry: Cron, environment: str) -> Manifest:
    found = labels(entry.name, entry.team, environment)
    container: Manifest = {"name": entry.name, "image": entry.image, **_resources("50m", "64Mi", "128Mi")}
    if entry.environment:
        container["env"] = _variables(entry.environment)
    pod = {"metadata": {"labels": found}, "spec": {"restartPolicy": "OnFailure", "containers": [container]}}
    return {
        "metadata": {"name": entry.name, "namespace": entry.namespace, "labels": found},
        "spec": {
            "schedule": entry.schedule,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"metadata": {"labels": found}, "spec": {"backoffLimit": 2, "template": pod}},
        },
    }


def budget(entry: Budget) -> Manifest:
    return {
        "metadata": {"name": entry.name, "namespace": entry.namespace},
        "spec": {"minAvailable": entry.min_available, "selector": {"matchLabels": {"app": entry.name}}},
    }


def autoscaler(entry: Autoscaler, created: str) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": entry.cpu}
    return {
        "metadata": {"name": entry.name, "namespace": entry.namespace, "creationTimestamp": created},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": entry.name},
            "minReplicas": entry.minimum,
            "maxReplicas": entry.maximum,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def ingress(entry: Ingress) -> Manifest:
    backend = {"service": {"name": entry.service, "port": {"number": entry.port}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "metadata": {"name": entry.name, "namespace": entry.namespace},
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": entry.host, "http": {"paths": [path]}}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
    }


def config_map(entry: Data, namespace: str) -> Manifest:
    return {"metadata": {"name": entry.name, "namespace": namespace}, "data": dict(entry.data)}


def secret(entry: Data, namespace: str) -> Manifest:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in entry.data.items()}
    return {"metadata": {"name": entry.name, "namespace": namespace}, "type": "Opaque", "data": data}


def _cause(release: Release) -> Manifest:
    return {"annotations": {CHANGE_CAUSE: release.why}} if release.why else {}


def _variables(environment: dict[str, str]) -> list[Manifest]:
    found: list[Manifest] = []
    for name, value in environment.items():
        if value.startswith("secret/"):
            _, secret_name, key = value.split("/")
            found.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}})
        else:
            found.append({"name": name, "value": value})
    return found


def _resources(cpu: str, memory: str, limit: str) -> Manifest:
    resources: Manifest = {"requests": {"cpu": cpu, "memory": memory}}
    if limit:
        resources["limits"] = {"memory": limit}
    return {"resources": resources}
