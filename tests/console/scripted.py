"""A session without an agent: real events, in an order that a script decides.

It answers like the agent's session does, so that the console can be looked at and tested by itself:
`scale …` offers a plan, `why …` streams an answer, `crash …` fails, anything else is answered in a line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from agent import commands as c
from agent import events as e
from agent.conversation.context_use import ContextUse, Part
from agent.logbook import draft
from agent.model import Message, TextBlock, Usage
from agent.past import Past
from agent.plan import DraftStep, Plan, PlanStatus, Ruling, Step, Verdict
from agent.remembering.deciding import Deciding
from agent.settings import Settings
from agent.state import SessionState, fold
from memory.home import Home
from memory.journal import Journal
from memory.knowledge import Knowledge
from memory.sessions import Sessions
from tests.console.looked import first_lines, looked_at
from tools.errors import FailureClass
from tools.gate import Permit
from tools.redaction.redactor import Redactor
from tools.rows import FeedState, Health, Row, RowsChanged
from tools.tool import Call, Change, Effect, Preview, Scope

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SCOPE = Scope(context="kind-staging", namespace="shop", profile="sandbox", region="eu-central-1")

ANSWER = """payments crashes because **`DATABASE_URL` points at a host that does not resolve**.

| pod | restarts | last exit |
|---|---|---|
| payments-7d9f8b-x2x | 14 | 1 |
| payments-7d9f8b-k8s | 12 | 1 |

1. The last log line is `could not translate host name "db.shop.svc" to address`.
2. The ConfigMap `payments-env` was changed 41 minutes ago, the first crash was 40 minutes ago.

```yaml
env:
  - name: DATABASE_URL
    value: postgres://db.shop.svc/payments
```

