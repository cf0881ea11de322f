"""Looking at something secret: the question before it, and the sheet that closes by itself."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from console.screens.confirm import AskScreen, ConfirmScreen
from console.screens.detail.thing import Thing, reveals
from console.widgets.safe_text import safe_line

if TYPE_CHECKING:
    from agent.commands import Command, Reveal
    from agent.events import Recorded, Revealed
    from tools.kubernetes.revealed import Value
    from tools.tool import Scope

GRACE = 0.5
"""Seconds after the question appears in which no key says yes."""


class RevealDesk:
    """Asks, sends the command, and shows what comes back.

    Args:
        send: gives a command to the agent.
    """

    def __init__(self, send: Callable[[Command], None]) -> None:
        self._send = send
        self._asked: dict[str, tuple[Reveal, App[int]]] = {}
        self._count = 0

    def begin(self, app: App[int], thing: Thing, scope: Scope) -> None:
        """Ask what for, and whether really."""
        from agent.commands import Reveal

        self._count += 1
        wanted = Reveal(
            request=f"reveal-{self._count}", what=thing.what, name=thing.name, scope=scope, how="key"
        )

        def commanded(line: str | None) -> None:
            if line:
                try:
                    ask_why(_with_command(wanted, line))
                except ValueError as error:
                    app.notify(f"The command cannot be read: {error}.", severity="warning", markup=False)

        def ask_why(of: Reveal) -> None:
            def answered(why: str | None) -> None:
                if why:
                    self._confirm(app, thing, of.model_copy(update={"why": why}))

            app.push_screen(AskScreen("What is it for? The answer is kept in the audit log."), answered)

        if reveals(thing.kind) == reveals("pod"):
            app.push_screen(
                AskScreen(f"Command to run in {thing}; -c NAME first for its container"), commanded
            )
        else:
            ask_why(wanted)

    def take(self, batch: Iterable[Recorded]) -> None:
        """Show what was revealed to this console; what others asked for falls away."""
        for recorded in batch:
            if recorded.event.kind == "revealed":
                self._revealed(recorded.event)

    def _confirm(self, app: App[int], thing: Thing, wanted: Reveal) -> None:
        what = f"“{shlex.join(wanted.command)}” in {thing}" if wanted.command else str(thing)
        words = f"You will see {reveals(thing.kind)}, for a moment. That you did is recorded; what you see is not."

        def answered(yes: bool | None) -> None:
            if yes:
                self._order(app, wanted)

        app.push_screen(RevealQuestion(f"Reveal {safe_line(what)}?", words, yes="reveal"), answered)

    def _order(self, app: App[int], wanted: Reveal) -> None:
        self._asked[wanted.request] = (wanted, app)
        self._send(wanted)

    def _revealed(self, event: Revealed) -> None:
        wanted, app = self._asked.pop(event.request, (None, None))
        if wanted is None or app is None:
            return
        if event.needs_name:
            self._named(app, wanted, event)
        elif (values := event.sealed.open() if event.sealed is not None else None) is not None:
            app.push_screen(RevealedScreen(event.what, values, event.seconds))
        elif event.failure:
            app.notify(event.failure, severity="error", markup=False)

    def _named(self, app: App[int], wanted: Reveal, event: Revealed) -> None:
        def typed(name: str | None) -> None:
            if name == event.needs_name:
                self._order(app, wanted.model_copy(update={"confirmed": name}))
            elif name:
                app.notify(f"That is not {event.needs_name}; nothing was revealed.", markup=False)

        question = f"{event.failure} Type {event.needs_name} to reveal {event.what}."
        app.push_screen(AskScreen(safe_line(question)), typed)


class RevealQuestion(ConfirmScreen):
    """The question whether to reveal; deaf for an instant, so that what was typed ahead cannot answer it."""

    def __init__(
        self, question: str, words: str, *, yes: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(question, words, yes=yes)
        self._monotonic = monotonic
        self._appeared = monotonic()

    def action_answer(self, yes: bool) -> None:
        if self._monotonic() - self._appeared >= GRACE:
            super().action_answer(yes)
        else:
            self.notify("The question has only just appeared; press the key again.")


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    values: tuple[Value, ...]


class RevealedScreen(ModalScreen[None]):
    """Shows values until a key is pressed or their time is over. Only `c` copies."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_revealed", "Copy"),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
    ]

    def __init__(self, what: str, values: tuple[Value, ...], seconds: float) -> None:
        super().__init__()
        self._what = what
        self._held = _Held(values)
        self._left = max(int(seconds), 1)
        self._keys = Static("", classes="dialog-keys", markup=False)
        self._body = VerticalScroll(classes="revealed")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._what), classes="dialog-title", markup=False)
            with self._body:
                for value in self._held.values:
                    if len(self._held.values) > 1:
                        yield Static(safe_line(value.name), classes="revealed-name", markup=False)
                    lines = "\n".join(safe_line(line) for line in value.text.splitlines())
                    yield Static(lines or "(empty)", classes="revealed-value", markup=False)
            yield self._keys

    def on_mount(self) -> None:
        self._tell()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self._held = replace(self._held, values=())

    def on_key(self, event: events.Key) -> None:
        if event.key not in ("c", "up", "k", "down", "j"):
            event.stop()
            self.dismiss(None)

    def action_copy_revealed(self) -> None:
        values = self._held.values
        text = values[0].text if len(values) == 1 else "\n".join(f"{v.name}: {v.text}" for v in values)
        self.app.copy_to_clipboard(text)

    def action_scroll(self, by: int) -> None:
        self._body.scroll_relative(y=by, animate=False)

    def _tick(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.dismiss(None)
        else:
            self._tell()

    def _tell(self) -> None:
        self._keys.update(f"c  copy     any other key closes     gone in {self._left} s")


def _with_command(wanted: Reveal, line: str) -> Reveal:
    """The wish with its command, and the container that `-c` names. Raises ValueError for open quotes."""
    words = tuple(shlex.split(line))
    container = ""
    if words[:1] == ("-c",):
        container, words = "".join(words[1:2]), words[2:]
    if not words:
        raise ValueError("there is no command")
    return wanted.model_copy(update={"command": words, "container": container})
