from __future__ import annotations

from tests.tools.sandbox.conftest import VIEWER, Client, config_map, deployment

PODS = "/api/v1/namespaces/lab/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/lab/deployments"
REVIEW = "/apis/authorization.k8s.io/v1"


async def test_without_a_token_nothing_is_shown(client: Client) -> None:
    answer = await client.send("GET", PODS, token="")
    assert answer.status == 403
    assert answer.message == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" '
        'in the namespace "lab"'
    )


async def test_a_wrong_token_is_unauthorized(client: Client) -> None:
    answer = await client.send("GET", PODS, token="expired")
    assert (answer.status, answer.message) == (401, "Unauthorized")


async def test_the_viewer_looks_and_changes_nothing(client: Client) -> None:
    await client.make(DEPLOYMENTS, deployment())
    assert (await client.send("GET", DEPLOYMENTS, token=VIEWER)).status == 200
    for method, path, body in (
        ("POST", DEPLOYMENTS, deployment("other")),
        ("DELETE", f"{DEPLOYMENTS}/web", None),
        ("PUT", f"{DEPLOYMENTS}/web", deployment()),
    ):
        assert (await client.send(method, path, body, token=VIEWER)).status == 403
    answer = await client.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 0}}, token=VIEWER)
    assert answer.message == (
        'deployments.apps "web" is forbidden: User "sandbox-viewer" cannot patch resource '
        '"deployments/scale" in API group "apps" in the namespace "lab"'
    )


async def test_the_viewer_sees_no_secrets(client: Client) -> None:
    answer = await client.send("GET", "/api/v1/namespaces/lab/secrets", token=VIEWER)
    assert answer.status == 403


async def test_an_access_review_agrees_with_what_happens(client: Client) -> None:
    for verb, token, allowed in (
        ("delete", VIEWER, False),
        ("get", VIEWER, True),
        ("delete", "sandbox-admin", True),
    ):
        spec = {"resourceAttributes": {"verb": verb, "resource": "pods", "namespace": "lab"}}
        answer = await client.send("POST", f"{REVIEW}/selfsubjectaccessreviews", {"spec": spec}, token=token)
        assert (answer.status, answer.body["status"]["allowed"]) == (201, allowed)


async def test_a_rules_review_lists_the_viewers_rights(client: Client) -> None:
    body = {"spec": {"namespace": "lab"}}
    answer = await client.send("POST", f"{REVIEW}/selfsubjectrulesreviews", body, token=VIEWER)
    verbs = {verb for rule in answer.body["status"]["resourceRules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch", "create"}
    assert not answer.body["status"]["incomplete"]


async def test_a_role_bound_in_one_namespace_holds_there_only(client: Client) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/lab"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]}
    await client.make(f"{rbac}/roles", {"metadata": {"name": "writer"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"}
    subjects = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "sandbox-viewer"}]
    body = {"metadata": {"name": "writer"}, "roleRef": reference, "subjects": subjects}
    await client.make(f"{rbac}/rolebindings", body)
    codes = [
        (
            await client.send("POST", f"/api/v1/namespaces/{ns}/configmaps", config_map("x"), token=VIEWER)
        ).status
        for ns in ("lab", "other")
    ]
    assert codes == [201, 403]


async def test_an_administrator_acts_as_somebody_else_and_a_viewer_does_not(client: Client) -> None:
    headers = {"Impersonate_User": "jane", "Impersonate_Group": "sandbox:viewers"}
    assert (await client.send("GET", PODS, **headers)).status == 200
    denied = await client.send("DELETE", PODS, **headers)
    assert denied.status == 403 and 'User "jane"' in denied.message
    refused = await client.send("GET", PODS, token=VIEWER, **headers)
    assert refused.message == (
        'users "jane" is forbidden: User "sandbox-viewer" cannot impersonate resource "users" '
        'in API group "" at the cluster scope'
    )
