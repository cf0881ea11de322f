"""Starting and stopping EC2 instances: seen beforehand, done, observed, taken back."""

from typing import Any

import pytest

from tests.tools.aws.account import Account
from tools.errors import Forbidden, GateRefused, Invalid, NotFound
from tools.gate import Permit
from tools.tool import Change, Verdict


async def test_stopping_is_previewed_done_observed_and_taken_back(account: Account) -> None:
    web = account.instance("web", environment="staging")
    preview = await account.write("aws_ec2_stop", instance_ids=[web])
    assert preview.target == f"instance web ({web}) in test/eu-central-1"
    assert preview.name == "web"
    assert preview.changes == (Change(path=f"{web}.state", before="running", after="stopped"),)
    assert preview.labels["environment"] == "staging"
    seen = await account.observe("aws_ec2_stop", preview, instance_ids=[web])
    assert (seen.verdict, seen.applied) == (Verdict.HOLDS, True)
    assert account.state(web) == "stopped"

    stop = account.registry.write("aws_ec2_stop")
    back = stop.undo(stop.parse({"instance_ids": [web]}), preview)
    assert back is not None
    undone = await account.write(back.tool, **back.args)
    assert (await account.observe(back.tool, undone, **back.args)).verdict is Verdict.HOLDS
    assert account.state(web) == "running"


async def test_a_preview_changes_nothing(account: Account) -> None:
    web = account.instance("web")
    await account.preview("aws_ec2_stop", instance_ids=[web])
    assert account.state(web) == "running"
    sent = [line for line in account.wire.heard if "Action=StopInstances" in line]
    assert len(sent) == 1 and "DryRun=true" in sent[0]


async def test_without_a_grant_nothing_is_stopped(account: Account) -> None:
    web = account.instance("web")
    stop = account.registry.write("aws_ec2_stop")
    with pytest.raises(GateRefused, match="StopInstances"):
        await stop.run(stop.parse({"instance_ids": [web]}), account.scope)
    assert account.state(web) == "running"


async def test_a_grant_for_one_instance_stops_no_other(account: Account) -> None:
    web, other = account.instance("web"), account.instance("other")
    preview = await account.preview("aws_ec2_stop", instance_ids=[web])
    stop = account.registry.write("aws_ec2_stop")
    with account.mint.grant("1", preview.permits, seconds=30), pytest.raises(GateRefused):
        await stop.run(stop.parse({"instance_ids": [other]}), account.scope)
    assert account.state(other) == "running"


async def test_undo_starts_only_what_was_stopped(account: Account) -> None:
    runs, rests = account.instance("runs"), account.instance("rests")
    account.behind("ec2").stop_instances(InstanceIds=[rests])
    args: dict[str, Any] = {"instance_ids": [runs, rests]}
    preview = await account.write("aws_ec2_stop", **args)
    assert preview.objects == 2 and preview.name == "2 instances"
    stop = account.registry.write("aws_ec2_stop")
    back = stop.undo(stop.parse(args), preview)
    assert back is not None and back.args == {"instance_ids": [runs]}


async def test_what_is_so_already_offers_no_change_and_no_undo(account: Account) -> None:
    web = account.instance("web")
    preview = await account.preview("aws_ec2_start", instance_ids=[web])
    assert preview.changes == () and "Nothing to change" in preview.warnings[0]
    start = account.registry.write("aws_ec2_start")
    assert start.undo(start.parse({"instance_ids": [web]}), preview) is None


async def test_before_the_call_the_effect_is_not_there_and_the_call_not_applied(account: Account) -> None:
    web = account.instance("web")
    preview = await account.preview("aws_ec2_stop", instance_ids=[web])
    seen = await account.observe("aws_ec2_stop", preview, instance_ids=[web])
    assert (seen.verdict, seen.applied) == (Verdict.NOT_YET, False)


async def test_half_of_it_is_not_yet_all_of_it(account: Account) -> None:
    first, second = account.instance("first"), account.instance("second")
    preview = await account.preview("aws_ec2_stop", instance_ids=[first, second])
    account.behind("ec2").stop_instances(InstanceIds=[first])
    seen = await account.observe("aws_ec2_stop", preview, instance_ids=[first, second])
    assert seen.verdict is Verdict.NOT_YET and f"second ({second}) is running" in seen.detail


