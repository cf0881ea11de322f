"""`pilothouse doctor`: is everything needed there, does it work, and how is it mended?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel

from agent.models.config import real_models_forbidden
from agent.settings import Settings, SettingsError
from console.cli.exits import Exit
from console.cli.opening import start
from console.cli.output import Output, Style, plain
from console.cli.parser import Choices
from memory.credentials import Credentials
from memory.errors import CredentialError, KeptError
from memory.home import Home
from memory.journal import Journal
from tools.errors import ToolError
from tools.tool import Scope

if TYPE_CHECKING:
    from agent.agent import Agent

REACH_SECONDS = 2.0

_STYLES: dict[str, Style] = {"ok": "green", "warn": "yellow", "missing": "dim", "broken": "red"}


class Check(BaseModel):
    """One line: `mend` says what to do about it, empty when nothing is to be done.

    `warn` works with less, `missing` is not there and only needed for some things, `broken` keeps
    Pilothouse from working.
    """

    name: str
    state: Literal["ok", "warn", "missing", "broken"]
    detail: str
    mend: str = ""


async def run(choices: Choices, out: Output) -> int:
    """Look at everything, at most two seconds at each, and print a line for each."""
    home = Home.find(os.environ, choices.home)
    checks = [*_home(home), _settings(home), await _journal(home)]
    checks += await asyncio.gather(_keyring(), _model(home, choices))
    checks += await _places(choices)
    checks += [_practice(), _terminal()]
    checks = [
        check.model_copy(update={"detail": out.hidden(check.detail), "mend": out.hidden(check.mend)})
        for check in checks
    ]
    broken = any(check.state == "broken" for check in checks)
    out.result(
        {"ok": not broken, "checks": [check.model_dump() for check in checks]}, lambda: _lines(checks, out)
    )
    return Exit.FAILED if broken else Exit.DONE


def _lines(checks: list[Check], out: Output) -> Iterator[str]:
    width = max(len(check.name) for check in checks)
    for check in checks:
        state = out.paint(_STYLES[check.state], f"{check.state:<7}")
        yield f"{state}  {plain(check.name):<{width}}  {plain(check.detail)}"
        if check.mend:
            yield f"{'':<7}  {'':<{width}}  {out.paint('dim', plain(check.mend))}"


# --- what is ours --------------------------------------------------------------------------------------


def _home(home: Home) -> list[Check]:
    folders = [home.config, home.data, home.state, home.cache]
    opened = [folder for folder in folders if folder.exists() and folder.stat().st_mode & 0o077]
    try:
        home.prepare()
    except KeptError as error:
        return [Check(name="home", state="broken", detail=error.message, mend=error.hint)]
    locked = [folder for folder in folders if not os.access(folder, os.W_OK)]
    if locked:
        mend = "Make it writable for you, or choose another home with --home."
        return [Check(name="home", state="broken", detail=f"{locked[0]} is not writable.", mend=mend)]
    if opened:
        detail = f"{', '.join(map(str, opened))} could be read by others; it is closed now (0700)."
        return [Check(name="home", state="warn", detail=detail)]
    return [Check(name="home", state="ok", detail=f"{home.root or home.data}, closed to others (0700)")]


def _settings(home: Home) -> Check:
    try:
        settings = Settings.load(home.settings)
    except SettingsError as error:
        mend = "Mend the file, or move it away to go on with the defaults."
        return Check(name="settings", state="broken", detail=str(error), mend=mend)
    if not home.settings.exists():
        return Check(name="settings", state="ok", detail="none; the defaults hold")
    pinned = [name for name, place in settings.contexts.items() if place.read_only]
    detail = f"{home.settings}" + (f", read-only for good: {', '.join(pinned)}" if pinned else "")
    return Check(name="settings", state="ok", detail=detail)


async def _journal(home: Home) -> Check:
    try:
        async with await Journal.open(home.journal, lambda: datetime.now(UTC)) as journal:
            [(mode,)] = await journal.database.fetch("PRAGMA journal_mode")
            rows = (await journal.anchor()).row
    except KeptError as error:
        return Check(name="journal", state="broken", detail=error.message, mend=error.hint)
    detail = f"{rows} rows, SQLite {sqlite3.sqlite_version}, {mode} journal, every commit synced"
    return Check(name="journal", state="ok", detail=detail)


async def _keyring() -> Check:
    try:
        names = await Credentials(os.environ).names()
    except CredentialError as error:
        return Check(name="keyring", state="missing", detail=error.message, mend=error.hint)
    held = ", ".join(names) or "nothing of ours yet"
    return Check(name="keyring", state="ok", detail=f"holds {held}")


# --- the model -----------------------------------------------------------------------------------------


async def _model(home: Home, choices: Choices) -> Check:
    try:
        settings = Settings.load(home.settings).model
    except SettingsError:
        return Check(name="model", state="warn", detail="Not looked at: the settings cannot be read.")
    server = settings.base_url
    if not server and settings.provider != "anthropic":
        return Check(name="model", state="ok", detail=f"by {settings.provider}, with its own login")
    source = "no key needed"
    if not server:
        try:
            source = f"key from {(await Credentials(os.environ).lookup('anthropic-api-key')).source}"
        except CredentialError as error:
            detail = "No key: requests Pilothouse knows by itself work, all others need a model."
            return Check(name="model", state="missing", detail=detail, mend=error.hint)
        if real_models_forbidden(os.environ):
            return Check(name="model", state="ok", detail=f"{source}; real models are switched off here")
        server = "https://api.anthropic.com"
    trouble = await _connect(server)
    if trouble:
        mend = (
            "Start it, or mend [model] base_url in config.toml."
            if settings.base_url
            else "Check the network."
        )
        return Check(name="model", state="warn", detail=f"{server} cannot be reached: {trouble}", mend=mend)
    return Check(name="model", state="ok", detail=f"{choices.model or settings.name or server}, {source}")


async def _connect(server: str) -> str:
    """Why no connection comes about, or nothing. Nothing is sent."""
    address = urlsplit(server)
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(address.hostname or "", port)
    except TimeoutError:
        return f"no answer within {REACH_SECONDS:.0f} s."
    except (OSError, ValueError) as error:
        return f"{getattr(error, 'strerror', None) or error}."
    writer.close()
    return ""


# --- where the work is ---------------------------------------------------------------------------------


async def _places(choices: Choices) -> list[Check]:
    try:
        agent = await start(choices, os.environ)
    except (KeptError, SettingsError):
        return []  # The lines above say why.
    except ToolError as error:
        return [Check(name="sandbox", state="broken", detail=error.message, mend=error.hint)]
    try:
        return [*await _contexts(agent), await _profiles(agent)]
    finally:
        await agent.close()


async def _contexts(agent: Agent) -> list[Check]:
    try:
        contexts = agent.clusters.contexts()
    except ToolError as error:
        return [Check(name="kubeconfig", state="missing", detail=error.message, mend=error.hint)]
    if not contexts:
        where = ", ".join(map(str, agent.clusters.paths))
        return [Check(name="kubeconfig", state="missing", detail=f"No contexts in {where}.")]

    async def reach(name: str, server: str, current: bool) -> Check:
        called = f"context {name}{' (current)' if current else ''}"
        try:
            async with asyncio.timeout(REACH_SECONDS):
                cluster = await agent.clusters.cluster(name)
                version = await cluster.json("GET", "/version")
        except TimeoutError:
            detail = f"{server}: no answer within {REACH_SECONDS:.0f} s."
            return Check(name=called, state="warn", detail=detail, mend="Is the cluster up, the VPN on?")
        except ToolError as error:
            return Check(name=called, state="warn", detail=error.message, mend=error.hint)
        return Check(
            name=called,
            state="ok",
            detail=f"{server}, {version.get('gitVersion', 'version unknown')}{_reads(cluster.reads_as)}",
        )

    return await asyncio.gather(*(reach(item.name, item.server, item.current) for item in contexts))


async def _profiles(agent: Agent) -> Check:
    try:
        profiles = agent.accounts.profiles()
    except ToolError as error:
        return Check(name="aws", state="warn", detail=error.message, mend=error.hint)
    chosen = agent.scope.profile
    if not profiles:
        mend = "Run `aws configure`, or set AWS_PROFILE, if you work with AWS."
        return Check(name="aws", state="missing", detail="No AWS profiles.", mend=mend)
    names = ", ".join(profile.name for profile in profiles)
    if not chosen:
        return Check(name="aws", state="ok", detail=f"profiles {names}; none is chosen")
    where = Scope(profile=chosen, region=agent.scope.region)
    try:
        async with asyncio.timeout(REACH_SECONDS):
            who = await agent.accounts.call(where, "sts", "GetCallerIdentity")
    except TimeoutError:
        return Check(
            name="aws", state="warn", detail=f"profile {chosen}: no answer within {REACH_SECONDS:.0f} s."
        )
    except ToolError as error:
        return Check(name="aws", state="warn", detail=f"profile {chosen}: {error.message}", mend=error.hint)
    reads = _reads(agent.accounts.reads_as(where))
    return Check(
        name="aws",
        state="ok",
        detail=f"profile {chosen} is {who.get('Arn', 'known')}{reads}; profiles {names}",
    )


def _reads(other: str) -> str:
    return f", reads as {other}" if other else ""


def _practice() -> Check:
    if find_spec("moto") is None:
        detail = "The practice cluster works; the practice AWS account needs moto."
        return Check(name="sandbox", state="missing", detail=detail, mend="Install pilothouse[sandbox].")
    return Check(name="sandbox", state="ok", detail="cluster and AWS account can be started")


# --- the terminal --------------------------------------------------------------------------------------


def _terminal() -> Check:
    term = os.environ.get("TERM", "")
    columns, lines = shutil.get_terminal_size()
    colours = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else _colours(term)
    inside = ", inside tmux" if os.environ.get("TMUX") else ""
    detail = f"TERM={term or '(unset)'}, {colours}, {columns}×{lines}{inside}"
    if term in ("", "dumb"):
        return Check(
            name="terminal",
            state="warn",
            detail=detail,
            mend="The console needs a terminal; the commands do not.",
        )
    if columns < 80 or lines < 24:
        return Check(name="terminal", state="warn", detail=detail, mend="80×24 or more shows everything.")
    return Check(name="terminal", state="ok", detail=detail)


def _colours(term: str) -> str:
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "true colours"
    return "256 colours" if "256" in term else "16 colours"
