"""Who is granted what by RBAC objects: bindings, the roles they refer to, the rules inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.looking import Looking

_RBAC = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = f"roles.{_RBAC}", f"clusterroles.{_RBAC}"
BINDINGS, CLUSTER_BINDINGS = f"rolebindings.{_RBAC}", f"clusterrolebindings.{_RBAC}"


class Subject(BaseModel):
    """A User, a Group, or a ServiceAccount with its namespace."""

    model_config = ConfigDict(frozen=True)

    kind: str
    name: str
    namespace: str = ""

    def is_one(self, user: str, groups: Iterable[str]) -> bool:
        """Whether somebody of that name and in these groups is meant."""
        if self.kind == "Group":
            return self.name in groups
        if self.kind == "ServiceAccount":
            return user == f"system:serviceaccount:{self.namespace}:{self.name}"
        return user == self.name


class Granted(BaseModel):
    """Somebody holds a right, through a binding to a role."""

    subject: Subject
    binding: str
    role: str
    where: str
    """`everywhere`, or the namespace."""
    verbs: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Only objects of these names; empty for all."""


@dataclass(frozen=True)
class Deed:
    """What somebody wants to do: a verb on a resource, perhaps on one object."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def allowed_by(self, rule: Json) -> bool:
        """Whether an RBAC rule permits it (on some object at least, when no name is given)."""
        _, _, sub = self.resource.partition("/")
        resources = {"*", self.resource} | ({f"*/{sub}"} if sub else set())
        names = words(rule, "resourceNames")
        return bool(
            {"*", self.verb} & set(words(rule, "verbs"))
            and {"*", self.group} & set(words(rule, "apiGroups"))
            and resources & set(words(rule, "resources"))
            and (not names or not self.name or self.name in names)
        )


class Rbac:
    """The RBAC objects of a cluster as far as they can be seen.

    Args:
        looking: how to read, and where to note what could not be.
    """

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._bindings: list[Json] = []
        self._rules: dict[tuple[str, str], list[Json]] = {}

    async def read(self, namespace: str) -> None:
        """Read cluster-wide bindings, and those of a namespace, or with an empty one those of all."""
        looking = self._looking
        cluster_wide = await looking.objects(CLUSTER_BINDINGS)
        self._bindings = cluster_wide + await looking.objects(BINDINGS, namespace)
        for role in await looking.objects(CLUSTER_ROLES) + await looking.objects(ROLES, namespace):
            place = text(role, "metadata", "namespace"), text(role, "metadata", "name")
            self._rules[place] = mappings(role, "rules")

    def granted(self, deed: Deed) -> list[Granted]:
        """Everybody who may do it."""
        return [
            entry.model_copy(update=_told(rule))
            for binding in self._bindings
            for rule in self._of(binding)
            if deed.allowed_by(rule)
            for entry in _entries(binding)
        ]

    def naming(self, user: str, groups: Iterable[str]) -> list[Granted]:
        """Every binding that names this user or one of these groups, without its rules."""
        known = tuple(groups)
        return [
            entry
            for binding in self._bindings
            for entry in _entries(binding)
            if entry.subject.is_one(user, known)
        ]

    def _of(self, binding: Json) -> list[Json]:
        reference = mapping(binding, "roleRef")
        own = text(binding, "metadata", "namespace") if text(reference, "kind") == "Role" else ""
        return self._rules.get((own, text(reference, "name")), [])


def words(source: JsonValue, *path: str) -> tuple[str, ...]:
    """The list of strings at the path."""
    found = value(source, *path)
    return tuple(plain(entry) for entry in found if isinstance(entry, str)) if isinstance(found, list) else ()


def _entries(binding: Json) -> list[Granted]:
    namespace = text(binding, "metadata", "namespace")
    kind = "rolebinding" if namespace else "clusterrolebinding"
    return [
        Granted(
            subject=Subject(
                kind=text(subject, "kind"),
                name=plain(text(subject, "name")),
                namespace=plain(text(subject, "namespace")),
            ),
            binding=f"{kind}/{plain(text(binding, 'metadata', 'name'))}",
            role=f"{text(binding, 'roleRef', 'kind').lower()}/{plain(text(binding, 'roleRef', 'name'))}",
            where=namespace or "everywhere",
        )
        for subject in mappings(binding, "subjects")
    ]


def _told(rule: Json) -> dict[str, tuple[str, ...]]:
    return {
        "verbs": words(rule, "verbs"),
        "resources": words(rule, "resources"),
        "groups": words(rule, "apiGroups"),
        "names": words(rule, "resourceNames"),
    }