Checked: pod state, exit codes, last logs, events. Not checked: the database itself.
"""


class ScriptedSession:
    """Plays the agent's part. Commands it was sent are kept in `commands`."""

    def __init__(self, journal: Journal | None = None, session: str = "20260314-abcde") -> None:
        self.id = session
        self.driving = True
        self.state = SessionState()
        self.commands: list[c.Command] = []
        self.closed = False
        self.knowledge: Knowledge | None = None
        self.looked: dict[str, c.Inspect | c.FollowLogs] = {}
        """What is looked at at the moment, by request."""
        self.hold = asyncio.Event()
        """Set while a `hold …` line may come to its end."""
        self._journal = journal
        self._history: list[e.Recorded] = []
        self._readers: list[asyncio.Queue[e.Recorded | None]] = []
        self._words: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn: asyncio.Task[None] | None = None
        self._tick = 0

    # --- what the console calls ---------------------------------------------------------------------

    @property
    def history(self) -> tuple[e.Recorded, ...]:
        return tuple(self._history)

    async def subscribe(self, skip: int = 0) -> AsyncIterator[e.Recorded]:
        queue: asyncio.Queue[e.Recorded | None] = asyncio.Queue()
        for recorded in self._history[skip:]:
            queue.put_nowait(recorded)
        self._readers.append(queue)
        while (item := await queue.get()) is not None:
            yield item

    async def context(self) -> ContextUse:
        parts = (
            Part(name="system", tokens=2_100),
            Part(name="conversation", tokens=900, detail="what was said"),
        )
        return ContextUse(parts=parts, window=200_000, reply=8_192, scope=SCOPE)

    async def order(self, command: c.Command) -> None:
        """Decisions about memories are carried out by what really does it; everything else is noted."""
        if isinstance(command, c.MEMORIES) and self.knowledge is not None:
            self.commands.append(command)
            await Deciding(self.knowledge, self.record, self._now, "tester").carry_out(command)
        else:
            await self.send(command)

    async def send(self, command: c.Command) -> None:
        self.commands.append(command)
        match command:
            case c.Watch():
                self._view(command)
            case c.Inspect():
                self.looked[command.request] = command
                for event in looked_at(command):
                    self.show(event)
            case c.FollowLogs():
                self.looked[command.request] = command
                self.show(first_lines(command))
            case c.LookAway():
                self.looked.pop(command.request, None)
            case c.Say():
                self._words.put_nowait(command.text)
            case c.AllowWrites():
                await self.record(
                    e.ModeChanged(place=command.place, writes=command.writes, by="ada", how="key")
                )
            case c.SetScope():
                await self.record(e.ScopeChanged(scope=command.scope))
            case c.UseModel():
                await self.record(e.ModelChanged(model=command.model))
            case c.Rename():
                await self.record(e.TitleChanged(title=command.title))
            case c.Approve():
                self._spawn(self._execute(command))
            case c.Reject():
                await self.record(e.PlanRejected(plan_id=command.plan_id, by="ada", comment=command.comment))
            case c.Undo():
                await self.offer(scale_plan("p-undo", "Take plan p-1 back", 3, 2))
            case c.Stop():
                if self._turn is not None:
                    self._turn.cancel()

    async def close(self) -> None:
        self.closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for queue in self._readers:
            queue.put_nowait(None)

    # --- what the scripts do ------------------------------------------------------------------------

    async def start(self, model: str = "") -> None:
        await self.record(e.SessionStarted(operator="ada", scope=SCOPE, model=model, sandbox=True))
        self._spawn(self._work())

    async def record(self, *events: e.DurableEvent) -> None:
        """Let something happen for good."""
        for event in events:
            if self._journal is not None:
                await self._journal.append(self.id, draft(event))
            recorded = e.Recorded(seq=len(self._history) + 1, at=self._now(), event=event)
            self._history.append(recorded)
            self._spread(recorded)

    def show(self, event: e.EphemeralEvent) -> None:
        """Let something be seen that is not kept."""
        self._spread(e.Recorded(seq=None, at=self._now(), event=event))

    async def offer(self, plan: Plan) -> None:
        turn = self.state.turn
        for step in plan.steps:
            written = DraftStep(id=step.id, title=step.title, tool=step.tool, args=step.args)
            self.show(e.StepDrafted(turn=turn, goal=plan.goal, step=written))
        await self.record(e.PlanOffered(turn=turn, plan=plan, model_calls=0, elapsed_ms=31))

    def rows(self, view: str, change: RowsChanged) -> None:
        self.show(e.ViewChanged(view=view, rows=change))

    def _now(self) -> datetime:
        self._tick += 1
        return datetime.now(UTC)

    def _spread(self, recorded: e.Recorded) -> None:
        self.state = fold(self.state, recorded)
        for queue in self._readers:
            queue.put_nowait(recorded)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while True:
            text = await self._words.get()
            self._turn = asyncio.ensure_future(self._one_turn(text))
            await asyncio.wait({self._turn})

    async def _one_turn(self, text: str) -> None:
        turn = self.state.turn + 1
        await self.record(e.Said(turn=turn, text=text))
        if not self.state.title:
            await self.record(e.TitleChanged(title=text[:60]))
        self.show(e.TurnStarted(turn=turn))
        try:
            match text.split()[0]:
                case "scale":
                    await self.record(
                        e.Understood(
                            turn=turn, runbook="scale@1", parameters={"workload": "checkout", "count": "3"}
                        )
                    )
                    await self.offer(scale_plan("p-1", "Scale checkout in shop to 3", 2, 3))
                    outcome = "planned"
                case "why":
                    await self._explain(turn)
                    outcome = "answered"
                case "fail":
                    await self.record(
                        e.TurnFailed(
                            turn=turn,
                            sentence="The cluster kind-staging cannot be reached: connection refused.",
                            hint="Is the VPN up?",
                        )
                    )
                    outcome = "failed"
                case "hold":
                    await self.hold.wait()
                    outcome = "answered"
                case _:
                    await self.record(e.AnswerGiven(turn=turn, rule="echo@1", markdown=f"You said: {text}"))
                    outcome = "answered"
        except asyncio.CancelledError:
            outcome = "stopped"
        await self.record(e.TurnEnded(turn=turn, outcome=outcome, seconds=1.2))

    async def _explain(self, turn: int) -> None:
        call = Call(tool="kubernetes_logs@1", args={"name": "payments-7d9f8b-x2x", "previous": True})
        await self.record(e.ToolCalled(turn=turn, call_id="c1", call=call, scope=SCOPE))
        await self.record(
            e.ToolReturned(
                turn=turn, call_id="c1", tool=call.tool, summary="42 lines", output={"lines": ["could not …"]}
            )
        )
        for start in range(0, len(ANSWER), 12):
            self.show(e.TextGrew(turn=turn, text=ANSWER[start : start + 12]))
            await asyncio.sleep(0.004)
        await self.record(
            e.ModelReplied(
                turn=turn,
                message=Message(role="assistant", content=(TextBlock(text=ANSWER),)),
                stop_reason="end_turn",
                model="claude-opus-5-5",
                usage=Usage(input_tokens=11_840, output_tokens=512),
                cost=Decimal("0.41"),
            )
        )

    async def _execute(self, command: c.Approve) -> None:
        plan = self.state.plans[command.plan_id].plan
        steps = command.steps or tuple(step.id for step in plan.steps)
        approved = e.PlanApproved(plan_id=plan.id, hash=command.hash, steps=steps, by="ada", how=command.how)
        await self.record(approved)
        for step in plan.steps:
            if step.id not in steps:
                await self.record(e.StepSkipped(plan_id=plan.id, step_id=step.id, reason="not approved"))
                continue
            await self.record(intended(plan.id, step, 1))
            if step.id == "s2":
                await self.record(
                    e.AttemptFailed(
                        plan_id=plan.id,
                        step_id=step.id,
                        attempt=1,
                        failure=FailureClass.TRANSIENT,
                        cause="the server is restarting (503)",
                        raw='{"kind":"Status","code":503}',
                        retry_at=self._now() + timedelta(milliseconds=300),
                    )
                )
                await asyncio.sleep(0.3)
                await self.record(intended(plan.id, step, 2))
            self.show(e.StepChecking(plan_id=plan.id, step_id=step.id, detail="2 of 3 ready"))
            await asyncio.sleep(0.05)
            await self.record(
                e.StepSucceeded(
                    plan_id=plan.id, step_id=step.id, attempt=1, observed="3 of 3 replicas ready", seconds=0.4
                )
            )
        await self.record(
            e.PlanFinished(
                plan_id=plan.id, status=PlanStatus.SUCCEEDED, summary="checkout runs 3 replicas.", seconds=0.9
            )
        )

    def _view(self, command: c.Watch) -> None:
        if command.what == "pods":
            self.rows(command.view, pods(60))
        elif command.what == "aws:ec2":
            columns = ("NAME", "STATE", "TYPE")
            row = Row(
                "i-1",
                "sandbox/eu-central-1",
                "",
                "web-1",
                "Instance",
                ("web-1", "running", "t3.small"),
                Health.OK,
            )
            self.rows(
                command.view, RowsChanged(columns, (row,), reset=True, state=FeedState.POLLING, at=NOON)
            )
        else:
            self.rows(
                command.view,
                RowsChanged(
                    ("NAME",), reset=True, state=FeedState.FAILED, detail=f"no kind {command.what} here"
                ),
            )


