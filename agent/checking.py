"""A plan is checked before it is shown as ready.

The tools exist at that version, the arguments fit, references are typed and lead somewhere, the
graph has no circle, every write was dry-run against the real server and carries its diff, its
before-state and its undo, and policy has ruled. Whatever fails is a sentence; a plan with problems
is never offered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from agent.budget import plan_problems
from agent.events import Recorded
from agent.exposure import exposures, without_secrets
from agent.origins import Origins, warned
from agent.plan import Draft, DraftStep, Plan, PlanProblem, Step, Verdict, order
from agent.policy import Policy, Question
from agent.putting_back import backwards
from agent.reading import Reader
from agent.recovery import classify
from agent.references import ReferenceProblem, references, resolve
from agent.resting import Resting, Told
from agent.settings import Limits
from agent.shape import linked, shape_problems
from tools.errors import FailureClass, Invalid, ToolError
from tools.tool import Call, Effect, Preview, Registry, Scope, WriteTool

LARGEST_PLAN = 200
"""Steps; a larger plan is a mistake, or work for a runbook that takes groups."""

_PREVIEWS_AT_ONCE = 8


class Denied(PlanProblem):
    """Policy denies a step; there is nothing to decide."""


class Checker:
    """Turns a draft into a plan that can be decided on.

    Args:
        registry: the tools there are.
        policy: rules on every step.
        reader: runs the reads that writes take their arguments from.
        limits: how large a plan may be.
        operator: who asks, for rules that speak of users.
        now: the time, with zone, for rules that speak of hours.
        history: the session's durable events, to tell where the values in a write come from.
        told: the memories that the model was given in this session.
    """

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        reader: Reader,
        limits: Limits,
        *,
        operator: str,
        now: Callable[[], datetime],
        history: Callable[[], Iterable[Recorded]],
        told: Callable[[], Awaitable[Sequence[Told]]] | None = None,
    ) -> None:
        self._registry = registry
        self._policy = policy
        self._reader = reader
        self._limits = limits
        self._operator = operator
        self._now = now
        self._history = history
        self._told = told

    async def check(
        self,
        draft: Draft,
        scope: Scope,
        *,
        plan_id: str,
        origin: str,
        outputs: Mapping[str, JsonValue] | None = None,
        said: tuple[str, ...] = (),
    ) -> Plan:
        """The checked plan.

        Args:
            scope: the session's scope, which fills what a step's own scope leaves open.
            outputs: outputs of read steps that have run already, by step id.
            said: values that the operator typed into the plan just now.

        Raises:
            Denied: policy denies a step.
            PlanProblem: anything else that keeps the plan from being offered.
        """
        if not draft.steps:
            raise PlanProblem(["The plan has no steps."])
        if len(draft.steps) > LARGEST_PLAN:
            raise PlanProblem([f"The plan has {len(draft.steps)} steps; {LARGEST_PLAN} is the limit."])
        steps = order([self._known(step) for step in linked(draft.steps)])
        by_id = {step.id: step for step in steps}
        problems = [problem for step in steps for problem in shape_problems(step, by_id, self._registry)]
        problems += [line for step in steps for line in exposures(step, step.args, self._reader.redactor)]
        if problems:
            raise PlanProblem(problems)
        known = await self._read_sources(steps, scope, dict(outputs or {}))
        ran = {
            f"{step.tool.partition('@')[0]} (step {step.id})": known[step.id]
            for step in steps
            if step.id in known
        }
        origins = self._origins(origin, scope, ran, said)
        resting = await self._resting(origin)
        checked = await self._preview_all(steps, scope, known, origins, resting)
        self._refuse_denied(checked)
        if too_much := plan_problems(checked, self._limits):
            raise PlanProblem(too_much, FailureClass.REFUSED)
        return Plan(id=plan_id, goal=draft.goal, steps=checked, scope=scope, origin=origin)

    def _origins(
        self, origin: str, scope: Scope, outputs: Mapping[str, JsonValue], said: tuple[str, ...]
    ) -> Origins:
        """Where values may come from. A runbook copies nothing out of texts; its references are traced all the same."""
        if not origin.startswith("model:"):
            return Origins()
        found = Origins.of(self._history(), scope)
        found.hear(*said)
        for source, output in outputs.items():
            found.read(source, output)
        return found

    async def _resting(self, origin: str) -> Resting:
        """What a model's plan may rest on; known requests take nothing from memory but their own steps."""
        if self._told is None or not origin.startswith("model:"):
            return Resting()
        return Resting.of(await self._told(), self._history())

    def still_allowed(self, steps: Iterable[Step]) -> None:
        """Ask policy again, now: rules of hours may have changed their word. Raises `Denied`."""
        asked = (
            (step, Question.of(step, self._operator, self._now(), lasting=self._lasting(step)))
            for step in steps
            if step.effect.writes
        )
        now = [
            (step, step.model_copy(update={"ruling": self._policy.rule(question)}))
            for step, question in asked
        ]
        self._refuse_denied(tuple(ruled for _, ruled in now))
        for step, ruled in now:
            if ruled.ruling.approvals > step.ruling.approvals:
                raise Denied(
                    [f"{step.title} needs a second person by now (rule {ruled.ruling.rule}). Plan again."],
                    FailureClass.REFUSED,
                )

    def _lasting(self, step: Step) -> bool:
        tool = self._registry.get(step.tool)
        return not isinstance(tool, WriteTool) or tool.lasting

    def _known(self, step: DraftStep) -> DraftStep:
        """The step with its tool's full id; an unknown tool is a problem."""
        if step.undoes:
            return step.model_copy(update={"tool": ""})
        try:
            return step.model_copy(update={"tool": self._registry.get(step.tool).id})
        except Invalid as error:
            raise PlanProblem([f"Step {step.id}: {error}"]) from error

    async def _read_sources(
        self, steps: list[DraftStep], scope: Scope, outputs: dict[str, JsonValue]
    ) -> dict[str, JsonValue]:
        """Run the reads whose outputs other steps need, so that what is approved is concrete."""
        wanted = {ref.step for step in steps for value in step.args.values() for ref in references(value)}
        for step in steps:
            if step.id not in wanted or step.id in outputs:
                continue
            try:
                args = self._resolved(step, outputs)
                call = Call(tool=step.tool, args=args)
                output = await self._reader.run(call, fill(step.scope, scope))
            except (ToolError, ReferenceProblem) as error:
                raise PlanProblem([f"Step {step.id}: {error}"], _failure(error)) from error
            outputs[step.id] = output.model_dump(mode="json")
        return outputs

    async def _preview_all(
        self,
        steps: list[DraftStep],
        scope: Scope,
        outputs: Mapping[str, JsonValue],
        origins: Origins,
        resting: Resting,
    ) -> tuple[Step, ...]:
        room = asyncio.Semaphore(_PREVIEWS_AT_ONCE)

        async def one(step: DraftStep) -> Step | PlanProblem:
            async with room:
                try:
                    return await self._checked(step, fill(step.scope, scope), outputs, origins, resting)
                except PlanProblem as problem:
                    return problem
                except (ToolError, ReferenceProblem) as error:
                    return PlanProblem(
                        [f"Step {step.id} ({step.title or step.tool}): {error}"], _failure(error)
                    )

        done: dict[str, Step] = {}
        for back in (False, True):  # what puts a step back is drawn up from that step
            wanted = [step for step in steps if bool(step.undoes) is back]
            prepared = [_putting_back(step, done) for step in wanted]
            results = await asyncio.gather(*map(one, prepared))
            problems = [result for result in results if isinstance(result, PlanProblem)]
            if problems:
                raise PlanProblem(
                    (line for problem in problems for line in problem.problems), problems[0].failure
                )
            found = [result for result in results if isinstance(result, Step)]
            done |= {step.id: _backwards(step, done) if step.undoes else step for step in found}
        return tuple(done[step.id] for step in steps)

    async def _checked(
        self,
        step: DraftStep,
        scope: Scope,
        outputs: Mapping[str, JsonValue],
        origins: Origins,
        resting: Resting,
    ) -> Step:
        tool = self._registry.get(step.tool)
        raw = self._resolved(step, outputs)
        if exposed := [*exposures(step, raw, self._reader.redactor)]:
            raise PlanProblem(exposed)
        args = tool.parse(raw)
        preview: Preview | None = None
        undo: Call | None = None
        leaves_nothing = False
        if isinstance(tool, WriteTool):
            try:
                async with asyncio.timeout(tool.timeout):
                    preview = await tool.preview(args, scope)
            except Exception as error:
                raise classify(error) from error
            undo, leaves_nothing = tool.undo(args, preview), not tool.lasting
            preview, undo = without_secrets(preview, undo, self._reader.redactor)
        tainted = origins.traced(step.args, raw) if tool.effect is not Effect.READ and not step.undoes else ()
        rests = (
            resting.found(raw, step.scope, origins) if isinstance(tool, WriteTool) and not step.undoes else []
        )
        resting.refuse(step.id, rests, origins)
        preview = warned(preview, tainted, origins, (one.words for one in rests if one.doubtful))
        undoable = bool(undo or step.undoes or leaves_nothing)
        asked = Question(
            tool.id, tool.effect, scope, preview, undoable, self._operator, self._now(), bool(tainted)
        )
        return Step(
            id=step.id,
            title=step.title or f"{tool.name} {preview.target if preview else ''}".strip(),
            tool=tool.id,
            args=raw | preview.chosen if preview else raw,
            scope=scope,
            effect=tool.effect,
            depends_on=step.depends_on,
            gate=step.gate,
            checks=step.checks,
            if_failed=step.if_failed,
            undoes=step.undoes,
            preview=preview,
            undo=undo,
            tainted=tainted,
            ruling=self._policy.rule(asked),
        )

    @staticmethod
    def _resolved(step: DraftStep, outputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        return {key: resolve(value, outputs) for key, value in step.args.items()}

    @staticmethod
    def _refuse_denied(steps: tuple[Step, ...]) -> None:
        denied = [step for step in steps if step.ruling.verdict is Verdict.DENY]
        if denied:
            raise Denied(
                (
                    f"Step {step.id} ({step.title}): policy rule {step.ruling.rule} denies it."
                    f" {step.ruling.reason}"
                    for step in denied
                ),
                FailureClass.REFUSED,
            )


def _putting_back(step: DraftStep, done: Mapping[str, Step]) -> DraftStep:
    """The step with tool, arguments and scope of the undo it stands for."""
    if not step.undoes:
        return step
    undone = done[step.undoes]
    if undone.undo is None:
        raise PlanProblem([f"Step {step.id} puts back {undone.id} ({undone.title}), which cannot be undone."])
    title = step.title or f"Put {undone.preview.target if undone.preview else undone.id} back"
    call = undone.undo
    return step.model_copy(
        update={"tool": call.tool, "args": call.args, "scope": undone.scope, "title": title}
    )


def _backwards(step: Step, done: Mapping[str, Step]) -> Step:
    """The step with the preview of what it changes once the step it puts back has run."""
    original = done[step.undoes].preview
    if original is None or step.preview is None:
        return step
    return step.model_copy(update={"preview": backwards(original, step.preview), "undo": None})


def _failure(error: ToolError | ReferenceProblem) -> FailureClass:
    return error.failure if isinstance(error, ToolError) else FailureClass.INVALID


def fill(own: Scope, session: Scope) -> Scope:
    """A step's scope, with what it leaves open taken from the session's.

    The session's namespace belongs to the session's context, its region to its profile: a step that
    names another context or profile does not inherit them.
    """
    return Scope(
        context=own.context or session.context,
        namespace=own.namespace or (session.namespace if own.context in ("", session.context) else ""),
        profile=own.profile or session.profile,
        region=own.region or (session.region if own.profile in ("", session.profile) else ""),
    )
