"""The Textual app: paints first, then finds the agent and opens a session in it.

Whatever is expensive to import (the agent, its clients, the widgets that show its words) is imported
in a thread after the first paint; `tests/console/test_first_paint.py` holds us to it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from textual.events import Event, InputEvent
from textual.screen import Screen
from textual.theme import Theme

from console import theming
from console.commanding import Commanding
from console.notify import Caller
from console.options import Options
from console.screens.opening import Opening
from console.tidying import Tidying

if TYPE_CHECKING:
    from agent.events import Recorded
    from console.live import Agent
    from console.screens.main import MainScreen
    from console.widgets.glyphs import Glyphs

CLOSING = 4.0
"""Seconds the agent gets to look up what is in flight before the program ends."""

_AFTER_PAINT = (
    "console.live", "console.widgets.transcript", "console.widgets.plan_tree",
    "console.widgets.approval", "console.widgets.resources", "console.screens.step",
)  # fmt: skip


class PilothouseApp(Commanding):
    """The console.

    Args:
        connect: makes the agent; awaited after the first paint.
        options: what the operator chose.
        environment: the process's variables.
    """

    TITLE = "Pilothouse"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        connect: Callable[[], Awaitable[Agent]],
        options: Options,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__(options.home, environment)
        self.options = options
        self.agent: Agent | None = None
        self._connect = connect
        self._opening = Opening(plain=options.ascii)
        self._tidying = Tidying()
        theme = theming.first(options.theme)
        self.register_theme(theme)
        self.theme = theme.name

    # --- beginning and end -------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        return self._opening

    def on_mount(self) -> None:
        if self.options.ascii:
            self.draw_plainly()
        self.heed_signals()
        self._tidying.start()
        self.set_interval(1.0, self._tidying.look)
        self.call_after_refresh(self.build)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self._tidying.touched()
        await super().on_event(event)

    async def build(self) -> None:
        """After the first paint: the real panes, then the agent."""
        if self._exit:
            return
        for theme in theming.built_in():
            self.register_theme(theme)
        self.stylesheet.add_source(theming.style_sheet(), read_from=("themes/pilothouse.tcss", ""))
        main = self._new_main()
        await self.push_screen(main)
        main.chat.prompt.insert(self._opening.typed)
        self._main = main
        self.call_after_refresh(self.action_connect)

    def action_connect(self) -> None:
        """Find the agent, unless it is there."""
        if self.agent is None:
            self.run_worker(self._begin(), group="connect", exclusive=True, exit_on_error=False)

    async def _begin(self) -> None:
        await asyncio.to_thread(_import_the_rest)
        await self._take_own_themes()
        if self.main.chat.transcript is None:
            await self.main.furnish(self.glyphs)
        from console.live import sentence

        try:
            self.agent = await self._connect()
            await self._open(None)
            for notice in self.agent.notices:
                # In the conversation too: a notice is gone before everybody has read it.
                self.notify(notice, severity="warning", markup=False)
                self.main.chat.tell(notice)
        except Exception as error:
            self.main.fail(sentence(error))

    async def _take_own_themes(self) -> None:
        """Add the operator's own themes; what is wrong with one is said, and the console goes on."""
        from memory.home import Home

        folder = Home.find(self.environment, self.options.home).themes
        for found in await asyncio.to_thread(lambda: list(theming.from_folder(folder))):
            if isinstance(found, Theme):
                self.register_theme(found)
            else:
                self.notify(str(found), severity="warning", markup=False)
        wanted = self.options.theme
        if wanted in self.available_themes:
            self.theme = wanted
        elif wanted:
            self.notify(
                f"There is no theme {wanted}; {self.theme} is used.", severity="warning", markup=False
            )

    async def _open(self, session_id: str | None) -> None:
        from console.live import LiveSession

        assert self.agent is not None
        session = await self.agent.open_session(session_id)
        if session_id in self.agent.interrupted:
            self.agent.interrupted.remove(session_id)
        main = self.main

        def show(batch: Sequence[Recorded]) -> None:
            main.post_message(main.Arrived(batch))

        main.attach(self.agent, LiveSession(session, show))

    def on_scoping_session_wanted(self, event: MainScreen.SessionWanted) -> None:
        event.stop()
        self.run_worker(
            self._change(event.session or None), group="connect", exclusive=True, exit_on_error=False
        )

    async def _change(self, session_id: str | None) -> None:
        live = self.main.live
        if self.agent is None or live is None or live.session.id == session_id:
            return
        before, self._main = self.main, self._new_main()
        await self.switch_screen(self.main)
        await self.main.furnish(self.glyphs)
        before.workers.cancel_node(before)
        await live.close()
        from console.live import sentence

        try:
            await self._open(session_id)
        except Exception as error:
            self.main.fail(sentence(error))

    async def on_unmount(self) -> None:
        self._tidying.stop()
        if self.agent is not None:
            closing = asyncio.ensure_future(self.agent.close())
            await asyncio.wait({closing}, timeout=CLOSING)

    def _new_main(self) -> MainScreen:
        from console.screens.main import MainScreen

        main = MainScreen()
        main.pinned_read_only = self.options.read_only
        main.caller = Caller(self.write, self.environment)
        return main

    @property
    def glyphs(self) -> Glyphs:
        from console.widgets.glyphs import ASCII, UNICODE

        return ASCII if self.options.ascii else UNICODE


def run(connect: Callable[[], Awaitable[Agent]], options: Options) -> int:
    """Run the console until the operator leaves it.

    Returns:
        The exit code: 0 after leaving, 1 after a defect, 128 and the number after a signal.
    """
    app = PilothouseApp(connect, options)
    result = app.run(mouse=options.mouse)
    return result if result is not None else app.return_code or 0


def _import_the_rest() -> None:
    for name in _AFTER_PAINT:
        import_module(name)
