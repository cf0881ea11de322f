"""The fields an API server fills in when a client leaves them out."""

from __future__ import annotations

from collections.abc import Callable

from tools.sandbox.custom.definition import complete
from tools.sandbox.custom.schema import fill_defaults
from tools.sandbox.identities import Identities
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, dig, name_of, namespace_of

_TOLERATIONS = [
    {
        "key": f"node.kubernetes.io/{key}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for key in ("not-ready", "unreachable")
]


_LEFT_OUT_WHEN_EMPTY = {
    "nodes": ("unschedulable", "taints"),
    "deployments": ("paused", "minReadySeconds"),
}


def fill_in(kind: Kind, obj: Manifest, identities: Identities) -> None:
    """Complete a new or changed object in place.

    Args:
        kind: of the object.
        obj: a copy nobody else holds.
        identities: where cluster addresses come from.
    """
    _leave_out(obj["metadata"], "labels", "annotations", "finalizers", "ownerReferences")
    if kind.custom is not None:
        fill_defaults(kind.custom.schema, obj)
        return
    if kind.plural == "customresourcedefinitions":
        complete(obj)
    if isinstance(obj.get("spec"), dict):
        _leave_out(obj["spec"], *_LEFT_OUT_WHEN_EMPTY.get(kind.plural, ()))
    if kind.plural in _DEFAULTS and kind.group in ("", "apps", "batch", "autoscaling", "policy"):
        if kind.plural not in ("configmaps", "secrets", "namespaces"):
            obj.setdefault("spec", {})
        _DEFAULTS[kind.plural](obj)
        if kind.plural in _FIRST_STATUS:
            obj.setdefault("status", dict(_FIRST_STATUS[kind.plural]))
    if kind.plural == "services" and kind.group == "":
        _service_address(obj, identities)


def _leave_out(part: Manifest, *fields: str) -> None:
    """Empty and false are written as absent here (`omitempty` in the API's types)."""
    for field in fields:
        if field in part and not part[field]:
            del part[field]


def fill_in_pod_spec(spec: Manifest) -> None:
    """The defaults of a pod's or a template's spec."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        image = str(container.get("image", ""))
        tag = image.rpartition("/")[2].partition(":")[2]
        container.setdefault("imagePullPolicy", "Always" if tag in ("", "latest") else "IfNotPresent")
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        for port in container.get("ports") or []:
            port.setdefault("protocol", "TCP")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if isinstance(container.get(probe), dict):
                _probe(container[probe])


def _probe(probe: Manifest) -> None:
    for field, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1)):
        probe.setdefault(field, value)
    probe.setdefault("failureThreshold", 3)
    if isinstance(probe.get("httpGet"), dict):
        probe["httpGet"].setdefault("scheme", "HTTP")


def _pod(obj: Manifest) -> None:
    spec = obj["spec"]
    fill_in_pod_spec(spec)
    for container in spec.get("containers") or []:  # in pods only: a template keeps what was written
        limits = dig(container, "resources", "limits", default={})
        if limits:
            container["resources"]["requests"] = {**limits, **(container["resources"].get("requests") or {})}
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    tolerations = spec.setdefault("tolerations", [])
    known = {entry.get("key") for entry in tolerations}
    tolerations += [dict(entry) for entry in _TOLERATIONS if entry["key"] not in known]
    obj.setdefault("status", {"phase": "Pending", "qosClass": quality_of_service(spec)})


def quality_of_service(spec: Manifest) -> str:
    """Guaranteed, Burstable or BestEffort (Kubernetes documentation, "Pod Quality of Service Classes")."""
    resources = [container.get("resources") or {} for container in spec.get("containers") or []]
    if not any(entry.get("requests") or entry.get("limits") for entry in resources):
        return "BestEffort"
    for entry in resources:
        limits, requests = entry.get("limits") or {}, entry.get("requests") or {}
        if not {"cpu", "memory"} <= limits.keys() or any(
            requests.get(k, limits[k]) != limits[k] for k in limits
        ):
            return "Burstable"
    return "Guaranteed"


def _template(spec: Manifest) -> None:
    template = spec.setdefault("template", {})
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
        fill_in_pod_spec(template["spec"])


def _deployment(obj: Manifest) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    _template(spec)


def _replica_set(obj: Manifest) -> None:
    obj["spec"].setdefault("replicas", 1)
    _template(obj["spec"])


def _stateful_set(obj: Manifest) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    _template(spec)


def _daemon_set(obj: Manifest) -> None:
    spec = obj["spec"]
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {"maxSurge": 0, "maxUnavailable": 1})
    spec.setdefault("revisionHistoryLimit", 10)
    _template(spec)


def _job(obj: Manifest) -> None:
    spec = obj["spec"]
    spec.setdefault("parallelism", 1)
    spec.setdefault("completions", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    if not spec.get("manualSelector") and "uid" in obj["metadata"]:
        identity = {"batch.kubernetes.io/controller-uid": obj["metadata"]["uid"]}
        names = {
            "batch.kubernetes.io/job-name": name_of(obj),
            "controller-uid": obj["metadata"]["uid"],
            "job-name": name_of(obj),
        }
        spec.setdefault("selector", {"matchLabels": identity})
        template = spec.setdefault("template", {})
        metadata = template.setdefault("metadata", {})
        metadata["labels"] = {**(metadata.get("labels") or {}), **identity, **names}
    _template(spec)


def _cron_job(obj: Manifest) -> None:
    spec = obj["spec"]
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    if isinstance(template.get("spec"), dict):
        _template(template["spec"])


def _service(obj: Manifest) -> None:
    spec = obj["spec"]
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    spec.setdefault("internalTrafficPolicy", "Cluster")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    obj.setdefault("status", {"loadBalancer": {}})


def _service_address(obj: Manifest, identities: Identities) -> None:
    spec = obj["spec"]
    if spec["type"] == "ExternalName":
        return
    if not spec.get("clusterIP"):
        number = identities.number(f"service/{namespace_of(obj)}/{name_of(obj)}", 254 * 254)
        spec["clusterIP"] = f"10.96.{number // 254}.{number % 254 + 1}"
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")


def _namespace(obj: Manifest) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = name_of(obj)
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj.setdefault("status", {"phase": "Active"})


def _secret(obj: Manifest) -> None:
    obj.setdefault("type", "Opaque")


def _autoscaler(obj: Manifest) -> None:
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    spec.setdefault(
        "metrics",
        [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    )


_DEFAULTS: dict[str, Callable[[Manifest], None]] = {
    "pods": _pod,
    "deployments": _deployment,
    "replicasets": _replica_set,
    "statefulsets": _stateful_set,
    "daemonsets": _daemon_set,
    "jobs": _job,
    "cronjobs": _cron_job,
    "services": _service,
    "namespaces": _namespace,
    "secrets": _secret,
    "horizontalpodautoscalers": _autoscaler,
}
_FIRST_STATUS: dict[str, Manifest] = {
    "deployments": {},
    "replicasets": {"replicas": 0},
    "statefulsets": {"replicas": 0, "availableReplicas": 0},
    "daemonsets": {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "jobs": {},
    "cronjobs": {},
}
