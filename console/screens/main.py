"""The console itself: status line, three panes, footer, and what the keys do between them.

It stands before the agent is there. What shows the agent's words comes in by `furnish`, what it says
by `Arrived`.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import DescendantFocus, Resize
from textual.widget import Widget
from textual.widgets import Static

from console.actions import Where, bindings
from console.arrangement import Pane
from console.reach import several
from console.screens.showing import Showing
from console.views import View
from console.widgets.chat_pane import ChatPane
from console.widgets.footer import KeyFooter
from console.widgets.panes import Panes
from console.widgets.plan_pane import PlanPane
from console.widgets.prompt import Prompt
from console.widgets.resource_pane import ResourcePane
from console.widgets.status_line import Standing, StatusLine

if TYPE_CHECKING:
    from agent.commands import Command
    from console.live import Agent, LiveSession
    from console.widgets.glyphs import Glyphs

TWICE = 1.0
"""Seconds in which a second escape means: stop the agent."""

SMALLEST = (40, 10)
"""Columns and lines below which nothing useful can be drawn."""


SHORT = 30
"""Lines below which the prompt begins with one line."""


class MainScreen(Showing):
    """One session on the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.MAIN)]
    AUTO_FOCUS = "#prompt"

    def __init__(self) -> None:
        super().__init__()
        self.status = StatusLine(id="status")
        self.resources = ResourcePane()
        self.chat = ChatPane(self.resources.mentions)
        self.plan = PlanPane()
        self.panes = Panes(self.chat, self.plan, self.resources)
        self.live: LiveSession | None = None
        self._escaped = 0.0
        self._unsent: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.status
        yield self.panes
        yield KeyFooter(id="footer")
        yield Static("", id="too-small", markup=False)

    # --- what the app calls ---------------------------------------------------------------------------

    async def furnish(self, glyphs: Glyphs) -> None:
        """Put the widgets that show the agent's words into the panes."""
        self.glyphs = glyphs
        await self.chat.furnish(glyphs)
        await self.plan.furnish(glyphs)
        await self.resources.furnish(glyphs)

    def attach(self, agent: Agent, live: LiveSession) -> None:
        """Begin to work in a session; what was written meanwhile is sent."""
        self.agent, self.live = agent, live
        self.chat.say("")
        self.run_worker(live.follow(), exit_on_error=False, group="follow")
        for text in self._unsent:
            self._say(text)
        self._unsent.clear()

    def fail(self, words: str) -> None:
        """Say why there is no session."""
        self.chat.say(f"{words}\n\n:connect tries again.")
        self.status.show(Standing(waiting="not connected"))

    def send(self, command: Command) -> None:
        if self.live is not None:
            self.run_worker(self.live.session.send(command), exit_on_error=False, group="commands")

    # --- layout -----------------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-small")
        self.set_class(height < SHORT, "-short")
        if small:
            words = f"too small: {width}x{height}\nPilothouse needs {SMALLEST[0]}x{SMALLEST[1]}"
            self.query_one("#too-small", Static).update(words)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        pane = self.panes.holding(event.widget)
        wishes = self.panes.wishes
        if pane is not None and pane is not wishes.active:
            zoomed = pane if wishes.zoomed is not None else None
            self.panes.wish(replace(wishes, active=pane, zoomed=zoomed))

    def enter(self, pane: Pane, target: Widget | None = None) -> None:
        """Bring a pane on the screen, hidden or not, and put the focus into it."""
        wishes = self.panes.wishes
        zoomed = pane if wishes.zoomed is not None else None
        self.panes.wish(replace(wishes, active=pane, hidden=wishes.hidden - {pane}, zoomed=zoomed))
        stops = {
            Pane.CHAT: self.chat.prompt,
            Pane.PLAN: self.plan.entrance,
            Pane.RESOURCES: self.resources.table or self.resources,
        }
        (target or stops[pane]).focus()

    def action_write(self) -> None:
        self.enter(Pane.CHAT)
        # At once: the letters that follow are text, and must never reach keys that decide.
        self.set_focus(self.chat.prompt)

    def action_read(self) -> None:
        self.enter(Pane.CHAT, self.chat.transcript)

    def action_plan(self) -> None:
        self.enter(Pane.PLAN)

    def action_resources(self) -> None:
        self.enter(Pane.RESOURCES)

    def action_next_pane(self) -> None:
        self._turn(1)

    def action_previous_pane(self) -> None:
        self._turn(-1)

    def action_zoom(self) -> None:
        wishes = self.panes.wishes
        self.panes.wish(replace(wishes, zoomed=None if wishes.zoomed is not None else wishes.active))

    def action_hide(self) -> None:
        wishes = self.panes.wishes
        others = [pane for pane in Pane if pane not in wishes.hidden and pane is not wishes.active]
        if not others:
            self.notify("This is the only pane left.")
            return
        self.panes.wish(replace(wishes, hidden=wishes.hidden | {wishes.active}, zoomed=None))
        # Not into the prompt: the next key would be a letter there.
        self.enter(others[0], self.chat.transcript if others[0] is Pane.CHAT else None)

    def action_grow(self) -> None:
        self.panes.wish(self.panes.wishes.resized(self.panes.wishes.active, 1))

    def action_shrink(self) -> None:
        self.panes.wish(self.panes.wishes.resized(self.panes.wishes.active, -1))

    def action_show_all(self) -> None:
        self.panes.wish(replace(self.panes.wishes, weights={}, hidden=frozenset(), zoomed=None))

    def action_back(self) -> None:
        """One step back; the second one in a row stops the agent."""
        now = monotonic()
        if self.at_work and now - self._escaped < TWICE:
            self._escaped = 0.0
            self.action_stop()
            return
        self._escaped = now
        if self.at_work:
            self.notify("esc again stops the agent.", timeout=TWICE)
        if self.resources.leave_filter():
            return
        if self.panes.wishes.zoomed is not None:
            self.action_zoom()
        elif self.focused is self.chat.prompt and self.chat.transcript is not None:
            self.chat.transcript.focus()
        else:
            self.action_write()

    def go_to(self, view: View, namespace: str | None) -> None:
        """Show a view, in another namespace if one is named; empty means everywhere."""
        if namespace is not None:
            self.resources.everywhere = not namespace
            if namespace:
                self.look_into_namespaces(several(namespace))
        self.resources.go_to(view)
        self.action_resources()

    def _turn(self, by: int) -> None:
        stops: list[tuple[Pane, Widget | None]] = [(Pane.CHAT, self.chat.prompt)]
        if self.chat.transcript is not None:
            stops.append((Pane.CHAT, self.chat.transcript))
        hidden = self.panes.wishes.hidden
        if Pane.PLAN not in hidden:
            stops += [(Pane.PLAN, stop) for stop in self.plan.stops]
        if Pane.RESOURCES not in hidden and self.resources.table is not None:
            stops.append((Pane.RESOURCES, self.resources.table))
        at = next((i for i, (_, stop) in enumerate(stops) if stop is self.focused), -1 if by > 0 else 0)
        pane, stop = stops[(at + by) % len(stops)]
        self.enter(pane, stop)

    # --- what the operator says -----------------------------------------------------------------------------

    async def on_prompt_sent(self, event: Prompt.Sent) -> None:
        event.stop()
        if event.text == "/context" and self.live is not None:
            await self.action_context_use()
        elif self.live is None:
            self._unsent.append(event.text)
            self.chat.sent(event.text, busy=True)
        elif not self.live.driving:
            self.chat.prompt.write(event.text)
            self.notify("Another console drives this session; this one only follows.", severity="warning")
        else:
            self._say(event.text)

    def _say(self, text: str) -> None:
        from agent.commands import Say

        assert self.live is not None
        if text not in self._unsent:
            self.chat.sent(text, busy=self.live.state.busy)
        self.send(Say(text=text))
