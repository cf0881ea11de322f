"""kubernetes_who_can and kubernetes_what_can_i: who may do something, and what we may do ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from tools.errors import Invalid, NotFound, ToolError, Unreachable
from tools.kubernetes.fields import Json, mapping, mappings, text
from tools.kubernetes.finding import OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.granting import Deed, Granted, Rbac, words
from tools.kubernetes.reads.looking import Looking
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

BEYOND_RBAC = (
    "Members of system:masters may do everything whatever RBAC says; webhook and node authorizers,"
    " if there are any, cannot be looked into."
)
_REVIEWS = "/apis/authorization.k8s.io/v1"
_SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

Verb = Annotated[
    str,
    Field(
        max_length=63, pattern=r"^([a-z]+|\*)?$", description="API verb: get, list, create, patch, delete, …"
    ),
]
Resource = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([A-Za-z0-9][A-Za-z0-9.-]*(/[a-z]+)?)?$",
        description="Resource in any spelling, with its subresource if one is meant: pods, deploy, pods/exec.",
    ),
]
ObjectName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._:-]*)?$",
        description="One object; empty for any.",
    ),
]


class WhoCanArgs(Arguments):
    verb: Annotated[Verb, Field(min_length=1)]
    resource: Annotated[Resource, Field(min_length=1)]
    name: ObjectName = ""
    namespace: OptionalNamespace = ""
    all_namespaces: Annotated[
        bool, Field(description="Bindings of every namespace; so too where none is given.")
    ] = False


class WhoCanOutput(BaseModel):
    asked: str
    context: str
    granted: tuple[Granted, ...]
    note: str = BEYOND_RBAC
    unseen: tuple[str, ...] = ()


class KubernetesWhoCan(OnClusters, Tool[WhoCanArgs, WhoCanOutput]):
    """Reads the RBAC objects: whoever can be found in them, with the binding and the role."""

    name = "kubernetes_who_can"
    summary = "Who may do a verb on a resource, and which binding and role grant it."
    Args = WhoCanArgs
    Output = WhoCanOutput

    async def run(self, args: WhoCanArgs, scope: Scope) -> WhoCanOutput:
        cluster = await self._clusters.cluster(scope.context)
        deed, namespaced = await _deed(cluster, args.verb, args.resource, args.name)
        everywhere = args.all_namespaces or not (args.namespace or scope.namespace)
        namespace = "" if everywhere or not namespaced else working_namespace(args.namespace, scope)
        looking = Looking(cluster)
        rbac = Rbac(looking)
        await rbac.read(namespace)
        granted = rbac.granted(deed)
        if not namespaced:  # a binding inside a namespace gives no right outside of it
            granted = [entry for entry in granted if entry.where == "everywhere"]
        order = sorted(
            granted, key=lambda entry: (entry.where != "everywhere", entry.subject.kind, entry.subject.name)
        )
        return WhoCanOutput(
            asked=_words(deed, namespace, everywhere and namespaced),
            context=cluster.context,
            granted=tuple(order),
            unseen=tuple(looking.unseen),
        )


class WhatCanIArgs(Arguments):
    verb: Verb = ""
    resource: Resource = ""
    name: ObjectName = ""
    namespace: OptionalNamespace = ""


class Right(BaseModel):
    """Verbs on resources of API groups; names restrict them to these objects."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...]
    groups: tuple[str, ...]
    names: tuple[str, ...] = ()


class WhatCanIOutput(BaseModel):
    user: str
    groups: tuple[str, ...]
    context: str
    namespace: str
    asked: str = ""
    allowed: bool | None = None
    """The server's own answer to what was asked; None when nothing was."""
    reason: str = ""
    rights: tuple[Right, ...]
    """All that hold in the namespace, cluster-wide ones included."""
    incomplete: str = ""
    """Why the list of rights may lack some."""
    granted_by: tuple[Granted, ...]
    """Bindings that give what was asked, or with nothing asked all that name us; as far as they may be read."""
    unseen: tuple[str, ...] = ()
    reads_as: str = ""
    """Whom reads go out as, where that is not `user`; writes go out as `user`."""


