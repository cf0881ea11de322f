"""One sandbox for a folder, whoever starts it, and none when nobody needs it."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.tools.sandbox.processes import PATIENCE, accepts, alive, without_moto
from tools.aws.accounts import Accounts
from tools.errors import Unreachable
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.sandbox.launch import Running, join_or_start, overlay
from tools.tool import Scope


async def test_two_at_once_share_one_sandbox_with_cluster_and_account(tmp_path: Path) -> None:
    environ = {**os.environ, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9", "AWS_SECRET_ACCESS_KEY": "own"}
    first, second = await asyncio.gather(join_or_start(tmp_path, environ), join_or_start(tmp_path, environ))
    owner, guest = (first, second) if first.process else (second, first)
    assert owner.process is not None and guest.process is None
    assert (owner.kubeconfig, owner.environ) == (guest.kubeconfig, guest.environ)

    gate, _ = Gate.build()
    clusters = Clusters(guest.kubeconfig, gate, os.environ)
    accounts = Accounts(gate, {**environ, **guest.environ})
    try:
        cluster = await clusters.cluster("sandbox")
        assert (await cluster.json("GET", "/api/v1/namespaces/shop-production"))["kind"] == "Namespace"
        answer = await accounts.call(Scope(profile="sandbox"), "sts", "GetCallerIdentity")
        assert answer["Account"]
    finally:
        await clusters.close()
        await accounts.close()

    running = Running.read(tmp_path)
    assert running is not None and running.pid == owner.process.pid
    assert (tmp_path / "sandbox.json").stat().st_mode & 0o777 == 0o600
    await guest.close()
    assert alive(running.pid), "a guest does not end the sandbox it joined"
    await owner.close()
    assert not alive(running.pid)
    assert not (tmp_path / "sandbox.json").exists()
    assert not await accepts(running.cluster)
    assert not await accepts(running.aws["AWS_ENDPOINT_URL"])


async def test_what_a_crash_left_is_not_believed_and_missing_moto_is_told(tmp_path: Path) -> None:
    # A process of that number lives, but nobody answers at these addresses.
    stale = Running(
        pid=os.getpid(),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        cluster="https://127.0.0.1:9",
        kubeconfig=tmp_path / "elsewhere",
    )
    stale.write(tmp_path)
    sandbox = await join_or_start(tmp_path, without_moto(tmp_path))
    try:
        assert sandbox.process is not None and sandbox.kubeconfig == tmp_path / "kubeconfig"
        assert sandbox.environ == {} and "pilothouse[sandbox]" in sandbox.notice
        assert sandbox.kubeconfig.exists()
    finally:
        await sandbox.close()


async def test_a_sandbox_does_not_outlive_a_killed_owner_nor_mind_where_it_was_started(
    tmp_path: Path,
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise RuntimeError('the wrong tools')\n")
    script = (
        "import asyncio, os, pathlib\n"
        "from tools.sandbox.launch import join_or_start\n"
        "async def main():\n"
        "    sandbox = await join_or_start(pathlib.Path('home').absolute(), os.environ)\n"
        "    print(sandbox.process.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-c",
        script,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=without_moto(tmp_path),
    )
    assert owner.stdout is not None
    pid = int(await asyncio.wait_for(owner.stdout.readline(), PATIENCE))
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    await _ended(pid)
    assert not (tmp_path / "home" / "sandbox.json").exists()


async def test_a_signal_ends_the_sandbox_in_the_foreground_tidily(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "tools.sandbox", str(tmp_path / "home"), env=without_moto(tmp_path)
    )
    async with asyncio.timeout(PATIENCE):
        while Running.read(tmp_path / "home") is None:
            assert process.returncode is None
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    assert not (tmp_path / "home" / "sandbox.json").exists()


async def test_a_sandbox_that_cannot_start_names_its_log_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"sandbox\.log"):
        await join_or_start(tmp_path, without_moto(tmp_path, "RuntimeError('torn')"))
    assert not (tmp_path / "sandbox.json").exists()
    assert "practice AWS account" in (tmp_path / "sandbox.log").read_text()


def test_the_operator_s_own_aws_settings_do_not_shine_through() -> None:
    own = {
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_EC2": "https://ec2.example",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_PROFILE": "production",
        "PATH": "/bin",
    }
    practice = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_PROFILE": "sandbox"}
    world = {**own, **overlay(practice, own)}
    assert world["AWS_PROFILE"] == "sandbox" and world["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert world["AWS_USE_FIPS_ENDPOINT"] == "false" and world["PATH"] == "/bin"
    assert not any(
        world[key]
        for key in own
        if key.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_SESSION", "AWS_ENDPOINT_URL_"))
    )


def test_without_an_account_nothing_of_the_operator_s_is_touched() -> None:
    assert overlay({}, {"AWS_PROFILE": "production"}) == {}


async def _ended(pid: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while alive(pid):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.02)
