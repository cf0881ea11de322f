"""The chat: the conversation, what waits in the queue, and the prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from console.widgets.completions import Candidate, Completions
from console.widgets.prompt import Prompt

if TYPE_CHECKING:
    from agent.events import Recorded
    from console.widgets.glyphs import Glyphs
    from console.widgets.transcript import Transcript

SHOWN = 3
"""Queued lines that are spelled out; the rest is a number."""


class ChatPane(Vertical):
    """What is said. Until the session is there, a skeleton that can be written into already.

    Args:
        mentions: gives the candidates for what stands after `@`.
    """

    def __init__(self, mentions: Callable[[str], Sequence[Candidate]]) -> None:
        super().__init__(id="chat", classes="pane")
        self._sent: list[tuple[str, bool]] = []
        self._trouble = Static("", id="trouble", markup=False)
        self._queue = Static("", id="queue", markup=False)
        self._completions = Completions(id="mentions")
        self.prompt = Prompt(self._completions, mentions, id="prompt")
        self.transcript: Transcript | None = None

    def compose(self) -> ComposeResult:
        yield Static("connecting…", id="chat-skeleton", classes="skeleton", markup=False)
        yield self._trouble
        yield self._queue
        yield self._completions
        yield self.prompt

    def on_mount(self) -> None:
        self._trouble.display = self._queue.display = False

    async def furnish(self, glyphs: Glyphs) -> None:
        """Put the conversation where the skeleton was."""
        from console.widgets.transcript import Transcript

        self.transcript = Transcript(glyphs=glyphs, id="transcript")
        await self.mount(self.transcript, before=0)
        await self.query("#chat-skeleton").remove()

    def feed(self, batch: Sequence[Recorded]) -> None:
        """Show what happened. Lines that were taken up leave the queue and enter the history."""
        assert self.transcript is not None
        self.transcript.feed_all(batch)
        for recorded in batch:
            if recorded.kind == "said" and (event := recorded.event).kind == "said":
                text = event.text
                self.prompt.remember(text)
                place = next((i for i, (sent, _) in enumerate(self._sent) if sent == text), None)
                if place is not None:
                    del self._sent[place]
                    self._show_queue()

    def tell(self, words: str) -> None:
        """Say something of the console's own, once, among what is said; it is not kept."""
        from agent.events import Noticed, Recorded

        assert self.transcript is not None
        self.transcript.feed(Recorded(None, datetime.now(UTC), Noticed(text=words, severity="warning")))

    def sent(self, text: str, *, busy: bool) -> None:
        """A line is under way; behind other work it is shown as queued until it is taken up."""
        if self.transcript is not None:
            self.transcript.action_bottom()  # whoever speaks wants to see what comes of it
        self._sent.append((text, busy or bool(self._sent)))
        self._show_queue()

    def say(self, words: str) -> None:
        """Say why there is no session; empty words take it back."""
        self._trouble.update(words)
        self._trouble.display = bool(words)

    def _show_queue(self) -> None:
        queued = [text for text, waits in self._sent if waits]
        lines = [" ".join(text.split()) for text in queued[:SHOWN]]
        more = len(queued) - SHOWN
        self._queue.display = bool(lines)
        words = "\n".join(f"queued: {line}" for line in lines)
        self._queue.update(words + (f"\nand {more} more" if more > 0 else ""))
