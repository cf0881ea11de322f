"""EC2 instances, listed and looked at closely."""

import pytest

from tests.tools.aws.account import Account
from tools.errors import Invalid, NotFound


async def test_instances_come_with_their_names_states_and_tags(account: Account) -> None:
    web = account.instance("web", environment="staging", team="shop")
    found = await account.read("aws_ec2_list")
    assert found.place == "test/eu-central-1"
    [row] = found.instances
    assert (row.id, row.name, row.state, row.type) == (web, "web", "running", "t3.small")
    assert row.tags == {"Name": "web", "environment": "staging", "team": "shop"}
    assert row.zone.startswith("eu-central-1") and row.private_ip and row.launched is not None


@pytest.mark.parametrize(
    "tags", [{"environment": "staging"}, {"Environment": "STAGING"}, {"env": "staging"}, {"environment": ""}]
)
async def test_an_environment_is_found_however_it_was_tagged(account: Account, tags: dict[str, str]) -> None:
    ids = {
        account.instance("a", environment="staging"),
        account.instance("b", Env="Staging"),
        account.instance("c", Environment="staging"),
    }
    account.instance("untagged")
    found = await account.read("aws_ec2_list", tags=tags)
    assert {row.id for row in found.instances} == ids


async def test_all_wanted_tags_must_be_there(account: Account) -> None:
    account.instance("a", environment="dev", team="shop")
    both = account.instance("b", environment="dev", team="data")
    found = await account.read("aws_ec2_list", tags={"environment": "dev", "team": "data"})
    assert [row.id for row in found.instances] == [both]


async def test_states_narrow_the_list(account: Account) -> None:
    account.instance("runs")
    rests = account.instance("rests")
    account.behind("ec2").stop_instances(InstanceIds=[rests])
    found = await account.read("aws_ec2_list", states=["stopped"])
    assert [row.name for row in found.instances] == ["rests"]


async def test_an_unknown_state_is_refused_before_anything_is_sent(account: Account) -> None:
    with pytest.raises(Invalid, match="states"):
        await account.read("aws_ec2_list", states=["asleep"])
    assert account.wire.heard == []


async def test_an_instance_is_described_by_id_and_by_name(account: Account) -> None:
    web = account.instance("web", environment="dev")
    by_id = await account.read("aws_ec2_describe", id=web)
    by_name = await account.read("aws_ec2_describe", id="web")
    assert by_id == by_name
    assert by_id.instance.id == web
    assert by_id.image == "ami-12c6146b" and by_id.network.startswith("vpc-")
    assert by_id.lifecycle == "on-demand"


async def test_a_stopped_instance_says_why(account: Account) -> None:
    web = account.instance("web")
    account.behind("ec2").stop_instances(InstanceIds=[web])
    assert "User initiated" in (await account.read("aws_ec2_describe", id=web)).why


async def test_two_of_a_name_are_listed_instead_of_guessed(account: Account) -> None:
    first, second = account.instance("web"), account.instance("web")
    with pytest.raises(Invalid, match="2 instances") as caught:
        await account.read("aws_ec2_describe", id="web")
    assert first in caught.value.hint and second in caught.value.hint


async def test_a_wrong_name_is_answered_with_near_ones(account: Account) -> None:
    account.instance("checkout")
    with pytest.raises(NotFound) as caught:
        await account.read("aws_ec2_describe", id="chekout")
    assert caught.value.near == ("checkout",)


async def test_a_missing_id_is_not_found(account: Account) -> None:
    with pytest.raises(NotFound, match="i-0123456789abcdef0"):
        await account.read("aws_ec2_describe", id="i-0123456789abcdef0")


@pytest.mark.parametrize("word", ["", "-i", "--help", " web", "we\nb", "w\x1b[2J"])
async def test_a_name_that_is_none_is_refused(account: Account, word: str) -> None:
    with pytest.raises(Invalid):
        await account.read("aws_ec2_describe", id=word)
    assert account.wire.heard == []
