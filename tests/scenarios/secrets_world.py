"""A session that meets every planted secret in every source, and all that is left of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, JsonValue

from agent import events as e
from agent.commands import Approve, Rename, Say
from agent.looking.pages import EventsPage, Section, SummaryPage, TextPage
from agent.session import Session
from agent.settings import Settings
from console.app import PilothouseApp
from console.cli.exits import Exit, Problem
from console.cli.logs import to_file
from console.cli.output import Output
from console.crash import keep
from console.live import Agent
from console.options import Options
from memory.knowledge.store import Knowledge
from tests.console.driving import Console
from tests.console.scripted import NOON, ScriptedAgent
from tests.standins.asking import model_at
from tests.standins.crew import REDACTOR, Crew, carry_out, crew, offer, put
from tests.standins.model_server import ModelServer
from tests.standins.script import Script, Tool, Turn, text, tool
from tests.standins.shelf import Shelf, shelf_registry
from tests.tools.redaction.canaries import Canary, canaries
from tests.tools.redaction.sources import SOURCES
from tools.errors import ToolError
from tools.gate import Gate
from tools.kubernetes.live.workload_logs import LogBatch, LogLine
from tools.kubernetes.reads.events import Happening
from tools.rows import FeedState, RowsChanged
from tools.tool import Arguments, Registry, Scope
from tools.tool import Tool as ReadTool

AT_ONCE = 13
"""Canaries in one tool's output, so that none falls into the gap of what is too long for a model."""


@dataclass
class Told:
    """What each sink holds, as text."""

    planted: list[Canary]
    sinks: dict[str, str] = field(default_factory=dict)


class PlantedArgs(Arguments):
    source: str
    part: int


class Planted(BaseModel):
    content: JsonValue


class PlantedRead(ReadTool[PlantedArgs, Planted]):
    """Returns what the tools of each source return, with canaries in it; an error body is an error."""

    name = "planted_read"
    summary = "Read something that holds secrets."
    Args = PlantedArgs
    Output = Planted

    def __init__(self, parts: Sequence[Sequence[Canary]]) -> None:
        self._parts = parts

    async def run(self, args: PlantedArgs, scope: Scope) -> Planted:
        content = SOURCES[args.source](self._parts[args.part])
        if args.source == "error body":
            raise ToolError(f"The server refused it: {content}", hint=str(content), raw=str(content))
        return Planted(content=content)


async def told(folder: Path) -> Told:
    """Run the session and gather every sink."""
    planted = canaries()
    result = Told(planted)
    parts = [planted[at : at + AT_ONCE] for at in range(0, len(planted), AT_ONCE)]
    # A password with nothing beside it that says so is a word like any other.
    everything = "\n".join(
        canary.text if canary.name != "SETTING" else f"{canary.text}\n{canary.value}" for canary in planted
    )
    calls: list[Tool] = [
        tool("planted_read", {"source": source, "part": part})
        for source in SOURCES
        for part in range(len(parts))
    ]
    script = Script([Turn(*calls), Turn(text(f"What I saw:\n{everything}")), Turn(text("Done."))])
    shelf = Shelf(folder / "shelf", Gate.build()[0])

    def registry(gate: Gate) -> Registry:
        shelf.gate = gate
        return Registry([*shelf_registry(shelf), PlantedRead(parts)])  # type: ignore[list-item]

    async with ModelServer(script) as server:
        model = model_at(server.url)
        async with crew(folder / "home", registry, settings=Settings(), model=model) as aboard:
            session = await aboard.open()
            seen: list[e.Recorded] = []
            following = asyncio.create_task(_follow(session, seen))
            await carry_out(session, Say(text=f"what is going on? {SOURCES[WORDS](planted)}"))
            await carry_out(session, Say(text="and what else is there, my friend?"))
            await carry_out(session, Rename(title=f"About {everything}"))
            result.sinks["title"] = (await aboard.ship.sessions.get("s1")).title
            await _fail_a_step(session, shelf, everything)
            _show(session, planted, everything)
            result.sinks["screen"] = await _screen(aboard, session)
            await session.close()
            await following
        await model.close()
    grown = (one.event for one in seen if isinstance(one.event, e.TextGrew))
    result.sinks["streamed text"] = "".join(event.text for event in grown)
    result.sinks["events"] = "\n".join(repr(recorded) for recorded in seen)
    result.sinks["model"] = "\n".join(json.dumps(one.body, ensure_ascii=False) for one in server.requests)
    home = folder / "home"
    _command_line(home, everything, result)
    _log_and_crash(home, everything, result)
    for place in ("data", "state"):
        result.sinks[f"{place} on disk"] = _bytes(home / place)
    return result


WORDS = "operator's words"


async def _follow(session: Session, seen: list[e.Recorded]) -> None:
    async for recorded in session.subscribe():
        seen.append(recorded)


