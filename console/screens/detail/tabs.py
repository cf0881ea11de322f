"""One thing closely, in tabs: an object of the cluster, a step of a plan, an event of the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from console.actions import Where, bindings
from console.views import View
from console.widgets.footer import KeyFooter
from console.widgets.safe_text import safe_line, safe_lines
from console.widgets.text_view import TextView
from console.widgets.view_tabs import ViewTabs

Tabs = Mapping[str, Sequence[Content]]
"""Lines by the tab's name."""


class DetailScreen(ModalScreen[str | None]):
    """Shows tabs of text. Gives back what the operator wants to ask about, or None.

    Args:
        title: what is shown.
        tabs: what is known already; more may come by `show`.
        mention: what a question about it would name; empty if none can be asked.
        look_again: called when the operator wants fresh text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.DETAIL)]

    def __init__(
        self,
        title: str,
        tabs: Tabs | None = None,
        *,
        mention: str = "",
        look_again: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._heading = title
        self._tabs: dict[str, Sequence[Content]] = dict(tabs or {})
        self._index = 0
        self._mention = mention
        self._look_again = look_again
        self._names = ViewTabs((), id="detail-tabs")
        self._view = TextView(id="detail-text")

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(safe_line(self._heading), classes="dialog-title", markup=False)
            yield self._names
            yield self._view
            yield KeyFooter()

    def on_mount(self) -> None:
        self._view.focus()
        if self._tabs:
            self._draw()
        else:
            self._view.show([Content.styled("looking…", "$text-muted")])

    def show(self, tabs: Tabs) -> None:
        """Show these; the tab in view stays in view."""
        chosen = self._chosen
        self._tabs = dict(tabs)
        names = list(self._tabs)
        self._index = names.index(chosen) if chosen in names else 0
        self._draw()

    def fail(self, words: str) -> None:
        """Say why there is nothing to see."""
        self.show({"why not": [Content.styled(safe_line(words), "$text-error")]})

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "reload":
            return self._look_again is not None
        if action == "ask_detail":
            return bool(self._mention)
        if action in ("next_tab", "previous_tab"):
            return len(self._tabs) > 1
        return super().check_action(action, parameters)

    def on_view_tabs_chosen(self, event: ViewTabs.Chosen) -> None:
        self._turn(event.index - self._index)

    def action_next_tab(self) -> None:
        self._turn(1)

    def action_previous_tab(self) -> None:
        self._turn(-1)

    def action_copy_tab(self) -> None:
        self.app.copy_to_clipboard(self._view.text)

    def action_reload(self) -> None:
        if self._look_again is not None:
            self._look_again()

    def action_ask_detail(self) -> None:
        self.dismiss(self._mention)

    def action_close_detail(self) -> None:
        self.dismiss(None)

    @property
    def _chosen(self) -> str:
        names = list(self._tabs)
        return names[self._index] if self._index < len(names) else ""

    def _turn(self, by: int) -> None:
        self._index = (self._index + by) % max(len(self._tabs), 1)
        self._draw()
        self._view.action_edge(False)

    def _draw(self) -> None:
        self._names.show([View(name, name) for name in self._tabs], self._index)
        self._view.show(self._tabs.get(self._chosen, ()))
        self.refresh_bindings()


def text_tabs(tabs: Mapping[str, str]) -> Tabs:
    """Tabs from plain text that came from outside."""
    return {safe_line(name): [Content(line) for line in safe_lines(text)] for name, text in tabs.items()}
