"""How what arrives reaches the panes, and how the panes' own messages reach the agent.

Everything of the agent's is imported inside methods: they only run once a session is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from console.arrangement import Pane
from console.notify import Caller
from console.screens.scoping import Scoping
from console.widgets.panes import Panes
from console.widgets.status_line import Standing

if TYPE_CHECKING:
    from agent.events import Inspected, Recorded
    from console.screens.detail import DetailScreen
    from console.widgets.approval import Approval
    from console.widgets.chat_pane import ChatPane
    from console.widgets.plan_pane import PlanPane
    from console.widgets.plan_tree import PlanTree
    from console.widgets.resource_pane import ResourcePane
    from console.widgets.resources import ResourceTable
    from console.widgets.status_line import StatusLine
    from console.widgets.transcript import Transcript
    from tools.rows import Row
    from tools.tool import Scope


class Watched(NamedTuple):
    """What the resource pane is being fed with."""

    what: str
    scope: Scope
    everywhere: bool


class Showing(Scoping):
    """The part of the main screen between the session and the panes."""

    status: StatusLine
    chat: ChatPane
    plan: PlanPane
    resources: ResourcePane
    panes: Panes
    caller: Caller | None = None

    _watched: Watched | None = None
    _view = 0
    _inspected = 0
    _detail: tuple[str, DetailScreen] | None = None
    _step: tuple[str, DetailScreen] | None = None

    class Arrived(Message):
        """Events came, already folded into the live session's state."""

        def __init__(self, batch: Sequence[Recorded]) -> None:
            super().__init__()
            self.batch = batch

    def enter(self, pane: Pane, target: Widget | None = None) -> None:
        """Bring a pane on the screen and put the focus into it."""
        raise NotImplementedError

    # --- what comes up the road ---------------------------------------------------------------------

    def on_showing_arrived(self, event: Arrived) -> None:
        event.stop()
        assert self.live is not None
        words = []
        for recorded in event.batch:
            match recorded.event.kind:
                case "view_changed":
                    if recorded.event.view == self._view_id:
                        self.resources.apply(recorded.event.rows)
                case "inspected":
                    self._show_inspected(recorded.event)
                case _:
                    words.append(recorded)
        if words:
            self.chat.feed(words)
            self._show_plan()
            self.watch_view()
        self.show_standing()

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
        focused = self.focused
        written = (focused.text if isinstance(focused, TextArea) else "") or (
            focused.value if isinstance(focused, Input) else ""
        )
        if written.strip():
            self.notify("A plan waits for your decision: esc, then 3.")
        else:
            self.enter(Pane.PLAN)

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

        wanted = None
        if Pane.RESOURCES in self.panes.arrangement.shown:
            pane = self.resources
            wanted = Watched(pane.view.what, self.live.state.scope, pane.everywhere)
        if wanted == self._watched:
            return
        if self._watched is not None:
            self.send(Unwatch(view=self._view_id))
        self._watched = wanted
        if wanted is not None:
            self._view += 1
            self.resources.clear()
            self.send(
                Watch(
                    view=self._view_id,
                    what=wanted.what,
                    scope=wanted.scope,
                    all_namespaces=wanted.everywhere,
                )
            )
        self.show_standing()

    def place_in_view(self) -> str:
        """The context, or `profile/region`, of what the operator is looking at."""
        from console.live import cloud_place

        if self.live is None:
            return ""
        scope = self.live.state.scope
        in_cloud = self.panes.wishes.active is Pane.RESOURCES and self.resources.view.cloud
        if in_cloud or not scope.context:
            return cloud_place(scope)
        return scope.context

    def on_panes_settled(self) -> None:
        self.watch_view()

    def on_resource_pane_view_wanted(self) -> None:
        self.watch_view()

    # --- what the panes ask for -----------------------------------------------------------------------

    def on_approval_decided(self, event: Approval.Decided) -> None:
        event.stop()
        self.send(event.command)

    def on_approval_marks_changed(self, event: Approval.MarksChanged) -> None:
        event.stop()

    def on_plan_tree_marks_changed(self, event: PlanTree.MarksChanged) -> None:
        event.stop()
        if self.plan.approval is not None:
            self.plan.approval.mark(event.step_ids)

    def on_plan_tree_step_opened(self, event: PlanTree.StepOpened) -> None:
        from console.screens.detail import DetailScreen

        event.stop()
        screen = DetailScreen(f"Step {event.step_id}", mention=f"step {event.step_id}")
        self._step = (event.step_id, screen)

        def closed(mention: str | None) -> None:
            self._step = None
            self._ask_about(mention)

        self.app.push_screen(screen, closed)
        self._refresh_step()

    def _refresh_step(self) -> None:
        from console.screens.step import step_tabs

        assert self.live is not None
        plan = self.live.state.current
        if self._step is None or plan is None:
            return
        step_id, screen = self._step
        try:
            tabs = step_tabs(plan, step_id, self.glyphs)
        except KeyError:
            screen.call_later(screen.fail, f"The plan shown now has no step {step_id}.")
        else:
            screen.call_later(screen.show, tabs)

    def on_transcript_copy_requested(self, event: Transcript.CopyRequested) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.text)

    def on_transcript_block_opened(self, event: Transcript.BlockOpened) -> None:
        from console.screens.detail import DetailScreen
        from console.screens.step import event_tabs

        event.stop()
        recorded = self.live.events.get(event.seq) if self.live is not None else None
        if recorded is not None:
            self.app.push_screen(DetailScreen(f"Event {event.seq}", event_tabs(recorded)))

    def on_resource_pane_name_copied(self, event: ResourcePane.NameCopied) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.name)

    def on_resource_table_row_asked(self, event: ResourceTable.RowAsked) -> None:
        event.stop()
        self._ask_about(_mention(event.row))

    def on_resource_table_row_opened(self, event: ResourceTable.RowOpened) -> None:
        from console.screens.detail import DetailScreen

        event.stop()
        if self.live is None:
            return
        row, what = event.row, self.resources.view.what
        screen = DetailScreen(
            f"{row.kind.lower()}/{row.name}{f' in {row.namespace}' if row.namespace else ''}",
            mention=_mention(row),
            look_again=lambda: self._inspect(screen, row, what),
        )

        def closed(mention: str | None) -> None:
            self._detail = None
            self._ask_about(mention)

        self.app.push_screen(screen, closed)
        self._inspect(screen, row, what)

    def _inspect(self, screen: DetailScreen, row: Row, what: str) -> None:
        from agent.commands import Inspect

        assert self.live is not None
        self._inspected += 1
        request = f"inspect-{self._inspected}"
        self._detail = (request, screen)
        scope = self.live.state.scope
        if row.namespace:
            scope = scope.model_copy(update={"namespace": row.namespace})
        self.send(Inspect(request=request, what=what, name=row.name, scope=scope))

    def _show_inspected(self, event: Inspected) -> None:
        from console.screens.detail import text_tabs

        if self._detail is None or self._detail[0] != event.request:
            return
        screen = self._detail[1]
        if event.failure:
            screen.fail(event.failure)
        else:
            screen.show(text_tabs(event.tabs))

    def _ask_about(self, mention: str | None) -> None:
        """Put a name into the prompt, after whatever is written there."""
        if not mention:
            return
        prompt = self.chat.prompt
        self.enter(Pane.CHAT)
        prompt.write(f"{prompt.text.rstrip()} {mention} ".lstrip())


def _mention(row: Row) -> str:
    where = f" in {row.namespace}" if row.namespace else ""
    return f"{row.kind.lower()}/{row.name}{where}"
