"""Two small questions: yes or no, and a line of text. The default is always no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something is done. Only `y` says yes.

    Args:
        question: the headline.
        words: what it means.
        yes: what `y` does, in a word or two.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,q,enter", "answer(False)", "No"),
    ]

    def __init__(self, question: str, words: str, *, yes: str) -> None:
        super().__init__()
        self._question, self._words, self._yes = question, words, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="dialog-title", markup=False)
            yield Static(self._words, markup=False)
            yield Static(f"y  {self._yes}     n, esc  no", classes="dialog-keys", markup=False)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class ChoiceScreen(ModalScreen[str | None]):
    """Asks which of a few things is so. Each has its key; anything else leaves it open.

    Args:
        question: the headline.
        words: what is known.
        choices: key, what it says, and what it gives.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "choose('')", "Leave it open")]

    def __init__(self, question: str, words: str, choices: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._question, self._words, self._choices = question, words, choices

    def compose(self) -> ComposeResult:
        lines = [f"{key}  {says}" for key, says, _ in self._choices]
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="dialog-title", markup=False)
            yield Static(self._words, markup=False)
            yield Static("\n".join([*lines, "esc  leave it open"]), classes="dialog-keys", markup=False)

    def on_key(self, event: Key) -> None:
        given = [gives for key, _, gives in self._choices if key == event.character]
        if given:
            event.stop()
            self.dismiss(given[0])

    def action_choose(self, gives: str) -> None:
        self.dismiss(gives or None)


class AskScreen(ModalScreen[str | None]):
    """Asks for one line of text; escape gives None.

    Args:
        text: what stands there at first.
        whole: typing replaces it; else it is gone on with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Back")]

    def __init__(self, question: str, text: str = "", *, whole: bool = True) -> None:
        super().__init__()
        self._question, self._text, self._whole = question, text, whole

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="dialog-title", markup=False)
            yield Input(self._text, compact=True, select_on_focus=self._whole)
            yield Static("enter  take it     esc  leave it", classes="dialog-keys", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_give_up(self) -> None:
        self.dismiss(None)
