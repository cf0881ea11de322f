"""What only a key of the operator's can set off: allowing writes, undoing, resuming, stopping.

These methods are the one place in the console, beside the approval, where a deciding command is made.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.widgets import Input, TextArea
from textual.worker import Worker, WorkerState

from console.screens.confirm import ChoiceScreen, ConfirmScreen

if TYPE_CHECKING:
    from agent.commands import Command
    from agent.plan import PlanStatus, Step
    from agent.state import PlanProgress
    from console.live import LiveSession


GATE_GRACE = 0.5
"""Seconds after a plan came to a gate in which no key lets it through."""


class Deciding(Screen[None]):
    """The deciding actions of the main screen."""

    live: LiveSession | None = None
    pinned_read_only = False

    def send(self, command: Command) -> None:
        """Send a command on its way; a failure is said in a notice."""
        raise NotImplementedError

    def place_in_view(self) -> str:
        """The context, or `profile/region`, of what the operator is looking at."""
        raise NotImplementedError

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What fails in the background is said, and the console goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            from console.live import sentence

            self.notify(sentence(event.worker.error), severity="error", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a deciding action works now; everything else does."""
        match action:
            case "write":
                return not isinstance(self.focused, TextArea | Input)
            case "allow_writes":
                return self._drives and bool(self.place_in_view()) and not self.pinned_read_only
            case "undo":
                return self._drives and self._plan_in("succeeded", "failed", "stopped") != ""
            case "resume":
                return self._drives and self._plan_in("interrupted", "failed", "stopped") != ""
            case "settle_doubt":
                return self._drives and self._doubt() is not None
            case "pass_gate":
                return self._drives and self._gate() is not None
            case "stop":
                return self.at_work
        return super().check_action(action, parameters)

    @property
    def at_work(self) -> bool:
        """Whether a turn or a plan is under way that this console may stop."""
        live = self.live
        return live is not None and live.driving and (live.state.busy or live.state.running is not None)

    def action_allow_writes(self) -> None:
        from agent.commands import AllowWrites

        place = self.place_in_view()
        if self.live is None or not place:
            return
        if place in self.live.state.writable:
            # The way back is always open.
            self.send(AllowWrites(place=place, writes=False, how="key"))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.send(AllowWrites(place=place, writes=True, how="key"))

        self.app.push_screen(
            ConfirmScreen(
                f"Allow writes in {place}?",
                "Plans you approve may then change it, in this session only. "
                "Each plan is still shown and approved first.",
                yes="allow writes",
            ),
            answered,
        )

    def action_waived(self) -> None:
        """Show what the operator decided beforehand, and take it back if wanted."""
        from agent.commands import AskAgain

        waivers = self.live.state.waivers if self.live is not None else ()
        if not waivers:
            self.notify("Nothing was decided beforehand: every write asks.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.send(AskAgain())

        listed = "\n".join(f"- {waiver}" for waiver in waivers)
        self.app.push_screen(
            ConfirmScreen("No longer asked about in this session:", listed, yes="ask about all again"),
            answered,
        )

    def action_undo(self) -> None:
        from agent.commands import Undo

        if plan_id := self._plan_in("succeeded", "failed", "stopped"):
            self.send(Undo(plan_id=plan_id, how="key"))

    def action_resume(self) -> None:
        """Go on with an interrupted plan; of a failed one, draw up the rest anew."""
        from agent.commands import PlanAgain, Resume

        if plan_id := self._plan_in("interrupted"):
            self.send(Resume(plan_id=plan_id, how="key"))
        elif plan_id := self._plan_in("failed", "stopped"):
            self.send(PlanAgain(plan_id=plan_id, how="key"))

    def action_pass_gate(self) -> None:
        """Let the plan go on that waits for the operator; deaf for an instant after it began to wait."""
        from agent.commands import PassGate

        plan = self._gate()
        if plan is None:
            return
        since = plan.of(plan.gate).started
        if since is not None and (datetime.now(UTC) - since).total_seconds() < GATE_GRACE:
            self.notify("The plan has only just come to this gate; press the key again.")
            return
        self.send(PassGate(plan_id=plan.plan.id, step_id=plan.gate, how="key"))

    def action_settle_doubt(self) -> None:
        """Take the operator's word for a step whose effect nobody could look up."""
        from agent.commands import SettleDoubt

        found = self._doubt()
        if found is None:
            return
        plan, step = found

        def answered(became: str | None) -> None:
            if became in ("there", "not there", "unknown"):
                self.send(SettleDoubt(plan_id=plan.plan.id, step_id=step.id, became=became, how="key"))

        self.app.push_screen(
            ChoiceScreen(
                f"Did this happen? {step.title}",
                plan.of(step.id).cause,
                (
                    ("y", "it is there: the step counts as done", "there"),
                    ("n", "it is not there: the step may be sent again with R", "not there"),
                    ("x", "nobody knows: the step has failed", "unknown"),
                ),
            ),
            answered,
        )

    def _doubt(self) -> tuple[PlanProgress, Step] | None:
        """The interrupted plan and its first step in doubt."""
        plan = self.live.state.current if self.live is not None else None
        if plan is None or plan.status.value != "interrupted":
            return None
        step = next((one for one in plan.plan.steps if plan.of(one.id).state.value == "in doubt"), None)
        return None if step is None else (plan, step)

    def _gate(self) -> PlanProgress | None:
        """The running plan, if it waits for the operator."""
        plan = self.live.state.running if self.live is not None else None
        return plan if plan is not None and plan.gate else None

    def action_stop(self) -> None:
        from agent.commands import Stop

        if self.at_work:
            self.send(Stop())
            self.notify("Stopping: nothing further leaves; what is in flight is looked up.")

    @property
    def _drives(self) -> bool:
        return self.live is not None and self.live.driving

    def _plan_in(self, *statuses: str) -> str:
        """Id of the plan last offered, if it stands so."""
        plan = self.live.state.current if self.live is not None else None
        if plan is None:
            return ""
        status: PlanStatus = plan.status
        return plan.plan.id if status.value in statuses else ""
