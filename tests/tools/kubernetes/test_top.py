"""Use of pods and nodes: measured where it can be, requests and limits always."""

from decimal import Decimal

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import forbidden, workload
from tools.errors import Invalid, NotFound
from tools.kubernetes.pod_resources import pod_amounts
from tools.kubernetes.quantity import amount, said
from tools.kubernetes.reads.top import TopOutput

ASKS = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}


async def shown(lab: Lab, rows: int, **args: object) -> TopOutput:
    async def there() -> TopOutput | None:
        found = await lab.read("kubernetes_top", **args)
        assert isinstance(found, TopOutput)
        return found if len(found.rows) == rows else None

    return await until(there)


async def test_requests_and_limits_of_a_workloads_pods_are_shown_measured_or_not(lab: Lab) -> None:
    await workload(lab, "Deployment", "web", replicas=2, resources=ASKS)
    await workload(lab, "Deployment", "other", replicas=1, resources=ASKS)
    found = await shown(lab, 2, kind="deployment", name="web")
    assert {row.cpu.requests for row in found.rows} == {"100m"}
    assert {row.memory.limits for row in found.rows} == {"128Mi"}
    assert found.total is not None
    assert (found.total.cpu.requests, found.total.memory.requests) == ("200m", "128Mi")


async def test_measured_use_comes_with_its_share_of_requests_and_limits(practice: Lab) -> None:
    await workload(practice, "Deployment", "web", replicas=1, resources=ASKS)

    async def measured() -> TopOutput | None:
        found = await practice.read("kubernetes_top")
        assert isinstance(found, TopOutput)
        return found if found.rows and found.rows[0].cpu.used else None

    found = await until(measured)
    (row,) = found.rows
    assert found.metrics == ""
    used, requests = amount(row.cpu.used), amount(row.cpu.requests)
    assert used is not None
    assert requests is not None
    assert row.cpu.used_of_requests is not None
    assert abs(row.cpu.used_of_requests - 100 * used / requests) < 2
    assert row.memory.used_of_limits is not None


async def test_nodes_show_what_is_requested_of_what_they_have(lab: Lab) -> None:
    found = await lab.read("kubernetes_top", kind="nodes")
    if not found.rows:
        pytest.skip("this cluster has no nodes")
    for row in found.rows:
        assert row.cpu.allocatable
        assert row.pods is not None


async def test_where_pods_may_not_be_listed_nodes_are_still_shown(practice: Lab) -> None:
    async with forbidden(practice, "pods"):
        found = await practice.read("kubernetes_top", kind="nodes")
    assert found.rows
    assert found.rows[0].pods is None
    assert any(sentence.startswith("pods") for sentence in found.unseen)


async def test_unknown_names_and_kinds_without_pods_are_refused(lab: Lab) -> None:
    await lab.config_map("one", {})
    with pytest.raises(Invalid, match="has no pods"):
        await lab.read("kubernetes_top", kind="configmap", name="one")
    with pytest.raises(NotFound):
        await lab.read("kubernetes_top", kind="deployment", name="nothing-there")


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("250m", "0.25"),
        ("1.5Gi", str(3 * 2**29)),
        ("2", "2"),
        ("1e3", "1000"),
        ("12n", "0.000000012"),
        (5, "5"),
    ],
)
def test_a_quantity_is_the_number_it_stands_for(quantity: str | int, number: str) -> None:
    assert amount(quantity) == Decimal(number)


@pytest.mark.parametrize("odd", ["", "much", "1.2.3", "5Zi", None, True, []])
def test_what_is_no_quantity_has_no_amount(odd: str | None) -> None:
    assert amount(odd) is None


@pytest.mark.parametrize(
    ("resource", "quantity", "words"),
    [
        ("cpu", "0.25", "250m"),
        ("cpu", "2000m", "2"),
        ("memory", "1536Mi", "1.5Gi"),
        ("requests.memory", "64Mi", "64Mi"),
        ("pods", "110", "110"),
        ("requests.storage", "100Gi", "100Gi"),
    ],
)
def test_an_amount_is_said_as_operators_write_it(resource: str, quantity: str, words: str) -> None:
    found = amount(quantity)
    assert found is not None
    assert said(resource, found) == words


def test_a_pod_asks_for_its_containers_and_sidecars_or_its_greatest_init_container() -> None:
    def asking(cpu: str, **more: str) -> dict[str, object]:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    pod = {
        "spec": {
            "initContainers": [asking("100m", restartPolicy="Always"), asking("2")],
            "containers": [asking("500m"), asking("250m")],
            "overhead": {"cpu": "10m"},
        }
    }
    assert pod_amounts(pod, "requests") == {"cpu": Decimal("2.11")}  # type: ignore[arg-type]


def test_a_pod_with_one_unlimited_container_has_no_limit() -> None:
    pod = {"spec": {"containers": [{"resources": {"limits": {"memory": "1Gi"}}}, {"name": "open"}]}}
    assert pod_amounts(pod, "limits") == {}  # type: ignore[arg-type]
