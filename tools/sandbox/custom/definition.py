"""From a CustomResourceDefinition to the kinds it serves; and the mistakes a definition is refused for."""

from __future__ import annotations

import json

from tools.sandbox.custom.printing import printer_columns
from tools.sandbox.custom.schema import merge_keys_of
from tools.sandbox.custom.version import CustomVersion
from tools.sandbox.failure import Cause, invalid_value, required
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, dig, name_of

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that keeps a definition until the last of its objects is gone."""

_VERBS = frozenset(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
_NAME = {
    "name": "Name",
    "type": "string",
    "format": "name",
    "description": "Name must be unique within a namespace.",
    "priority": 0,
}


def complete(definition: Manifest) -> None:
    """Fill in, in place, what the server does: singular and list names, and no conversion."""
    spec = definition.get("spec")
    if not isinstance(spec, dict):
        return
    names = spec.get("names")
    if isinstance(names, dict) and names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})


def faults_of(definition: Manifest) -> list[Cause]:
    """What is wrong with a definition, in the server's words."""
    spec, name = definition.get("spec") or {}, name_of(definition)
    causes: list[Cause] = []
    for path in (("group",), ("names", "plural"), ("names", "kind"), ("scope",)):
        if not dig(spec, *path):
            causes.append(required(f"spec.{'.'.join(path)}"))
    if not causes and name != f"{spec['names']['plural']}.{spec['group']}":
        words = 'must be spec.names.plural+"."+spec.group'
        causes.append(invalid_value("metadata.name", json.dumps(name), words))
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        words = "must have exactly one version marked as storage version"
        causes.append(invalid_value("spec.versions", json.dumps(versions), words))
    for number, version in enumerate(versions):
        if not dig(version, "schema", "openAPIV3Schema"):
            field = f"spec.versions[{number}].schema.openAPIV3Schema"
            causes.append(required(field, "schemas are required"))
    return causes


def kinds_of(definition: Manifest) -> list[Kind]:
    """One kind for every served version, the newest first; none of a definition that is not whole."""
    if faults_of(definition):
        return []
    spec = definition["spec"]
    served = [version for version in spec["versions"] if version.get("served")]
    return [_kind(definition, version) for version in sorted(served, key=_age, reverse=True)]


def stored_version(definition: Manifest) -> str:
    """The name of the version objects are stored in."""
    return str(next(version["name"] for version in definition["spec"]["versions"] if version.get("storage")))


def _kind(definition: Manifest, version: Manifest) -> Kind:
    spec = definition["spec"]
    group, names = spec["group"], spec["names"]
    columns = printer_columns(version)
    schema = dig(version, "schema", "openAPIV3Schema", default={})
    webhook, service = _webhook(spec)
    return Kind(
        group=group,
        version=version["name"],
        plural=names["plural"],
        name=names["kind"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        verbs=_VERBS,
        columns=(_NAME, *(column.shown for column in columns)),
        storage=(group, names["plural"]),
        custom=CustomVersion(
            definition=name_of(definition),
            stored_as=f"{group}/{stored_version(definition)}",
            schema=schema,
            printed=columns,
            status_apart="status" in (version.get("subresources") or {}),
            merge_keys=merge_keys_of(schema),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            list_name=names.get("listKind") or f"{names['kind']}List",
            webhook=webhook,
            webhook_service=service,
        ),
    )


def _webhook(spec: Manifest) -> tuple[str, str]:
    """(address, Service) of what converts between the versions."""
    if dig(spec, "conversion", "strategy") != "Webhook":
        return "", ""
    client = dig(spec, "conversion", "webhook", "clientConfig", default={})
    service = client.get("service")
    if not service:
        return str(client.get("url", "")), ""
    name, namespace = service["name"], service["namespace"]
    address = (
        f"https://{name}.{namespace}.svc:{service.get('port', 443)}{service.get('path', '')}?timeout=30s"
    )
    return address, str(name)


def _age(version: Manifest) -> tuple[int, int, int]:
    """The order of versions (Kubernetes documentation, "Version priority"): v2, v1, v1beta2, v1alpha1."""
    name = version["name"]
    for rank, word in ((1, "beta"), (0, "alpha")):
        if word in name:
            major, _, minor = name.removeprefix("v").partition(word)
            return rank, int(major or 0), int(minor or 0)
    number = name.removeprefix("v")
    return (2, int(number), 0) if number.isdigit() else (-1, 0, 0)
