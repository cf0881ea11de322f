"""A write step: *drift check → intent → grant → call → observe → outcome*.

No write is sent a second time before the world was asked whether the first one arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from pydantic import BaseModel, JsonValue

from agent import events as e
from agent.execution.conditions import fulfil
from agent.execution.halt import Stopped
from agent.execution.step import StepRun
from agent.plan import StepState
from agent.putting_back import changed_since, same_changes
from agent.recovery import Response, classify, may_repeat, respond, wait
from agent.second_person import refuse_undecided
from tools.errors import CheckFailed, Drifted, GateRefused, InDoubt, ToolError
from tools.gate import Grant, Permit
from tools.tool import Arguments, Observation, Preview, Verdict, WriteTool

GRACE = 0.3
"""Seconds a call in flight may still take after the operator said stop."""

LAST_LOOK = 0.25
"""Seconds for the look at the world that follows a stop."""

_FIRST_LOOK, _SLOWEST_LOOK = 0.2, 2.0

_BELATED = 20.0
"""Seconds that a change may stay out of sight although the server has accepted it."""


class WriteStep(StepRun):
    _before: dict[str, JsonValue] | None = None
    _grant: Grant | None = None
    _permits: tuple[Permit, ...] = ()
    """What this attempt may send."""

    def measured_against(self, before: dict[str, JsonValue]) -> None:
        """Observe the effect against this before-state.

        What puts another step back was previewed before there was anything to put back: what was so
        then tells nothing about whether it has arrived.
        """
        self._before = before

    async def run(self) -> None:
        attempt = self.progress.attempt
        while True:
            attempt += 1
            try:
                refuse_undecided(self.site.log.state.plans[self.plan_id], self.step)
                fresh = await self.unless_stopped(self._refuse_drift())
                if self.step.undoes and not fresh.changes:
                    await self.needless(attempt, "It is as it was before; there is nothing to put back.")
                    return
                if self.step.undoes:
                    self.measured_against(fresh.before)
                self._permits = self._granted(fresh)
                key = await self.intend(attempt, self._permits, self._before)
            except Stopped:
                await self.stopped("", "Stopped before it was sent.", applied=False)
                return
            except ToolError as error:
                await self.fail("", attempt, error, applied=False)
                return
            began = self.site.log.now()
            try:
                await self.unless_stopped(self._send(), grace=GRACE)
            except Stopped:
                await self._stop_in_flight(key, attempt, began)
                return
            except Exception as caught:
                if self.stop.is_set() and isinstance(caught, GateRefused):
                    await self._stop_in_flight(key, attempt, began)
                    return
                if await self._answer(key, attempt, classify(caught, self.step.tool), began):
                    continue
                return
            await self.settle(key, attempt, began)
            return

    async def settle(self, key: str, attempt: int, began: datetime, *, cut_off: bool = False) -> None:
        """Watch the world until the effect is there, cannot come any more, or takes too long.

        Args:
            cut_off: the call did not come to its end, and at least a part of it was seen to have arrived.
        """
        arrived = True if cut_off else None  # a server's word alone is not enough
        sent = self.site.log.now()
        deadline = sent + timedelta(seconds=self._tool.settle)
        delay, trouble = _FIRST_LOOK, 0
        while True:
            try:
                seen = await self.unless_stopped(self.look(), grace=LAST_LOOK)
                trouble = 0
                arrived = arrived or seen.applied
            except Stopped:
                detail = "The change was sent; its effect was not observed yet."
                await self.stopped(key, detail, applied=arrived is not False)
                return
            except ToolError as blind:
                trouble += 1
                seen = Observation(verdict=Verdict.UNKNOWN, detail=blind.message)
                delay = max(delay, wait(blind, trouble))
            if seen.verdict is Verdict.HOLDS:
                await self._conclude(key, attempt, seen.detail, began)
                return
            now = self.site.log.now()
            belated = arrived is False and now < sent + timedelta(seconds=_BELATED)
            if seen.verdict is Verdict.DOES_NOT_HOLD and not belated:
                error: ToolError = CheckFailed(f"The effect did not come: {seen.detail}")
                if cut_off and await self._half_done():
                    error = Drifted(
                        f"It was cut off half-way: {seen.detail}",
                        hint="What is left can be drawn up again from what is there now.",
                    )
                await self.fail(key, attempt, error, observed=seen.detail, applied=arrived)
                return
            if now >= deadline:
                error = CheckFailed(
                    f"The effect was not observed within {self._tool.settle:.0f} s: {seen.detail}"
                )
                await self.fail(key, attempt, error, observed=seen.detail, applied=arrived)
                return
            if self.stop.is_set():
                detail = f"The change was sent; when stopped: {seen.detail}"
                await self.stopped(key, detail, applied=arrived is not False)
                return
            self.site.log.show(e.StepChecking(plan_id=self.plan_id, step_id=self.step.id, detail=seen.detail))
            with contextlib.suppress(Stopped):
                await self.unless_stopped(self.sleep(delay))
            delay = min(delay * 1.6, _SLOWEST_LOOK)

    async def _conclude(self, key: str, attempt: int, observed: str, began: datetime) -> None:
        """The tool's own observation holds; the step is done when its checks hold too."""
        try:
            checked = await fulfil(self)
        except Stopped:
            detail = f"The change was sent and seen ({observed}); its check was not over."
            await self.stopped(key, detail, applied=True)
        except CheckFailed as error:
            await self.fail(key, attempt, error, observed=f"{observed} {error.message}", applied=True)
        else:
            await self.succeed(key, attempt, f"{observed} {checked}".strip(), began=began)

    async def look(self) -> Observation:
        """Ask the world once whether the effect is there. Raises a `ToolError` when it does not answer."""
        try:
            async with asyncio.timeout(self._tool.timeout):
                return await self._tool.observe(self._args, self.step.scope, self._reference)
        except Exception as caught:
            raise classify(caught) from caught

    # --- details -----------------------------------------------------------------------------------

    @property
    def _tool(self) -> WriteTool[Arguments, BaseModel]:
        return self.site.registry.write(self.step.tool)

    @property
    def _args(self) -> Arguments:
        return self._tool.parse(self.step.args)

    @property
    def _approved(self) -> Preview:
        """What the operator saw and approved; a write never comes without."""
        if self.step.preview is None:
            raise Drifted(f"Step {self.step.id} was never previewed.")
        return self.step.preview

    @property
    def _reference(self) -> Preview:
        """What the effect is measured against."""
        if self._before is None:
            return self._approved
        return self._approved.model_copy(update={"before": self._before})

    async def _send(self) -> BaseModel:
        seconds, halted = self._tool.timeout, self.stop.is_set
        with self.site.mint.grant(self.step.id, self._permits, seconds=seconds, halted=halted) as grant:
            self._grant = grant
            async with asyncio.timeout(self._tool.timeout):
                return await self._tool.run(self._args, self.step.scope)

    async def _refuse_drift(self) -> Preview:
        """The object's fresh preview; raises `Drifted` if it is no longer what the operator decided on.

        Steps of one plan may build on each other: when an earlier step of this plan changed the same
        object, an otherwise identical diff still counts as the one that was approved.
        """
        approved, tries = self._approved, 0
        while True:
            tries += 1
            try:
                async with asyncio.timeout(self._tool.timeout):
                    fresh = await self._tool.preview(self._args, self.step.scope)
                    fresh = self.site.log.redactor.model(fresh)  # as the approved one was
                break
            except Exception as caught:
                error = classify(caught)
                if respond(error, tries, self.site.pace.attempts, writes=False) is not Response.RETRY:
                    raise error from caught
                await self.site.pace.sleep(wait(error, tries))
        # A practice cluster listens somewhere else each time it is started; it is the same company.
        if fresh.server != approved.server and not self.site.log.state.sandbox:
            raise Drifted(
                f"{self.step.scope.context} stood for {approved.server} when this was approved,"
                f" and stands for {fresh.server} now.",
                hint="Look at the kubeconfig. Plan again if this is where it is meant to happen.",
            )
        if fresh.cluster != approved.cluster:
            raise Drifted(
                f"{self.step.scope.context} is another cluster than the plan was drawn for: its kube-system has the"
                f" uid {fresh.cluster or '(not to be read any more)'}, not {approved.cluster or '(none)'}.",
                hint="Look at the kubeconfig. Plan again if this is where it is meant to happen.",
            )
        if self.step.undoes and not fresh.changes:
            return fresh
        requests = [open_ended(permit) for permit in fresh.permits]
        same_requests = requests == [open_ended(permit) for permit in approved.permits]
        same_change = same_changes(fresh.changes, approved.changes) and same_requests
        known = fresh.observed == approved.observed or self.step.undoes or self._changed_by_ourselves()
        if same_change and known:
            return fresh
        if self.step.undoes:
            original = self.site.log.state.plans[self.plan_id].plan.step(self.step.undoes).preview
            since = changed_since(original, fresh) if original else ()
            raise Drifted(
                f"{approved.target} cannot be put back safely: {' '.join(since)}",
                hint="Decide by hand which of these states it should have.",
            )
        now = "; ".join(f"{change.path}: {change.before!r} → {change.after!r}" for change in fresh.changes)
        raise Drifted(
            f"{approved.target} changed since it was approved.",
            hint=f"The step would now do: {now or 'nothing'}. Plan again to decide on that.",
        )

    def _granted(self, fresh: Preview) -> tuple[Permit, ...]:
        """The requests of this attempt, down to what they say.

        They are those that were approved. Only where this plan itself has changed the object since may
        their content be another, since a patch can hold what it leaves as it is: then it is what was
        just rehearsed, with the very diff that was approved. Raises `Drifted`.
        """
        approved = self._approved.permits
        if any(permit.system == "kubernetes" and not permit.content for permit in approved):
            raise Drifted(
                f"{self.step.title} was approved without a record of what exactly is sent.",
                hint="Plan again; plans drawn up now hold it.",
            )
        if fresh.permits == approved:
            return approved
        if self.step.undoes or self._changed_by_ourselves():
            return fresh.permits
        raise Drifted(
            f"{self.step.title} would send something else than what was rehearsed when it was approved.",
            hint="Plan again to decide on that.",
        )

    def _changed_by_ourselves(self) -> bool:
        progress = self.site.log.state.plans[self.plan_id]
        return any(
            other.preview is not None
            and other.preview.target == self._approved.target
            and other.id != self.step.id
            and progress.of(other.id).state is StepState.SUCCEEDED
            for other in progress.plan.steps
        )

    async def _answer(self, key: str, attempt: int, error: ToolError, began: datetime) -> bool:
        """Decide what follows a failed call; True if the step is to be tried again."""
        response = respond(error, attempt, self.site.pace.attempts, writes=True)
        if response in (Response.RETRY, Response.REREAD):
            return await self.pause(key, attempt, error)
        if response is not Response.OBSERVE:
            await self.fail(key, attempt, error, applied=False)
            return False
        try:
            seen = await self.unless_stopped(self._look_patiently(), grace=LAST_LOOK)
        except Stopped:
            await self.stopped(key, f"Stopped before it was known whether it arrived. {error.message}")
            return False
        except ToolError as blind:
            seen = Observation(verdict=Verdict.UNKNOWN, detail=blind.message)
        if seen.applied:
            await self.settle(key, attempt, began, cut_off=True)
            return False
        if seen.applied is None:
            doubt = InDoubt(
                f"{error.message} Whether the change arrived is not known: {seen.detail}",
                hint="Look at the object, then plan again.",
            )
            await self.fail(key, attempt, doubt, observed=seen.detail)
            return False
        if may_repeat(error, attempt, self.site.pace.attempts):
            return await self.pause(key, attempt, error)
        await self.fail(key, attempt, error, observed=seen.detail, applied=False)
        return False

    async def _look_patiently(self) -> Observation:
        """As `look`, past a passing trouble of looking itself: what a call has done must not stay unknown."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self.look()
            except ToolError as error:
                if respond(error, tries, self.site.pace.attempts, writes=False) is not Response.RETRY:
                    raise
                await self.sleep(wait(error, tries))

    async def _half_done(self) -> bool:
        """Whether a part of what was approved is still to be done, and nothing else."""
        try:
            async with asyncio.timeout(self._tool.timeout):
                left = (await self._tool.preview(self._args, self.step.scope)).changes
        except Exception:  # then nobody knows, and what was observed counts
            return False
        approved = self._approved.changes
        return 0 < len(left) < len(approved) and all(change in approved for change in left)

    async def _stop_in_flight(self, key: str, attempt: int, began: datetime) -> None:
        """The call was cut off by a stop: say what became of it."""
        if self._grant is not None and not self._grant.used:
            await self.stopped(key, "Stopped before it was sent.", applied=False)
            return
        try:
            async with asyncio.timeout(LAST_LOOK):
                seen = await self.look()
        except (ToolError, TimeoutError):
            await self.stopped(
                key, "Stopped while the change was in flight; it is not known to have arrived."
            )
            return
        if seen.verdict is Verdict.HOLDS:
            await self.succeed(key, attempt, seen.detail, began=began)
        else:
            await self.stopped(key, f"Stopped in flight: {seen.detail}", applied=seen.applied)


def open_ended(permit: Permit) -> Permit:
    """The permit without its content."""
    return permit.model_copy(update={"content": ""})
