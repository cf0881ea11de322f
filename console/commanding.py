"""How actions are found and carried out: by key, palette, `:` line, help."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.dom import DOMNode

from console.actions import Action, Where, bindings
from console.terminal import Terminal

if TYPE_CHECKING:
    from console.screens.main import MainScreen

TWICE = 2.0
"""Seconds in which a second ctrl+c quits."""


class Commanding(Terminal):
    """The actions that work anywhere, and the way to all others."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.ANYWHERE)]

    _main: MainScreen | None = None
    _interrupted = 0.0

    @property
    def is_built(self) -> bool:
        """Whether the panes are there yet."""
        return self._main is not None

    @property
    def main(self) -> MainScreen:
        """The screen of the present session, once `is_built`."""
        assert self._main is not None
        return self._main

    def main_owner(self, action: Action) -> DOMNode | None:
        """Who on the main screen carries an action out; None for those of other screens."""
        match action.where:
            case Where.ANYWHERE:
                return self
            case Where.MAIN:
                return self.main
            case Where.PROMPT:
                return self.main.chat.prompt
            case Where.RESOURCES:
                return self.main.resources
        return None

    async def perform(self, action: Action, argument: str = "") -> None:
        """Carry an action out as if its key had been pressed; says so if it does not work now."""
        owner = self.main_owner(action)
        if owner is None or not owner.check_action(action.id, ()):
            self.notify(f"“{action.title}” does not work now.", severity="warning", markup=False)
            return
        call = f"{action.id}({argument!r})" if action.takes else action.id
        await self.run_action(call, default_namespace=owner)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_built:
            return action in ("interrupt", "leave")
        if action in ("help", "palette"):
            return self.screen is self.main
        if action == "jump":
            # At once, before the letters that follow; but a colon in a text is a colon.
            return self.screen is self.main and not self.main.is_writing
        if action == "connect":
            return self.main.agent is None
        return super().check_action(action, parameters)

    def action_help(self) -> None:
        from console.screens.help import HelpScreen, help_of

        self.push_screen(HelpScreen(*help_of(self.main.focused)))

    def action_palette(self) -> None:
        from textual.command import CommandPalette

        from console.palette import ActionProvider

        self.push_screen(CommandPalette(providers=[ActionProvider], placeholder="Find an action…"))

    def action_jump(self) -> None:
        from console.jump import Known
        from console.screens.jump import JumpScreen

        places = self.main.places()
        known = Known(
            contexts=[place.name for place in places if place.kind == "context"],
            profiles=[place.name for place in places if place.kind == "profile"],
            namespaces=self.main.resources.namespaces,
            themes=sorted(self.available_themes),
        )
        self.push_screen(JumpScreen(known), self._jump)

    async def _jump(self, line: str | None) -> None:
        from console.jump import meaning

        jump = meaning(line or "")
        if jump is None:
            return
        if jump.action is not None:
            await self.perform(jump.action, jump.argument)
        elif jump.view is not None:
            self.main.go_to(jump.view, jump.namespace)

    def action_theme(self, name: str = "") -> None:
        if name in self.available_themes:
            self.theme = name
            return
        names = ", ".join(sorted(self.available_themes))
        what = f"There is no theme {name}." if name else "Name a theme."
        self.notify(
            f"{what} There are: {names}.", severity="warning" if name else "information", markup=False
        )

    def action_notices(self) -> None:
        """The notices of this sitting again, the newest first."""
        from textual.content import Content

        from console.screens.detail.tabs import DetailScreen
        from console.widgets.safe_text import safe_line

        lines = [Content(safe_line(words)) for words in reversed(self.notices)]
        self.push_screen(DetailScreen("Notices", {"notices": lines or [Content("None so far.")]}))

    def action_leave(self) -> None:
        self.exit(0)

    def action_interrupt(self) -> None:
        """Copy what is selected; otherwise the second time in a row quits."""
        from textual.widgets import TextArea

        selected = self.screen.get_selected_text()
        if isinstance(self.focused, TextArea):
            selected = self.focused.selected_text or selected
        if selected:
            self.copy_to_clipboard(selected)
            return
        if monotonic() - self._interrupted < TWICE:
            self.exit(0)
            return
        self._interrupted = monotonic()
        self.notify("ctrl+c again quits. esc esc stops the agent.", timeout=TWICE)

    def on_app_focus(self) -> None:
        if self.is_built and self.main.caller is not None:
            self.main.caller.looked()
