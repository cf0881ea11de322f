"""The mistakes the server refuses: missing fields, impossible numbers, forbidden changes."""

from __future__ import annotations

import json
import re
from typing import Any

from tools.sandbox.controllers.schedule import Schedule
from tools.sandbox.custom.definition import faults_of
from tools.sandbox.custom.schema import violations
from tools.sandbox.failure import (
    Cause,
    forbidden_change,
    invalid,
    invalid_value,
    required,
    undecodable,
    unsupported,
)
from tools.sandbox.kind import Kind
from tools.sandbox.labels import check_keys
from tools.sandbox.manifest import Manifest, dig, name_of
from tools.sandbox.quantity import amount
from tools.sandbox.selectors import matcher

_TEMPLATED = ("deployments", "replicasets", "statefulsets", "daemonsets", "jobs")
_SELECTING = ("deployments", "replicasets", "statefulsets", "daemonsets")
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_BAD_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_NEGATIVE = "must be greater than or equal to 0"
_COUNTS = (
    "replicas",
    "minReadySeconds",
    "parallelism",
    "completions",
    "backoffLimit",
    "revisionHistoryLimit",
)
_STATEFUL_MUTABLE = frozenset(
    [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ]
)
_STATEFUL_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_POD_FIXED = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate(kind: Kind, obj: Manifest) -> None:
    """Check an object on its own. Raises `ApiFailure` (400 for quantities, 422 otherwise)."""
    causes = _name(kind, obj) + check_keys(obj["metadata"])
    if kind.custom is not None:
        if causes := causes + violations(kind.custom.schema, obj):
            raise invalid(kind, str(obj["metadata"].get("name", "")), causes)
        return
    if kind.plural == "customresourcedefinitions":
        causes += faults_of(obj)
    spec = obj.get("spec") or {}
    if kind.plural in _COUNTED:
        for field in _COUNTS:
            if isinstance(spec.get(field), int) and spec[field] < 0:
                causes.append(invalid_value(f"spec.{field}", str(spec[field]), _NEGATIVE))
    if kind.plural in _SELECTING:
        causes += _selector(spec)
    if kind.plural in _TEMPLATED:
        template = spec.get("template") or {}
        causes += _pod_spec(kind, template.get("spec") or {}, "spec.template.spec")
        if kind.plural != "jobs":
            policy = dig(template, "spec", "restartPolicy", default="Always")
            if policy != "Always":
                causes.append(unsupported("spec.template.spec.restartPolicy", policy, ("Always",)))
        else:
            causes += _job_policy(dig(template, "spec", default={}), "spec.template.spec")
    if kind.plural == "pods":
        causes += _pod_spec(kind, spec, "spec")
    if kind.plural == "cronjobs":
        causes += _cron_job(kind, spec)
    if kind.plural == "services" and kind.group == "":
        causes += _service(spec)
    if kind.plural == "horizontalpodautoscalers":
        causes += _autoscaler(spec)
    if causes:
        raise invalid(kind, str(obj["metadata"].get("name", "")), causes)


def validate_change(kind: Kind, old: Manifest, new: Manifest) -> None:
    """Check what may change in an object that exists. Raises `ApiFailure` (422)."""
    if kind.custom is not None:
        return
    causes: list[Cause] = []
    before, after = old.get("spec") or {}, new.get("spec") or {}
    if (
        kind.plural in _SELECTING
        and kind.plural != "statefulsets"
        and before.get("selector") != after.get("selector")
    ):
        causes.append(invalid_value("spec.selector", json.dumps(after.get("selector")), "field is immutable"))
    if kind.plural == "jobs":
        for field in ("selector", "completions", "template"):
            if before.get(field) != after.get(field):
                causes.append(
                    invalid_value(f"spec.{field}", json.dumps(after.get(field)), "field is immutable")
                )
    if kind.plural == "statefulsets" and _without(before, _STATEFUL_MUTABLE) != _without(
        after, _STATEFUL_MUTABLE
    ):
        causes.append(forbidden_change("spec", _STATEFUL_FIXED))
    if kind.plural == "pods" and _fixed_pod(before) != _fixed_pod(after):
        causes.append(forbidden_change("spec", _POD_FIXED))
    if kind.plural in ("configmaps", "secrets") and old.get("immutable"):
        for field in ("data", "binaryData", "stringData"):
            if old.get(field) != new.get(field):
                causes.append(forbidden_change(field, "field is immutable when `immutable` is set"))
    if kind.plural in ("rolebindings", "clusterrolebindings") and old.get("roleRef") != new.get("roleRef"):
        causes.append(invalid_value("roleRef", json.dumps(new.get("roleRef")), "cannot change roleRef"))
    if causes:
        raise invalid(kind, name_of(old), causes)


_COUNTED = ("deployments", "replicasets", "statefulsets", "daemonsets", "jobs")


def _name(kind: Kind, obj: Manifest) -> list[Cause]:
    name = obj["metadata"].get("name")
    if not name or kind.group == "rbac.authorization.k8s.io":
        return []
    narrow = kind.plural in ("namespaces", "services")
    if not re.fullmatch(_LABEL if narrow else _SUBDOMAIN, name):
        return [invalid_value("metadata.name", f'"{name}"', _BAD_LABEL if narrow else _BAD_SUBDOMAIN)]
    if len(name) > (63 if narrow else 253):
        return [
            invalid_value(
                "metadata.name", f'"{name}"', f"must be no more than {63 if narrow else 253} characters"
            )
        ]
    return []


