"""The `:` line: jump to a view, a place, a theme, an action, with completion."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from console.jump import Known, complete
from console.screens.typing_ahead import TypingAhead
from console.widgets.completions import Completions


class JumpScreen(TypingAhead, ModalScreen[str | None]):
    """Gives the line that was written, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Back", priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("tab", "take", "Complete", priority=True),
        Binding("enter", "go", "Go"),
    ]

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._known = known
        self._completions = Completions(id="jump-list")
        self._moved = False
        self.field = Input(
            placeholder="pods prod, ctx NAME,NAME, ns NAME, theme NAME, sessions, q", compact=True
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="jump"):
            yield self._completions
            with Horizontal(id="jump-row"):
                yield Static(":", id="jump-sign", markup=False)
                yield self.field

    def on_mount(self) -> None:
        self._completions.offer(complete(self.field.value, self._known))

    def on_input_changed(self, event: Input.Changed) -> None:
        self._moved = False
        self._completions.offer(complete(event.value, self._known))

    def on_input_submitted(self) -> None:
        self.action_go()

    def action_go(self) -> None:
        """Take the line as written, or the candidate that was moved to."""
        chosen = self._completions.chosen
        line = chosen.text if chosen is not None and self._moved else self.field.value
        self.dismiss(line.strip() or None)

    def action_move(self, by: int) -> None:
        self._completions.move(by if self._moved or by < 0 else 0)
        self._moved = True

    def action_take(self) -> None:
        chosen = self._completions.chosen
        if chosen is not None:
            self.field.value = chosen.text + ("" if " " in chosen.text else " ")
            self.field.cursor_position = len(self.field.value)

    def action_give_up(self) -> None:
        self.dismiss(None)
