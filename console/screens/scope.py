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

KEYS = "enter  choose     space  mark contexts to see at once     esc  stay here"


class _Field(Input):
    """Names of contexts hardly have spaces: that key is the screen's."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class ScopeScreen(TypingAhead, ModalScreen["Sequence[Place]"]):
    """Lets the operator choose a place, or several contexts to look into; escape chooses none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Back"),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("space", "mark", "Mark", show=False, priority=True),
    ]

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self._places = list(places)
        self._shown: list[Place] = []
        self._marked: list[Place] = []
        self.field = _Field(placeholder="type a part of its name", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static("Work in which context or profile?", classes="dialog-title", markup=False)
            yield self.field
            yield OptionList(compact=True)
            yield Static(
                KEYS,
                classes="dialog-keys",
                markup=False,
            )

    def on_mount(self) -> None:
        self._show(self.field.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def on_input_submitted(self) -> None:
        here = self._here
        self.dismiss(self._marked or ([here] if here is not None else []))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._marked or [self._shown[event.option_index]])

    def action_mark(self) -> None:
        """Mark the context, or take the mark away; profiles are worked in one at a time."""
        here = self._here
        if here is None or here.kind != "context":
            return
        if here in self._marked:
            self._marked.remove(here)
        else:
            self._marked.append(here)
        at = self.query_one(OptionList).highlighted
        self._show(self.field.value)
        self.query_one(OptionList).highlighted = at

    @property
    def _here(self) -> Place | None:
        at = self.query_one(OptionList).highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    def action_give_up(self) -> None:
        self.dismiss([])

    def _show(self, text: str) -> None:
        word = text.strip().lower()
        self._shown = [place for place in self._places if word in f"{place.kind} {place.name}".lower()]
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(place.name) for place in self._shown), default=0)
        options.add_options(Option(_line(place, width, place in self._marked)) for place in self._shown)
        if self._shown:
            options.highlighted = next((i for i, place in enumerate(self._shown) if place.current), 0)


def _line(place: Place, width: int, marked: bool) -> Content:
    marks = [place.detail]
    if place.current:
        marks.append("here now")
    if place.pinned_read_only:
        marks.append("pinned read-only")
    kind = "context" if place.kind == "context" else "aws"
    return Content.assemble(
        ("* " if marked else "  ", "bold $text-primary"),
        (f"{kind:8}", "$text-muted"),
        place.name.ljust(width + 2),
        ("  ".join(mark for mark in marks if mark), "$text-muted"),
    )
