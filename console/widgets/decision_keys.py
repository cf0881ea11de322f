"""The keys that decide, shown where they work and clickable."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

KEYS = (
    ("a", "approve all", "approve"),
    ("s", "approve marked", "approve_marked"),
    ("space", "mark", "mark"),
    ("e", "edit", "edit"),
    ("x", "strike", "strike"),
    ("r", "reject", "reject"),
)
UNLOCK = ("w", "allow writes", "allow_writes")


class DecisionKeys(Static):
    """One word per key. A click on it counts as pressing the key."""

    DEFAULT_CSS = """
    DecisionKeys { height: auto; padding: 0 0 0 2; }
    """

    @dataclass
    class Pressed(Message):
        """The operator clicked on a key; `action` is what it does."""

        action: str

    def offer(self, locked: bool) -> None:
        """Show the keys; the one that leaves read-only first, where that is needed."""
        parts = [
            # Each key is one word to the line breaker, so that it moves to the next line as a whole.
            Content.assemble(
                (f"\u00a0{key}\u00a0", "bold reverse $primary"), f"\u00a0{words.replace(' ', chr(0xA0))}"
            ).stylize(f"@click=press('{action}')")
            for key, words, action in ((UNLOCK, *KEYS) if locked else KEYS)
        ]
        self.update(Content("  ").join(parts))

    def action_press(self, action: str) -> None:
        self.post_message(self.Pressed(action))
