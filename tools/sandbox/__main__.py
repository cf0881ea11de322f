"""The whole sandbox in the foreground: `python -m tools.sandbox FOLDER [--exit-with-stdin]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from tools.errors import NotConfigured
from tools.sandbox.aws import PracticeAccount, open_account
from tools.sandbox.cluster import PracticeCluster
from tools.sandbox.launch import Running


async def serve(folder: Path, environ: Mapping[str, str], *, exit_with_stdin: bool, pods: int) -> None:
    """Run cluster and account until a signal comes or, where asked, stdin ends.

    Args:
        folder: gets the kubeconfig, the AWS files, the logs and, while it runs, `sandbox.json`.
        environ: the environment the account's server is started in.
        exit_with_stdin: end when stdin is closed, as it is when its other end dies.
        pods: idle pods to add, for measurements.
    """
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    if exit_with_stdin:
        loop.add_reader(sys.stdin.fileno(), _heard, over)
    async with AsyncExitStack() as stack:
        opening = asyncio.create_task(_account(folder, environ), name="practice account")
        await asyncio.sleep(0)  # lets it begin: furnishing the cluster keeps this thread busy
        cluster = await stack.enter_async_context(PracticeCluster(pods=pods))
        kubeconfig = folder / "kubeconfig"
        cluster.kubeconfig(kubeconfig)
        account, notice = await opening
        if account is not None:
            stack.push_async_callback(account.close)
        if over.is_set():
            return
        Running(
            pid=os.getpid(),
            started_at=datetime.now(UTC),
            cluster=cluster.url,
            kubeconfig=kubeconfig,
            aws=account.environ if account else {},
            notice=notice,
        ).write(folder)
        try:
            await over.wait()
        finally:
            (folder / "sandbox.json").unlink(missing_ok=True)


async def _account(folder: Path, environ: Mapping[str, str]) -> tuple[PracticeAccount | None, str]:
    """The practice account, or the sentence why there is none."""
    try:
        return await open_account(folder, environ), ""
    except NotConfigured as error:
        return None, str(error)


def _heard(over: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        over.set()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.sandbox", description=__doc__)
    parser.add_argument("folder", type=Path, help="where kubeconfig, AWS files and logs go")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin is closed")
    parser.add_argument("--pods", type=int, default=0, help="idle pods to add, for measuring")
    chosen = parser.parse_args()
    chosen.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(
        serve(chosen.folder.resolve(), os.environ, exit_with_stdin=chosen.exit_with_stdin, pods=chosen.pods)
    )


if __name__ == "__main__":
    main()
