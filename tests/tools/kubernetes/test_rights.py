"""Rights: who holds them, through which binding, and what the server says about our own."""

import pytest

from tests.tools.kubernetes.lab import Lab
from tests.tools.kubernetes.scenery import forbidden, put
from tools.errors import Invalid, NotFound
from tools.kubernetes.reads.granting import Deed
from tools.kubernetes.reads.rights import WhatCanIOutput, WhoCanOutput
from tools.tool import Scope

RBAC = "rbac.authorization.k8s.io"


async def let(lab: Lab, who: str, verbs: list[str], resources: list[str], **rule: list[str]) -> None:
    """A Role and its binding, both called after the one who gets the right."""
    rules = [{"verbs": verbs, "resources": resources, "apiGroups": [""], **rule}]
    await put(lab, f"{RBAC}/v1", "Role", who, rules=rules)
    subjects = [{"kind": "User", "name": who, "apiGroup": RBAC}]
    reference = {"kind": "Role", "name": who, "apiGroup": RBAC}
    await put(lab, f"{RBAC}/v1", "RoleBinding", who, subjects=subjects, roleRef=reference)


async def test_whoever_holds_a_right_is_named_with_binding_and_role(lab: Lab) -> None:
    await let(lab, "jane", ["get", "list"], ["pods", "pods/log"])
    await let(lab, "rob", ["create"], ["pods/exec"])
    found = await lab.read("kubernetes_who_can", verb="list", resource="po")
    local = [entry for entry in found.granted if entry.where == lab.namespace]
    (entry,) = local
    assert (entry.subject.kind, entry.subject.name) == ("User", "jane")
    assert (entry.binding, entry.role) == ("rolebinding/jane", "role/jane")
    masters = [entry for entry in found.granted if entry.subject.name == "system:masters"]
    assert masters[0].where == "everywhere"
    assert masters[0].binding.startswith("clusterrolebinding/")


async def test_with_no_place_named_everywhere_is_asked_and_said(lab: Lab) -> None:
    await let(lab, "jane", ["list"], ["pods"])
    tool = lab.registry.get("kubernetes_who_can")
    args = tool.parse({"verb": "list", "resource": "pods"})
    found = await tool.run(args, Scope(context=lab.scope.context))
    assert isinstance(found, WhoCanOutput)
    assert found.asked == "list pods in any namespace"
    assert (lab.namespace, "jane") in {(entry.where, entry.subject.name) for entry in found.granted}
    found = await lab.read("kubernetes_who_can", verb="list", resource="pods")
    assert found.asked == f"list pods in {lab.namespace}"


async def test_a_subresource_is_a_right_of_its_own(lab: Lab) -> None:
    await let(lab, "jane", ["create"], ["pods"])
    await let(lab, "rob", ["create"], ["pods/exec"])
    found = await lab.read("kubernetes_who_can", verb="create", resource="pods/exec")
    assert {entry.subject.name for entry in found.granted if entry.where == lab.namespace} == {"rob"}


async def test_a_right_to_one_object_says_to_which(lab: Lab) -> None:
    await let(lab, "jane", ["get"], ["configmaps"], resourceNames=["settings"])
    for name, holders in (("settings", {"jane"}), ("other", set()), ("", {"jane"})):
        found = await lab.read("kubernetes_who_can", verb="get", resource="cm", name=name)
        local = [entry for entry in found.granted if entry.where == lab.namespace]
        assert {entry.subject.name for entry in local} == holders
        assert all(entry.names == ("settings",) for entry in local)


async def test_a_binding_in_a_namespace_gives_no_right_to_nodes(lab: Lab) -> None:
    await let(lab, "jane", ["get"], ["nodes"])
    found = await lab.read("kubernetes_who_can", verb="get", resource="nodes")
    assert all(entry.where == "everywhere" for entry in found.granted)


async def test_where_roles_may_not_be_read_the_answer_says_so(practice: Lab) -> None:
    async with forbidden(practice, "rolebindings"):
        found = await practice.read("kubernetes_who_can", verb="get", resource="pods")
    assert any("rolebindings" in sentence for sentence in found.unseen)
    assert found.granted


async def test_a_resource_nobody_serves_is_answered_with_near_names(lab: Lab) -> None:
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_who_can", verb="get", resource="deploymets")
    assert "deployments" in caught.value.near


async def test_our_own_rights_are_the_servers_answer(lab: Lab) -> None:
    found = await lab.read("kubernetes_what_can_i", verb="create", resource="deploy")
    assert found.allowed is True
    assert found.asked == f"create deployments.apps in {lab.namespace}"
    assert found.user
    assert found.rights


async def test_a_viewers_rights_end_where_its_role_ends_and_name_the_binding(practice: Lab) -> None:
    viewer = next(info.name for info in practice.clusters.contexts() if "viewer" in info.name)
    tool = practice.registry.get("kubernetes_what_can_i")
    scope = Scope(context=viewer, namespace=practice.namespace)

    async def ask(verb: str, resource: str) -> WhatCanIOutput:
        found = await tool.run(tool.parse({"verb": verb, "resource": resource}), scope)
        assert isinstance(found, WhatCanIOutput)
        return found

    looking = await ask("list", "pods")
    assert looking.allowed is True
    (entry,) = looking.granted_by
    assert (entry.binding, entry.role) == ("clusterrolebinding/sandbox-viewers", "clusterrole/view")
    writing = await ask("delete", "pods")
    assert writing.allowed is False
    assert writing.granted_by == ()


async def test_with_nothing_asked_every_right_in_the_namespace_is_listed(practice: Lab) -> None:
    viewer = next(info.name for info in practice.clusters.contexts() if "viewer" in info.name)
    tool = practice.registry.get("kubernetes_what_can_i")
    found = await tool.run(tool.parse({}), Scope(context=viewer, namespace=practice.namespace))
    assert isinstance(found, WhatCanIOutput)
    assert found.allowed is None
    assert any("pods" in right.resources and "list" in right.verbs for right in found.rights)
    assert [entry.binding for entry in found.granted_by] == ["clusterrolebinding/sandbox-viewers"]


async def test_half_a_question_is_refused(lab: Lab) -> None:
    for args in ({"verb": "get"}, {"resource": "pods"}):
        with pytest.raises(Invalid):
            await lab.read("kubernetes_what_can_i", **args)


@pytest.mark.parametrize(
    ("deed", "allowed"),
    [
        (Deed("get", "", "pods"), True),
        (Deed("get", "", "pods/log"), False),
        (Deed("get", "apps", "pods"), False),
        (Deed("delete", "", "pods"), False),
    ],
)
def test_a_rule_permits_exactly_its_verbs_groups_and_resources(deed: Deed, allowed: bool) -> None:
    assert deed.allowed_by({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}) is allowed


def test_stars_permit_every_subresource() -> None:
    assert Deed("patch", "apps", "deployments/scale").allowed_by(
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*/scale"]}
    )
