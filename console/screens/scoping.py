"""Where the operator works: context, namespace, profile, region, model, session title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from console.screens.deciding import Deciding

if TYPE_CHECKING:
    from console.live import Agent, Place
    from console.widgets.glyphs import Glyphs


class Scoping(Deciding):
    """The actions of the main screen that change the scope, the model, the title."""

    agent: Agent | None = None
    glyphs: Glyphs

    class SessionWanted(Message):
        """The operator wants to work in another session; an empty id means a new one."""

        def __init__(self, session: str) -> None:
            super().__init__()
            self.session = session

    def places(self) -> Sequence[Place]:
        """Contexts and profiles that could be worked in; a notice says why if they cannot be read."""
        if self.agent is None:
            return []
        try:
            return self.agent.places()
        except Exception as error:
            from console.live import sentence

            self.notify(sentence(error), severity="error", markup=False)
            return []

    def action_sessions(self) -> None:
        if self.agent is None or self.live is None:
            return
        from console.screens.sessions import SessionsScreen

        def chosen(session: str | None) -> None:
            if session is not None:
                self.post_message(self.SessionWanted(session))

        session, past = self.live.session, self.agent.past

        async def rename(title: str) -> None:
            from agent.commands import Rename

            await session.send(Rename(title=title))

        self.app.push_screen(SessionsScreen(past, session.id, self.glyphs, rename), chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        usual = super().check_action(action, parameters)
        return usual or bool(self._cut_off) if action == "resume" else usual

    def action_resume(self) -> None:
        """As everywhere; where no plan is to be gone on with, open the session that was cut off."""
        if super().check_action("resume", ()):
            super().action_resume()
        elif session := self._cut_off:
            self.post_message(self.SessionWanted(session))

    @property
    def _cut_off(self) -> str:
        """Id of the latest session that was cut off and not opened since, or nothing."""
        return next(iter(self.agent.interrupted), "") if self.agent is not None else ""

    def action_memories(self) -> None:
        if self.agent is None or self.live is None:
            return
        from console.screens.memories import MemoriesScreen

        order = self.live.session.order
        self.app.push_screen(MemoriesScreen(self.agent.knowledge, order, self.agent.sessions, self.glyphs))

    def action_new_session(self) -> None:
        if self.live is not None:
            self.post_message(self.SessionWanted(""))

    def action_scope(self) -> None:
        from console.screens.scope import ScopeScreen

        def chosen(place: Place | None) -> None:
            if place is not None:
                self._go(place)

        self.app.push_screen(ScopeScreen(self.places()), chosen)

    def action_ctx(self, name: str = "") -> None:
        self._go_by_name("context", name)

    def action_profile(self, name: str = "") -> None:
        self._go_by_name("profile", name)

    def action_ns(self, name: str = "") -> None:
        self._rescope(namespace="" if name in ("all", "*") else name)

    def action_region(self, name: str = "") -> None:
        if name:
            self._rescope(region=name)

    def action_model(self, name: str = "") -> None:
        from agent.commands import UseModel

        if name and self.live is not None:
            self.send(UseModel(model="" if name == "none" else name))

    async def action_context_use(self) -> None:
        if self.live is None:
            return
        from textual.content import Content

        from agent.conversation.context_use import told
        from console.screens.detail.tabs import DetailScreen
        from console.widgets.safe_text import safe_line

        lines = [Content(safe_line(line)) for line in told(await self.live.session.context())]
        self.app.push_screen(DetailScreen("Context of the model", {"tokens": lines}))

    def action_rename(self, title: str = "") -> None:
        from agent.commands import Rename
        from console.screens.confirm import AskScreen

        def named(words: str | None) -> None:
            if words:
                self.send(Rename(title=words))

        if self.live is None:
            return
        if title:
            named(title)
        else:
            self.app.push_screen(AskScreen("Title of this session", self.live.state.title), named)

    def _go_by_name(self, kind: str, name: str) -> None:
        if not name:
            self.action_scope()
            return
        known = [place for place in self.places() if place.kind == kind]
        found = [place for place in known if place.name == name]
        if not found:
            names = ", ".join(place.name for place in known) or "none"
            self.notify(f"There is no {kind} {name}. There are: {names}.", severity="warning", markup=False)
            return
        self._go(found[0])

    def _go(self, place: Place) -> None:
        if place.kind == "context":
            self._rescope(context=place.name, namespace="")
        else:
            self._rescope(profile=place.name, region=place.detail)

    def _rescope(self, **changes: str) -> None:
        from agent.commands import SetScope

        if self.live is not None:
            self.send(SetScope(scope=self.live.state.scope.model_copy(update=changes)))
