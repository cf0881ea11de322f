"""The desk behind the detail screens: what they want looked at goes down, what comes up finds its screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.app import App
from textual.screen import Screen

from console.screens.detail.thing import Thing
from console.screens.revealing import RevealDesk

if TYPE_CHECKING:
    from agent.commands import Command
    from agent.events import Inspected, LogGrew, Recorded
    from console.live import Agent
    from console.screens.detail.resource import ResourceScreen
    from console.widgets.glyphs import Glyphs
    from tools.kubernetes.relations import Related
    from tools.tool import Scope


@dataclass(frozen=True, slots=True)
class _Open:
    screen: ResourceScreen
    look: str
    log: str = ""


class ObjectDesk:
    """Opens detail screens and feeds them.

    Args:
        send: gives a command to the agent.
        ask: puts a mention into the prompt.
    """

    def __init__(self, send: Callable[[Command], None], ask: Callable[[str], None]) -> None:
        self._send = send
        self._ask = ask
        self._open: dict[Screen[None], _Open] = {}
        self._revealing = RevealDesk(send)
        self._count = 0
        self.glyphs: Glyphs | None = None
        self.agent: Agent | None = None
        self.scope: Scope | None = None

    def open(self, app: App[int], thing: Thing, side: str = "summary") -> None:
        """Open a screen for a thing, over whatever is open."""
        from console.screens.detail.resource import ResourceScreen

        assert self.scope is not None
        screen = ResourceScreen(thing, self, context=self.scope.context, glyphs=self.glyphs, side=side)
        self._open[screen] = _Open(screen, "")
        app.push_screen(screen)
        self.look(screen)

    # --- what the screens want ----------------------------------------------------------------------

    def look(self, screen: ResourceScreen) -> None:
        """Look at the screen's thing, from now on."""
        from agent.commands import Inspect

        entry = self._open[screen]
        request = self._request("inspect")
        self._away(entry.look)
        self._open[screen] = replace(entry, look=request)
        thing = screen.thing
        self._send(Inspect(request=request, what=thing.what, name=thing.name, scope=self._where(thing)))

    def follow(self, screen: ResourceScreen, *, previous: bool) -> None:
        """Follow the logs of the screen's thing."""
        from agent.commands import FollowLogs

        entry = self._open[screen]
        request = self._request("logs")
        self._away(entry.log)
        self._open[screen] = replace(entry, log=request)
        thing = screen.thing
        self._send(
            FollowLogs(
                request=request, what=thing.what, name=thing.name, scope=self._where(thing), previous=previous
            )
        )

    def leave(self, screen: ResourceScreen) -> None:
        """The screen is closed."""
        entry = self._open.pop(screen, None)
        if entry is not None:
            self._away(entry.look)
            self._away(entry.log)

    def ask(self, screen: ResourceScreen, mention: str) -> None:
        """Go back to the prompt with a mention, through all the screens that lie over it."""
        from console.screens.detail.resource import ResourceScreen

        app = screen.app
        while isinstance(app.screen, ResourceScreen):
            app.pop_screen()
        self._ask(mention)

    def open_related(self, screen: ResourceScreen, related: Related) -> None:
        thing = Thing(related.kind, related.kind.partition(".")[0], related.name, related.namespace)
        self.open(screen.app, thing)

    def reveal_of(self, screen: ResourceScreen) -> None:
        """Reveal what is secret about the screen's thing."""
        self.reveal(screen.app, screen.thing)

    def reveal(self, app: App[int], thing: Thing) -> None:
        """Ask, then show what is secret about a thing, once."""
        self._revealing.begin(app, thing, self._where(thing))

    async def read_session(self, screen: ResourceScreen, session: str, title: str) -> None:
        """Show a past session, to be read or replayed."""
        from agent.logbook import open_envelope
        from console.live import sentence
        from console.screens.replay import ReplayScreen

        assert self.agent is not None and self.glyphs is not None
        try:
            export = await self.agent.sessions.export(session)
            events = [open_envelope(envelope) for envelope in export.events]
        except Exception as error:
            screen.notify(sentence(error), severity="error", markup=False)
            return
        screen.app.push_screen(ReplayScreen(title or session, events, self.glyphs, at_end=True))

    # --- what comes up --------------------------------------------------------------------------------

    def take(self, batch: Iterable[Recorded]) -> None:
        """Hand events on to the screens they are for; those for screens that are closed fall away."""
        for recorded in batch:
            match recorded.event.kind:
                case "revealed":
                    self._revealing.take([recorded])
                case "inspected":
                    self._inspected(recorded.event)
                case "log_grew":
                    self._log_grew(recorded.event)

    def _inspected(self, event: Inspected) -> None:
        for entry in self._open.values():
            if entry.look == event.request:
                entry.screen.take_side(event)

    def _log_grew(self, event: LogGrew) -> None:
        for entry in self._open.values():
            if entry.log == event.request:
                entry.screen.take_log(event)

    def _request(self, what: str) -> str:
        self._count += 1
        return f"{what}-{self._count}"

    def _away(self, request: str) -> None:
        from agent.commands import LookAway

        if request:
            self._send(LookAway(request=request))

    def _where(self, thing: Thing) -> Scope:
        assert self.scope is not None
        return self.scope.model_copy(update={"namespace": thing.namespace}) if thing.namespace else self.scope