@dataclass(frozen=True)
class Place:
    kind: str
    name: str
    detail: str
    current: bool
    pinned_read_only: bool


@dataclass
class ScriptedAgent:
    """Opens scripted sessions over a real journal."""

    journal: Journal
    sessions: Sessions
    knowledge: Knowledge
    home: Home
    settings: Settings = field(default_factory=Settings)
    redactor: Redactor = field(default_factory=lambda: Redactor(b"a key for tests" * 2))
    notices: tuple[str, ...] = ()
    interrupted: list[str] = field(default_factory=list)
    model: str = ""
    opened: list[ScriptedSession] = field(default_factory=list)
    closed: bool = False

    @classmethod
    async def start(cls, folder: Path, **fields: str) -> ScriptedAgent:
        journal = await Journal.open(folder / "journal.db", lambda: datetime.now(UTC))
        knowledge = await Knowledge.open(folder / "knowledge.db", lambda value: value)
        home = Home(folder).prepare()
        return cls(journal, Sessions(journal), knowledge, home, **fields)  # type: ignore[arg-type]

    @property
    def past(self) -> Past:
        return Past(
            self.home,
            self.journal,
            self.redactor,
            operator="ada",
            program="tests",
            clock=lambda: datetime.now(UTC),
        )

    async def open_session(self, session_id: str | None = None) -> ScriptedSession:
        name = session_id or f"20260314-{len(self.opened) + 1:05}"
        if session_id is None:
            await self.sessions.create(name, "", SCOPE.model_dump_json())
        session = ScriptedSession(self.journal, name)
        session.knowledge = self.knowledge
        await session.start(self.model)
        self.opened.append(session)
        return session

    def places(self) -> list[Place]:
        return [
            Place("context", "kind-staging", "https://127.0.0.1:6443", True, False),
            Place("context", "eks-prod-eu", "https://eks.example", False, True),
            Place("profile", "sandbox", "eu-central-1", True, False),
        ]

    async def close(self) -> None:
        self.closed = True
        for session in self.opened:
            await session.close()
        await self.journal.close()
        await self.knowledge.close()


