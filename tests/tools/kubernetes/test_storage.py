"""Claims: what stands behind them, who mounts them, why one waits."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import forbidden, put
from tools.errors import NotFound
from tools.kubernetes.reads.storage import Claim, StorageOutput


async def claim(lab: Lab, name: str, **spec: Any) -> None:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await put(lab, "v1", "PersistentVolumeClaim", name, spec={**wanted, **spec})


async def only(lab: Lab, **args: Any) -> Claim:
    found = await lab.read("kubernetes_storage", **args)
    assert isinstance(found, StorageOutput)
    (entry,) = found.claims
    return entry


async def test_a_pending_claim_names_the_class_that_does_not_exist(lab: Lab) -> None:
    await claim(lab, "data", storageClassName="no-such-class")
    found = await only(lab, name="data")
    assert found.phase == "Pending"
    assert found.asked == "1Gi"
    assert any("there is no storage class no-such-class" in problem for problem in found.problems)


async def test_a_claim_that_wants_no_class_waits_for_a_volume_that_fits(lab: Lab) -> None:
    await claim(lab, "data", storageClassName="")
    found = await only(lab, name="data")
    assert "no volume fits 1Gi" in found.problems[0]


async def test_whoever_mounts_a_claim_is_named(lab: Lab) -> None:
    await claim(lab, "data", storageClassName="")
    volume = {"name": "disk", "persistentVolumeClaim": {"claimName": "data"}}
    containers = [{"name": "app", "image": lab.image}]
    await put(lab, "v1", "Pod", "reader", spec={"containers": containers, "volumes": [volume]})
    assert (await only(lab, name="data")).mounted_by == ("pod/reader",)


async def test_a_bound_claim_shows_its_volume_and_what_becomes_of_the_data(practice: Lab) -> None:
    template = {
        "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
    }
    spec = {
        "serviceName": "db",
        "replicas": 1,
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "app", "image": practice.image}]},
        },
        "volumeClaimTemplates": [template],
    }
    await put(practice, "apps/v1", "StatefulSet", "db", spec=spec)

    async def bound() -> Claim | None:
        found = await practice.read("kubernetes_storage")
        assert isinstance(found, StorageOutput)
        return next((entry for entry in found.claims if entry.phase == "Bound" and entry.mounted_by), None)

    found = await until(bound)
    assert (found.size, found.volume_phase, found.reclaim) == ("2Gi", "Bound", "Delete")
    assert found.storage_class == "standard"
    assert found.provisioner
    assert found.problems == ()


async def test_where_volumes_may_not_be_read_the_claim_is_still_shown(practice: Lab) -> None:
    await claim(practice, "data", storageClassName="no-such-class")
    async with forbidden(practice, "storageclasses", "persistentvolumes"):
        found = await practice.read("kubernetes_storage")
    assert len(found.unseen) == 2
    (entry,) = found.claims
    assert entry.expandable is None
    assert not any("there is no storage class" in problem for problem in entry.problems)


async def test_a_missing_claim_is_answered_with_near_names(lab: Lab) -> None:
    await claim(lab, "orders-data", storageClassName="")
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_storage", name="order-data")
    assert caught.value.near == ("orders-data",)
