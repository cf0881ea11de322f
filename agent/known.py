"""Requests that need no model: a runbook is matched, its slots are looked up, and the plan is there.

Same words and same world give the same plan. A runbook of reads becomes an answer instead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from agent import events as e
from agent.answering.answers import Seen, answer
from agent.earlier import earlier, from_ago
from agent.execution.reads import summary
from agent.following.meaning import FOLLOWED, points_back
from agent.logbook import Logbook
from agent.manner import Manner, manners
from agent.mentions import contexts_of
from agent.plan import Draft, DraftStep, PlanProblem
from agent.planning.checking import Checker, fill
from agent.reading import Reader
from agent.remembering.preferences import Wishes
from agent.runbooks.clauses import Clause, Clauses, combine, split
from agent.runbooks.library import Library, Match, instantiate
from agent.runbooks.resolution import Ambiguous, BeforeStop, Resolver
from tools.errors import ToolError
from tools.tool import Call, Registry, Scope, WriteTool

Outcome = Literal["answered", "planned", "asked", "failed"]

RUNBOOK = "runbook"


@dataclass(frozen=True, slots=True)
class Request:
    """The operator's words as known intents: a match for each clause.

    `plain` is the text without the words that say how: `context` where not the working one, `fresh` whether
    nothing that was read before counts.
    """

    text: str
    matches: tuple[Match, ...]
    clauses: Clauses
    plain: str = ""
    context: str = ""
    fresh: bool = False


async def no_wishes(turn: int) -> Wishes:
    """Answers as they come."""
    return Wishes()


@dataclass(frozen=True, slots=True)
class Known:
    """What known requests work with."""

    library: Library
    registry: Registry
    reader: Reader
    checker: Checker
    log: Logbook
    next_plan: Callable[[], str]
    before_stop: BeforeStop
    wishes: Callable[[int], Awaitable[Wishes]] = no_wishes
    """How answers are to be shown, for a turn."""
    author: str = RUNBOOK
    """What plans are said to come from; see `agent.plan.Plan.origin`."""
    contexts: Callable[[], Iterable[str]] = tuple
    """The contexts that a request can name."""

    def match(self, request: str) -> Request | None:
        """The request as known intents, or None if any of it is not known, or it is about several contexts."""
        understood = (self._match(request, how) for how in manners(request, self.contexts()))
        return next((found for found in understood if found is not None), None)

    def _match(self, request: str, how: Manner) -> Request | None:
        working = self.log.state.scope.context
        named = contexts_of(how.request, how.context or working)
        if len(named) > 1:
            return None
        how = replace(how, context=next((name for name in named if name != working), how.context))
        if whole := self.library.match(how.request):
            clauses = Clauses((Clause(how.request),), take_back=False)
            return Request(request, (whole,), clauses, how.request, how.context, how.fresh)
        clauses = split(how.request)
        if clauses.plain or not clauses.parts:
            return None
        found = [self.library.match(part.text) for part in clauses.parts]
        matches = tuple(match for match in found if match is not None and not match.runbook.answer)
        if len(matches) != len(found):
            return None
        return Request(request, matches, clauses, how.request, how.context, how.fresh)

    async def handle(self, request: Request, turn: int) -> Outcome:
        """Carry a matched request to its plan, its answer, a question, or the sentence why not."""
        began = time.monotonic()
        runbook = request.matches[0].runbook
        # Committed together with what comes of it: each commit waits for the disk.
        heard = [
            e.Understood(turn=turn, runbook=match.runbook.id, parameters=match.words)
            for match in request.matches
        ]
        try:
            drafts = [await self._drawn(request, count) for count in range(len(request.matches))]
            draft = combine(drafts, request.clauses, self._lasting)
            if not draft.steps:
                nothing = e.AnswerGiven(turn=turn, rule=runbook.id, markdown=runbook.nothing)
                await self.log.record(*heard, nothing)
                return "answered"
            if runbook.answer:
                await self.log.record(*heard)
                heard.clear()
                return await self._answer(draft, request, turn)
            return await self._offer(draft, request, heard, began)
        except Ambiguous as question:
            await self.log.record(
                *heard,
                e.QuestionAsked(
                    turn=turn,
                    question=question.question,
                    choices=tuple(label for label, _ in question.choices),
                    meanings=tuple(request for _, request in question.choices),
                ),
            )
            return "asked"
        except ToolError as error:
            failed = e.TurnFailed(turn=turn, sentence=error.message, hint=error.hint, failure=error.failure)
            await self.log.record(*heard, failed)
            return "failed"

    async def _drawn(self, request: Request, count: int) -> Draft:
        """The plan of one clause. Raises `Ambiguous`, whose choices say the whole request."""
        match = request.matches[count]
        resolver = Resolver(
            self.reader,
            self._scope(request),
            frozenset(tool.name for tool in self.registry),
            self.before_stop,
            elsewhere=next(iter(contexts_of(request.plain, "")), ""),
        )
        try:
            return instantiate(match.runbook, await resolver.resolve(match.runbook, match.words))
        except Ambiguous as question:
            raise question.within(request.text, request.clauses.parts[count].text) from question

    def _scope(self, request: Request) -> Scope:
        """Where the request is carried out: in the session's scope, or in the context it names."""
        scope = self.log.state.scope
        return scope.model_copy(update={"context": request.context}) if request.context else scope

    def _lasting(self, step: DraftStep) -> bool:
        tool = self.registry.get(step.tool)
        return isinstance(tool, WriteTool) and tool.lasting

    async def _offer(
        self, draft: Draft, request: Request, heard: list[e.Understood], began: float
    ) -> Outcome:
        turn = heard[0].turn
        try:
            plan = await self.checker.check(
                draft,
                self._scope(request),
                plan_id=self.next_plan(),
                origin=f"{self._author(turn)}:" + "+".join(understood.runbook for understood in heard),
            )
        except PlanProblem as problem:
            refused = e.PlanRefused(
                turn=turn, goal=draft.goal, problems=problem.problems, failure=problem.failure
            )
            await self.log.record(*heard, refused)
            return "failed"
        elapsed = (time.monotonic() - began) * 1000
        await self.log.record(*heard, e.PlanOffered(turn=turn, plan=plan, elapsed_ms=elapsed))
        return "planned"

    def _author(self, turn: int) -> str:
        followed = self.author == RUNBOOK and points_back(self.log.history, turn)
        return FOLLOWED if followed else self.author

    async def _answer(self, draft: Draft, request: Request, turn: int) -> Outcome:
        runbook = request.matches[0].runbook
        seen = await asyncio.gather(*(self._read(step, request, turn) for step in draft.steps))
        given = answer(runbook.answer, seen, await self.wishes(turn))
        oldest = max(item.age for item in seen)
        aged = f"\n\n*{from_ago(oldest).capitalize()}; say `again` to look afresh.*" if oldest else ""
        await self.log.record(
            e.AnswerGiven(
                turn=turn,
                rule=runbook.id,
                markdown=given.markdown + aged,
                evidence=given.evidence,
                checked=given.checked,
                not_checked=given.not_checked,
            )
        )
        return "answered"

    async def _read(self, step: DraftStep, request: Request, turn: int) -> Seen:
        scope = fill(step.scope, self._scope(request))
        tool = self.registry.get(step.tool)
        call = Call(tool=tool.id, args=step.args)
        call_id, began, state = f"t{turn}-{step.id}", time.monotonic(), self.log.state
        kept = None
        if not request.fresh:
            now = self.log.now()
            kept = earlier(self.log.history, state.plans, call, scope, fresh=tool.fresh, now=now)
        await self.log.record(e.ToolCalled(turn=turn, call_id=call_id, call=call, scope=scope))
        try:
            output = kept.output if kept else (await self.reader.run(call, scope)).model_dump(mode="json")
        except ToolError as error:
            await self.log.record(
                e.ToolReturned(
                    turn=turn, call_id=call_id, tool=call.tool, summary="", failure=error.failure, cause=str(error),
                    seconds=time.monotonic() - began,
                )
            )  # fmt: skip
            raise
        age = kept.age if kept else 0.0
        await self.log.record(
            e.ToolReturned(
                turn=turn, call_id=call_id, tool=call.tool, summary=summary(output), output=output,
                seconds=time.monotonic() - began, age=age,
            )
        )  # fmt: skip
        return Seen(call_id, step.title, output if isinstance(output, dict) else {}, age)
