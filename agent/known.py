"""Requests that need no model: a runbook is matched, its slots are looked up, and the plan is there.

Same words and same world give the same plan. A runbook of reads becomes an answer instead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent import events as e
from agent.answers import Seen, answer
from agent.checking import Checker, fill
from agent.execution.reads import summary
from agent.logbook import Logbook
from agent.mentions import contexts_of
from agent.plan import Draft, DraftStep, PlanProblem
from agent.reading import Reader
from agent.runbooks.clauses import Clause, Clauses, combine, split
from agent.runbooks.library import Library, Match, instantiate
from agent.runbooks.resolution import Ambiguous, BeforeStop, Resolver
from tools.errors import ToolError
from tools.tool import Call, Registry, Scope, WriteTool

Outcome = Literal["answered", "planned", "asked", "failed"]


@dataclass(frozen=True, slots=True)
class Request:
    """The operator's words as known intents: a match for each clause."""

    text: str
    matches: tuple[Match, ...]
    clauses: Clauses
    context: str = ""
    """The context that its mentions name; empty for the working one."""


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
    author: str = "runbook"
    """What plans are said to come from; see `agent.plan.Plan.origin`."""

    def match(self, request: str) -> Request | None:
        """The request as known intents, or None if any of it is not known, or it is about several contexts."""
        named = contexts_of(request, self.log.state.scope.context)
        if len(named) > 1:
            return None
        context = next(iter(named), "")
        if whole := self.library.match(request):
            return Request(request, (whole,), Clauses((Clause(request),), take_back=False), context)
        clauses = split(request)
        if clauses.plain or not clauses.parts:
            return None
        found = [self.library.match(part.text) for part in clauses.parts]
        matches = tuple(match for match in found if match is not None and not match.runbook.answer)
        return Request(request, matches, clauses, context) if len(matches) == len(found) else None

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
                return await self._answer(draft, runbook.id, runbook.answer, turn, self._scope(request))
            return await self._offer(draft, heard, began, self._scope(request))
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
            elsewhere=request.context if request.context != self.log.state.scope.context else "",
        )
        try:
            return instantiate(match.runbook, await resolver.resolve(match.runbook, match.words))
        except Ambiguous as question:
            raise question.within(request.text, request.clauses.parts[count].text) from question

    def _scope(self, request: Request) -> Scope:
        """Where a request is meant: the session's scope, or that of the context its mentions name."""
        return fill(Scope(context=request.context), self.log.state.scope)

    def _lasting(self, step: DraftStep) -> bool:
        tool = self.registry.get(step.tool)
        return isinstance(tool, WriteTool) and tool.lasting

    async def _offer(self, draft: Draft, heard: list[e.Understood], began: float, scope: Scope) -> Outcome:
        turn = heard[0].turn
        try:
            plan = await self.checker.check(
                draft,
                scope,
                plan_id=self.next_plan(),
                origin=f"{self.author}:" + "+".join(understood.runbook for understood in heard),
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

    async def _answer(self, draft: Draft, runbook: str, kind: str, turn: int, scope: Scope) -> Outcome:
        seen = await asyncio.gather(*(self._read(step, turn, scope) for step in draft.steps))
        given = answer(kind, seen)
        await self.log.record(
            e.AnswerGiven(
                turn=turn,
                rule=runbook,
                markdown=given.markdown,
                evidence=given.evidence,
                checked=given.checked,
                not_checked=given.not_checked,
            )
        )
        return "answered"

    async def _read(self, step: DraftStep, turn: int, where: Scope) -> Seen:
        scope = fill(step.scope, where)
        call = Call(tool=self.registry.get(step.tool).id, args=step.args)
        call_id, began = f"t{turn}-{step.id}", time.monotonic()
        await self.log.record(e.ToolCalled(turn=turn, call_id=call_id, call=call, scope=scope))
        try:
            output = (await self.reader.run(call, scope)).model_dump(mode="json")
        except ToolError as error:
            await self.log.record(
                e.ToolReturned(
                    turn=turn, call_id=call_id, tool=call.tool, summary="", failure=error.failure, cause=str(error),
                    seconds=time.monotonic() - began,
                )
            )  # fmt: skip
            raise
        await self.log.record(
            e.ToolReturned(
                turn=turn, call_id=call_id, tool=call.tool, summary=summary(output), output=output,
                seconds=time.monotonic() - began,
            )
        )  # fmt: skip
        return Seen(call_id, step.title, output)
