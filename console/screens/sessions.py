"""Every session there was: list, search as you type, read, replay, go on, rename, delete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.actions import Where, bindings
from console.screens.confirm import AskScreen, ConfirmScreen
from console.screens.typing_ahead import TypingAhead
from console.widgets.footer import KeyFooter

if TYPE_CHECKING:
    from agent.events import Recorded
    from console.widgets.glyphs import Glyphs
    from memory.sessions import Hit, SessionRow, Sessions

MOST = 200
"""Sessions listed at once; a search finds the others."""
PAUSE = 0.12
"""Seconds after the last key before the journal is searched."""


class SessionsScreen(TypingAhead, ModalScreen[str | None]):
    """Gives the id of the session to go on in, an empty id for a new one, or None.

    Args:
        sessions: the journal's sessions.
        present: id of the session the console is in.
        glyphs: signs for a replay.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.SESSIONS),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(10)", "Ten down", show=False),
        Binding("pageup", "move(-10)", "Ten up", show=False),
    ]

    def __init__(self, sessions: Sessions, present: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._sessions, self._present, self._glyphs = sessions, present, glyphs
        self._rows: list[SessionRow] = []
        self._timer: Timer | None = None
        self.field = Input(placeholder="search titles and everything said and seen", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static("Sessions", classes="dialog-title", markup=False)
            yield self.field
            yield OptionList(compact=True, id="session-list")
            yield Static("reading the journal…", id="session-note", markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        self._search()

    def on_input_changed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._search)

    def on_option_list_option_selected(self) -> None:
        self.action_continue_session()

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if self._rows:
            options.highlighted = min(max((options.highlighted or 0) + by, 0), len(self._rows) - 1)

    def action_continue_session(self) -> None:
        if row := self._row:
            self.dismiss(row.id)

    def action_begin_session(self) -> None:
        self.dismiss("")

    def action_close_sessions(self) -> None:
        self.dismiss(None)

    def action_view_session(self) -> None:
        self._replay(at_end=True)

    def action_replay_session(self) -> None:
        self._replay(at_end=False)

    def action_rename_session(self) -> None:
        row = self._row
        if row is None:
            return

        def named(title: str | None) -> None:
            if title:
                self.run_worker(self._rename(row.id, title), exit_on_error=False)

        self.app.push_screen(AskScreen("New title", row.title), named)

    def action_delete_session(self) -> None:
        row = self._row
        if row is None:
            return
        if row.id == self._present:
            self.notify(
                "This session is open here; begin another one before deleting it.", severity="warning"
            )
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._delete(row), exit_on_error=False)

        words = f"Its {row.events} events are removed from the disk; they cannot be brought back."
        self.app.push_screen(ConfirmScreen(f"Delete “{_title(row)}”?", words, yes="delete"), answered)

    @property
    def _row(self) -> SessionRow | None:
        index = self.query_one(OptionList).highlighted
        return self._rows[index] if index is not None and index < len(self._rows) else None

    def _search(self) -> None:
        text = self.field.value
        self.run_worker(self._load(text), exclusive=True, group="search", exit_on_error=False)

    async def _load(self, text: str) -> None:
        from console.live import sentence

        try:
            found = await self._sessions.list(MOST, text=text)
            hits = await self._sessions.search(text, MOST) if text.strip() else []
        except Exception as error:
            self.query_one("#session-note", Static).update(sentence(error))
            return
        best: dict[str, Hit] = {}
        for hit in hits:
            best.setdefault(hit.session, hit)
        # A console that was opened and closed again left a session in which nothing happened.
        rows = [row for row in found if row.title or row.events > 2 or row.id == self._present]
        self._rows = rows
        options = self.query_one(OptionList)
        kept = options.highlighted or 0
        options.clear_options()
        options.add_options(
            Option(_line(row, best.get(row.id), self.size.width - 10, self._present)) for row in rows
        )
        options.highlighted = min(kept, len(rows) - 1) if rows else None
        note = f"{len(rows)} session{'s' if len(rows) > 1 else ''}" if rows else "No session has these words."
        if not rows and not text.strip():
            note = "No session yet."
        self.query_one("#session-note", Static).update(note)

    async def _rename(self, session: str, title: str) -> None:
        from console.live import sentence

        try:
            await self._sessions.rename(session, title)
        except Exception as error:
            self.notify(sentence(error), severity="error", markup=False)
        self._search()

    async def _delete(self, row: SessionRow) -> None:
        from console.live import sentence

        try:
            await self._sessions.delete(row.id)
        except Exception as error:
            self.notify(sentence(error), severity="error", markup=False)
        else:
            self.notify(f"Deleted “{_title(row)}”.", markup=False)
        self._search()

    def _replay(self, *, at_end: bool) -> None:
        if row := self._row:
            self.run_worker(self._open(row, at_end), exclusive=True, group="replay", exit_on_error=False)

    async def _open(self, row: SessionRow, at_end: bool) -> None:
        from console.live import sentence
        from console.screens.replay import ReplayScreen

        try:
            events = await self._read(row.id)
        except Exception as error:
            self.notify(sentence(error), severity="error", markup=False)
            return
        self.app.push_screen(ReplayScreen(_title(row), events, self._glyphs, at_end=at_end))

    async def _read(self, session: str) -> list[Recorded]:
        from agent.logbook import open_envelope

        export = await self._sessions.export(session)
        return [open_envelope(envelope) for envelope in export.events]


def _title(row: SessionRow) -> str:
    return row.title or f"untitled ({row.id})"


def _line(row: SessionRow, hit: Hit | None, width: int, present: str) -> Content:
    from console.widgets.safe_text import safe_line

    when = f"{row.updated.astimezone():%Y-%m-%d %H:%M}"
    here = "  open here" if row.id == present else ""
    cost = f"  ${row.cost:.2f}" if row.cost is not None else ""
    facts = f"{when}  {row.status or 'new':12} {row.events:>5} events{cost}{here}"
    room = max(width - len(facts) - 2, 12)
    title = Content(safe_line(_title(row))).truncate(room, ellipsis=True)
    title = title.pad_right(room - title.cell_length)
    head = Content.assemble(title.stylize("bold"), "  ", (facts, "$text-muted"))
    below = Content.styled(f"  {_scope(row.scope)}", "$text-muted")
    if hit is not None:
        below = _snippet(hit)
    return Content("\n").join([head, below])


def _scope(text: str) -> str:
    try:
        scope = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(scope, dict):
        return ""
    parts = (str(scope.get(name) or "") for name in ("context", "namespace", "profile", "region"))
    return " / ".join(part for part in parts if part) or "no scope"


def _snippet(hit: Hit) -> Content:
    from console.widgets.safe_text import safe_line
    from memory.search import HIT_END, HIT_START

    parts: list[Content] = [Content.styled(f"  {hit.kind.replace('_', ' ')}: ", "$text-muted")]
    for index, piece in enumerate(hit.snippet.split(HIT_START)):
        found, _, rest = piece.partition(HIT_END) if index else ("", "", piece)
        parts += [Content.styled(safe_line(found), "bold $text-accent"), Content(safe_line(rest))]
    return Content("").join(parts)
