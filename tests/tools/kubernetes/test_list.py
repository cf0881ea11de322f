"""Lists with columns of one's own, counts by group, and pages."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab
from tests.tools.kubernetes.scenery import workload
from tools.errors import Invalid
from tools.kubernetes.reads.projecting import column, grouped

POD: Any = {
    "metadata": {"name": "web-1", "labels": {"app.kubernetes.io/name": "web"}},
    "spec": {
        "containers": [
            {"name": "app", "image": "web:1", "env": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
            {"name": "proxy", "image": "proxy:2"},
        ]
    },
    "status": {"conditions": [{"type": "Ready", "status": "True"}], "ready": True},
}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("metadata.name", "web-1"),
        (".metadata.name", "web-1"),
        ("spec.containers[*].image", "web:1,proxy:2"),
        ("spec.containers.image", "web:1,proxy:2"),
        ("spec.containers[1].name", "proxy"),
        ("spec.containers[-1].name", "proxy"),
        ("spec.containers[app].image", "web:1"),
        ("status.conditions[type=Ready].status", "True"),
        ("metadata.labels[app.kubernetes.io/name]", "web"),
        ("status.ready", "true"),
        ("spec.nowhere.at.all", ""),
        ("spec.containers[7].name", ""),
        ("spec.containers[-7].name", ""),
        ("spec.containers[app].env[DB_PASSWORD].value", "(hidden)"),
    ],
)
def test_a_path_finds_its_values(path: str, words: str) -> None:
    assert column(POD, path) == words


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[", "a]b", "[x"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="not a path"):
        column(POD, path)


def test_groups_come_with_the_greatest_first_and_those_without_a_value_count_too() -> None:
    objects: list[Any] = [{"spec": {"node": "a"}}, {"spec": {"node": "b"}}, {"spec": {"node": "b"}}, {}]
    assert [(group.value, group.count) for group in grouped(objects, "spec.node")] == [
        ("b", 2),
        ("", 1),
        ("a", 1),
    ]


async def test_columns_show_fields_of_the_objects(lab: Lab) -> None:
    for name, replicas in (("web", 0), ("db", 0)):
        await workload(lab, "Deployment", name, replicas=replicas)
    found = await lab.read(
        "kubernetes_list", kind="deploy", columns=["spec.replicas", "spec.template.spec.containers[*].name"]
    )
    assert found.columns == ("Name", "spec.replicas", "spec.template.spec.containers[*].name")
    assert found.rows == (("db", "0", "app"), ("web", "0", "app"))


async def test_objects_are_counted_by_a_label(lab: Lab) -> None:
    for name in ("web", "db"):
        await workload(lab, "Deployment", name)
    await lab.config_map("plain", {})
    found = await lab.read("kubernetes_list", kind="deploy", group_by="label:app")
    assert {(group.value, group.count) for group in found.groups} == {("web", 1), ("db", 1)}
    assert found.count == 2
    assert found.rows == ()


async def test_a_list_goes_on_where_its_page_ended(lab: Lab) -> None:
    names = {f"cm-{number}" for number in range(5)}
    for name in names:
        await lab.config_map(name, {"n": name})
    seen: list[str] = []
    page = ""
    while True:
        found = await lab.read("kubernetes_list", kind="cm", columns=["data.n"], limit=2, page=page)
        assert found.count <= 2
        seen += [row[0] for row in found.rows]
        page = found.next_page
        if not page:
            break
    assert names <= set(seen)
    assert len(seen) == len(set(seen))


async def test_fields_of_secrets_are_not_listed(lab: Lab) -> None:
    await lab.secret("db", {"password": "hunter2"})
    for args in ({"columns": ["data.password"]}, {"group_by": "data.password"}):
        with pytest.raises(Invalid, match="Fields of Secrets"):
            await lab.read("kubernetes_list", kind="secrets", **args)


async def test_columns_over_all_namespaces_say_where_each_object_lives(lab: Lab) -> None:
    await lab.config_map("one", {"a": "1"})
    found = await lab.read(
        "kubernetes_list", kind="cm", all_namespaces=True, columns=["data.a"], fields="metadata.name=one"
    )
    assert found.columns[:2] == ("Namespace", "Name")
    assert (lab.namespace, "one", "1") in found.rows


async def test_a_page_without_columns_is_refused(lab: Lab) -> None:
    with pytest.raises(Invalid, match="columns"):
        await lab.read("kubernetes_list", kind="cm", page="xyz")
