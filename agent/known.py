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
from agent.plan import Draft, DraftStep, PlanProblem
from agent.reading import Reader
from agent.runbooks.library import Library, Match, instantiate
from agent.runbooks.resolution import Ambiguous, BeforeStop, Resolver
from tools.errors import ToolError
from tools.tool import Call, Registry

Outcome = Literal["answered", "planned", "asked", "failed"]


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

    async def handle(self, match: Match, turn: int) -> Outcome:
        """Carry a matched request to its plan, its answer, a question, or the sentence why not."""
        began = time.monotonic()
        runbook = match.runbook
        # Committed together with what comes of it: each commit waits for the disk.
        heard = [e.Understood(turn=turn, runbook=runbook.id, parameters=match.words)]
        resolver = Resolver(
            self.reader,
            self.log.state.scope,
            frozenset(tool.name for tool in self.registry),
            self.before_stop,
        )
        try:
            draft = instantiate(runbook, await resolver.resolve(runbook, match.words))
            if not draft.steps:
                nothing = e.AnswerGiven(turn=turn, rule=runbook.id, markdown=runbook.nothing)
                await self.log.record(*heard, nothing)
                return "answered"
            if runbook.answer:
                await self.log.record(*heard)
                heard.clear()
                return await self._answer(draft, runbook.id, runbook.answer, turn)
            return await self._offer(draft, heard[0], began)
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

    async def _offer(self, draft: Draft, understood: e.Understood, began: float) -> Outcome:
        turn = understood.turn
        try:
            plan = await self.checker.check(
                draft,
                self.log.state.scope,
                plan_id=self.next_plan(),
                origin=f"runbook:{understood.runbook}",
            )
        except PlanProblem as problem:
            refused = e.PlanRefused(
                turn=turn, goal=draft.goal, problems=problem.problems, failure=problem.failure
            )
            await self.log.record(understood, refused)
            return "failed"
        elapsed = (time.monotonic() - began) * 1000
        await self.log.record(understood, e.PlanOffered(turn=turn, plan=plan, elapsed_ms=elapsed))
        return "planned"

    async def _answer(self, draft: Draft, runbook: str, kind: str, turn: int) -> Outcome:
        seen = await asyncio.gather(*(self._read(step, turn) for step in draft.steps))
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

    async def _read(self, step: DraftStep, turn: int) -> Seen:
        scope = fill(step.scope, self.log.state.scope)
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
