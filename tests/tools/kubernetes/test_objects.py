"""What counts as a change, and what counts as the same object."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.tools.kubernetes.lab import deployment
from tools.kubernetes.objects import changes, fingerprint, manifest_of, readable
from tools.kubernetes.writes.field_ownership import owned_values, restricted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["spec", "data", "metadata", "status"]), JSON, max_size=4)


def live(name: str = "web") -> dict[str, Any]:
    obj = deployment(name)
    obj["metadata"] |= {
        "uid": "u-1",
        "generation": 3,
        "resourceVersion": "77",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "annotations": {"deployment.kubernetes.io/revision": "2"},
    }
    obj["status"] = {"readyReplicas": 2}
    return obj


def test_list_entries_are_matched_by_name_not_by_place() -> None:
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}
    after = {"containers": [{"name": "b", "image": "1"}, {"name": "a", "image": "2"}]}
    (change,) = changes(before, after)
    assert (change.path, change.before, change.after) == ("containers[a].image", "1", "2")


def test_ports_are_matched_by_number_and_keys_with_dots_are_bracketed() -> None:
    before = {"ports": [{"containerPort": 80}], "annotations": {"x": "1"}}
    after = {"ports": [{"containerPort": 80, "name": "web"}], "annotations": {"x": "1", "a.b/c": "1"}}
    assert [change.path for change in changes(before, after)] == ["annotations[a.b/c]", "ports[80].name"]


def test_the_servers_own_fields_are_no_change() -> None:
    before, after = live(), live()
    after["metadata"] |= {"resourceVersion": "99", "generation": 4, "managedFields": []}
    after["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
    after["status"] = {"readyReplicas": 0}
    assert changes(before, after) == ()


def test_a_new_object_is_shown_leaf_by_leaf() -> None:
    paths = {change.path for change in changes(None, deployment("web"))}
    assert "spec.template.spec.containers[app].image" in paths
    assert "spec.replicas" in paths


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(obj: dict[str, Any]) -> None:
    assert changes(obj, deepcopy(obj)) == ()


@given(OBJECTS, OBJECTS)
def test_changes_the_other_way_round_are_the_mirror_image(one: dict[str, Any], two: dict[str, Any]) -> None:
    there = [(change.path, change.before, change.after) for change in changes(one, two)]
    back = [(change.path, change.after, change.before) for change in changes(two, one)]
    assert there == back


def test_the_fingerprint_ignores_status_and_sees_intent() -> None:
    first = fingerprint(live())
    moved = live()
    moved["status"] = {"readyReplicas": 0}
    moved["metadata"]["resourceVersion"] = "99"
    assert fingerprint(moved) == first
    for path, value in (
        (("spec", "replicas"), 9),
        (("metadata", "uid"), "u-2"),
        (("metadata", "labels"), {}),
    ):
        changed = live()
        changed[path[0]][path[1]] = value
        assert fingerprint(changed) != first


def test_a_secret_is_readable_without_its_values() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "db",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"},
        },
        "data": {"password": "aHVudGVyMg=="},
        "stringData": {"user": "hunter2"},
    }
    shown = str(readable(secret))
    assert "hunter2" not in shown
    assert "aHVudGVyMg" not in shown
    assert "password" in shown


def test_a_manifest_has_nothing_only_a_server_can_write() -> None:
    manifest = manifest_of(live())
    assert "status" not in manifest
    assert manifest["metadata"] == {"name": "web", "labels": {"app": "web"}}
    assert manifest["spec"] == live()["spec"]


def test_what_a_manager_owns_is_read_from_its_fields() -> None:
    obj: dict[str, Any] = {
        "metadata": {
            "labels": {"app": "web", "tier": "front"},
            "managedFields": [
                {"manager": "other", "operation": "Apply", "fieldsV1": {"f:data": {}}},
                {
                    "manager": "me",
                    "operation": "Apply",
                    "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {'v:"keep"': {}}},
                        "f:spec": {
                            "f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}, "f:name": {}}}
                        },
                    },
                },
            ],
            "finalizers": ["keep", "theirs"],
        },
        "spec": {"containers": [{"name": "a", "image": "1", "tty": True}, {"name": "b", "image": "2"}]},
    }
    assert owned_values(obj, "me") == {
        "metadata": {"labels": {"app": "web"}, "finalizers": ["keep"]},
        "spec": {"containers": [{"name": "a", "image": "1"}]},
    }
    assert owned_values(obj, "nobody") is None


def test_the_undoing_manifest_has_old_values_and_no_additions() -> None:
    before = {
        "metadata": {"name": "c", "namespace": "shop", "uid": "u"},
        "spec": {"containers": [{"name": "a", "image": "1", "tty": True}], "replicas": 2},
    }
    manifest = {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"name": "c"},
        "spec": {"containers": [{"name": "a", "image": "2"}, {"name": "new"}], "paused": True},
    }
    assert restricted(before, manifest, {"data": {"kept": "1"}}) == {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"name": "c", "namespace": "shop"},
        "spec": {"containers": [{"name": "a", "image": "1"}]},
        "data": {"kept": "1"},
    }
