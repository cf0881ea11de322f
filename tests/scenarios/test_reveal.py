"""A reveal from the operator's command to the screen: recorded, granted once, and kept nowhere."""

from __future__ import annotations

import asyncio
import base64
import os
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent import commands as c
from agent import events as e
from agent.agent import Agent, Options
from agent.conversation.transcript import messages
from agent.decisions import CommandRefused, Why
from agent.policy import REVEALS, Policy
from agent.policy_file import load
from agent.revealing import Revealer
from agent.sealed import Sealed
from agent.session import Session
from memory.home import Home
from tests.scenarios.conftest import Start
from tools.errors import GateRefused
from tools.gate import Permit
from tools.kubernetes.revealed import Value
from tools.tool import Scope

VALUE = "plain-words-of-the-sea"
"""Nothing about it looks like a secret: no redactor would find it."""

REVEAL = c.Reveal(
    request="r1", what="secret", name="harbour", scope=Scope(namespace="shop-dev"), how="flag",
    why="rotation", confirmed="harbour",
)  # fmt: skip


@asynccontextmanager
async def harbour(start: Start) -> AsyncIterator[tuple[Agent, Session]]:
    """An agent on the sandbox, in which there is a Secret that nobody else knows."""
    async with start() as agent:
        cluster = await agent.clusters.cluster(agent.scope.context)
        path = "/api/v1/namespaces/shop-dev/secrets"

        def permit(verb: str, name: str = "") -> Permit:
            return Permit(
                system="kubernetes", place=cluster.context, verb=verb, resource="secrets",
                namespace="shop-dev", name=name,
            )  # fmt: skip

        body = {"metadata": {"name": "harbour"}, "data": {"note": base64.b64encode(VALUE.encode()).decode()}}
        with agent._mint.grant("setup", [permit("create")], seconds=30):
            await cluster.request("POST", path, body=body)
        try:
            yield agent, await agent.open_session()
        finally:
            with agent._mint.grant("teardown", [permit("delete", "harbour")], seconds=30):
                await cluster.request("DELETE", f"{path}/harbour")


async def reveal(session: Session, command: c.Reveal = REVEAL) -> e.Revealed:
    events = session.subscribe()
    await session.order(command)
    async with asyncio.timeout(20):
        async for recorded in events:
            if isinstance(recorded.event, e.Revealed):
                return recorded.event
    raise AssertionError("the session ended")


def durable(session: Session, kind: type[e.Durable]) -> list[e.Durable]:
    return [found.event for found in session._log.history if isinstance(found.event, kind)]


async def test_a_reveal_is_recorded_with_who_what_and_why_before_it_leaves(start: Start) -> None:
    async with harbour(start) as (_, session):
        shown = await reveal(session)
        assert shown.sealed is not None
        assert shown.sealed.open() == (Value("note", VALUE),)
        assert shown.sealed.open() is None
        (granted,) = durable(session, e.RevealGranted)
        assert isinstance(granted, e.RevealGranted)
        assert (granted.by, granted.why, granted.how) == ("tester", "rotation", "flag")
        assert granted.target == "secret/harbour in shop-dev"
        assert granted.permit.content.startswith("sha256:")
        (ended,) = durable(session, e.RevealEnded)
        assert isinstance(ended, e.RevealEnded)
        assert ended.outcome == "shown"


async def test_what_was_revealed_is_in_no_file_no_event_and_no_model_message(
    start: Start, practice: Home
) -> None:
    async with harbour(start) as (agent, session):
        shown = await reveal(session)
        everything = [repr(shown), str(shown), repr(session._log.history), repr(session.state)]
        everything.append(repr(messages(session._log.history, "any")))
        export = await agent.sessions.export(session.id)
        everything += [envelope.body for envelope in export.events]
        with pytest.raises(TypeError):
            pickle.dumps(shown.sealed)
        with pytest.raises(Exception, match=r"[Ss]ealed"):
            shown.model_dump_json()
        assert shown.sealed is not None
        assert shown.sealed.open() == (Value("note", VALUE),), "it did arrive"
        assert not [text for text in everything if VALUE in text]
        assert holding(practice, VALUE) == []
        assert holding(practice, "rotation") != []


