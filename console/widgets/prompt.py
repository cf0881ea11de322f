"""Where the operator writes: several lines, history, mentions, the operator's own editor."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from textual.events import Key
from textual.message import Message
from textual.widgets import TextArea

from console.actions import Where, bindings
from console.widgets.completions import Candidate, Completions

_MENTION = re.compile(r"(?:^|\s)@([\w./:-]*)$")
_COMMANDS = {"colon": ":", "question_mark": "?"}
"""Keys that mean a command as long as nothing is written."""


class Prompt(TextArea):
    """A line that grows. Enter sends; what was sent comes back with the up key.

    Args:
        completions: the list that shows what a mention could become.
        mentions: gives the candidates for what stands after `@`.
    """

    BINDINGS = [binding for binding in bindings(Where.PROMPT) if binding.action != "mention"]

    class Sent(Message):
        """The operator finished a line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class EditorAsked(Message):
        """The operator wants to go on in an editor."""

        def __init__(self, prompt: Prompt) -> None:
            super().__init__()
            self.prompt = prompt

    def __init__(
        self,
        completions: Completions,
        mentions: Callable[[str], Sequence[Candidate]],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder="Say what you want, or ask. ? shows the keys.",
        )
        self._completions = completions
        self._mentions = mentions
        self._history: list[str] = []
        self._place = 0
        self._draft = ""

    def remember(self, text: str) -> None:
        """Put a line into the history, as said here or in an earlier sitting."""
        if text in self._history:
            self._history.remove(text)
        self._history.append(text)
        self._place = len(self._history)

    def write(self, text: str) -> None:
        """Replace what is written; the cursor goes to its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return not self._commands(key) and super().check_consume_key(key, character)

    def _commands(self, key: str) -> bool:
        return key in _COMMANDS and not self.text

    async def _on_key(self, event: Key) -> None:
        # The text area's own handler runs after this one unless the default is prevented.
        if self._commands(event.key):
            event.prevent_default()
            return
        if self._completions.chosen is not None and event.key in ("up", "down", "tab", "enter", "escape"):
            event.stop()
            event.prevent_default()
            self._choose(event.key)
            return
        if event.key == "enter":
            # A text area would take it for a new line.
            event.stop()
            event.prevent_default()
            self.action_send()

    def action_send(self) -> None:
        text = self.text.strip()
        if not text:
            return
        self._draft = ""
        self.clear()
        self.remember(text)
        self.post_message(self.Sent(text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_editor(self) -> None:
        self.post_message(self.EditorAsked(self))

    def action_mention(self) -> None:
        self.focus()
        self.insert("@" if not self.text or self.text[-1].isspace() else " @")

    def action_older(self) -> None:
        if self.cursor_location[0] > 0 or not self._place:
            self.action_cursor_up()
            return
        if self._place == len(self._history):
            self._draft = self.text
        self._place -= 1
        self.write(self._history[self._place])

    def action_newer(self) -> None:
        if self.cursor_location[0] < self.document.line_count - 1 or self._place >= len(self._history):
            self.action_cursor_down()
            return
        self._place += 1
        self.write(self._history[self._place] if self._place < len(self._history) else self._draft)

    def on_text_area_changed(self) -> None:
        row, column = self.cursor_location
        begun = _MENTION.search(self.document.get_line(row)[:column])
        self._completions.offer(self._mentions(begun[1]) if begun else ())

    def on_blur(self) -> None:
        self._completions.offer(())

    def _choose(self, key: str) -> None:
        chosen = self._completions.chosen
        if key in ("up", "down"):
            self._completions.move(-1 if key == "up" else 1)
            return
        self._completions.offer(())
        if key == "escape" or chosen is None:
            return
        row, column = self.cursor_location
        begun = _MENTION.search(self.document.get_line(row)[:column])
        if begun:
            self.replace(chosen.text + " ", (row, begun.start(1) - 1), (row, column))
            self._completions.offer(())
