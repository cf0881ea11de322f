"""How what arrives reaches the panes, and how the panes' own messages reach the agent.

Everything of the agent's is imported inside methods: they only run once a session is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message
from textual.widgets import Input, TextArea

from console.arrangement import Pane
from console.notify import Caller
from console.reach import Reach
from console.screens.looking import Looking
from console.widgets.panes import Panes
from console.widgets.status_line import Standing

if TYPE_CHECKING:
    from agent.events import Recorded
    from console.widgets.approval import Approval
    from console.widgets.plan_pane import PlanPane
    from console.widgets.plan_tree import PlanTree
    from console.widgets.status_line import StatusLine
    from tools.tool import Scope


_WISHED = frozenset(
    {"session_started", "session_resumed", "scope_changed", "memory_written", "memory_decided"}
)
"""After these, other preferences may hold."""


class Watched(NamedTuple):
    """What the resource pane is being fed with."""

    what: str
    scope: Scope
    everywhere: bool
    labels: str = ""
    reach: Reach = Reach()


class Showing(Looking):
    """The part of the main screen between the session and the panes."""

    status: StatusLine
    plan: PlanPane
    panes: Panes
    caller: Caller | None = None

    _watched: Watched | None = None
    _view = 0

    class Arrived(Message):
        """Events came, already folded into the live session's state."""

        def __init__(self, batch: Sequence[Recorded]) -> None:
            super().__init__()
            self.batch = batch

    # --- what comes up the road ---------------------------------------------------------------------

    def on_showing_arrived(self, arrived: Arrived) -> None:
        arrived.stop()
        assert self.live is not None
        words, looks = [], []
        for recorded in arrived.batch:
            match recorded.kind:  # the event itself may not have been read yet, and need not be
                case "view_changed":
                    event = recorded.event
                    if event.kind == "view_changed" and event.view == self._view_id:
                        self.resources.apply(event.rows)
                case "inspected" | "log_grew" | "revealed":
                    looks.append(recorded)
                case _:
                    words.append(recorded)
        if looks:
            self._show_looks(looks)
        if words:
            if any(recorded.event.kind in _WISHED for recorded in words):
                self.run_worker(self._read_wishes(), exclusive=True, group="wishes", exit_on_error=False)
            self.chat.feed(words)
            self._show_plan()
            self.watch_view()
        self.show_standing()

    async def _read_wishes(self) -> None:
        """How the operator prefers views to look, as remembered for this place."""
        from agent.remembering.preferences import wishes
        from memory.errors import KeptError
        from memory.knowledge import Where

        if self.agent is None or self.live is None:
            return
        state = self.live.state
        scope = state.scope
        here = Where(
            user=state.operator, account=scope.profile, cluster=scope.context, namespace=scope.namespace
        )
        try:
            self.resources.wish(await wishes(self.agent.knowledge, here))
        except KeptError as error:
            self.notify(str(error), severity="warning", markup=False)

    def _show_plan(self) -> None:
        assert self.live is not None
        state = self.live.state
        was_deciding = self.plan.deciding
        new = self.plan.show(state, self.live.drafts)
        planned = state.current is not None or bool(self.live.drafts)
        self.panes.wish(replace(self.panes.wishes, planned=planned, deciding=self.plan.deciding))
        if self._step is not None and state.current is not None:
            self._refresh_step()
        if new and self.live.driving:
            self._call_for_decision()
        elif was_deciding and not self.plan.deciding and self.panes.wishes.active is Pane.PLAN:
            self.enter(Pane.PLAN)
        self.refresh_bindings()

    def _call_for_decision(self) -> None:
        """A plan waits. Whoever is writing is not interrupted."""
        if self.caller is not None:
            self.caller.call("Pilothouse: a plan waits for your decision", focused=self.app.app_focus)
        if self.is_writing:
            self.notify("A plan waits for your decision: esc, then 3.")
        else:
            self.enter(Pane.PLAN)

    @property
    def is_writing(self) -> bool:
        """Whether the operator is in the middle of a text.

        What was typed while the panes were being built stands in the prompt before it has the focus, and
        what comes in one go, from a fast hand or a paste, waits in its queue before it stands there.
        """
        focused = self.focused or self.chat.prompt
        if isinstance(focused, TextArea):
            return bool(focused.text.strip()) or focused.message_queue_size > 0
        return isinstance(focused, Input)

    def show_standing(self) -> None:
        """Bring the status line up to date."""
        from console.live import cloud_place, production

        if self.live is None or self.agent is None:
            return
        state, scope = self.live.state, self.live.state.scope
        places = [place for place in (scope.context, cloud_place(scope)) if place]
        environments = [
            self.agent.settings.contexts[place].environment
            for place in places
            if place in self.agent.settings.contexts
        ]
        at_work = ""
        if self.plan.deciding:
            at_work = "decision waits"
        elif state.running is not None:
            at_work = "plan running"
        elif state.busy:
            at_work = "working"
        self.status.show(
            Standing(
                waiting="",
                context=scope.context,
                namespace=scope.namespace,
                profile=scope.profile,
                region=scope.region,
                production=production(scope.context, scope.namespace, scope.profile, *environments),
                sandbox=state.sandbox,
                writable=tuple(sorted(state.writable)),
                pinned=self.pinned_read_only or self.agent.settings.pinned(scope.context),
                model=state.model,
                tokens=state.usage.prompt_tokens + state.usage.output_tokens,
                cost=state.cost,
                age=self.resources.age if self._watched is not None else "",
                at_work=at_work,
                driving=self.live.driving,
            )
        )
        if self.chat.border_subtitle != state.title:  # setting it draws the whole pane again
            self.chat.border_subtitle = state.title

    # --- the view in the resource pane ------------------------------------------------------------------

    @property
    def _view_id(self) -> str:
        return f"view-{self._view}"

    def watch_view(self) -> None:
        """Have the view that is seen fed, and no other."""
        if self.live is None or not self.live.state.seq:
            return
        from agent.commands import Unwatch, Watch
        from console.live import cloud_place

        wanted = None
        if Pane.RESOURCES in self.panes.arrangement.shown:
            pane = self.resources
            wanted = Watched(pane.view.what, self.live.state.scope, pane.everywhere, pane.labels, pane.reach)
        if wanted == self._watched:
            return
        if self._watched is not None:
            self.send(Unwatch(view=self._view_id))
        self._watched = wanted
        if wanted is not None:
            self._view += 1
            scope = wanted.scope
            where = wanted.reach.words(scope.namespace, everywhere=wanted.everywhere)
            self.resources.clear(cloud_place(scope) if pane.view.cloud else where)
            self.send(
                Watch(
                    view=self._view_id,
                    what=wanted.what,
                    scope=wanted.scope,
                    all_namespaces=wanted.everywhere,
                    labels=wanted.labels,
                    contexts=wanted.reach.contexts,
                    namespaces=wanted.reach.namespaces,
                )
            )
        self.show_standing()

    def place_in_view(self) -> str:
        """The context, or `profile/region`, of what the operator is looking at."""
        from console.live import cloud_place

        if self.live is None:
            return ""
        scope = self.live.state.scope
        row = self.resources.table.cursor_row if self.resources.table is not None else None
        looking = self.panes.wishes.active is Pane.RESOURCES and not self.resources.view.cloud
        if looking and row is not None and row.scope in self.resources.reach.contexts:
            return row.scope
        in_cloud = self.panes.wishes.active is Pane.RESOURCES and self.resources.view.cloud
        if in_cloud or not scope.context:
            return cloud_place(scope)
        return scope.context

    def on_panes_settled(self) -> None:
        self.watch_view()

    def on_resource_pane_view_wanted(self) -> None:
        self.watch_view()

    # --- what the panes ask for -----------------------------------------------------------------------

    def on_approval_left(self, event: Approval.Left) -> None:
        event.stop()
        self.enter(Pane.CHAT)

    def on_approval_decided(self, event: Approval.Decided) -> None:
        event.stop()
        self.send(event.command)

    def on_approval_marks_changed(self, event: Approval.MarksChanged) -> None:
        event.stop()

    def on_plan_tree_marks_changed(self, event: PlanTree.MarksChanged) -> None:
        event.stop()
        if self.plan.approval is not None:
            self.plan.approval.mark(event.step_ids)