def _selector(spec: Manifest) -> list[Cause]:
    selector = spec.get("selector")
    if not selector:
        return [required("spec.selector")]
    labels = dig(spec, "template", "metadata", "labels", default={})
    if not matcher(selector)(labels):
        field = "spec.template.metadata.labels"
        return [invalid_value(field, json.dumps(labels), "`selector` does not match template `labels`")]
    return []


def _pod_spec(kind: Kind, spec: Manifest, path: str) -> list[Cause]:
    containers = spec.get("containers")
    if not containers:
        return [required(f"{path}.containers")]
    causes: list[Cause] = []
    seen: set[str] = set()
    for number, container in enumerate(containers):
        where = f"{path}.containers[{number}]"
        name = container.get("name")
        if not name:
            causes.append(required(f"{where}.name"))
        elif name in seen:
            causes.append(Cause("FieldValueDuplicate", f"{where}.name", f'Duplicate value: "{name}"'))
        elif not re.fullmatch(_LABEL, name):
            causes.append(invalid_value(f"{where}.name", f'"{name}"', _BAD_LABEL))
        seen.add(str(name))
        if not container.get("image"):
            causes.append(required(f"{where}.image"))
        elif container["image"] != container["image"].strip():
            causes.append(
                invalid_value(
                    f"{where}.image",
                    f'"{container["image"]}"',
                    "must not have leading or trailing whitespace",
                )
            )
        policy = container.get("imagePullPolicy", "Always")
        if policy not in ("Always", "IfNotPresent", "Never"):
            causes.append(
                unsupported(f"{where}.imagePullPolicy", policy, ("Always", "IfNotPresent", "Never"))
            )
        causes += _environment(container, where)
        causes += _resources(kind, container.get("resources") or {}, f"{where}.resources")
        causes += _ports(container.get("ports") or [], f"{where}.ports", "containerPort")
    return causes


def _environment(container: Manifest, where: str) -> list[Cause]:
    return [
        required(f"{where}.env[{number}].name")
        for number, entry in enumerate(container.get("env") or [])
        if not entry.get("name")
    ]


def _resources(kind: Kind, resources: Manifest, path: str) -> list[Cause]:
    causes: list[Cause] = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    try:
        numbers = {
            (side, key): amount(value)
            for side, found in (("limits", limits), ("requests", requests))
            for key, value in found.items()
        }
    except ValueError as error:
        raise undecodable(kind, str(error)) from None
    for (side, key), number in numbers.items():
        if number < 0:
            causes.append(invalid_value(f"{path}.{side}.{key}", f'"{resources[side][key]}"', _NEGATIVE))
    for key, asked in requests.items():
        if key in limits and numbers[("requests", key)] > numbers[("limits", key)]:
            text = f"must be less than or equal to {key} limit of {limits[key]}"
            causes.append(invalid_value(f"{path}.requests", f'"{asked}"', text))
    return causes


def _ports(ports: list[Any], path: str, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for number, port in enumerate(ports):
        value = port.get(field)
        if value is None:
            causes.append(required(f"{path}[{number}].{field}"))
        elif not isinstance(value, int) or not 0 < value < 65536:
            causes.append(
                invalid_value(
                    f"{path}[{number}].{field}", str(value), "must be between 1 and 65535, inclusive"
                )
            )
    return causes


def _job_policy(spec: Manifest, path: str) -> list[Cause]:
    policy = spec.get("restartPolicy", "Always")
    if policy in ("OnFailure", "Never"):
        return []
    return [
        Cause(
            "FieldValueRequired",
            f"{path}.restartPolicy",
            'Required value: valid values: "OnFailure", "Never"',
        )
    ]


def _cron_job(kind: Kind, spec: Manifest) -> list[Cause]:
    pod = dig(spec, "jobTemplate", "spec", "template", "spec", default={})
    where = "spec.jobTemplate.spec.template.spec"
    causes = [*_pod_spec(kind, pod, where), *_job_policy(pod, where)]
    if not spec.get("schedule"):
        return [required("spec.schedule"), *causes]
    try:
        Schedule(spec["schedule"])
    except ValueError as error:
        causes.append(invalid_value("spec.schedule", f'"{spec["schedule"]}"', str(error)))
    policy = spec.get("concurrencyPolicy", "Allow")
    if policy not in ("Allow", "Forbid", "Replace"):
        causes.append(unsupported("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace")))
    return causes


def _service(spec: Manifest) -> list[Cause]:
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        return []
    if not spec.get("ports"):
        return [required("spec.ports")]
    return _ports(spec["ports"], "spec.ports", "port")


def _autoscaler(spec: Manifest) -> list[Cause]:
    if not spec.get("scaleTargetRef"):
        return [required("spec.scaleTargetRef")]
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas")
    if high is None or high < 1:
        return [invalid_value("spec.maxReplicas", str(high or 0), "must be greater than 0")]
    if high < low:
        return [
            invalid_value("spec.maxReplicas", str(high), "must be greater than or equal to `minReplicas`")
        ]
    return []


def _without(spec: Manifest, fields: frozenset[str]) -> Manifest:
    return {key: value for key, value in spec.items() if key not in fields}


def _fixed_pod(spec: Manifest) -> Manifest:
    fixed = _without(
        spec, frozenset({"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"})
    )
    for field in ("containers", "initContainers"):
        if field in fixed:
            fixed[field] = [_without(entry, frozenset({"image"})) for entry in fixed[field]]
    return fixed