def holding(home: Home, words: str) -> list[Path]:
    """The files under the home that hold these words, the sandbox's own aside."""
    files = (path for path in home.journal.parent.parent.rglob("*") if path.is_file())
    return [
        path for path in files if home.sandbox not in path.parents and words.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("confirmed", ["", "Harbour", "other"])
async def test_without_the_typed_name_nothing_leaves_headless(start: Start, confirmed: str) -> None:
    async with harbour(start) as (_, session):
        with pytest.raises(CommandRefused) as refused:
            await session.order(REVEAL.model_copy(update={"confirmed": confirmed}))
        assert refused.value.why is Why.DECISION
        assert durable(session, e.RevealGranted) == []


async def test_policy_can_deny_every_reveal_and_the_refusal_is_on_record(
    start: Start, tmp_path: Path
) -> None:
    rules = tmp_path / "policy.yaml"
    rules.write_text(
        """
rules:
  - name: nobody-looks
    verdict: deny
    effects: [sensitive]
    namespaces: [shop-dev]
    match: [reveal_secret secret/db in shop-dev]
    not_match: [reveal_secret secret/db in shop, kubernetes_list in shop-dev]
"""
    )
    async with harbour(start) as (agent, session):
        own = load(rules, {tool.name: tool.effect for tool in agent.registry} | REVEALS)
        strict = Revealer(agent.clusters, agent._mint, Policy(agent.settings, own), "tester")
        session._staff = replace(session._staff, revealer=strict)
        with pytest.raises(CommandRefused, match="nobody-looks"):
            await session.order(REVEAL)
        assert durable(session, e.RevealGranted) == []
        (ended,) = durable(session, e.RevealEnded)
        assert isinstance(ended, e.RevealEnded)
        assert ended.outcome == "refused"


async def test_a_command_in_a_pod_needs_writes_and_the_typed_name(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        pod = c.Reveal(
            request="r2", what="pod", name="any", scope=Scope(namespace="shop-dev"), how="flag",
            command=("env",), confirmed="any",
        )  # fmt: skip
        with pytest.raises(CommandRefused, match="read-only"):
            await session.order(pod)
        await session.order(c.AllowWrites(place=agent.scope.context, writes=True, how="flag"))
        with pytest.raises(CommandRefused, match="typed"):
            await session.order(pod.model_copy(update={"confirmed": ""}))
        system = pod.model_copy(update={"scope": Scope(namespace="kube-system")})
        with pytest.raises(CommandRefused, match="belongs to the cluster itself"):
            await session.order(system)


async def test_while_one_reveal_is_under_way_nobody_else_can_use_its_grant(start: Start) -> None:
    async with harbour(start) as (agent, session):
        cluster = await agent.clusters.cluster(agent.scope.context)
        refused = 0

        async def hostile() -> None:
            nonlocal refused
            while not durable(session, e.RevealEnded):
                try:
                    await cluster.request("GET", "/api/v1/namespaces/shop-dev/secrets/harbour")
                except GateRefused:
                    refused += 1
                    await asyncio.sleep(0)

        beside = asyncio.create_task(hostile())
        assert (await reveal(session)).sealed is not None
        await beside
        assert refused > 0


def test_what_is_sealed_opens_once_and_not_when_it_is_old() -> None:
    now = 100.0
    values = (Value("note", VALUE),)
    sealed = Sealed(values, 105.0, lambda: now)
    assert sealed.open() == values
    assert sealed.open() is None
    old = Sealed(values, 105.0, lambda: now)
    now = 106.0
    assert old.open() is None
    assert VALUE not in f"{old!r} {old}"


async def test_without_the_operators_command_there_is_no_way_to_a_reveal(practice: Home) -> None:
    environ = {**os.environ, "PILOTHOUSE_NO_REAL_MODEL": "1"}
    agent = await Agent.start(Options(home=practice, sandbox=True, operator="tester"), environ)
    try:
        assert not [tool.name for tool in agent.registry if "reveal" in tool.name]
    finally:
        await agent.close()
