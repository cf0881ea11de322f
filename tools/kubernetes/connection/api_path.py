"""What an HTTP request asks of a Kubernetes API server, read off its method, path and query.

The rules follow the server's own request parser (Kubernetes, `RequestInfoFactory`): the same bytes
must mean the same thing to the gate and to the server, so every path that could be read in two ways
is `Unreadable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tools.gate import Access


class Unreadable(Exception):
    """The path is not one we would ever send: encoded, doubled or dotted segments and the like."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request as the server understands it. `verb` is a Kubernetes API verb."""

    verb: str
    group: str = ""
    version: str = ""
    plural: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    non_resource: str = ""
    """The path, for requests such as `/version` that name no resource."""

    @property
    def resource(self) -> str:
        """`deployments.apps/scale`, or the path of a request without a resource."""
        if self.non_resource:
            return self.non_resource
        kind = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{kind}/{self.subresource}" if self.subresource else kind

    @property
    def target(self) -> str:
        """For sentences: `deployments.apps/scale checkout in shop`."""
        words = [self.resource]
        if self.name:
            words.append(self.name)
        if self.namespace:
            words.append(f"in {self.namespace}")
        return " ".join(words)


_SAFE_PATH = re.compile(r"(/[A-Za-z0-9._:~@!$&'()*+,=-]+)+")
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")

_PLAIN_SUBRESOURCES = frozenset({"", "status", "scale", "log", "resize", "ephemeralcontainers", "approval"})
_TUNNELS = frozenset({"exec", "attach", "portforward", "proxy"})
_DRY_RUN_SUBRESOURCES = frozenset({"", "scale"})
_REVIEWS = frozenset(
    {
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }
)
_IDENTITY_GROUPS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
"""Their requests are answered, not stored: a rehearsal of one is the thing itself."""
_OPEN_PATHS = frozenset({"version", "api", "apis", "healthz", "livez", "readyz", "openapi"})


def parse(method: str, path: str, query: Iterable[tuple[str, str]] = ()) -> ApiRequest:
    """Read a request.

    Args:
        method: the HTTP method, upper case.
        path: the path exactly as it goes over the wire, without the server's own prefix.
        query: decoded pairs of the query.

    Raises:
        Unreadable: the path could mean different things to different readers.
    """
    if not _SAFE_PATH.fullmatch(path):
        raise Unreadable(path)
    segments = path[1:].split("/")
    if any(set(segment) == {"."} for segment in segments):
        raise Unreadable(path)
    pairs = list(query)
    if segments[0] == "api" and len(segments) >= 3:
        group, version, rest = "", segments[1], segments[2:]
    elif segments[0] == "apis" and len(segments) >= 4:
        group, version, rest = segments[1], segments[2], segments[3:]
    else:
        return ApiRequest(verb=method.lower(), non_resource=path)
    if rest[0] in ("watch", "proxy"):  # old verbs in front of the resource: they would hide it
        raise Unreadable(path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    plural, name = rest[0], rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if len(rest) > 3 and subresource != "proxy":
        raise Unreadable(path)
    return ApiRequest(
        verb=_verb(method, bool(name), pairs),
        group=group,
        version=version,
        plural=plural,
        subresource=subresource,
        namespace=namespace,
        name=name,
    )


def _verb(method: str, named: bool, query: list[tuple[str, str]]) -> str:
    if method == "GET":
        watching = any(key == "watch" and value.lower() not in ("0", "false") for key, value in query)
        return "watch" if watching else "get" if named else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return _VERBS.get(method, method.lower())


def access(
    request: ApiRequest, query: Iterable[tuple[str, str]] = (), accept: str = "", *, body: bool = True
) -> Access:
    """What the request may do. Whatever is not known to be harmless is a write.

    Args:
        request: the parsed request.
        query: decoded pairs of the query.
        accept: the Accept header, which decides whether a Secret's values travel.
        body: whether it carries a body. A deletion's options are read from the body if there is one,
            and a `dryRun` in the query then means nothing.
    """
    pairs = list(query)
    if request.non_resource:
        opened = request.verb == "get" and request.non_resource.split("/")[1] in _OPEN_PATHS
        return Access.READ if opened else Access.WRITE
    reading = request.verb in ("get", "list", "watch")
    if request.subresource in _TUNNELS:
        harmless = reading or (request.verb == "create" and request.subresource != "proxy")
        return Access.SENSITIVE if harmless else Access.WRITE
    if request.subresource == "token" and request.plural == "serviceaccounts":
        return Access.SENSITIVE
    if request.verb == "create" and (request.group, request.plural) in _REVIEWS:
        return Access.READ
    rehearsal = (
        [value for key, value in pairs if key == "dryRun"] == ["All"]
        and (request.verb in ("create", "update", "patch") or (request.verb == "delete" and not body))
        and request.subresource in _DRY_RUN_SUBRESOURCES
        and request.group not in _IDENTITY_GROUPS
    )
    if not rehearsal and not (reading and request.subresource in _PLAIN_SUBRESOURCES):
        return Access.WRITE
    if request.plural == "secrets" and not (reading and _cells_only(pairs, accept)):
        return Access.SENSITIVE
    return Access.READ


def _cells_only(query: list[tuple[str, str]], accept: str) -> bool:
    """True when the server can answer with nothing but table cells: names, types, counts, ages.

    Metadata would not do: `kubectl apply` leaves a whole Secret in an annotation.
    """
    ranges = [part for part in accept.split(",") if part.strip()]
    tables = ranges and all("as=Table" in part.replace(" ", "").split(";") for part in ranges)
    return bool(tables) and [value for key, value in query if key == "includeObject"] == ["None"]
