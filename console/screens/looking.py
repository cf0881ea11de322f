"""Closer looks: at a step, at an event, at an object; and asking about or copying what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from console.arrangement import Pane
from console.screens.scoping import Scoping

if TYPE_CHECKING:
    from agent.events import Inspected
    from console.screens.detail import DetailScreen
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

    _inspected = 0
    _detail: tuple[str, DetailScreen] | None = None
    _step: tuple[str, DetailScreen] | None = None

    def enter(self, pane: Pane, target: Widget | None = None) -> None:
        """Bring a pane on the screen and put the focus into it."""
        raise NotImplementedError

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