async def _fail_a_step(session: Session, shelf: Shelf, everything: str) -> None:
    """A write whose server answers with secrets, first in a way that is tried again."""
    shelf.set("a", "0")
    plan = await offer(session, put("a", "1"))
    shelf.faults["put"] = [ToolError(f"no: {everything}", hint=everything, raw=everything)]
    approved = Approve.model_validate(
        {"plan_id": plan.id, "hash": plan.hash, "how": "flag", "allow_writes": True}
    )
    await carry_out(session, approved)
    assert any(isinstance(one.event, e.StepFailed) for one in session._log.history)


def _show(session: Session, planted: Sequence[Canary], everything: str) -> None:
    """What views and closer looks show."""
    log = session._log
    lines = tuple(everything.split("\n"))
    log.show(e.Noticed(text=everything, severity="error"))
    log.show(e.StepChecking(plan_id="p", step_id="s", detail=everything))
    log.show(e.ModelWaiting(turn=1, seconds=1, cause=everything))
    log.show(e.ViewChanged(view="v", rows=RowsChanged(columns=(), state=FeedState.FAILED, detail=everything)))
    log.show(e.Inspected(request="r", side="yaml", page=TextPage(lines)))
    events = tuple(
        Happening(
            last=None, warning=True, reason="Failed", object="pod/a", namespace="shop", message=canary.text
        )
        for canary in planted
    )
    log.show(e.Inspected(request="r", side="events", page=EventsPage(events, NOON)))
    rows = tuple((f"note-{number}", canary.text) for number, canary in enumerate(planted))
    log.show(e.Inspected(request="r", side="summary", page=SummaryPage("@pod/a", (Section("data", rows),))))
    log.show(e.Inspected(request="r", side="related", failure=everything))
    for at in range(0, len(lines), 3):  # keys break off between batches
        batch = tuple(LogLine(0, "", line) for line in lines[at : at + 3])
        log.show(e.LogGrew(request="r", batch=LogBatch(batch, ())))


async def _screen(aboard: Crew, session: Session) -> str:
    """The console on this session: its transcript from top to bottom."""

    class Helm(ScriptedAgent):
        async def open_session(self, session_id: str | None = None) -> Session:  # type: ignore[override]
            return session

        async def close(self) -> None:
            self.closed = True

    knowledge = await Knowledge.open(aboard.home.knowledge, REDACTOR.value)
    agent = Helm(aboard.journal, aboard.ship.sessions, knowledge, aboard.home)

    async def connect() -> Agent:
        return agent  # type: ignore[return-value]

    app = PilothouseApp(connect, Options(home=aboard.home.root), {})
    pages: list[str] = []
    async with app.run_test(size=(220, 120), notifications=True) as pilot:
        seen = Console(pilot, app, agent)
        await seen.until(lambda: app.is_built and app.main.chat.transcript is not None, "the chat")
        shown = app.main.chat.transcript
        assert shown is not None
        await seen.until(lambda: shown.line_count > 120, "the session")
        shown.action_bottom()
        await seen.sees("draws up what is left anew")
        await seen.press("escape", "1")
        for _ in range(30):
            pages.append(seen.text)
            await seen.press("pageup")
            await pilot.pause()
    await knowledge.close()
    return "\n".join(pages)


def _command_line(home: Path, everything: str, result: Told) -> None:
    result.sinks["export"] = _run(home, "sessions", "export", "s1")
    result.sinks["JSON export"] = _run(home, "sessions", "export", "s1", "--json")
    result.sinks["sessions show --json"] = _run(home, "sessions", "show", "s1", "--json")
    result.sinks["sessions --json"] = _run(home, "sessions", "--json")
    result.sinks["audit show --json"] = _run(home, "audit", "show", "--json")
    result.sinks["memory add --json"] = _run(home, "memory", "add", "--json", everything)
    result.sinks["memory --json"] = _run(home, "memory", "--json")
    for as_json in (False, True):
        stdout, stderr = io.StringIO(), io.StringIO()
        out = Output(stdout, stderr, {}, as_json=as_json)
        out.redact(home)
        out.fail(Problem(Exit.FAILED, everything, everything, details={"problems": [everything]}))
        result.sinks[f"errors{' --json' if as_json else ''}"] = stdout.getvalue() + stderr.getvalue()


def _run(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "console", *words],
        env={**os.environ, "PILOTHOUSE_HOME": str(home), "HOME": str(home)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _log_and_crash(home: Path, everything: str, result: Told) -> None:
    to_file(home, {})
    handler = logging.getLogger().handlers[-1]
    try:
        raise RuntimeError(everything)
    except RuntimeError as error:
        logging.getLogger("some.library").error("it said %s", everything, exc_info=error)
        result.sinks["crash report"] = keep(error, home, {})
    finally:
        logging.getLogger().removeHandler(handler)
        logging.captureWarnings(False)
    logs = [path.read_text("utf-8") for path in (home / "state" / "logs").iterdir()]
    assert len(logs) == 2, "the log and the crash report"
    result.sinks["log"] = "\n".join(logs)


def _bytes(folder: Path) -> str:
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(IsADirectoryError):
            found.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(found)