class KubernetesWhatCanI(OnClusters, Tool[WhatCanIArgs, WhatCanIOutput]):
    """Asks the server (access review, rules review), and looks for the bindings behind the answer."""

    name = "kubernetes_what_can_i"
    summary = (
        "What we ourselves may do in a namespace, or whether one verb on one resource is allowed, and why."
    )
    Args = WhatCanIArgs
    Output = WhatCanIOutput

    async def run(self, args: WhatCanIArgs, scope: Scope) -> WhatCanIOutput:
        if bool(args.verb) != bool(args.resource):
            raise Invalid("Give a verb together with a resource, or neither, to see every right.")
        cluster = await self._clusters.cluster(scope.context)
        namespace = working_namespace(args.namespace, scope)
        looking = Looking(cluster)
        user, groups = await _self(cluster, looking)
        rules = await _ask(cluster, f"{_REVIEWS}/selfsubjectrulesreviews", {"namespace": namespace})
        rbac = Rbac(looking)
        await rbac.read(namespace)
        answer = WhatCanIOutput(
            user=user,
            groups=groups,
            context=cluster.context,
            namespace=namespace,
            rights=tuple(_right(rule) for rule in mappings(rules, "status", "resourceRules")),
            incomplete=_incomplete(rules),
            granted_by=tuple(rbac.naming(user, groups)),
            reads_as=cluster.reads_as,
        )
        if args.verb:
            deed, namespaced = await _deed(cluster, args.verb, args.resource, args.name)
            where = namespace if namespaced else ""
            status = mapping(await _review(cluster, deed, where), "status")
            answer = answer.model_copy(
                update={
                    "asked": _words(deed, where),
                    "allowed": status.get("allowed") is True,
                    "reason": plain(text(status, "reason") or text(status, "evaluationError")),
                    "granted_by": tuple(
                        entry
                        for entry in rbac.granted(deed)
                        if entry.subject.is_one(user, groups) and (namespaced or entry.where == "everywhere")
                    ),
                    "rights": tuple(
                        _right(rule)
                        for rule in mappings(rules, "status", "resourceRules")
                        if deed.allowed_by(rule)
                    ),
                }
            )
        return answer.model_copy(update={"unseen": tuple(looking.unseen)})


async def _who_we_are(cluster: Cluster) -> Json:
    return (
        await cluster.send("POST", _SELF, body=_body("authentication.k8s.io", "SelfSubjectReview"))
    ).json()


async def _self(cluster: Cluster, looking: Looking) -> tuple[str, tuple[str, ...]]:
    try:
        review = await looking.patiently(lambda: _who_we_are(cluster))
    except Unreachable:  # trouble with the whole cluster, not with this one question
        raise
    except ToolError as error:
        looking.unseen.append(f"our own name: {error.message}")
        return "", ()
    return plain(text(review, "status", "userInfo", "username")), words(
        review, "status", "userInfo", "groups"
    )


async def _ask(cluster: Cluster, path: str, spec: Json) -> Json:
    kind = "SelfSubjectAccessReview" if path.endswith("accessreviews") else "SelfSubjectRulesReview"
    body = _body("authorization.k8s.io", kind) | {"spec": spec}
    return (await cluster.send("POST", path, body=body)).json()


async def _review(cluster: Cluster, deed: Deed, namespace: str) -> Json:
    resource, _, sub = deed.resource.partition("/")
    attributes: Json = {"verb": deed.verb, "group": deed.group, "resource": resource, "namespace": namespace}
    attributes |= {"name": deed.name} if deed.name else {}
    attributes |= {"subresource": sub} if sub else {}
    return await _ask(cluster, f"{_REVIEWS}/selfsubjectaccessreviews", {"resourceAttributes": attributes})


def _body(group: str, kind: str) -> Json:
    return {"apiVersion": f"{group}/v1", "kind": kind}


async def _deed(cluster: Cluster, verb: str, resource: str, name: str) -> tuple[Deed, bool]:
    """What is asked, and whether it happens inside a namespace.

    A resource that exists for RBAC only (`users`, to impersonate) is taken as it is written.
    """
    word, slash, sub = resource.partition("/")
    try:
        known = await cluster.kinds.resolve(word)
    except NotFound:
        if verb in ("impersonate", "use", "bind", "escalate", "*"):
            plural, _, group = word.partition(".")
            return Deed(verb, group, plural + slash + sub, name), False
        raise
    return Deed(verb, known.group, known.plural + slash + sub, name), known.namespaced


def _right(rule: Json) -> Right:
    return Right(
        verbs=words(rule, "verbs"),
        resources=words(rule, "resources"),
        groups=words(rule, "apiGroups"),
        names=words(rule, "resourceNames"),
    )


def _incomplete(rules: Json) -> str:
    if mapping(rules, "status").get("incomplete") is not True:
        return ""
    why = plain(text(rules, "status", "evaluationError"))
    return f"The server could not list every right{f': {why}' if why else ''}."


def _words(deed: Deed, namespace: str, everywhere: bool = False) -> str:
    named = f" {deed.name}" if deed.name else ""
    kind = f"{deed.resource}.{deed.group}" if deed.group and "/" not in deed.resource else deed.resource
    where = " in any namespace" if everywhere else f" in {namespace}" if namespace else ""
    return f"{deed.verb} {kind}{named}{where}"
