"""The keys that decide, shown where they work and clickable."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

WAIVE = ("A", "approve, stop asking", "approve_and_waive")
KEYS = (
    ("a", "approve all", "approve"),
    ("s", "approve marked", "approve_marked"),
    WAIVE,
    ("space", "mark", "mark"),
    ("e", "edit", "edit"),
    ("x", "strike", "strike"),
    ("r", "reject", "reject"),
)
UNLOCK = ("w", "allow writes", "allow_writes")
GAP = 2


class DecisionKeys(Static):
    """One word per key, on as many lines as they need. A click on it counts as pressing the key."""

    DEFAULT_CSS = """
    DecisionKeys { height: auto; max-height: 3; padding: 0 0 0 2; }
    """

    @dataclass
    class Pressed(Message):
        """The operator clicked on a key; `action` is what it does."""

        action: str

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.auto_links = False
        self._keys: tuple[tuple[str, str, str], ...] = KEYS

    def offer(self, *, locked: bool, waivable: bool) -> None:
        """Show the keys that can do something.

        Args:
            locked: the plan writes where read-only was not left; the key for that comes first.
            waivable: there is something that need not be asked about again.
        """
        keys = KEYS if waivable else tuple(key for key in KEYS if key != WAIVE)
        self._keys = (UNLOCK, *keys) if locked else keys
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def action_press(self, action: str) -> None:
        self.post_message(self.Pressed(action))

    def _lay_out(self) -> None:
        lines: list[Content] = []
        for key, words, action in self._keys:
            part = Content.assemble((f" {key} ", "bold $text on $primary 60%"), f" {words}")
            part = part.stylize(f"@click=press('{action}')")
            if lines and lines[-1].cell_length + GAP + part.cell_length <= self.size.width:
                lines[-1] += Content(" " * GAP) + part
            else:
                lines.append(part)
        self.update(Content("\n").join(lines))
