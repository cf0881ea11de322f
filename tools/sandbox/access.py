"""Who asks, and what they may do: tokens, impersonation, RBAC, access reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.sandbox.failure import forbidden, unauthorized
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, name_of, namespace_of
from tools.sandbox.plane import ControlPlane

ADMIN_TOKEN = "sandbox-admin"
VIEWER_TOKEN = "sandbox-viewer"
_ADMINS = "system:masters"


@dataclass(frozen=True, slots=True)
class User:
    """A caller: a name and the groups it is in."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody wants to do to which resource."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
_KNOWN = {
    ADMIN_TOKEN: User("sandbox-admin", (_ADMINS, "system:authenticated")),
    VIEWER_TOKEN: User("sandbox-viewer", ("sandbox:viewers", "system:authenticated")),
}


class Access:
    """Answers who may do what, by the RBAC objects in the cluster."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        named = plane.kinds.named
        self._roles = named("rbac.authorization.k8s.io", "Role")
        self._cluster_roles = named("rbac.authorization.k8s.io", "ClusterRole")
        self._bindings = named("rbac.authorization.k8s.io", "RoleBinding")
        self._cluster_bindings = named("rbac.authorization.k8s.io", "ClusterRoleBinding")

    def identify(self, authorization: str) -> User:
        """The user behind an Authorization header. Raises `ApiFailure` (401).

        A token followed by `:NAME` is the same caller under another name, for faults that hit one
        of several callers and for telling them apart in the log.
        """
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        known, _, name = token.partition(":")
        user = _KNOWN.get(known) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return User(name, user.groups) if name else user

    def impersonate(self, user: User, name: str, groups: list[str]) -> User:
        """The user asked for by Impersonate headers. Raises `ApiFailure` (403)."""
        if not name:
            return user
        wanted = [("users", name), *(("groups", group) for group in groups)]
        for resource, who in wanted:
            self._check_impersonation(user, resource, who)
        return User(name, (*groups, "system:authenticated"))

    def _check_impersonation(self, user: User, resource: str, who: str) -> None:
        if not self.allows(user, Deed("impersonate", "", resource, name=who)):
            kind = Kind("", "v1", resource, resource, resource, False, frozenset(), (), ("", resource))
            raise forbidden(kind, who, _cannot(user, Deed("impersonate", "", resource)))

    def check(self, user: User, kind: Kind, deed: Deed) -> None:
        """Raises `ApiFailure` (403) when the user may not."""
        if not self.allows(user, deed):
            raise forbidden(kind, deed.name, _cannot(user, deed))

    def allows(self, user: User, deed: Deed) -> bool:
        if _ADMINS in user.groups:
            return True
        return any(_permits(rule, deed) for rule in self.rules(user, deed.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Manifest]:
        """The RBAC rules that hold for a user, cluster-wide and in a namespace."""
        bindings = list(self._plane.store.all(self._cluster_bindings))
        if namespace:
            bindings += self._plane.store.all(self._bindings, namespace)
        for binding in bindings:
            if any(_is_subject(subject, user) for subject in binding.get("subjects") or []):
                role = self._role(binding)
                yield from (role or {}).get("rules") or []

    def review(self, kind: Kind, body: Manifest, user: User) -> Manifest:
        """Answer an access review or a subject review."""
        answer = {**body, "kind": kind.name, "apiVersion": kind.api_version}
        answer["metadata"] = {**(body.get("metadata") or {}), "creationTimestamp": None}
        spec = body.get("spec") or {}
        if kind.name == "SelfSubjectReview":
            answer["status"] = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
        elif kind.name == "TokenReview":
            found = _KNOWN.get(spec.get("token", ""))
            info = {"username": found.name, "groups": list(found.groups)} if found else {}
            answer["status"] = {"authenticated": found is not None, "user": info}
        elif kind.name == "SelfSubjectRulesReview":
            answer["status"] = self._rules_status(user, spec.get("namespace", ""))
        else:
            if "user" in spec or "groups" in spec:
                user = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
            answer["status"] = self._access_status(
                user, spec, (body.get("metadata") or {}).get("namespace", "")
            )
        return answer

    def _access_status(self, user: User, spec: Manifest, namespace: str) -> Manifest:
        asked = spec.get("resourceAttributes")
        if asked is None:
            verb = (spec.get("nonResourceAttributes") or {}).get("verb")
            return {"allowed": _ADMINS in user.groups or verb == "get"}
        deed = Deed(
            verb=asked.get("verb", ""),
            group=asked.get("group", ""),
            resource=asked.get("resource", ""),
            namespace=asked.get("namespace", namespace),
            name=asked.get("name", ""),
            subresource=asked.get("subresource", ""),
        )
        return {"allowed": True} if self.allows(user, deed) else {"allowed": False}

    def _rules_status(self, user: User, namespace: str) -> Manifest:
        if _ADMINS in user.groups:
            everything: list[Manifest] = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
            return {
                "resourceRules": everything,
                "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                "incomplete": False,
            }
        reviews = {
            "verbs": ["create"],
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        }
        return {
            "resourceRules": [reviews, *self.rules(user, namespace)],
            "nonResourceRules": [
                {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/version", "/api", "/apis"]}
            ],
            "incomplete": False,
        }

    def _role(self, binding: Manifest) -> Manifest | None:
        reference = binding["roleRef"]
        if reference["kind"] == "ClusterRole":
            return self._plane.store.get(self._cluster_roles, "", reference["name"])
        return self._plane.store.get(self._roles, namespace_of(binding), reference["name"])


def seed_roles(plane: ControlPlane) -> None:
    """The usual cluster roles, and the binding of the read-only viewer."""
    named = plane.kinds.named
    roles, bindings = (
        named("rbac.authorization.k8s.io", word) for word in ("ClusterRole", "ClusterRoleBinding")
    )
    by_group: dict[str, set[str]] = {}
    for kind in plane.kinds.served():
        if kind.plural != "secrets":
            by_group.setdefault(kind.group, set()).add(kind.plural)
    by_group[""] |= {"pods/log", "pods/status"}
    for plural in ("deployments", "replicasets", "statefulsets"):
        by_group["apps"] |= {f"{plural}/scale", f"{plural}/status"}
    look = ["get", "list", "watch"]
    change = [*look, "create", "delete", "deletecollection", "patch", "update"]
    view = [
        {"apiGroups": [g], "resources": sorted(found), "verbs": look} for g, found in sorted(by_group.items())
    ]
    work = [{**rule, "verbs": change} for rule in view if rule["apiGroups"][0] != "rbac.authorization.k8s.io"]
    secrets = {"apiGroups": [""], "resources": ["secrets", "pods/eviction"], "verbs": change}
    for name, rules in (
        ("cluster-admin", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
        ("edit", [*work, secrets]),
        ("view", view),
    ):
        plane.create(roles, {"metadata": {"name": name}, "rules": rules})
    for name, role, group in (
        ("cluster-admin", "cluster-admin", _ADMINS),
        ("sandbox-viewers", "view", "sandbox:viewers"),
    ):
        plane.create(
            bindings,
            {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group}],
            },
        )


def _permits(rule: Mapping[str, list[str]], deed: Deed) -> bool:
    resources = set(rule.get("resources") or ())
    return bool(
        {"*", deed.verb} & set(rule.get("verbs") or ())
        and {"*", deed.group} & set(rule.get("apiGroups") or ())
        and {"*", deed.full_resource, f"*/{deed.subresource}"} & resources
        and (not rule.get("resourceNames") or deed.name in rule["resourceNames"])
    )


def _is_subject(subject: Manifest, user: User) -> bool:
    if subject["kind"] == "ServiceAccount":
        return (
            user.name
            == f"system:serviceaccount:{subject.get('namespace', '')}:{name_of({'metadata': subject})}"
        )
    return (
        subject["name"] in user.groups if subject["kind"] == "Group" else bool(subject["name"] == user.name)
    )


def _cannot(user: User, deed: Deed) -> str:
    where = f'in the namespace "{deed.namespace}"' if deed.namespace else "at the cluster scope"
    what = f'resource "{deed.full_resource}" in API group "{deed.group}"'
    return f'User "{user.name}" cannot {deed.verb} {what} {where}'
