"""One turn with the model: it reads, several tools at a time, and ends in an answer, a question or a plan."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Literal

from pydantic import JsonValue, ValidationError

from agent import events as e
from agent.budget import spent
from agent.checking import fill
from agent.conversation.briefing import ASK, PROPOSE
from agent.conversation.compaction import compacted, is_full
from agent.conversation.desk import Desk
from agent.conversation.outputs import OUTPUT_TOOLS, Outputs
from agent.conversation.proposal import Proposal, read_plan
from agent.earlier import Earlier, earlier
from agent.execution.reads import summary
from agent.manner import wants_fresh
from agent.model import (
    Replied,
    Request,
    RetryWaiting,
    TextDelta,
    ThinkingDelta,
    ToolInputGrew,
    ToolOpened,
    ToolReady,
    ToolUseBlock,
)  # fmt: skip
from agent.models.errors import MalformedToolCall, ModelError, TooLong, TruncatedToolCall, Unusable
from agent.plan import DraftStep, Plan, PlanProblem, canonical
from agent.recovery import WORTH_REPEATING
from agent.references import references
from agent.replanning import difference, repeated
from agent.state import PlanProgress
from tools.errors import FailureClass, Invalid, ToolError
from tools.tool import Call, Effect, Scope

Outcome = Literal["answered", "planned", "asked", "failed", "stopped"]

REFUSALS = 3
"""How often the model may propose a plan that does not pass the check, in one turn."""


class ModelTurn:
    """Runs one turn. All its tasks end with it.

    Args:
        failed: the plan that this turn draws up anew, if that is what it is about.
    """

    def __init__(self, desk: Desk, turn: int, failed: PlanProgress | None = None) -> None:
        self._desk = desk
        self._failed_plan = failed
        self._dead_ends: dict[str, str] = {}
        """Why calls of this turn failed that would only fail again."""
        self._turn = turn
        self._reads: dict[str, asyncio.Task[None]] = {}
        self._early: dict[str, asyncio.Task[JsonValue]] = {}
        self._proposals: dict[str, Proposal] = {}
        self._calls = 0
        self._refusals = 0
        self._began = time.monotonic()

    async def run(self) -> Outcome:
        """Ask the model until it has answered, asked or planned. Failures become events."""
        try:
            async with asyncio.timeout(self._desk.limits.turn_seconds):
                return await self._rounds()
        except ModelError as error:
            return await self._failed(error.sentence, error.hint, error.failure)
        except TimeoutError:
            return await self._failed(
                f"The turn took longer than {self._desk.limits.turn_seconds:.0f} s and was ended.",
                "Ask for less at once, or raise limits.turn_seconds in config.toml.",
            )
        finally:
            for task in (*self._reads.values(), *self._early.values()):
                task.cancel()
            await asyncio.gather(*self._reads.values(), *self._early.values(), return_exceptions=True)

    async def _rounds(self) -> Outcome:
        stumbles, shortened = 0, False
        if over := spent(self._desk.log.state, self._desk.limits):
            return await self._failed(over, "Begin a new session, or raise the limit.", FailureClass.REFUSED)
        for _ in range(self._desk.limits.model_rounds):
            try:
                reply = await self._ask()
            except (MalformedToolCall, TruncatedToolCall) as error:
                stumbles += 1
                if stumbles > 1:
                    raise
                self._desk.log.show(e.ModelWaiting(turn=self._turn, seconds=0, cause=error.sentence))
                continue
            except Unusable as error:
                await self._replied(error.reply)
                raise
            except TooLong:
                # The server counts otherwise than we do: once more, with less, and without asking it again.
                if shortened or not await self._compact(await self._desk.request(), by_rule=True):
                    raise
                shortened = True
                continue
            if not reply.calls:
                return "answered"
            outcome = await self._act(reply.calls)
            if outcome is not None:
                return outcome
            if over := spent(self._desk.log.state, self._desk.limits):
                return await self._failed(
                    over, "Begin a new session, or raise the limit.", FailureClass.REFUSED
                )
        return await self._failed(
            f"The model asked for tools {self._desk.limits.model_rounds} times without coming to an end.",
            "Ask something narrower.",
        )

    async def _ask(self) -> Replied:
        """One call of the model; reads start as soon as they are written."""
        desk = self._desk
        request = await desk.request()
        if is_full(request, desk.window) and await self._compact(request):
            request = await desk.request()
        self._calls += 1
        names: dict[str, str] = {}
        async with contextlib.aclosing(desk.model.stream(request)) as stream:
            async for event in stream:
                match event:
                    case TextDelta():
                        desk.log.show(e.TextGrew(turn=self._turn, text=event.text))
                    case ThinkingDelta():
                        desk.log.show(e.ThinkingGrew(turn=self._turn, text=event.text))
                    case RetryWaiting():
                        desk.log.show(
                            e.ModelWaiting(turn=self._turn, seconds=event.seconds, cause=event.cause)
                        )
                    case ToolOpened():
                        names[event.id] = event.name
                    case ToolInputGrew() if names.get(event.id) == PROPOSE:
                        proposal = self._proposals.setdefault(event.id, Proposal())
                        self._drafted(proposal, proposal.grew(event.snapshot))
                    case ToolReady():
                        self._start(event.call)
                    case Replied():
                        await self._replied(event)
                        return event
        raise RuntimeError("a model's stream ended without a reply or an error")

    async def _compact(self, request: Request, *, by_rule: bool = False) -> bool:
        """Tell the conversation in short from now on; False where it is as short as it can be."""
        desk = self._desk
        self._calls += not by_rule
        window = desk.window // 2 if by_rule else desk.window
        model = None if by_rule else desk.model
        event = await compacted(desk.log.history, self._turn, window, model, request)
        if event is None:
            return False
        await desk.log.record(event)
        return True

    async def _replied(self, reply: Replied) -> None:
        await self._desk.log.record(
            e.ModelReplied(
                turn=self._turn,
                message=reply.message,
                stop_reason=reply.stop_reason,
                model=reply.model,
                usage=reply.usage,
                cost=reply.cost,
            )
        )

    # --- reads -------------------------------------------------------------------------------------

    def _start(self, call: ToolUseBlock) -> None:
        """A call is written to its end: a read starts now, whatever else is still being written."""
        if call.name not in (PROPOSE, ASK) and call.id not in self._reads:
            self._reads[call.id] = asyncio.create_task(self._read(call), name=f"read {call.name}")

    async def _read(self, block: ToolUseBlock) -> None:
        desk, began = self._desk, time.monotonic()
        args = dict(block.input)
        if block.name in OUTPUT_TOOLS:
            await self._read_on(block, began)
            return
        try:
            scope = fill(Scope.model_validate(args.pop("scope", None) or {}), desk.log.state.scope)
            call = Call(tool=desk.registry.get(block.name).id, args=args)
        except (Invalid, ValidationError) as error:
            cause = str(error) if isinstance(error, Invalid) else "scope: not a scope."
            await self._returned(block, began, failure=FailureClass.INVALID, cause=cause)
            return
        same = canonical([call.model_dump(), scope.model_dump()])
        if same in self._dead_ends:
            cause = f"This very call failed before, and was not sent again: {self._dead_ends[same]}"
            await self._returned(block, began, failure=FailureClass.INVALID, cause=cause)
            return
        known = self._earlier(call, scope)
        await desk.log.record(e.ToolCalled(turn=self._turn, call_id=block.id, call=call, scope=scope))
        if known is not None:
            await self._returned(block, began, summary=known.summary, output=known.output, age=known.age)
            return
        try:
            output = (await desk.reader.run(call, scope)).model_dump(mode="json")
        except ToolError as error:
            if error.failure not in WORTH_REPEATING:
                self._dead_ends[same] = str(error)
            await self._returned(block, began, failure=error.failure, cause=str(error))
        else:
            await self._returned(block, began, summary=summary(output), output=output)

    def _earlier(self, call: Call, scope: Scope) -> Earlier | None:
        """An answer of an earlier turn that is fresh still. Within a turn a model may look again on purpose."""
        log, fresh = self._desk.log, self._desk.registry.get(call.tool).fresh
        said = [
            r.event.text for r in log.history if isinstance(r.event, e.Said) and r.event.turn == self._turn
        ]
        if any(map(wants_fresh, said)):
            return None
        plans = log.state.plans
        return earlier(log.history, plans, call, scope, fresh=fresh, now=log.now(), before=self._turn)

    async def _read_on(self, block: ToolUseBlock, began: float) -> None:
        """Read on in an output that was told in part."""
        log = self._desk.log
        call = Call(tool=f"{block.name}@1", args=dict(block.input))
        await log.record(e.ToolCalled(turn=self._turn, call_id=block.id, call=call, scope=Scope()))
        try:
            text = Outputs.of(log.history).read(block.name, dict(block.input))
        except ToolError as error:
            await self._returned(block, began, failure=error.failure, cause=str(error))
        else:
            await self._returned(block, began, summary=f"{len(text.splitlines())} lines", output=text)

    async def _returned(
        self,
        call: ToolUseBlock,
        began: float,
        *,
        summary: str = "",
        output: JsonValue = None,
        failure: FailureClass | None = None,
        cause: str = "",
        age: float = 0.0,
    ) -> None:
        await self._desk.log.record(
            e.ToolReturned(
                turn=self._turn,
                call_id=call.id,
                tool=call.name,
                summary=summary,
                output=output,
                failure=failure,
                cause=cause,
                seconds=time.monotonic() - began,
                age=age,
            )
        )

    # --- what ends a round -----------------------------------------------------------------------------

    async def _act(self, calls: tuple[ToolUseBlock, ...]) -> Outcome | None:
        """Wait for the reads and deal with a question or a plan; None when the model goes on."""
        for call in calls:
            self._start(call)
        await asyncio.gather(*(self._reads[call.id] for call in calls if call.id in self._reads))
        outcome: Outcome | None = None
        for call in calls:
            if call.name == ASK and outcome is None:
                outcome = await self._question(call)
            elif call.name == PROPOSE and outcome is None:
                outcome = await self._propose(call)
        return outcome

    async def _question(self, call: ToolUseBlock) -> Outcome:
        choices = call.input.get("choices")
        await self._returned(call, time.monotonic(), summary="asked", output="The operator answers next.")
        await self._desk.log.record(
            e.QuestionAsked(
                turn=self._turn,
                question=str(call.input.get("question", "")) or "What exactly do you mean?",
                choices=tuple(map(str, choices)) if isinstance(choices, list) else (),
            )
        )
        return "asked"

    async def _propose(self, call: ToolUseBlock) -> Outcome | None:
        began = time.monotonic()
        proposal = self._proposals.setdefault(call.id, Proposal())
        self._drafted(proposal, proposal.rest(call.input))
        try:
            plan = await self._checked(call)
        except PlanProblem as problem:
            self._refusals += 1
            await self._desk.log.record(
                e.PlanRefused(
                    turn=self._turn,
                    goal=str(call.input.get("goal", "")),
                    problems=problem.problems,
                    failure=problem.failure,
                )
            )
            await self._returned(call, began, failure=FailureClass.INVALID, cause=str(problem))
            if self._refusals < REFUSALS:
                return None
            return await self._failed(
                f"The model proposed {self._refusals} plans that cannot be offered.",
                problem.problems[0],
                problem.failure,
            )
        await self._returned(call, began, summary="offered", output=f"Offered to the operator as {plan.id}.")
        await self._desk.log.record(
            e.PlanOffered(
                turn=self._turn,
                plan=plan,
                model_calls=self._calls,
                elapsed_ms=(time.monotonic() - self._began) * 1000,
                replaces=self._failed_plan.plan.id if self._failed_plan else "",
                difference=difference(self._failed_plan, plan) if self._failed_plan else None,
            )
        )
        return "planned"

    async def _checked(self, call: ToolUseBlock) -> Plan:
        draft = read_plan(call.input)
        desk = self._desk
        desk.log.show(e.PlanChecking(turn=self._turn, steps=len(draft.steps)))
        results = await asyncio.gather(*self._early.values(), return_exceptions=True)
        outputs = {
            step: output
            for step, output in zip(self._early, results, strict=True)
            if not isinstance(output, BaseException)
        }
        self._early.clear()
        plan = await desk.checker.check(
            draft,
            desk.log.state.scope,
            plan_id=desk.next_plan(),
            origin=f"model:{desk.model.name}",
            outputs=outputs,
        )
        if self._failed_plan and (again := repeated(self._failed_plan, plan)):
            raise PlanProblem(again)
        return plan

    def _drafted(self, proposal: Proposal, steps: list[DraftStep]) -> None:
        """Show steps as they are written; a read that needs nothing else starts at once."""
        for step in steps:
            reading = self._free_read(step) and step.id not in self._early
            if reading:
                self._early[step.id] = asyncio.create_task(self._early_read(step), name=f"read {step.id}")
            self._desk.log.show(
                e.StepDrafted(turn=self._turn, goal=proposal.goal, step=step, reading=reading)
            )

    def _free_read(self, step: DraftStep) -> bool:
        if step.tool not in self._desk.registry:
            return False
        plain = not any(True for value in step.args.values() for _ in references(value))
        return plain and self._desk.registry.get(step.tool).effect is Effect.READ

    async def _early_read(self, step: DraftStep) -> JsonValue:
        scope = fill(step.scope, self._desk.log.state.scope)
        output = await self._desk.reader.run(Call(tool=step.tool, args=step.args), scope)
        value: JsonValue = output.model_dump(mode="json")
        return value

    async def _failed(self, sentence: str, hint: str = "", failure: FailureClass | None = None) -> Outcome:
        await self._desk.log.record(
            e.TurnFailed(turn=self._turn, sentence=sentence, hint=hint, failure=failure)
        )
        return "failed"
