"""Where to work: every context and profile there is, found by typing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.screens.typing_ahead import TypingAhead

if TYPE_CHECKING:
    from console.live import Place


class ScopeScreen(TypingAhead, ModalScreen["Place | None"]):
    """Lets the operator choose a place; escape chooses none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Back"),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
    ]

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self._places = list(places)
        self._shown: list[Place] = []
        self.field = Input(placeholder="type a part of its name", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static("Work in which context or profile?", classes="dialog-title", markup=False)
            yield self.field
            yield OptionList(compact=True)
            yield Static("enter  choose     esc  stay here", classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        self._show(self.field.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def on_input_submitted(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        self.dismiss(self._shown[highlighted] if highlighted is not None and self._shown else None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    def action_give_up(self) -> None:
        self.dismiss(None)

    def _show(self, text: str) -> None:
        word = text.strip().lower()
        self._shown = [place for place in self._places if word in f"{place.kind} {place.name}".lower()]
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(place.name) for place in self._shown), default=0)
        options.add_options(Option(_line(place, width)) for place in self._shown)
        if self._shown:
            options.highlighted = next((i for i, place in enumerate(self._shown) if place.current), 0)


def _line(place: Place, width: int) -> Content:
    marks = [place.detail]
    if place.current:
        marks.append("here now")
    if place.pinned_read_only:
        marks.append("pinned read-only")
    kind = "context" if place.kind == "context" else "aws"
    return Content.assemble(
        (f"{kind:8}", "$text-muted"),
        place.name.ljust(width + 2),
        ("  ".join(mark for mark in marks if mark), "$text-muted"),
    )
