"""Autoscalers: what they measure and why they do not scale."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import forbidden, put, workload
from tools.errors import NotFound
from tools.kubernetes.reads.autoscaling import Autoscaler, AutoscalingOutput, autoscaler

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


async def scaler(lab: Lab, name: str, target: str) -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 3, "metrics": [CPU]}
    await put(lab, "autoscaling/v2", "HorizontalPodAutoscaler", name, spec=spec)


async def test_an_autoscaler_is_found_by_the_workload_it_scales(lab: Lab) -> None:
    await workload(lab, "Deployment", "web")
    await scaler(lab, "web-scaler", "web")
    found = await lab.read("kubernetes_autoscaling", name="web")
    (entry,) = found.autoscalers
    assert (entry.name, entry.scales) == ("web-scaler", "deployment/web")
    assert (entry.minimum, entry.maximum) == (1, 3)
    assert entry.metrics[0].target == "80 %"


async def test_a_target_that_does_not_exist_is_the_reason_it_does_not_scale(practice: Lab) -> None:
    await scaler(practice, "lost", "nothing-there")

    async def said() -> bool:
        found = await practice.read("kubernetes_autoscaling", name="lost")
        assert isinstance(found, AutoscalingOutput)
        return any(
            "cannot scale its target" in why and "not found" in why for why in found.autoscalers[0].why
        )

    assert await until(said)


async def test_without_the_right_to_read_them_none_are_shown_and_it_is_said(practice: Lab) -> None:
    async with forbidden(practice, "horizontalpodautoscalers"):
        found = await practice.read("kubernetes_autoscaling")
    assert found.autoscalers == ()
    assert any("horizontalpodautoscalers" in sentence for sentence in found.unseen)


async def test_a_missing_autoscaler_is_answered_with_near_names(lab: Lab) -> None:
    await scaler(lab, "checkout", "checkout")
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_autoscaling", name="chekout")
    assert caught.value.near == ("checkout",)


def seen(now: int = 2, **status: Any) -> Autoscaler:
    conditions = [{"type": kind, **entry} for kind, entry in status.items()]
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": 3,
        "metrics": [CPU],
    }
    obj: Any = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
        "status": {"currentReplicas": now, "desiredReplicas": now, "conditions": conditions},
    }
    return autoscaler(obj)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (seen(), "has not looked at it yet"),
        (
            seen(
                ScalingActive={
                    "status": "False",
                    "reason": "FailedGetResourceMetric",
                    "message": "missing request for cpu",
                }
            ),
            "some container of the target states none",
        ),
        (seen(now=0, ScalingActive={"status": "False", "reason": "ScalingDisabled"}), "scaled to zero"),
        (
            seen(
                now=3,
                ScalingLimited={"status": "True", "reason": "TooManyReplicas", "message": "more than max"},
            ),
            "bounds hold it back: TooManyReplicas",
        ),
        (seen(now=3, AbleToScale={"status": "True"}), "at its maximum of 3"),
    ],
)
def test_what_holds_an_autoscaler_is_said_in_words(found: Autoscaler, words: str) -> None:
    assert words in " ".join(found.why)


def test_an_autoscaler_with_room_has_nothing_that_holds_it() -> None:
    assert seen(AbleToScale={"status": "True"}, ScalingActive={"status": "True"}).why == ()
