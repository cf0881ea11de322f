"""Unknown fields and wrong types at the places where operators mistype: workload, pod and container specs."""

from __future__ import annotations

from typing import Any

from tools.sandbox.custom.schema import prune
from tools.sandbox.failure import ApiFailure, Cause, undecodable
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, dig

_TOP = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_METADATA = frozenset(
    [
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    ]
)
_SPECS: dict[str, frozenset[str]] = {
    "deployments": frozenset(
        [
            "minReadySeconds",
            "paused",
            "progressDeadlineSeconds",
            "replicas",
            "revisionHistoryLimit",
            "selector",
            "strategy",
            "template",
        ]
    ),
    "replicasets": frozenset(["minReadySeconds", "replicas", "selector", "template"]),
    "statefulsets": frozenset(
        [
            "minReadySeconds",
            "ordinals",
            "persistentVolumeClaimRetentionPolicy",
            "podManagementPolicy",
            "replicas",
            "revisionHistoryLimit",
            "selector",
            "serviceName",
            "template",
            "updateStrategy",
            "volumeClaimTemplates",
        ]
    ),
    "daemonsets": frozenset(
        ["minReadySeconds", "revisionHistoryLimit", "selector", "template", "updateStrategy"]
    ),
    "jobs": frozenset(
        [
            "activeDeadlineSeconds",
            "backoffLimit",
            "backoffLimitPerIndex",
            "completionMode",
            "completions",
            "managedBy",
            "manualSelector",
            "maxFailedIndexes",
            "parallelism",
            "podFailurePolicy",
            "podReplacementPolicy",
            "selector",
            "successPolicy",
            "suspend",
            "template",
            "ttlSecondsAfterFinished",
        ]
    ),
    "cronjobs": frozenset(
        [
            "concurrencyPolicy",
            "failedJobsHistoryLimit",
            "jobTemplate",
            "schedule",
            "startingDeadlineSeconds",
            "successfulJobsHistoryLimit",
            "suspend",
            "timeZone",
        ]
    ),
}
_POD = frozenset(
    [
        "activeDeadlineSeconds",
        "affinity",
        "automountServiceAccountToken",
        "containers",
        "dnsConfig",
        "dnsPolicy",
        "enableServiceLinks",
        "ephemeralContainers",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostUsers",
        "hostname",
        "hostnameOverride",
        "imagePullSecrets",
        "initContainers",
        "nodeName",
        "nodeSelector",
        "os",
        "overhead",
        "preemptionPolicy",
        "priority",
        "priorityClassName",
        "readinessGates",
        "resourceClaims",
        "resources",
        "restartPolicy",
        "runtimeClassName",
        "schedulerName",
        "schedulingGates",
        "securityContext",
        "serviceAccount",
        "serviceAccountName",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "subdomain",
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
        "volumes",
        "workloadRef",
    ]
)
_CONTAINER = frozenset(
    [
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resizePolicy",
        "resources",
        "restartPolicy",
        "restartPolicyRules",
        "securityContext",
        "startupProbe",
        "stdin",
        "stdinOnce",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir",
    ]
)
_NUMBERS = frozenset(
    [
        "replicas",
        "minReadySeconds",
        "progressDeadlineSeconds",
        "revisionHistoryLimit",
        "parallelism",
        "completions",
        "backoffLimit",
        "terminationGracePeriodSeconds",
        "activeDeadlineSeconds",
    ]
)


def check_fields(kind: Kind, body: Manifest, mode: str, *, patching: bool = False) -> list[str]:
    """Look for unknown fields and drop them.

    Args:
        kind: of the object.
        body: the object; unknown fields are removed from it.
        mode: the `fieldValidation` parameter: Ignore, Warn or Strict.
        patching: whether the object is the outcome of a patch.

    Returns: warnings for the client.
    Raises: `ApiFailure` for a number that is none, and in Strict mode for unknown fields.
    """
    unknown: list[str] = []
    if kind.custom is not None:
        unknown = prune(kind.custom.schema, body)
        _sift(body.get("metadata"), _METADATA, "metadata", unknown)
        return _said(kind, unknown, mode, patching=patching)
    _check_numbers(kind, body)
    if kind.plural not in _SPECS and kind.plural != "pods":
        return []
    _sift(body, _TOP, "", unknown)
    _sift(body.get("metadata"), _METADATA, "metadata", unknown)
    if kind.plural in _SPECS:
        _sift(body.get("spec"), _SPECS[kind.plural], "spec", unknown)
    for path, spec in _pod_specs(kind, body):
        _sift(spec, _POD, path, unknown)
        for field in ("containers", "initContainers"):
            for number, container in enumerate(spec.get(field) or []):
                _sift(container, _CONTAINER, f"{path}.{field}[{number}]", unknown)
    return _said(kind, unknown, mode, patching=patching)


def _said(kind: Kind, unknown: list[str], mode: str, *, patching: bool) -> list[str]:
    """What the client is told about fields that were dropped. Raises `ApiFailure` in Strict mode."""
    texts = [f'unknown field "{path}"' for path in unknown]
    if texts and mode == "Strict":
        why = f"strict decoding error: {', '.join(texts)}"
        if not patching:
            raise undecodable(kind, why)
        cause = Cause("FieldValueInvalid", "patch", f"Invalid value: {why}")
        raise ApiFailure(
            422,
            "Invalid",
            f' "" is invalid: patch: {cause.message}',
            {"causes": [{"reason": cause.reason, "message": cause.message, "field": cause.field}]},
        )
    return texts if mode != "Ignore" else []


def _sift(value: Any, known: frozenset[str], path: str, unknown: list[str]) -> None:
    if not isinstance(value, dict):
        return
    for field in sorted(value.keys() - known):
        unknown.append(f"{path}.{field}" if path else field)
        del value[field]


def _check_numbers(kind: Kind, body: Manifest) -> None:
    places = [("spec", dig(body, "spec", default={})), *_pod_specs(kind, body)]
    for path, spec in places:
        if not isinstance(spec, dict):
            raise undecodable(
                kind, f"json: cannot unmarshal {_go_type(spec)} into Go struct field {kind.name}.{path}"
            )
        for field in sorted(_NUMBERS & spec.keys()):
            if isinstance(spec[field], bool) or not isinstance(spec[field], int):
                owner = f"{kind.name}Spec" if path == "spec" else "PodSpec"
                where = f"{owner}.{path}.{field} of type int32"
                found = _go_type(spec[field])
                raise undecodable(kind, f"json: cannot unmarshal {found} into Go struct field {where}")


def _pod_specs(kind: Kind, body: Manifest) -> list[tuple[str, Manifest]]:
    if kind.plural == "pods":
        path = "spec"
    elif kind.plural == "cronjobs":
        path = "spec.jobTemplate.spec.template.spec"
    elif kind.plural in _SPECS:
        path = "spec.template.spec"
    else:
        return []
    spec = dig(body, *path.split("."))
    return [(path, spec)] if isinstance(spec, dict) else []


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "array" if isinstance(value, list) else "object"