async def test_an_instance_that_is_gone_will_never_start(account: Account) -> None:
    web = account.instance("web")
    account.behind("ec2").stop_instances(InstanceIds=[web])
    preview = await account.preview("aws_ec2_start", instance_ids=[web])
    account.behind("ec2").terminate_instances(InstanceIds=[web])
    seen = await account.observe("aws_ec2_start", preview, instance_ids=[web])
    assert seen.verdict is Verdict.DOES_NOT_HOLD
    with pytest.raises(Invalid, match="terminated"):
        await account.preview("aws_ec2_start", instance_ids=[web])


async def test_a_changed_state_or_tag_is_drift_and_looking_is_not(account: Account) -> None:
    web = account.instance("web", environment="dev")
    first = await account.preview("aws_ec2_stop", instance_ids=[web])
    assert (await account.preview("aws_ec2_stop", instance_ids=[web])).observed == first.observed
    account.behind("ec2").create_tags(Resources=[web], Tags=[{"Key": "environment", "Value": "production"}])
    retagged = await account.preview("aws_ec2_stop", instance_ids=[web])
    account.behind("ec2").stop_instances(InstanceIds=[web])
    stopped = await account.preview("aws_ec2_stop", instance_ids=[web])
    assert len({first.observed, retagged.observed, stopped.observed}) == 3


async def test_environments_are_not_mixed_in_one_step(account: Account) -> None:
    dev, production = (
        account.instance("dev", environment="dev"),
        account.instance("live", Environment="production"),
    )
    with pytest.raises(Invalid, match="dev, production"):
        await account.preview("aws_ec2_stop", instance_ids=[dev, production])


async def test_tags_that_differ_are_no_labels_and_the_environment_is_named_plainly(account: Account) -> None:
    ids = [account.instance("a", Env="dev", team="shop"), account.instance("b", Env="dev", team="data")]
    assert (await account.preview("aws_ec2_stop", instance_ids=ids)).labels == {
        "Env": "dev",
        "environment": "dev",
    }


async def test_an_instance_of_a_scaling_group_is_warned_about(account: Account) -> None:
    web = account.instance("web", **{"aws:autoscaling:groupName": "web-group"})
    [warning] = (await account.preview("aws_ec2_stop", instance_ids=[web])).warnings
    assert "web-group" in warning and "replace" in warning


async def test_a_missing_instance_is_not_found(account: Account) -> None:
    with pytest.raises(NotFound):
        await account.preview("aws_ec2_stop", instance_ids=["i-0123456789abcdef0"])


async def test_a_missing_right_is_known_before_the_plan_is_offered(account: Account) -> None:
    web = account.instance("web")
    stop = account.registry.write("aws_ec2_stop")
    args = stop.parse({"instance_ids": [web]})
    account.wire.answer = (403, _refusal("UnauthorizedOperation"))
    with pytest.raises(Forbidden, match="ec2:"):
        await stop.preview(args, account.scope)


@pytest.mark.parametrize("ids", [[], ["--all"], ["i-zzzzzzzz"], ["i-1"], ["web"], "i-0123456789abcdef0"])
async def test_only_ids_are_accepted(account: Account, ids: object) -> None:
    with pytest.raises(Invalid, match="instance_ids"):
        await account.preview("aws_ec2_stop", instance_ids=ids)
    assert account.wire.heard == []


def _refusal(code: str) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{code}</Code><Message>You are not authorized.</Message></Error></Errors>"
        "<RequestID>r</RequestID></Response>"
    ).encode()


async def test_starting_is_observed_and_taken_back(account: Account) -> None:
    web = account.instance("web")
    account.behind("ec2").stop_instances(InstanceIds=[web])
    preview = await account.write("aws_ec2_start", instance_ids=[web])
    assert account.state(web) == "running"
    assert (await account.observe("aws_ec2_start", preview, instance_ids=[web])).verdict is Verdict.HOLDS
    start = account.registry.write("aws_ec2_start")
    back = start.undo(start.parse({"instance_ids": [web]}), preview)
    assert back is not None
    await account.write(back.tool, **back.args)
    assert account.state(web) == "stopped"


async def test_a_preview_asks_for_exactly_the_request_that_will_be_sent(account: Account) -> None:
    web = account.instance("web")
    preview = await account.preview("aws_ec2_stop", instance_ids=[web])
    assert preview.permits == (
        Permit(
            system="aws",
            place="test/eu-central-1",
            verb="ec2:StopInstances",
            resource="ec2",
            name=f'{{"InstanceIds":["{web}"]}}',
        ),
    )
