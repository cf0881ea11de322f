"""The kinds a cluster serves, custom resources included, and the words operators use for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from difflib import get_close_matches
from typing import Protocol

import msgspec

from tools.errors import NotFound, ServerFailed

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)


BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "metrics.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""The groups every cluster has; all others were brought along by somebody."""


class ResourceType(msgspec.Struct, frozen=True):
    """One kind: where it lives in the API and what it is called."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    singular: str = ""
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """`deployments.apps`, or `pods` for the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def custom(self) -> bool:
        """Whether it is none of the kinds that Kubernetes itself has."""
        return self.group not in BUILT_IN_GROUPS

    @property
    def native(self) -> str:
        """The kind's name where Kubernetes itself defines it, and "" else: only then is it known how it behaves."""
        return "" if self.custom else self.kind

    @property
    def word(self) -> str:
        """How an operator says it: `deployment`."""
        return self.singular or self.kind.lower()

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of the collection, of one object, or of its subresource.

        Args:
            namespace: left out for kinds without one, and for lists over all namespaces.
            name: of the object.
            subresource: such as `scale`.
        """
        parts = ["/apis" if self.group else "/api", self.api_version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        return "/".join(part for part in (*parts, self.plural, name, subresource) if part)


class _Request(Protocol):
    def __call__(self, method: str, path: str, *, accept: str) -> Awaitable[bytes]: ...


class Kinds:
    """All kinds of one cluster, asked for once (aggregated discovery, Kubernetes 1.27 and newer).

    Args:
        context: for sentences.
        request: how to ask.
    """

    def __init__(self, context: str, request: _Request) -> None:
        self._context = context
        self._request = request
        self._types: tuple[ResourceType, ...] = ()
        self._words: dict[str, ResourceType] = {}
        self._stale: tuple[str, ...] = ()
        self._loading = asyncio.Lock()

    async def all(self) -> tuple[ResourceType, ...]:
        """Every kind, the core group first, then the groups in the server's order."""
        if not self._types:
            await self._load(())
        return self._types

    async def resolve(self, word: str) -> ResourceType:
        """The kind meant by `deploy`, `deployments`, `Deployment`, `deployments.apps` and so on.

        Raises `NotFound` with near names. A word unknown so far makes us ask the server once more:
        its definition may be new.
        """
        known = await self.all()
        found = self._words.get(word.lower())
        if found is None:
            await self._load(known)
            found = self._words.get(word.lower())
        if found is None:
            near = get_close_matches(word.lower(), self._words, n=3, cutoff=0.6)
            raise NotFound(
                f"{self._context} serves no kind called {word}.", near=tuple(near), hint=self._hint(near)
            )
        return found

    def spelling(self, kind: ResourceType) -> str:
        """What an operator writes to mean exactly this kind: `deployment`, or `service.serving.knative.dev`."""
        meant = self._words.get(kind.word.lower(), kind)
        return kind.word if meant.resource == kind.resource else f"{kind.word}.{kind.group}"

    async def by_kind(self, api_version: str, kind: str) -> ResourceType:
        """The type of a manifest or an owner reference. Raises `NotFound`."""
        for attempt in range(2):
            for known in await self.all():
                if known.kind == kind and known.api_version == api_version:
                    return known
            if attempt == 0:
                await self._load(self._types)
        near = tuple(t.api_version for t in self._types if t.kind == kind)
        raise NotFound(
            f"{self._context} serves no {kind} of {api_version}.", near=near, hint=self._hint(near)
        )

    def _hint(self, near: Sequence[str]) -> str:
        """Names that resemble it, and what is not known because the server behind it does not answer."""
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        if not self._stale:
            return meant.strip()
        groups, verb = ("groups", "do") if len(self._stale) > 1 else ("group", "does")
        return (
            f"The API {groups} {', '.join(self._stale)} {verb} not answer: what it serves is not known now."
        )

    async def _load(self, seen: tuple[ResourceType, ...]) -> None:
        """Ask the server, unless somebody else did since the caller looked."""
        async with self._loading:
            if self._types is not seen and self._types != seen:
                return
            core, groups = await asyncio.gather(
                self._request("GET", "/api", accept=_AGGREGATED),
                self._request("GET", "/apis", accept=_AGGREGATED),
            )
            found = (self._decode(core), self._decode(groups))
            fresh = tuple(known for listed in found for known in _types(listed))
            self._stale = tuple(name for listed in found for name in _stale(listed))
            # What a server that is away served before is still what it will serve.
            away = {f"{known.group}/{known.version}" for known in self._types} & set(self._stale)
            away -= {known.api_version for known in fresh}
            self._types = (*fresh, *(known for known in self._types if known.api_version in away))
            self._words = _words(self._types)

    def _decode(self, body: bytes) -> _DiscoveryList:
        try:
            return msgspec.json.decode(body, type=_DiscoveryList)
        except msgspec.DecodeError as error:
            raise ServerFailed(
                f"{self._context} does not list its kinds in a form we know ({error}).",
                hint="Kubernetes 1.27 or newer is needed.",
            ) from error


def _types(found: _DiscoveryList) -> list[ResourceType]:
    return [
        ResourceType(
            group=group.metadata.name,
            version=version.version,
            plural=entry.resource,
            kind=entry.response_kind.kind,
            namespaced=entry.scope == "Namespaced",
            verbs=tuple(entry.verbs),
            singular=entry.singular_resource,
            short_names=tuple(entry.short_names),
            subresources=tuple(sub.subresource for sub in entry.subresources),
        )
        for group in found.items
        for version in group.versions
        for entry in version.resources
        if entry.response_kind is not None
    ]


def _stale(found: _DiscoveryList) -> list[str]:
    """The versions of groups whose server did not answer when it was last asked."""
    return [
        f"{group.metadata.name}/{version.version}"
        for group in found.items
        for version in group.versions
        if version.freshness == "Stale"
    ]


def _words(types: tuple[ResourceType, ...]) -> dict[str, ResourceType]:
    """Every word for every kind; plain plurals win over short names, earlier groups over later."""
    words: dict[str, ResourceType] = {}
    for spelled in (
        lambda t: (t.resource, f"{t.plural}.{t.version}.{t.group}"),
        lambda t: (t.plural,),
        lambda t: (t.singular, t.kind.lower(), f"{t.word}.{t.group}"),
        lambda t: t.short_names,
    ):
        for known in types:
            for word in spelled(known):
                if word:
                    words.setdefault(word.lower(), known)
    return words


class _GroupVersionKind(msgspec.Struct):
    kind: str = ""


class _Subresource(msgspec.Struct):
    subresource: str


class _Resource(msgspec.Struct, rename="camel"):
    resource: str
    response_kind: _GroupVersionKind | None = None
    scope: str = ""
    singular_resource: str = ""
    verbs: list[str] = []
    short_names: list[str] = []
    subresources: list[_Subresource] = []


class _Version(msgspec.Struct):
    version: str
    resources: list[_Resource] = []
    freshness: str = "Current"


class _Metadata(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    versions: list[_Version] = []


class _DiscoveryList(msgspec.Struct):
    items: list[_Group]