def scale_plan(plan_id: str, goal: str, before: int, after: int) -> Plan:
    """Two reads and two writes, one of them in production."""
    ask = Ruling(verdict=Verdict.ASK, rule="writes-ask")
    permit = Permit(
        system="kubernetes",
        place="kind-staging",
        verb="patch",
        resource="deployments.apps/scale",
        namespace="shop",
        name="checkout",
    )
    look = Step(
        id="s1",
        title="Look at checkout",
        tool="kubernetes_get@1",
        args={"kind": "deployment", "name": "checkout"},
        scope=SCOPE,
        effect=Effect.READ,
        ruling=Ruling(verdict=Verdict.ALLOW, rule="reads-are-free"),
    )
    scale = Step(
        id="s2",
        title=f"Scale checkout to {after}",
        tool="kubernetes_scale@1",
        args={"kind": "deployment", "name": "checkout", "replicas": after},
        scope=SCOPE,
        effect=Effect.WRITE,
        depends_on=("s1",),
        preview=Preview(
            target="deployment/checkout in shop",
            name="checkout",
            changes=(Change(path="spec.replicas", before=before, after=after),),
            before={"replicas": before},
            observed="101",
            permits=(permit,),
        ),
        undo=Call(
            tool="kubernetes_scale@1", args={"kind": "deployment", "name": "checkout", "replicas": before}
        ),
        ruling=ask,
    )
    check = Step(
        id="s3",
        title="See that it is healthy",
        tool="kubernetes_rollout_status@1",
        args={"name": "checkout"},
        scope=SCOPE,
        effect=Effect.READ,
        depends_on=("s2",),
        ruling=Ruling(verdict=Verdict.ALLOW, rule="reads-are-free"),
    )
    return Plan(id=plan_id, goal=goal, steps=(look, scale, check), scope=SCOPE, origin="runbook:scale@1")


def intended(plan_id: str, step: Step, attempt: int) -> e.StepIntended:
    return e.StepIntended(
        plan_id=plan_id,
        step_id=step.id,
        attempt=attempt,
        attempts=4,
        key=f"{plan_id}/{step.id}/{attempt}",
        call=step.call,
        scope=step.scope,
        effect=step.effect,
    )


def pods(count: int, *, reset: bool = True) -> RowsChanged:
    """A first list of pods; every seventh does badly."""
    rows = []
    for number in range(count):
        bad = number % 7 == 3
        name = f"{('payments', 'checkout', 'cart', 'search')[number % 4]}-7d9f8b-{number:03}"
        status = "CrashLoopBackOff" if bad else "Running"
        rows.append(
            Row(
                uid=f"uid-{number}",
                scope="kind-staging",
                namespace="shop",
                name=name,
                kind="Pod",
                cells=(name, "0/1" if bad else "1/1", status, str(number % 5), "10.0.0.1"),
                health=Health.BAD if bad else Health.OK,
                created=NOON - timedelta(hours=number),
            )
        )
    columns = ("NAME", "READY", "STATUS", "RESTARTS", "IP")
    return RowsChanged(columns, tuple(rows), reset=reset, state=FeedState.LIVE, at=NOON)
