"""What the gate makes of a request: the known harmless is a read, everything else a write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.gate import Access
from tools.kubernetes.connection.api_path import Unreadable, access, parse

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
DRY = [("dryRun", "All")]
NO_OBJECTS = [("includeObject", "None")]

SHOP = "/api/v1/namespaces/shop"
APPS = "/apis/apps/v1/namespaces/shop"


@pytest.mark.parametrize(
    ("method", "path", "query", "verb", "resource", "namespace", "name"),
    [
        ("GET", f"{SHOP}/pods", [], "list", "pods", "shop", ""),
        ("GET", f"{SHOP}/pods", [("watch", "true")], "watch", "pods", "shop", ""),
        ("GET", f"{SHOP}/pods/web-1", [], "get", "pods", "shop", "web-1"),
        ("GET", f"{SHOP}/pods/web-1/log", [], "get", "pods/log", "shop", "web-1"),
        ("PATCH", f"{APPS}/deployments/web/scale", [], "patch", "deployments.apps/scale", "shop", "web"),
        ("PUT", f"{APPS}/deployments/web", [], "update", "deployments.apps", "shop", "web"),
        ("POST", f"{APPS}/deployments", [], "create", "deployments.apps", "shop", ""),
        ("DELETE", f"{APPS}/deployments/web", [], "delete", "deployments.apps", "shop", "web"),
        ("DELETE", f"{APPS}/deployments", [], "deletecollection", "deployments.apps", "shop", ""),
        ("GET", SHOP, [], "get", "namespaces", "", "shop"),
        ("PUT", f"{SHOP}/finalize", [], "update", "namespaces/finalize", "", "shop"),
        ("GET", "/api/v1/nodes/n1", [], "get", "nodes", "", "n1"),
        ("GET", "/apis/example.com/v1/widgets", [], "list", "widgets.example.com", "", ""),
    ],
)
def test_a_request_is_read_as_the_server_reads_it(
    method: str, path: str, query: list[tuple[str, str]], verb: str, resource: str, namespace: str, name: str
) -> None:
    asked = parse(method, path, query)
    assert (asked.verb, asked.resource, asked.namespace, asked.name) == (verb, resource, namespace, name)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1//pods",
        "/api/v1/namespaces/shop/pods/",
        "/api/v1/namespaces/shop/secrets%2Ftoken",
        "/api/v1/namespaces/shop/../kube-system/secrets",
        "/api/v1/./secrets",
        "/api/v1/watch/secrets",
        "/api/v1/watch/namespaces/shop/secrets",
        "/api/v1/proxy/nodes/n1",
        "/api/v1/namespaces/shop/pods/web/log/more",
        "/api/v1/namespaces/shop/pods\\web",
        "/api/v1/pods;x",
        "api/v1/pods",
        "",
        "/",
    ],
)
def test_a_path_with_two_readings_is_refused(path: str) -> None:
    with pytest.raises(Unreadable):
        parse("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", f"{SHOP}/pods", []),
        ("GET", f"{SHOP}/pods", [("watch", "1")]),
        ("GET", f"{APPS}/deployments/web/scale", []),
        ("GET", "/version", []),
        ("GET", "/apis", []),
        ("GET", "/openapi/v3/apis/apps/v1", []),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", []),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", []),
        ("PATCH", f"{APPS}/deployments/web", DRY),
        ("PATCH", f"{APPS}/deployments/web/scale", DRY),
        ("POST", f"{SHOP}/configmaps", DRY),
    ],
)
def test_reads_and_rehearsals_are_reads(method: str, path: str, query: list[tuple[str, str]]) -> None:
    assert access(parse(method, path, query), query) is Access.READ


def test_a_secret_is_a_read_only_as_cells_without_metadata() -> None:
    listed = parse("GET", f"{SHOP}/secrets")
    assert access(listed, NO_OBJECTS, TABLE) is Access.READ
    assert access(listed) is Access.SENSITIVE
    assert access(listed, [], TABLE) is Access.SENSITIVE
    assert access(listed, [("includeObject", "Metadata")], TABLE) is Access.SENSITIVE
    assert access(listed, NO_OBJECTS, f"{TABLE},application/json") is Access.SENSITIVE
    assert access(listed, [*NO_OBJECTS, ("includeObject", "Object")], TABLE) is Access.SENSITIVE
    assert access(listed, NO_OBJECTS, METADATA) is Access.SENSITIVE


def test_the_rehearsal_of_a_change_to_a_secret_would_reveal_it() -> None:
    assert access(parse("PATCH", f"{SHOP}/secrets/db", DRY), DRY) is Access.SENSITIVE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{SHOP}/secrets/db"),
        ("GET", f"{SHOP}/pods/web/exec"),
        ("POST", f"{SHOP}/pods/web/exec"),
        ("GET", f"{SHOP}/pods/web/attach"),
        ("GET", f"{SHOP}/pods/web/portforward"),
        ("GET", f"{SHOP}/services/web/proxy/admin"),
        ("POST", f"{SHOP}/serviceaccounts/ci/token"),
    ],
)
def test_what_reveals_or_tunnels_is_sensitive(method: str, path: str) -> None:
    assert access(parse(method, path)) is Access.SENSITIVE


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("POST", f"{SHOP}/services/web/proxy/admin", []),
        ("POST", f"{SHOP}/services/web/proxy/admin", DRY),
        ("DELETE", f"{SHOP}/pods/web", [("dryRun", "")]),
        ("PATCH", f"{APPS}/deployments/web", [("dryRun", "all")]),
        ("PATCH", f"{APPS}/deployments/web", [("dryRun", "All"), ("dryRun", "None")]),
        ("POST", f"{SHOP}/pods/web/eviction", DRY),
        ("DELETE", f"{SHOP}/pods", DRY),
        ("GET", "/apis/subresources.kubevirt.io/v1/namespaces/shop/virtualmachines/vm/console", []),
        ("GET", "/logs/kube-apiserver.log", []),
        ("POST", "/version", []),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", DRY),
        ("POST", f"{SHOP}/pods/web/binding", DRY),
        ("OPTIONS", f"{SHOP}/pods", []),
        ("HEAD", f"{SHOP}/secrets", []),
    ],
)
def test_everything_else_is_a_write(method: str, path: str, query: list[tuple[str, str]]) -> None:
    assert access(parse(method, path, query), query) is Access.WRITE


def test_a_dry_run_deletion_with_a_body_is_a_real_one() -> None:
    asked = parse("DELETE", f"{SHOP}/pods/web", DRY)
    assert access(asked, DRY, body=False) is Access.READ
    assert access(asked, DRY, body=True) is Access.WRITE


SEGMENT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=0, max_size=8)


@given(st.lists(SEGMENT, min_size=1, max_size=8), st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]))
def test_no_path_makes_a_changing_method_a_read(segments: list[str], method: str) -> None:
    path = "/" + "/".join(segments)
    try:
        asked = parse(method, path)
    except Unreadable:
        return
    reviews = asked.group in ("authorization.k8s.io", "authentication.k8s.io")
    assert reviews or access(asked) is not Access.READ


@given(st.lists(SEGMENT, min_size=1, max_size=8))
def test_a_readable_path_is_what_the_wire_carries(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    try:
        parse("GET", path)
    except Unreadable:
        return
    assert "%" not in path
    assert "" not in segments
    assert not {".", ".."} & set(segments)
