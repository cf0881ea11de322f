"""Where the operator works: context, namespace, profile, region, model, session title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from console.screens.deciding import Deciding

if TYPE_CHECKING:
    from console.live import Agent, Place
    from console.widgets.glyphs import Glyphs
    from console.widgets.resource_pane import ResourcePane


class Scoping(Deciding):
    """The actions of the main screen that change the scope, the model, the title."""

    agent: Agent | None = None
    glyphs: Glyphs
    resources: ResourcePane

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

        def chosen(places: Sequence[Place] | None) -> None:
            if not places:
                return
            if len(places) > 1:
                self._look_into([place.name for place in places])
            else:
                self._go(places[0])

        self.app.push_screen(ScopeScreen(self.places()), chosen)

    def action_ctx(self, name: str = "") -> None:
        self._go_by_name("context", name)

    def action_profile(self, name: str = "") -> None:
        self._go_by_name("profile", name)

    def action_ns(self, name: str = "") -> None:
        from console.reach import several

        if name in ("", "all", "*"):
            self._turn_view(namespaces=())
            self._rescope(namespace="")
        else:
            self.look_into_namespaces(several(name))

    def look_into_namespaces(self, names: Sequence[str]) -> None:
        """Work in one namespace; of several, only look into them."""
        self.resources.everywhere = False
        if len(names) == 1:
            self._turn_view(namespaces=())
            self._rescope(namespace=names[0])
        else:
            self._turn_view(namespaces=tuple(names))

    def _look_into(self, contexts: Sequence[str]) -> None:
        """Show the views of several contexts at once; work in the first unless one of them is worked in."""
        if self.live is None:
            return
        self._turn_view(contexts=tuple(contexts), namespaces=())
        if self.live.state.scope.context not in contexts:
            self._rescope(context=contexts[0], namespace="")

    def _turn_view(self, **reach: tuple[str, ...]) -> None:
        """Have the resource view look elsewhere."""
        self.resources.reach = self.resources.reach._replace(**reach)
        self.watch_view()

    def watch_view(self) -> None:
        """Have the view that is seen fed, and no other."""
        raise NotImplementedError

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
        from console.reach import several

        known = {place.name: place for place in self.places() if place.kind == kind}
        names = several(name, known) if kind == "context" else (name,)
        missing = [each for each in names if each not in known]
        if missing or not names:
            there = ", ".join(known) or "none"
            words = f"There is no {kind} {', '.join(missing) or name}. There are: {there}."
            self.notify(words, severity="warning", markup=False)
        elif len(names) == 1:
            self._go(known[names[0]])
        else:
            self._look_into(names)

    def _go(self, place: Place) -> None:
        if place.kind == "context":
            self._turn_view(contexts=(), namespaces=())
            self._rescope(context=place.name, namespace="")
        else:
            self._rescope(profile=place.name, region=place.detail)

    def _rescope(self, **changes: str) -> None:
        from agent.commands import SetScope

        if self.live is not None:
            self.send(SetScope(scope=self.live.state.scope.model_copy(update=changes)))
