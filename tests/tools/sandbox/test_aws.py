"""The practice account: furnished, the same every time, and gone when nobody needs it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.sandbox.processes import PATIENCE, accepts, without_moto
from tools.aws.accounts import Accounts
from tools.aws.registry import aws_tools
from tools.errors import NotConfigured, Unreachable
from tools.gate import Gate
from tools.sandbox.aws import PracticeAccount, open_account
from tools.tool import Registry, Scope

PRACTICE = Scope(profile="sandbox")


async def machines(account: PracticeAccount) -> list[tuple[str, str, str, str]]:
    """Id, name, state and environment of every instance, by the ordinary tool."""
    gate, _ = Gate.build()
    accounts = Accounts(gate, {"HOME": "/nowhere", **account.environ})
    try:
        tool = Registry(aws_tools(accounts)).get("aws_ec2_list")
        found = (await tool.run(tool.parse({}), PRACTICE)).model_dump()["instances"]
    finally:
        await accounts.close()
    return [(row["id"], row["name"], row["state"], row["tags"]["environment"]) for row in found]


async def test_every_account_is_furnished_alike_and_ends_when_closed(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = await asyncio.gather(*(open_account(folder, os.environ) for folder in folders))
    seen = await machines(first)
    assert seen == await machines(second)
    assert {environment for *_, environment in seen} == {"dev", "staging", "production"}
    assert {state for *_, state, _ in seen} == {"running", "stopped"}
    await asyncio.gather(first.close(), second.close())
    assert not await accepts(first.url) and not await accepts(second.url)


async def test_it_holds_more_than_machines_and_its_files_are_private_and_fit_for_a_shell(
    tmp_path: Path,
) -> None:
    account = await open_account(tmp_path, os.environ)
    gate, _ = Gate.build()
    accounts = Accounts(gate, {"HOME": "/nowhere", **account.environ})
    try:
        tool = Registry(aws_tools(accounts)).get("aws_ecs_list")
        services = (await tool.run(tool.parse({}), PRACTICE)).model_dump()["services"]
        short = [row["id"] for row in services if row["running"] < row["desired"]]
        assert len(services) == 7 and short == ["shop-staging/thumbnailer"]
        for service, operation, part in (
            ("rds", "DescribeDBInstances", "DBInstances"),
            ("s3", "ListBuckets", "Buckets"),
            ("cloudwatch", "DescribeAlarms", "MetricAlarms"),
            ("logs", "DescribeLogGroups", "logGroups"),
        ):
            assert (await accounts.call(PRACTICE, service, operation))[part], operation
        for name in ("aws-config", "aws-credentials", "aws.env"):
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        script = f'. "{tmp_path}/aws.env"; echo "$AWS_ENDPOINT_URL $AWS_PROFILE $AWS_CONFIG_FILE"'
        shell = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=subprocess.PIPE)
        heard, _ = await shell.communicate()
        assert heard.decode().split() == [account.url, "sandbox", str(tmp_path / "aws-config")]
    finally:
        await accounts.close()
        await account.close()


async def test_the_server_does_not_outlive_a_killed_owner(tmp_path: Path) -> None:
    script = (
        "import asyncio, os, pathlib, sys\n"
        "from tools.sandbox.aws import open_account\n"
        "async def main():\n"
        "    print((await open_account(pathlib.Path(sys.argv[1]), os.environ)).url, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", script, str(tmp_path), stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    url = (await asyncio.wait_for(owner.stdout.readline(), PATIENCE)).decode().strip()
    assert await accepts(url)
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    async with asyncio.timeout(PATIENCE):
        while await accepts(url):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.02)


async def test_without_moto_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured) as caught:
        await open_account(tmp_path, without_moto(tmp_path))
    assert "pilothouse[sandbox]" in str(caught.value)


async def test_a_server_that_breaks_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"aws\.log"):
        await open_account(tmp_path, without_moto(tmp_path, "RuntimeError('torn')"))
    assert "torn" in (tmp_path / "aws.log").read_text()
