"""The other objects that an object names in its own fields: nodes, config, Secrets, claims, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, text

_DEEPEST = 6
"""Levels of a custom resource's spec that are searched."""


class Named(NamedTuple):
    """One name. `words` say what for; `namespace` is empty for kinds without one."""

    kind: str
    name: str
    namespace: str
    words: str


def named_objects(kind: str, obj: Json) -> list[Named]:
    """What an object of this kind (`Deployment`) names, each once; nothing is read for it."""
    namespace = text(obj, "metadata", "namespace")
    if kind == "PersistentVolumeClaim":
        named = [("persistentvolume", "volumeName"), ("storageclass", "storageClassName")]
        return [
            Named(word, text(obj, "spec", field), "", "") for word, field in named if text(obj, "spec", field)
        ]
    spec = _pod_spec(kind, obj)
    found: dict[tuple[str, str], Named] = {}
    if kind == "Pod" and (node := text(spec, "nodeName")):
        found[("node", node)] = Named("node", node, "", "")
    for word, name, words in (*_volumes(spec), *_environment(spec), *_identity(spec)):
        if name:
            found.setdefault((word, name), Named(word, name, namespace, words))
    return list(found.values())


def named_by_custom(obj: Json) -> list[Named]:
    """What the spec of a custom resource names, as far as its fields follow the usual forms.

    These are `secretName`, `configMapName`, `serviceAccountName` with a name, and `…Ref` with a name and a
    kind (`issuerRef: {kind: ClusterIssuer, group: cert-manager.io, name: …}`).
    """
    namespace = text(obj, "metadata", "namespace")
    found: dict[tuple[str, str], Named] = {}
    for path, field, entry in _fields(mapping(obj, "spec"), "", _DEEPEST):
        word, name = _reference(field, entry)
        if word and name:
            found.setdefault((word, name), Named(word, name, namespace, f"field {path}"))
    return list(found.values())


def _fields(part: JsonValue, before: str, depth: int) -> Iterator[tuple[str, str, JsonValue]]:
    if not depth:
        return
    if isinstance(part, list):
        for entry in part:
            yield from _fields(entry, before, depth - 1)
    elif isinstance(part, dict):
        for field, entry in part.items():
            path = f"{before}.{field}" if before else field
            yield path, field, entry
            yield from _fields(entry, path, depth - 1)


def _reference(field: str, entry: JsonValue) -> tuple[str, str]:
    """(kind, name) of what one field names, or empty ones."""
    lower = field.lower()
    for word in ("secret", "configmap", "serviceaccount"):
        if lower.endswith(f"{word}name") and isinstance(entry, str):
            return word, entry
        if lower.endswith((f"{word}ref", f"{word}keyref")):
            return word, text(entry, "name")
    if field.endswith("Ref") and text(entry, "kind"):
        group = (
            text(entry, "group") or text(entry, "apiGroup") or text(entry, "apiVersion").rpartition("/")[0]
        )
        return ".".join(part for part in (text(entry, "kind").lower(), group) if part), text(entry, "name")
    return "", ""


def _pod_spec(kind: str, obj: Json) -> Json:
    if kind == "Pod":
        return mapping(obj, "spec")
    if kind == "CronJob":
        return mapping(obj, "spec", "jobTemplate", "spec", "template", "spec")
    return mapping(obj, "spec", "template", "spec")


def _volumes(spec: Json) -> Iterator[tuple[str, str, str]]:
    for volume in mappings(spec, "volumes"):
        words = f"volume {text(volume, 'name')}"
        yield "persistentvolumeclaim", text(volume, "persistentVolumeClaim", "claimName"), words
        for source in (volume, *mappings(volume, "projected", "sources")):
            yield "configmap", text(source, "configMap", "name"), words
            yield "secret", text(source, "secret", "secretName") or text(source, "secret", "name"), words


def _environment(spec: Json) -> Iterator[tuple[str, str, str]]:
    for container in (*mappings(spec, "initContainers"), *mappings(spec, "containers")):
        words = f"environment of {text(container, 'name')}"
        for source in mappings(container, "envFrom"):
            yield "configmap", text(source, "configMapRef", "name"), words
            yield "secret", text(source, "secretRef", "name"), words
        for variable in mappings(container, "env"):
            yield "configmap", text(variable, "valueFrom", "configMapKeyRef", "name"), words
            yield "secret", text(variable, "valueFrom", "secretKeyRef", "name"), words


def _identity(spec: Json) -> Iterator[tuple[str, str, str]]:
    yield "serviceaccount", text(spec, "serviceAccountName"), "runs as"
    for pull in mappings(spec, "imagePullSecrets"):
        yield "secret", text(pull, "name"), "pulls images"
