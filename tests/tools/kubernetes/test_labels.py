"""Labels and annotations, key by key."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, bystander, until
from tools.errors import Forbidden, GateRefused, Invalid, NotFound
from tools.tool import Scope, Verdict

BOTH = pytest.mark.parametrize(
    ("tool", "part"), [("kubernetes_label", "labels"), ("kubernetes_annotate", "annotations")]
)
SETTINGS = {"kind": "configmap", "name": "settings"}


async def keys(lab: Lab, part: str) -> dict[str, str]:
    found = await lab.read("kubernetes_get", **SETTINGS)
    return dict(found.object["metadata"].get(part, {}))


@BOTH
async def test_keys_are_set_and_removed_one_by_one_and_undo_restores_their_values(
    lab: Lab, tool: str, part: str
) -> None:
    await lab.config_map("settings", {"a": "1"})
    await lab.carry_out(tool, **SETTINGS, set={"team": "shop", "tier": "web", "other": "stays"})
    args: dict[str, Any] = {**SETTINGS, "set": {"team": "search", "example.com/new": "1"}, "remove": ["tier"]}
    preview = await lab.carry_out(tool, **args)
    assert {change.path: (change.before, change.after) for change in preview.changes} == {
        f"metadata.{part}.team": ("shop", "search"),
        f"metadata.{part}[example.com/new]": (None, "1"),
        f"metadata.{part}.tier": ("web", None),
    }
    assert await keys(lab, part) == {"team": "search", "example.com/new": "1", "other": "stays"}
    undo = lab.undo(tool, preview, **args)
    assert undo is not None
    back = await lab.carry_out(undo.tool, **undo.args)
    assert (await lab.observe(undo.tool, back, **undo.args)).verdict is Verdict.HOLDS
    assert await keys(lab, part) == {"team": "shop", "tier": "web", "other": "stays"}


@BOTH
async def test_what_is_so_already_has_nothing_to_change_or_take_back(lab: Lab, tool: str, part: str) -> None:
    await lab.config_map("settings", {"a": "1"})
    preview = await lab.preview(tool, **SETTINGS, remove=["team"])
    assert preview.changes == ()
    assert lab.undo(tool, preview, **SETTINGS, remove=["team"]) is None


@BOTH
async def test_without_a_grant_no_key_is_set(lab: Lab, tool: str, part: str) -> None:
    await lab.config_map("settings", {"a": "1"})
    args: dict[str, Any] = {**SETTINGS, "set": {"team": "shop"}}
    preview = await lab.preview(tool, **args)
    found = lab.registry.write(tool)
    with pytest.raises(GateRefused):
        await found.run(found.parse(args), lab.scope)
    seen = await lab.observe(tool, preview, **args)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_where_only_some_keys_arrived_the_write_counts_as_arrived(lab: Lab) -> None:
    await lab.config_map("settings", {"a": "1"})
    both = {"kind": "configmap", "name": "settings", "set": {"one": "1", "two": "2"}}
    preview = await lab.preview("kubernetes_label", **both)
    assert (await lab.observe("kubernetes_label", preview, **both)).applied is False
    await lab.carry_out("kubernetes_label", kind="configmap", name="settings", set={"one": "1"})
    seen = await lab.observe("kubernetes_label", preview, **both)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, True)


async def test_the_server_refuses_a_value_no_label_may_have_and_names_the_field(lab: Lab) -> None:
    await lab.config_map("settings", {"a": "1"})
    with pytest.raises(Invalid, match=r"metadata\.labels"):
        await lab.preview("kubernetes_label", **SETTINGS, set={"team": "a value with spaces"})


async def test_a_key_is_either_set_or_removed_and_one_is_needed(lab: Lab) -> None:
    with pytest.raises(Invalid, match="both set and removed"):
        await lab.preview("kubernetes_label", **SETTINGS, set={"team": "shop"}, remove=["team"])
    with pytest.raises(Invalid, match="not said which labels"):
        await lab.preview("kubernetes_label", **SETTINGS)
    with pytest.raises(Invalid, match="does not accept"):
        await lab.preview("kubernetes_label", **SETTINGS, set={"-dash": "x"})


async def test_secrets_and_book_keeping_are_left_alone(lab: Lab) -> None:
    with pytest.raises(Invalid, match="Secret"):
        await lab.preview("kubernetes_label", kind="secret", name="db", set={"team": "shop"})
    key = "kubectl.kubernetes.io/last-applied-configuration"
    with pytest.raises(Invalid, match="book-keeping"):
        await lab.preview("kubernetes_annotate", **SETTINGS, remove=[key])


async def test_relabelling_a_pod_warns_of_the_owner_that_may_let_go_of_it(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)

    async def first() -> str:
        found = await lab.read("kubernetes_list", kind="pods")
        return str(found.rows[0][0]) if found.rows else ""

    name = await until(first)
    preview = await lab.preview("kubernetes_label", kind="pod", name=name, set={"app": "debug"})
    assert any("replicaset/web-" in warning for warning in preview.warnings)


async def test_a_mistyped_object_is_answered_with_near_names(lab: Lab) -> None:
    await lab.config_map("settings", {"a": "1"})
    with pytest.raises(NotFound) as caught:
        await lab.preview("kubernetes_annotate", kind="configmap", name="setings", set={"team": "shop"})
    assert "settings" in caught.value.hint


async def test_a_viewer_may_not_label(practice: Lab) -> None:
    await practice.config_map("settings", {"a": "1"})
    tool = practice.registry.write("kubernetes_label")
    with pytest.raises(Forbidden, match="patch configmaps settings"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({**SETTINGS, "set": {"team": "shop"}}), scope)


async def test_a_label_set_by_somebody_else_in_between_is_another_fingerprint(lab: Lab) -> None:
    await lab.config_map("settings", {"a": "1"})
    first = await lab.preview("kubernetes_label", **SETTINGS, set={"team": "shop"})
    await lab.carry_out("kubernetes_label", **SETTINGS, set={"team": "search"})
    second = await lab.preview("kubernetes_label", **SETTINGS, set={"team": "shop"})
    assert first.observed != second.observed
    assert first.changes != second.changes
