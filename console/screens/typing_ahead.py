"""Keys that come before a field has the focus are for it all the same."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input


class TypingAhead:
    """For screens with one field: a fast typist's letters are not lost while the screen is being built."""

    field: Input

    def on_key(self, event: Key) -> None:
        if event.is_printable and event.character and not self.field.has_focus:
            event.stop()
            self.field.value += event.character
            self.field.cursor_position = len(self.field.value)
