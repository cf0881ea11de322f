"""ECS services: listed, described, scaled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.aws.account import Account
from tools.errors import GateRefused, Invalid, NotFound
from tools.tool import Verdict


def service(account: Account, name: str = "orders", desired: int = 2, **tags: str) -> None:
    ecs = account.behind("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(
        family="app", containerDefinitions=[{"name": "app", "image": "app:1", "memory": 64, "cpu": 32}]
    )
    ecs.create_service(
        cluster="shop",
        serviceName=name,
        taskDefinition="app",
        desiredCount=desired,
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )


def desired(account: Account, name: str = "orders") -> int:
    found = account.behind("ecs").describe_services(cluster="shop", services=[name])
    return int(found["services"][0]["desiredCount"])


ARGS: dict[str, Any] = {"cluster": "shop", "service": "orders", "desired": 5}


async def test_services_are_listed_with_their_counts(account: Account) -> None:
    service(account, environment="staging")
    found = await account.read("aws_ecs_list")
    [row] = found.services
    assert (row.id, row.cluster, row.name, row.desired) == ("shop/orders", "shop", "orders", 2)
    assert row.tags == {"environment": "staging"}


async def test_more_services_than_one_answer_holds_are_all_listed(account: Account) -> None:
    for number in range(13):
        service(account, f"svc-{number}")
    found = await account.read("aws_ecs_list")
    assert len(found.services) == 13


async def test_an_account_without_clusters_has_an_empty_list(account: Account) -> None:
    assert (await account.read("aws_ecs_list")).services == []


async def test_a_service_is_described_by_cluster_and_name(account: Account) -> None:
    service(account)
    found = await account.read("aws_ecs_describe", id="shop/orders")
    assert found.service.task_definition == "app:1"


async def test_a_missing_service_tells_near_names(account: Account) -> None:
    service(account)
    with pytest.raises(NotFound) as missing:
        await account.read("aws_ecs_describe", id="shop/order")
    assert missing.value.near == ("orders",)


@pytest.mark.parametrize(
    "args",
    [
        {**ARGS, "cluster": "-shop"},
        {**ARGS, "service": "a/b"},
        {**ARGS, "service": ""},
        {**ARGS, "desired": -1},
        {**ARGS, "desired": 5001},
        {**ARGS, "force": True},
    ],
)
async def test_arguments_that_make_no_sense_are_refused(account: Account, args: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        account.registry.get("aws_ecs_set_desired_count").parse(args)


async def test_a_preview_shows_the_change_and_changes_nothing(account: Account) -> None:
    service(account, Environment="staging")
    preview = await account.preview("aws_ecs_set_desired_count", **ARGS)
    [change] = preview.changes
    assert (change.path, change.before, change.after) == ("desiredCount", 2, 5)
    assert preview.labels["environment"] == "staging"
    [permit] = preview.permits
    assert permit.verb == "ecs:UpdateService"
    assert permit.name == '{"cluster":"shop","desiredCount":5,"service":"orders"}'
    assert preview == await account.preview("aws_ecs_set_desired_count", **ARGS)
    assert desired(account) == 2


async def test_a_new_count_is_carried_out_observed_and_undone(account: Account) -> None:
    service(account)
    preview = await account.preview("aws_ecs_set_desired_count", **ARGS)
    before = await account.observe("aws_ecs_set_desired_count", preview, **ARGS)
    assert (before.verdict, before.applied) == (Verdict.DOES_NOT_HOLD, False)
    await account.write("aws_ecs_set_desired_count", **ARGS)
    after = await account.observe("aws_ecs_set_desired_count", preview, **ARGS)
    assert (after.verdict, after.applied) == (Verdict.HOLDS, True)
    tool = account.registry.write("aws_ecs_set_desired_count")
    undo = tool.undo(tool.parse(ARGS), preview)
    assert undo is not None
    args: Any = undo.args
    await account.write(undo.tool, **args)
    assert desired(account) == 2


async def test_without_a_grant_the_count_stays(account: Account) -> None:
    service(account)
    tool = account.registry.get("aws_ecs_set_desired_count")
    with pytest.raises(GateRefused):
        await tool.run(tool.parse(ARGS), account.scope)
    assert desired(account) == 2


async def test_the_same_count_is_nothing_to_change(account: Account) -> None:
    service(account)
    args = {**ARGS, "desired": 2}
    preview = await account.preview("aws_ecs_set_desired_count", **args)
    assert preview.changes == ()
    assert any("Nothing to change" in warning for warning in preview.warnings)
    tool = account.registry.write("aws_ecs_set_desired_count")
    assert tool.undo(tool.parse(args), preview) is None


async def test_a_service_that_scales_by_itself_is_warned_about(account: Account) -> None:
    service(account)
    account.behind("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/shop/orders",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    preview = await account.preview("aws_ecs_set_desired_count", **ARGS)
    assert any("between 1 and 4" in warning for warning in preview.warnings)


async def test_somebody_else_s_change_gives_another_fingerprint(account: Account) -> None:
    service(account)
    first = await account.preview("aws_ecs_set_desired_count", **ARGS)
    account.behind("ecs").update_service(cluster="shop", service="orders", desiredCount=3)
    assert (await account.preview("aws_ecs_set_desired_count", **ARGS)).observed != first.observed


async def test_a_deleted_service_does_not_hold(account: Account) -> None:
    service(account)
    preview = await account.preview("aws_ecs_set_desired_count", **ARGS)
    account.behind("ecs").delete_service(cluster="shop", service="orders", force=True)
    seen = await account.observe("aws_ecs_set_desired_count", preview, **ARGS)
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)
