"""The path of a request through a Service: open where it is open, and every block named."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import forbidden, put, workload
from tools.errors import NotFound
from tools.kubernetes.reads.service_path import ServicePathOutput

PORTS = [{"name": "http", "containerPort": 8080}]


async def service(lab: Lab, name: str = "web", *, target: int | str = 8080, **spec: Any) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": target}]
    await put(lab, "v1", "Service", name, spec={"selector": {"app": name}, "ports": ports, **spec})


async def pods_there(lab: Lab, count: int, name: str = "web") -> ServicePathOutput:
    async def there() -> ServicePathOutput | None:
        found = await lab.read("kubernetes_service_path", name=name)
        assert isinstance(found, ServicePathOutput)
        return found if len(found.pods) == count else None

    return await until(there)


def causes(found: ServicePathOutput) -> str:
    return "\n".join(finding.cause for finding in found.findings)


async def test_an_open_path_has_endpoints_and_no_findings(pods: Lab) -> None:
    await workload(pods, "Deployment", "web", replicas=2, ports=PORTS)
    await service(pods, target="http")

    async def open_() -> ServicePathOutput | None:
        found = await pods.read("kubernetes_service_path", name="web")
        assert isinstance(found, ServicePathOutput)
        return found if found.ready_endpoints == 2 and not found.findings else None

    found = await until(open_)
    assert all(pod.ready and pod.in_endpoints for pod in found.pods)
    assert found.ports[0].target == "http"


async def test_a_selector_that_matches_nothing_names_the_label_that_differs(lab: Lab) -> None:
    await workload(lab, "Deployment", "web", replicas=1, ports=PORTS)
    await service(lab, selector={"app": "web-frontend"})

    async def said() -> bool:
        found = await lab.read("kubernetes_service_path", name="web")
        return "1 pod has app=web instead of web-frontend" in causes(found)

    assert await until(said)


async def test_a_port_name_no_container_has_is_found(lab: Lab) -> None:
    await workload(lab, "Deployment", "web", replicas=1, ports=PORTS)
    await service(lab, target="grpc")
    found = await pods_there(lab, 1)
    finding = next(entry for entry in found.findings if "called grpc" in entry.cause)
    assert finding.evidence[0].quote == "http=8080"
    assert finding.confidence == "high"


async def test_pods_that_are_not_ready_get_no_requests_and_say_why(practice: Lab) -> None:
    missing = "registry.shop.example/shop/no-such-program:1"
    await practice.deployment("web", image=missing, replicas=1)
    await service(practice)

    async def said() -> ServicePathOutput | None:
        found = await practice.read("kubernetes_service_path", name="web")
        assert isinstance(found, ServicePathOutput)
        return found if "ImagePullBackOff" in causes(found) else None

    found = await until(said)
    (pod,) = found.pods
    assert not pod.ready
    assert "ImagePullBackOff" in pod.why


async def test_an_ingress_that_asks_for_a_port_the_service_lacks_is_found(lab: Lab) -> None:
    await service(lab)
    backend = {"service": {"name": "web", "port": {"number": 8443}}}
    path = {"path": "/shop", "pathType": "Prefix", "backend": backend}
    rules = [{"host": "shop.example", "http": {"paths": [path]}}]
    await put(lab, "networking.k8s.io/v1", "Ingress", "front", spec={"rules": rules})
    found = await lab.read("kubernetes_service_path", name="web")
    (way,) = found.entrances
    assert way.takes == ("shop.example/shop",)
    assert "asks for port 8443, which the service does not have (it has 80, http)" in causes(found)
    assert "no controller gave it an address" in causes(found)


@pytest.mark.parametrize(
    ("ingress", "words"),
    [
        ([], "let nothing in"),
        ([{"ports": [{"port": 9000}]}], "do not open the pods' port 8080/http"),
        ([{"ports": [{"port": "http"}]}], "limit who may reach"),
        ([{"ports": [{"port": 8000, "endPort": 9000}]}], "limit who may reach"),
        ([{"from": [{"podSelector": {"matchLabels": {"app": "front"}}}]}], "limit who may reach"),
    ],
)
async def test_network_policies_that_select_the_pods_are_weighed(
    lab: Lab, ingress: list[dict[str, Any]], words: str
) -> None:
    await workload(lab, "Deployment", "web", replicas=1, ports=PORTS)
    await service(lab)
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": ingress}
    await put(lab, "networking.k8s.io/v1", "NetworkPolicy", "guard", spec=spec)
    other = {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]}
    await put(lab, "networking.k8s.io/v1", "NetworkPolicy", "elsewhere", spec=other)
    found = await pods_there(lab, 1)
    assert [policy.name for policy in found.policies] == ["guard"]
    assert words in causes(found)


async def test_what_may_not_be_read_is_said_and_not_guessed_about(practice: Lab) -> None:
    await service(practice)
    async with forbidden(practice, "pods", "endpointslices"):
        found = await practice.read("kubernetes_service_path", name="web")
    assert len(found.unseen) == 2
    assert "matches no running pod" not in causes(found)


async def test_a_missing_service_is_answered_with_near_names(lab: Lab) -> None:
    await service(lab, "checkout")
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_service_path", name="chekout")
    assert caught.value.near == ("checkout",)
