"""A practice cluster in a process of its own, the administrator's own way to it, and a fast clock.

What is true at the end of a case is asked here, past everything that is being tested: no tool, no
gate, no client of the product.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from pydantic import TypeAdapter

from tools.sandbox.faults import AskedRequest, Fault

SPEED = 50.0
"""How much faster than life the practice cluster and all waiting is."""

ADMIN = "sandbox-admin"
CONTEXT = "sandbox"
PATIENCE = 30.0
"""Seconds after which a scene that never came to stand fails its case."""

Json = dict[str, Any]

_MERGE = "application/merge-patch+json"


class FastClock:
    """A clock whose waits pass `SPEED` times as fast as life, as the practice cluster's do."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def seconds(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)
        self._ahead += timedelta(seconds=seconds - seconds / SPEED)


@dataclass(frozen=True, slots=True)
class Stage:
    """The practice cluster as its administrator sees it."""

    server: str
    kubeconfig_text: str
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: object = None, content_type: str = "") -> Json | None:
        """One request; None for an object that is not there. Anything else unexpected is an error."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type or "application/json"}
        async with self.http.request(method, self.server + path, data=data, headers=headers) as answer:
            if answer.status == 404:
                return None
            found: Json = await answer.json()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {found.get('message')}")
            return found

    async def put(self, collection: str, body: Json) -> None:
        await self.ask("POST", collection, body)

    async def change(self, path: str, patch: Json) -> None:
        """A merge patch, as a colleague's kubectl sends it."""
        if await self.ask("PATCH", path, patch, _MERGE) is None:
            raise RuntimeError(f"{path} is not there to be changed")

    async def inject(self, user: str, *faults: Fault) -> None:
        """Let this user alone run into trouble."""
        for fault in faults:
            aimed = _aimed(fault, user)
            await self.ask("POST", "/sandbox/faults", aimed.model_dump(exclude_defaults=True, mode="json"))

    async def calm(self, user: str) -> None:
        await self.ask("DELETE", f"/sandbox/faults?user={user}")

    async def writes(self, user: str) -> list[AskedRequest]:
        """Every write that arrived from this user, rehearsals aside."""
        found = await self.ask("GET", "/sandbox/requests") or {}
        asked = TypeAdapter(list[AskedRequest]).validate_python(found["requests"])
        return [each for each in asked if each.user == user and not each.dry_run]

    def kubeconfig(self, path: Path, user: str, namespace: str) -> Path:
        """An administrator's kubeconfig under a name of one's own."""
        document = yaml.safe_load(self.kubeconfig_text)
        for each in document["users"]:
            if each["name"] == CONTEXT:
                each["user"]["token"] = f"{ADMIN}:{user}"
        for each in document["contexts"]:
            each["context"]["namespace"] = namespace
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document))
        return path

    async def until(self, path: str, holds: Callable[[Json], bool]) -> None:
        """Wait until an object is so."""

        async def so() -> bool:
            found = await self.ask("GET", path)
            return found is not None and holds(found)

        await until(so, path)


def _aimed(fault: Fault, user: str) -> Fault:
    match = fault.match.model_copy(update={"user": user})
    return fault.model_copy(update={"match": match, "then": tuple(_aimed(one, user) for one in fault.then)})


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask again until the answer is yes."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110 - it lives on a server
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise RuntimeError(f"it never came to be so: {what}") from None


@asynccontextmanager
async def stage(folder: Path, speed: float = SPEED) -> AsyncIterator[Stage]:
    """Start a practice cluster; it ends with this context, or with our process."""
    kubeconfig, ready = folder / "kubeconfig", folder / "ready"
    log = folder / "practice.log"
    with log.open("w") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "tools.sandbox.cluster", "--speed", str(speed), "--exit-with-stdin",
            "--kubeconfig", str(kubeconfig), "--ready-file", str(ready),
            stdin=asyncio.subprocess.PIPE, stderr=written,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )  # fmt: skip
    try:

        async def up() -> bool:
            if process.returncode is not None:
                raise RuntimeError(f"the practice cluster ended before it was up: {log.read_text()}")
            return ready.exists()

        await until(up, "the practice cluster answers")
        text = kubeconfig.read_text()
        cluster = yaml.safe_load(text)["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=authority))
        headers = {"Authorization": f"Bearer {ADMIN}"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
            yield Stage(cluster["server"], text, http)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
