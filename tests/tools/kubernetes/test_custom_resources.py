"""Custom resources: a kind that was added a moment ago is read, watched and changed like any other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.tools.kubernetes.definitions import Gadgets, gadgets
from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import change, put
from tests.tools.kubernetes.test_watching import View, follow
from tools.errors import Conflict, Invalid, NotFound
from tools.kubernetes.finding import OnClusters
from tools.kubernetes.live.together import watch_view
from tools.kubernetes.relations import Relation, relations_of
from tools.rows import FeedState, Health
from tools.tool import Verdict

FAILED = {"type": "Ready", "status": "False", "reason": "Broken", "message": "the spring is worn out"}


@pytest.fixture
async def added(lab: Lab) -> AsyncIterator[Gadgets]:
    async with gadgets(lab) as found:
        yield found


async def test_a_kind_added_meanwhile_is_known_by_all_its_names(lab: Lab) -> None:
    await lab.cluster.kinds.all()  # asked for before there was such a kind
    async with gadgets(lab) as added:
        words = (
            added.plural,
            added.kind,
            added.kind.lower(),
            added.short,
            added.definition,
            f"{added.kind}.{added.group}",
        )
        for word in words:
            assert (await lab.cluster.kinds.resolve(word)).resource == added.definition
    with pytest.raises(NotFound):
        await lab.read("kubernetes_list", kind=added.definition)


async def test_a_list_has_the_columns_its_definition_asks_for(added: Gadgets) -> None:
    await added.make("one", size=3)
    found = await added.lab.read("kubernetes_list", kind=added.short)
    assert found.columns == ("Name", "Size", "Ready", "Age")
    assert found.rows[0][:3] == ("one", "3", "")


async def test_it_is_got_with_the_defaults_of_its_schema(added: Gadgets) -> None:
    await added.make("one", size=3)
    found = await added.lab.read("kubernetes_get", kind=added.kind, name="one")
    assert found.object["spec"] == {"size": 3, "colour": "red"}


async def test_it_is_described_with_conditions_events_and_what_it_owns(added: Gadgets) -> None:
    lab = added.lab
    await added.make("one", size=3)
    await change(lab, added.definition, "one", {"status": {"conditions": [FAILED]}}, status=True)
    owner = (await lab.read("kubernetes_get", kind=added.kind, name="one")).object
    reference = {"apiVersion": added.api_version, "kind": added.kind, "name": "one"}
    reference["uid"] = owner["metadata"]["uid"]
    await lab.config_map("made-for-one", {})
    await change(lab, "cm", "made-for-one", {"metadata": {"ownerReferences": [reference]}})
    about = {**reference, "namespace": lab.namespace}
    await put(
        lab, "v1", "Event", "one.1", involvedObject=about, reason="Worn", message="needs oil", type="Warning",
        source={"component": "gadget-operator"}, lastTimestamp="2026-01-01T00:00:00Z", count=1,
    )  # fmt: skip
    found = await lab.read("kubernetes_describe", kind=added.kind, name="one")
    assert [(entry.type, entry.status, entry.reason) for entry in found.conditions] == [
        ("Ready", "False", "Broken")
    ]
    assert found.owned == ("configmap/made-for-one",)
    assert [entry.reason for entry in found.events] == ["Worn"]


async def test_related_objects_follow_owner_references_both_ways_and_the_names_in_its_spec(
    added: Gadgets,
) -> None:
    lab = added.lab
    await added.make("parent", size=1, configMapName="settings")
    uid = (await lab.read("kubernetes_get", kind=added.kind, name="parent")).object["metadata"]["uid"]
    owner = {"apiVersion": added.api_version, "kind": added.kind, "name": "parent", "uid": uid}
    await added.make("child", size=1)
    await change(lab, added.definition, "child", {"metadata": {"ownerReferences": [owner]}})
    await change(lab, added.definition, "child", {"status": {"conditions": [FAILED]}}, status=True)

    async def related(name: str) -> set[tuple[Relation, str, str, str, bool]]:
        target = await OnClusters(lab.clusters).target(added.kind, name, "", lab.scope)
        found = await relations_of(target, await target.read())
        assert found.troubles == ()
        return {(entry.relation, entry.kind, entry.name, entry.words, entry.healthy) for entry in found.found}

    word = added.kind.lower()
    assert await related("parent") == {
        (Relation.OWNED, word, "child", "not ready: Broken: the spring is worn out", False),
        (Relation.USES, "configmap", "settings", "field configMapName", True),
    }
    assert await related("child") == {(Relation.OWNER, word, "parent", "", True)}


async def test_its_trouble_is_explained_by_what_it_says_of_itself(added: Gadgets) -> None:
    lab = added.lab
    await added.make("one", size=3)
    healthy = await lab.read("kubernetes_diagnose", kind=added.kind, name="one")
    assert healthy.findings == ()
    await change(lab, added.definition, "one", {"status": {"conditions": [FAILED]}}, status=True)
    (finding,) = (await lab.read("kubernetes_diagnose", kind=added.kind, name="one")).findings
    assert finding.cause == "It says that it is not ready: Broken: the spring is worn out."
    assert [(entry.what, entry.quote) for entry in finding.evidence] == [
        ("condition Ready", "False, Broken: the spring is worn out")
    ]


async def test_it_is_applied_with_a_diff_observed_and_taken_back(added: Gadgets) -> None:
    lab = added.lab
    await lab.carry_out("kubernetes_apply", manifest=added.manifest("one", size=3))
    args = {"manifest": added.manifest("one", size=5)}
    preview = await lab.carry_out("kubernetes_apply", **args)
    assert [(change.path, change.before, change.after) for change in preview.changes] == [("spec.size", 3, 5)]
    seen = await lab.observe("kubernetes_apply", preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.HOLDS, True)
    undo = lab.undo("kubernetes_apply", preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.read("kubernetes_get", kind=added.kind, name="one")).object["spec"]["size"] == 3


async def test_fields_of_another_owner_are_not_applied_over(added: Gadgets) -> None:
    await added.make("one", size=3)
    with pytest.raises(Conflict, match=r"spec\.size"):
        await added.lab.preview("kubernetes_apply", manifest=added.manifest("one", size=5))


async def test_what_its_schema_refuses_names_the_field(added: Gadgets) -> None:
    with pytest.raises(Invalid, match=r"spec\.size"):
        await added.lab.preview("kubernetes_apply", manifest=added.manifest("one", size="large"))
    with pytest.raises(Invalid, match=r"spec\.size"):
        await added.lab.preview("kubernetes_create", manifest=added.manifest("one", colour="blue"))


PATCHES: list[Any] = [{"spec": {"size": 9}}, [{"op": "replace", "path": "/spec/size", "value": 9}]]


@pytest.mark.parametrize("patch", PATCHES, ids=["merge", "json"])
async def test_either_patch_arrives_and_is_taken_back(added: Gadgets, patch: Any) -> None:
    lab = added.lab
    await added.make("one", size=3)
    args = {"kind": added.kind, "name": "one", "patch": patch}
    preview = await lab.carry_out("kubernetes_patch", **args)
    assert [(change.path, change.after) for change in preview.changes] == [("spec.size", 9)]
    undo = lab.undo("kubernetes_patch", preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.read("kubernetes_get", kind=added.kind, name="one")).object["spec"]["size"] == 3


MARKS = [("kubernetes_label", "labels"), ("kubernetes_annotate", "annotations")]


@pytest.mark.parametrize(("tool", "field"), MARKS)
async def test_labels_and_annotations_are_set_and_taken_back(added: Gadgets, tool: str, field: str) -> None:
    lab = added.lab
    await added.make("one", size=3)
    args: dict[str, Any] = {"kind": added.kind, "name": "one", "set": {"team": "shop"}}
    preview = await lab.carry_out(tool, **args)
    found = (await lab.read("kubernetes_get", kind=added.kind, name="one")).object
    assert found["metadata"][field] == {"team": "shop"}
    undo = lab.undo(tool, preview, **args)
    assert undo is not None
    await lab.carry_out(undo.tool, **undo.args)
    found = (await lab.read("kubernetes_get", kind=added.kind, name="one")).object
    assert field not in found["metadata"]


async def test_a_deletion_counts_what_goes_along_and_promises_no_way_back(added: Gadgets) -> None:
    lab = added.lab
    await added.make("one", size=3)
    uid = (await lab.read("kubernetes_get", kind=added.kind, name="one")).object["metadata"]["uid"]
    owner = {"apiVersion": added.api_version, "kind": added.kind, "name": "one", "uid": uid}
    await lab.config_map("made-for-one", {})
    await change(lab, "cm", "made-for-one", {"metadata": {"ownerReferences": [owner]}})
    args = {"kind": added.short, "name": "one"}
    preview = await lab.carry_out("kubernetes_delete", **args)
    assert preview.objects == 2
    assert any("no way back" in warning for warning in preview.warnings)
    assert lab.undo("kubernetes_delete", preview, **args) is None
    assert (await lab.settled("kubernetes_delete", preview, **args)).verdict is Verdict.HOLDS


async def test_deleting_a_definition_counts_its_objects(added: Gadgets) -> None:
    for name in ("one", "two"):
        await added.make(name, size=3)
    preview = await added.lab.preview(
        "kubernetes_delete", kind="customresourcedefinition", name=added.definition
    )
    assert preview.objects == 3
    assert any("All objects of the kind" in warning for warning in preview.warnings)


async def test_two_of_them_are_compared(added: Gadgets) -> None:
    await added.make("one", size=3)
    await added.make("two", size=4)
    found = await added.lab.read("kubernetes_compare", kind=added.kind, name="one", other_name="two")
    assert [(change.path, change.before, change.after) for change in found.changes] == [("spec.size", 3, 4)]


async def test_its_changes_are_among_the_recent_ones_unasked(added: Gadgets) -> None:
    await added.make("one", size=3)
    found = await added.lab.read("kubernetes_recent_changes", events=False)
    assert (f"{added.kind.lower()}/one", "created") in {(entry.object, entry.what) for entry in found.changes}


async def test_a_view_of_it_is_live_under_its_own_columns(added: Gadgets) -> None:
    lab = added.lab
    await added.make("one", size=3)

    async def listed_and_changed(view: View) -> None:
        if view.states[-1:] == [FeedState.LIVE] and len(view.rows) == 1 and not changed:
            changed.append(True)
            await change(lab, added.definition, "one", {"spec": {"size": 4}})
            await change(lab, added.definition, "one", {"status": {"conditions": [FAILED]}}, status=True)

    changed: list[bool] = []
    view = View()
    changes = watch_view(
        lab.clusters, added.short, contexts=(lab.cluster.context,), namespaces=(lab.namespace,)
    )
    try:
        async for batch in changes:
            view.take(batch)
            await listed_and_changed(view)
            rows = list(view.rows.values())
            if rows and rows[0].cells[1:3] == ("4", "False"):
                break
    finally:
        await changes.aclose()
    assert view.columns == ("Name", "Size", "Ready", "Age")
    assert (rows[0].kind, rows[0].name, rows[0].health) == (added.kind, "one", Health.BAD)


async def test_a_kind_that_shares_its_name_with_a_built_in_one_is_told_apart(practice: Lab) -> None:
    group = f"k{practice.namespace.rpartition('-')[2]}.example.com"
    names = {"plural": "services", "singular": "service", "kind": "Service"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": versions}
    name = f"services.{group}"
    await put(
        practice, "apiextensions.k8s.io/v1", "CustomResourceDefinition", name, cluster_wide=True, spec=spec
    )
    kinds = practice.cluster.kinds

    async def served() -> bool:
        try:
            return (await kinds.resolve(name)).group == group
        except NotFound:
            return False

    await until(served)
    await put(practice, f"{group}/v1", "Service", "web", spec={})
    assert (await kinds.resolve("service")).group == ""
    target = await OnClusters(practice.clusters).target(name, "web", "", practice.scope)
    assert str(target) == f"service.{group}/web in {practice.namespace}"
    scope = {"contexts": (practice.cluster.context,), "namespaces": (practice.namespace,)}
    view = await follow(watch_view(practice.clusters, name, **scope), lambda view: bool(view.rows))
    assert [row.kind for row in view.rows.values()] == [f"Service.{group}"]
    deletion = {"kind": "customresourcedefinitions", "name": name}
    await practice.carry_out("kubernetes_delete", **deletion)
