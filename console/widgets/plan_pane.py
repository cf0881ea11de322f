"""The plan: its tree and, while it waits, the decision about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from agent.plan import DraftStep
    from agent.state import SessionState
    from console.widgets.approval import Approval
    from console.widgets.glyphs import Glyphs
    from console.widgets.plan_tree import PlanTree

NOTHING = "No plan yet.\n\nAsk for a change: its steps appear here, with what each would change."


class PlanPane(Vertical):
    """Shows the plan last offered, or the one that is being written."""

    def __init__(self) -> None:
        super().__init__(id="plan", classes="pane")
        self.steps: PlanTree | None = None
        self.approval: Approval | None = None
        self._nothing = Static("connecting…", classes="skeleton", markup=False)
        self._nothing.can_focus = True
        self._asked = ""
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._nothing

    async def furnish(self, glyphs: Glyphs) -> None:
        """Put tree and decision where the skeleton was."""
        from console.widgets.approval import Approval
        from console.widgets.plan_tree import PlanTree

        self.steps = PlanTree(glyphs=glyphs, id="tree")
        self.approval = Approval(glyphs=glyphs, id="approval")
        self.steps.display = self.approval.display = False
        self._nothing.update(NOTHING)
        await self.mount(self.steps, self.approval)

    @property
    def stops(self) -> list[Widget]:
        """Where the tab key halts in this pane."""
        shown = [widget for widget in (self.steps, self.approval) if widget is not None and widget.display]
        return [*shown] or [self._nothing]

    @property
    def entrance(self) -> Widget:
        """Where the focus goes in this pane: to the decision, if one waits."""
        return self.stops[-1]

    @property
    def deciding(self) -> bool:
        """Whether a plan waits for a decision."""
        return self.approval is not None and self.approval.display

    def show(self, state: SessionState, drafts: Sequence[DraftStep]) -> bool:
        """Show where things stand. Returns whether a plan waits now that did not wait before."""
        assert self.steps is not None and self.approval is not None
        plan = None if drafts else state.current
        now = (plan, tuple(drafts), state.writable)
        if now == self._shown:
            return False
        self._shown = now
        anything = plan is not None or bool(drafts)
        self.steps.display, self._nothing.display = anything, not anything
        self.steps.show(plan, drafts)
        waiting = state.waiting if not drafts else None
        self.approval.display = waiting is not None
        self.set_class(waiting is not None, "-deciding")
        self.border_subtitle = plan.status.value if plan is not None else ("being written" if drafts else "")
        if waiting is None:
            self._asked = ""
            return False
        self.approval.ask(waiting, state.writable)
        new = waiting.plan.hash != self._asked
        self._asked = waiting.plan.hash
        return new
