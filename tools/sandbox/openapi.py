"""OpenAPI as far as this server can vouch for it: the paths it serves and their parameters, no schemas.

`kubectl` reads it to learn whether the server validates fields itself and knows dry runs. It does.
"""

from __future__ import annotations

import hashlib

from tools.sandbox.kind import Kind
from tools.sandbox.kinds import Kinds
from tools.sandbox.manifest import Manifest

_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force", "pretty")
_ACTIONS = {
    "create": ("post", "post"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
}


def index(kinds: Kinds) -> Manifest:
    """The document at /openapi/v3: where each group version is described."""
    paths = {}
    for prefix in sorted({_prefix(kind) for kind in kinds.served()}):
        digest = hashlib.sha256(prefix.encode()).hexdigest()[:16].upper()
        paths[prefix] = {"serverRelativeURL": f"/openapi/v3/{prefix}?hash={digest}"}
    return {"paths": paths}


def describe(kinds: Kinds, prefix: str) -> Manifest | None:
    """The document of one group version, such as `apis/apps/v1`; None when it is not served."""
    served = [kind for kind in kinds.served() if _prefix(kind) == prefix]
    if not served:
        return None
    paths: Manifest = {}
    for kind in served:
        scope = "/namespaces/{namespace}" if kind.namespaced else ""
        collection = f"/{prefix}{scope}/{kind.plural}"
        paths[collection] = _operations(kind, ("create",), ())
        paths[f"{collection}/{{name}}"] = _operations(kind, ("update", "patch", "delete"), ("name",))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Practice cluster", "version": kinds.version["gitVersion"]},
        "paths": paths,
        "components": {"schemas": {}},
    }


def _operations(kind: Kind, verbs: tuple[str, ...], names: tuple[str, ...]) -> Manifest:
    operations: Manifest = {}
    for verb in verbs:
        if verb not in kind.verbs:
            continue
        method, action = _ACTIONS[verb]
        operations[method] = {
            "operationId": f"{verb}{kind.name}{kind.version}",
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {
                "group": kind.group,
                "version": kind.version,
                "kind": kind.name,
            },
            "parameters": [_parameter(name, "query") for name in _PARAMETERS],
            "responses": {"200": {"description": "OK"}},
        }
    places = [*(["namespace"] if kind.namespaced else []), *names]
    if places:
        operations["parameters"] = [{**_parameter(name, "path"), "required": True} for name in places]
    return operations


def _parameter(name: str, place: str) -> Manifest:
    return {"name": name, "in": place, "schema": {"type": "string", "uniqueItems": True}}


def _prefix(kind: Kind) -> str:
    return f"apis/{kind.api_version}" if kind.group else f"api/{kind.version}"
