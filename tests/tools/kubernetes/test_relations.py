"""What belongs to an object, told from its own fields and from what points to it."""

from __future__ import annotations

from tests.tools.kubernetes.lab import Lab, deployment, until
from tools.kubernetes.fields import mapping
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.named_objects import named_objects
from tools.kubernetes.relations import Related, Relation, Relations, relations_of


async def target_of(lab: Lab, kind: str, name: str, context: str = "") -> Target:
    scope = lab.scope.model_copy(update={"context": context or lab.scope.context})
    return await OnClusters(lab.clusters).target(kind, name, "", scope)


async def relations(lab: Lab, kind: str, name: str) -> Relations:
    target = await target_of(lab, kind, name)
    return await relations_of(target, await target.read())


def words(found: Relations) -> set[tuple[str, str]]:
    return {(entry.relation.value, entry.kind) for entry in found.found}


async def shop(lab: Lab) -> None:
    """A Deployment with a Service, an Ingress and an autoscaler before it."""
    where = lab.namespace
    await lab.deployment("web")
    service = {"ports": [{"port": 80, "targetPort": 8080}], "selector": {"app": "web"}}
    await lab.create(
        "services", f"/api/v1/namespaces/{where}/services",
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}, "spec": service},
    )  # fmt: skip
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    path = {"path": "/shop", "pathType": "Prefix", "backend": backend}
    rules = [{"host": "shop.example", "http": {"paths": [path]}}]
    await lab.create(
        "ingresses.networking.k8s.io", f"/apis/networking.k8s.io/v1/namespaces/{where}/ingresses",
        {
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "door"},
            "spec": {"rules": rules},
        },
    )  # fmt: skip
    chosen = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await lab.create(
        "horizontalpodautoscalers.autoscaling",
        f"/apis/autoscaling/v2/namespaces/{where}/horizontalpodautoscalers",
        {
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"scaleTargetRef": chosen, "minReplicas": 2, "maxReplicas": 4},
        },
    )  # fmt: skip


async def test_a_workload_knows_what_it_owns_and_what_leads_to_it(lab: Lab) -> None:
    await shop(lab)

    async def complete() -> Relations | None:
        found = await relations(lab, "deployment", "web")
        return found if (Relation.OWNED.value, "replicaset") in words(found) else None

    found = await until(complete)
    assert {
        ("leads here", "service"),
        ("leads here", "ingress"),
        ("scaled by", "horizontalpodautoscaler"),
    } <= words(found)
    door = next(entry for entry in found.found if entry.kind == "ingress")
    assert (door.name, door.words) == ("door", "shop.example/shop → front")
    assert found.troubles == ()


async def test_a_pod_knows_its_owners_up_to_the_workload(pods: Lab) -> None:
    await shop(pods)

    async def pod() -> str:
        found = await relations(pods, "deployment", "web")
        return next((entry.name for entry in found.found if entry.kind == "pod"), "")

    found = await relations(pods, "pod", await until(pod))
    owners = [entry.kind for entry in found.found if entry.relation is Relation.OWNER]
    assert owners == ["replicaset", "deployment"]
    assert ("leads here", "ingress") in words(found)


async def test_the_way_is_known_from_its_other_ends_too(lab: Lab) -> None:
    await shop(lab)
    service = await relations(lab, "service", "front")
    ingress = await relations(lab, "ingress", "door")
    scaler = await relations(lab, "hpa", "web")
    assert ("leads here", "ingress") in words(service)
    assert Related(Relation.SERVES, "service", "front", lab.namespace, "shop.example/shop") in ingress.found
    assert ("leads to", "deployment") in words(scaler)


async def test_an_owner_that_is_gone_is_named_as_gone(practice: Lab) -> None:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "ghost",
        "uid": "gone",
        "controller": True,
    }
    await practice.deployment("web")
    target = await target_of(practice, "deployment", "web")
    obj = await target.read()
    obj = {**obj, "metadata": {**mapping(obj, "metadata"), "ownerReferences": [owner]}}
    found = await relations_of(target, obj)
    assert found.found[0].words == "is gone" and not found.found[0].healthy


def test_config_secrets_claims_and_accounts_are_named_once_each() -> None:
    body = deployment("web")
    spec = body["spec"]["template"]["spec"]
    spec["serviceAccountName"] = "runner"
    spec["volumes"] = [
        {"name": "conf", "configMap": {"name": "web-conf"}},
        {"name": "disk", "persistentVolumeClaim": {"claimName": "web-disk"}},
        {"name": "all", "projected": {"sources": [{"secret": {"name": "token"}}]}},
    ]
    spec["containers"][0]["envFrom"] = [{"secretRef": {"name": "token"}}]
    named = {
        (entry.kind, entry.name)
        for entry in named_objects("Deployment", {**body, "metadata": {"namespace": "shop"}})
    }
    assert named == {
        ("configmap", "web-conf"), ("persistentvolumeclaim", "web-disk"), ("secret", "token"),
        ("serviceaccount", "runner"),
    }  # fmt: skip
    assert named_objects("Deployment", {"spec": {"template": "broken"}}) == []
