"""An AWS account to test with: moto's server, and the real boto3 in front of it."""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.standins.moto_server import aws_files, moto_server
from tests.tools.aws.account import Account
from tests.tools.aws.listening import Listener
from tools.aws.accounts import Accounts
from tools.gate import Gate


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that lives as long as the test session."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as url:
        yield url


@pytest.fixture
async def account(moto: str, tmp_path: Path) -> AsyncIterator[Account]:
    """An empty account, a gate in front of it and the mint that opens it."""
    with Listener(moto).listening() as wire:
        environ = aws_files(tmp_path, wire.url)
        gate, mint = Gate.build()
        accounts = Accounts(gate, environ)
        found = Account(url=moto, environ=environ, gate=gate, mint=mint, accounts=accounts, wire=wire)
        try:
            yield found
        finally:
            await accounts.close()
            if found.touched:
                _reset(moto)


def _reset(url: str) -> None:
    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()
