"""Calls, pages, sessions: what every AWS tool stands on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.standins.moto_server import aws_files
from tests.tools.aws.account import Account
from tools.aws.accounts import Accounts
from tools.errors import GateRefused, Invalid, NotConfigured, ToolError, Unauthorized
from tools.gate import Gate
from tools.tool import Scope


async def test_a_call_answers_what_the_account_holds(account: Account) -> None:
    made = account.instance("web")
    answer = await account.accounts.call(account.scope, "ec2", "DescribeInstances")
    assert made in str(answer)


async def test_pages_come_one_by_one_and_all_of_them(account: Account) -> None:
    made = set(account.instances(6))
    found: set[str] = set()
    sizes = []
    async for page in account.accounts.pages(
        account.scope, "ec2", "DescribeInstances", PaginationConfig={"PageSize": 5}
    ):
        reservations = page["Reservations"]
        assert isinstance(reservations, list)
        here = {each["InstanceId"] for entry in reservations for each in entry["Instances"]}
        sizes.append(len(here))
        found |= here
    assert found == made
    assert sizes == [5, 1]


async def test_a_list_without_pages_is_one_page(account: Account) -> None:
    pages = [page async for page in account.accounts.pages(account.scope, "ec2", "DescribeRegions")]
    assert len(pages) == 1
    assert "eu-central-1" in str(pages[0])


async def test_a_write_has_no_pages(account: Account) -> None:
    with pytest.raises(Invalid, match="not a list"):
        await anext(account.accounts.pages(account.scope, "ec2", "TerminateInstances"))


async def test_leaving_between_pages_sends_nothing_more(account: Account) -> None:
    account.instances(6)
    async for _ in account.accounts.pages(
        account.scope, "ec2", "DescribeInstances", PaginationConfig={"PageSize": 5}
    ):
        break
    assert len(account.wire.heard) == 1


async def test_many_calls_at_once_share_the_pool_and_all_answer(account: Account) -> None:
    calls = [account.accounts.call(account.scope, "ec2", "DescribeRegions") for _ in range(40)]
    assert all("Regions" in answer for answer in await asyncio.gather(*calls))


async def test_an_unknown_operation_is_named(account: Account) -> None:
    with pytest.raises(Invalid, match="ec2 has no operation called DescribeUnicorns"):
        await account.accounts.call(account.scope, "ec2", "DescribeUnicorns")


async def test_an_unknown_service_is_a_sentence(account: Account) -> None:
    with pytest.raises(NotConfigured, match="unicorns"):
        await account.accounts.call(account.scope, "unicorns", "DescribeUnicorns")


async def test_without_a_profile_the_known_ones_are_listed(account: Account) -> None:
    with pytest.raises(NotConfigured) as refused:
        await account.accounts.call(Scope(), "ec2", "DescribeRegions")
    assert "No AWS profile is chosen" in str(refused.value)
    assert "test" in refused.value.hint


async def test_credentials_of_the_given_environment_are_a_profile(moto: str, tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": moto,
    }
    accounts = Accounts(Gate.build()[0], environ)
    try:
        answer = await accounts.call(Scope(profile="environment"), "sts", "GetCallerIdentity")
        assert answer["Account"] == "123456789012"
    finally:
        await accounts.close()


async def test_the_process_s_own_environment_is_not_asked(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_REGION", "mars-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    answer = await account.accounts.call(account.scope, "ec2", "DescribeRegions")
    assert "Regions" in answer


async def test_a_service_s_own_address_goes_before_the_general_one(moto: str, tmp_path: Path) -> None:
    environ = {**aws_files(tmp_path, "http://127.0.0.1:1"), "AWS_ENDPOINT_URL_STS": moto}
    accounts = Accounts(Gate.build()[0], environ)
    try:
        assert await accounts.call(Scope(profile="test"), "sts", "GetCallerIdentity")
    finally:
        await accounts.close()


async def test_an_address_in_the_profile_is_used(moto: str, tmp_path: Path) -> None:
    environ = aws_files(tmp_path, moto)
    environ.pop("AWS_ENDPOINT_URL")
    with (tmp_path / "config").open("a") as config:
        config.write(f"endpoint_url = {moto}\n")
    accounts = Accounts(Gate.build()[0], environ)
    try:
        assert await accounts.call(Scope(profile="test"), "sts", "GetCallerIdentity")
    finally:
        await accounts.close()


async def test_a_profile_that_assumes_a_role_logs_in_and_still_may_not_do_so_for_a_tool(
    account: Account, tmp_path: Path
) -> None:
    with (tmp_path / "config").open("a") as config:
        config.write(
            "[profile admin]\nregion = eu-central-1\nsource_profile = test\n"
            "role_arn = arn:aws:iam::123456789012:role/admin\n"
        )
    scope = Scope(profile="admin")
    answer = await account.accounts.call(scope, "sts", "GetCallerIdentity")
    assert "assumed-role/admin" in str(answer["Arn"])
    role = {"RoleArn": "arn:aws:iam::123456789012:role/admin", "RoleSessionName": "tool"}
    with pytest.raises(GateRefused, match="reveal a secret"):
        await account.accounts.call(scope, "sts", "AssumeRole", **role)


async def test_a_profile_that_wants_a_code_says_so_and_does_not_ask_on_the_terminal(
    account: Account, tmp_path: Path
) -> None:
    with (tmp_path / "config").open("a") as config:
        config.write(
            "[profile mfa]\nregion = eu-central-1\nsource_profile = test\n"
            "role_arn = arn:aws:iam::123456789012:role/admin\n"
            "mfa_serial = arn:aws:iam::123456789012:mfa/me\n"
        )
    with pytest.raises(Unauthorized, match="multi-factor"):
        await account.accounts.call(Scope(profile="mfa"), "sts", "GetCallerIdentity")


async def test_a_profile_without_keys_says_how_to_log_in(account: Account, tmp_path: Path) -> None:
    with (tmp_path / "config").open("a") as config:
        config.write("[profile empty]\nregion = eu-central-1\n")
    with pytest.raises(Unauthorized) as refused:
        await account.accounts.call(Scope(profile="empty"), "sts", "GetCallerIdentity")
    assert "aws sso login --profile empty" in refused.value.hint


async def test_closed_accounts_send_nothing(account: Account) -> None:
    await account.accounts.close()
    with pytest.raises(NotConfigured, match="closed"):
        await account.accounts.call(account.scope, "ec2", "DescribeRegions")


async def test_opening_accounts_loads_no_aws_library() -> None:
    code = (
        "import sys, tools.aws.accounts as a, tools.aws.registry as r, tools.aws.watching\n"
        "from tools.gate import Gate\n"
        "found = a.Accounts(Gate.build()[0], {'HOME': '/nonexistent'})\n"
        "r.aws_tools(found); found.profiles()\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('boto3', 'botocore')))"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert out.decode().strip() == "[]"


async def test_plain_reads_go_out_from_the_profile_that_reads_and_everything_else_does_not(
    moto: str, tmp_path: Path
) -> None:
    environ = aws_files(tmp_path, moto)
    with (tmp_path / "config").open("a") as file:
        file.write("[profile reader]\nregion = eu-west-1\n")
    with (tmp_path / "credentials").open("a") as file:
        file.write("[reader]\naws_access_key_id = r\naws_secret_access_key = r\n")
    gate, mint = Gate.build()
    accounts = Accounts(gate, environ, {"test/eu-central-1": "reader"})
    scope = Scope(profile="test")
    try:
        assert accounts.reads_as(scope) == "reader"
        await accounts.call(scope, "ec2", "DescribeInstances")
        assert {str(place) for place, _, _ in accounts._clients} == {"reader/eu-central-1"}
        permit = accounts.permit(scope, "ssm", "GetParameter", Name="/db", WithDecryption=True)
        assert permit.place == "test/eu-central-1"
        with mint.grant("reveal", (), seconds=30, reveals=[permit]), pytest.raises(ToolError):
            await accounts.call(scope, "ssm", "GetParameter", Name="/db", WithDecryption=True)
        assert {(str(place), name) for place, name, _ in accounts._clients} == {
            ("reader/eu-central-1", "ec2"),
            ("test/eu-central-1", "ssm"),
        }
    finally:
        await accounts.close()
