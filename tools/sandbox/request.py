"""A request, understood: which kind, namespace, name and subresource its path means."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from tools.sandbox import protobuf
from tools.sandbox.access import Deed, User
from tools.sandbox.failure import (
    bad_request,
    group_down,
    method_not_allowed,
    no_such_path,
    unsupported_media_type,
)
from tools.sandbox.kind import Kind
from tools.sandbox.kinds import Kinds
from tools.sandbox.manifest import Manifest
from tools.sandbox.shapes import Form, form_of

_BODIES = ("application/json", "application/yaml")
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_TRUE = ("1", "true", "True", "TRUE", "t")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path points at. `group` and the rest are empty where the path says nothing."""

    kind: Kind
    namespace: str
    name: str
    subresource: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request with its caller, its target and its body."""

    http: web.Request
    target: Target
    verb: str
    user: User
    body: Any
    content_type: str

    @property
    def kind(self) -> Kind:
        return self.target.kind

    @property
    def form(self) -> Form:
        return form_of(self.http.headers.get("Accept", ""))

    @property
    def include(self) -> str:
        return self.http.query.get("includeObject", "Metadata")

    @property
    def object_name(self) -> str:
        """The name of the object, from the path or, when it is being created, from the body."""
        if self.target.name or not isinstance(self.body, dict):
            return self.target.name
        return str((self.body.get("metadata") or {}).get("name") or "")

    @property
    def deed(self) -> Deed:
        target = self.target
        kind = target.kind
        return Deed(self.verb, kind.group, kind.plural, target.namespace, target.name, target.subresource)

    @property
    def manager(self) -> str:
        """The field manager: as asked for, or the client's name."""
        asked = self.http.query.get("fieldManager")
        return asked or self.http.headers.get("User-Agent", "unknown").partition("/")[0]

    @property
    def dry_run(self) -> bool:
        asked = list(self.http.query.getall("dryRun", []))
        if isinstance(self.body, dict):
            for options in (self.body, self.body.get("deleteOptions") or {}):
                found = options.get("dryRun")
                asked += found if isinstance(found, list) else []
        if any(word not in ("All", "") for word in asked):
            raise bad_request(f'Invalid value: {json.dumps(asked)}: dryRun must be "All"')
        return "All" in asked

    def flag(self, name: str) -> bool:
        return self.http.query.get(name, "") in _TRUE

    def number(self, name: str) -> int | None:
        text = self.http.query.get(name)
        if text is None or text == "":
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def target_of(path: str, kinds: Kinds) -> Target:
    """What a path under /api or /apis means. Raises `ApiFailure` (404)."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_path()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    if kinds.is_down(group, version):
        raise group_down()
    kind = kinds.find(group, version, rest[0])
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    return Target(kind, namespace, name, rest[2] if len(rest) > 2 else "")


def verb_of(http: web.Request, target: Target) -> str:
    """The API verb of a request. Raises `ApiFailure` (405) when its kind does not know it."""
    method = http.method
    if method in ("GET", "HEAD"):
        watching = http.query.get("watch", "") in _TRUE
        verb = "watch" if watching else "get" if target.name else "list"
    else:
        single = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
        if method not in single:
            raise method_not_allowed()
        verb = single[method]
        if verb == "delete" and not target.name:
            verb = "deletecollection"
    if not target.subresource and verb not in target.kind.verbs:
        raise method_not_allowed()
    if (
        not target.subresource
        and (verb == "create") == bool(target.name)
        and verb in ("create", "update", "patch")
    ):
        raise method_not_allowed()
    return verb


async def body_of(http: web.Request) -> tuple[Any, str]:
    """The decoded body and its media type. Raises `ApiFailure` (400, 415)."""
    raw = await http.read()
    content_type = http.headers.get("Content-Type", "application/json").partition(";")[0].strip()
    if not raw:
        return None, content_type
    if content_type == protobuf.MEDIA_TYPE:
        return _from_protobuf(raw), content_type
    if http.method == "PATCH" and content_type not in _PATCHES:
        raise unsupported_media_type(_PATCHES)
    if http.method != "PATCH" and content_type not in (*_BODIES, "application/x-www-form-urlencoded"):
        raise unsupported_media_type(_BODIES)
    try:
        return (
            yaml.safe_load(raw) if "yaml" in content_type and raw[:1] != b"{" else json.loads(raw)
        ), content_type
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None


def _from_protobuf(raw: bytes) -> Manifest:
    try:
        decoded = protobuf.decode(raw)
    except ValueError as error:
        raise bad_request(f"couldn't decode the protobuf body: {error}") from None
    if decoded is None:
        raise unsupported_media_type(_BODIES)
    return decoded


def without_nulls(value: Any) -> Any:
    """JSON without null fields: for the server a null is a field that was not sent."""
    if isinstance(value, dict):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


def options_of(call: ApiCall) -> Manifest:
    """The DeleteOptions of a request, from its body and its query."""
    body: Manifest = dict(call.body) if isinstance(call.body, dict) else {}
    if call.http.query.get("propagationPolicy"):
        body.setdefault("propagationPolicy", call.http.query["propagationPolicy"])
    seconds = call.number("gracePeriodSeconds")
    if seconds is not None:
        body.setdefault("gracePeriodSeconds", seconds)
    if body.get("orphanDependents"):
        body.setdefault("propagationPolicy", "Orphan")
    return body
