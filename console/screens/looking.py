"""Closer looks: at a step, at an event, at an object; and asking about or copying what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from console.arrangement import Pane
from console.screens.detail.thing import Thing
from console.screens.scoping import Scoping

if TYPE_CHECKING:
    from agent.events import Recorded
    from console.screens.detail.desk import ObjectDesk
    from console.screens.detail.tabs import DetailScreen
    from console.widgets.chat_pane import ChatPane
    from console.widgets.plan_tree import PlanTree
    from console.widgets.resource_pane import ResourcePane
    from console.widgets.resources import ResourceTable
    from console.widgets.transcript import Transcript
    from tools.rows import Row


class Looking(Scoping):
    """The part of the main screen that opens details."""

    chat: ChatPane
    resources: ResourcePane

    _objects: ObjectDesk | None = None
    _step: tuple[str, DetailScreen] | None = None

    def enter(self, pane: Pane, target: Widget | None = None) -> None:
        """Bring a pane on the screen and put the focus into it."""
        raise NotImplementedError

    def on_plan_tree_step_opened(self, event: PlanTree.StepOpened) -> None:
        from console.screens.detail.tabs import DetailScreen

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
        from console.screens.detail.tabs import DetailScreen
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
        row = event.row
        self._ask_about(self._named(_mention(row), "" if self.resources.view.cloud else row.scope))

    def on_resource_table_row_opened(self, event: ResourceTable.RowOpened) -> None:
        from tools.kubernetes.live.together import GROUPS

        event.stop()
        view = self.resources.view
        # A view may hold several kinds; then the row itself says which.
        several = not view.cloud and view.what in GROUPS
        self.open_object(event.row, event.row.kind if several else view.what, event.side)

    def on_resource_pane_reveal_wanted(self, event: ResourcePane.RevealWanted) -> None:
        event.stop()
        if self.live is None:
            return
        row = event.row
        self.desk_at(row.scope).reveal(
            self.app, Thing(row.kind.lower(), row.kind.lower(), row.name, row.namespace)
        )

    def open_object(self, row: Row, what: str, side: str = "summary") -> None:
        """Look at the object of a row from all sides, beginning with one."""
        if self.live is None:
            return
        desk = self.desk_at("" if what.startswith("aws:") else row.scope)
        desk.open(self.app, Thing(what, row.kind.lower(), row.name, row.namespace), side)

    def desk_at(self, context: str) -> ObjectDesk:
        """The desk behind details, set to a context; empty for the one worked in."""
        from console.screens.detail.desk import ObjectDesk

        assert self.live is not None
        if self._objects is None:
            self._objects = ObjectDesk(self.send, self._ask_about_object)
        desk, scope = self._objects, self.live.state.scope
        scope = scope.model_copy(update={"context": context or scope.context})
        desk.agent, desk.scope, desk.glyphs = self.agent, scope, self.glyphs
        return desk

    def _show_looks(self, batch: Sequence[Recorded]) -> None:
        if self._objects is not None:
            self._objects.take(batch)

    def _ask_about_object(self, mention: str | None) -> None:
        """Ask about what is looked at closely."""
        desk = self._objects
        if desk is not None and desk.scope is not None and mention:
            mention = self._named(mention, desk.scope.context)
        self._ask_about(mention)

    def _named(self, mention: str, context: str) -> str:
        """The mention, with the object's context where that is not the one the operator works in."""
        working = self.live.state.scope.context if self.live is not None else ""
        kubernetes = mention.startswith("@") and context not in ("", working)
        return f"{mention}@{context}" if kubernetes else mention

    def _ask_about(self, mention: str | None) -> None:
        """Put a name into the prompt, after whatever is written there."""
        if not mention:
            return
        prompt = self.chat.prompt
        self.enter(Pane.CHAT)
        prompt.write(f"{prompt.text.rstrip()} {mention} ".lstrip())


def _mention(row: Row) -> str:
    from agent.mentions import mention_of

    return mention_of(row.kind, row.namespace, row.name)
