"""Every session there was: list, search as you type, read, replay, go on, fork, rename, pin, export, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.events import Resize
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.actions import Where, bindings
from console.screens.confirm import AskScreen, ConfirmScreen
from console.screens.typing_ahead import TypingAhead
from console.widgets.footer import KeyFooter

if TYPE_CHECKING:
    from agent.past import Past
    from console.widgets.glyphs import Glyphs
    from memory.finding import Found, SessionRow

MOST = 200
"""Sessions listed at once; a search finds the others."""
PAUSE = 0.12
"""Seconds after the last key before the journal is searched."""
WIDE = 110
"""Columns from which the preview stands beside the list instead of below it."""
HINT = "words, and context: status: by: resource: since: is:pinned"


class SessionsScreen(TypingAhead, ModalScreen[str | None]):
    """Gives the id of the session to go on in, an empty id for a new one, or None.

    Args:
        past: all sessions.
        present: id of the session the console is in.
        glyphs: signs for a replay.
        rename_present: gives the present session another title.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.SESSIONS),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(10)", "Ten down", show=False),
        Binding("pageup", "move(-10)", "Ten up", show=False),
    ]

    def __init__(
        self, past: Past, present: str, glyphs: Glyphs, rename_present: Callable[[str], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._rename_present = rename_present
        self._past, self._present, self._glyphs = past, present, glyphs
        self._rows: list[SessionRow] = []
        self._timer: Timer | None = None
        self.field = Input(placeholder=HINT, compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static("Sessions", classes="dialog-title", markup=False)
            yield self.field
            with Container(id="session-body"):
                yield OptionList(compact=True, id="session-list")
                with VerticalScroll(id="session-preview", can_focus=False):
                    yield Static("", id="session-glance", markup=False)
            yield Static("reading the journal…", id="session-note", markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        self._search()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < WIDE, "-narrow")
        if self._rows:
            self._search()

    def on_input_changed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._search)

    def on_option_list_option_selected(self) -> None:
        self.action_continue_session()

    def on_option_list_option_highlighted(self) -> None:
        self._preview()

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if self._rows:
            options.highlighted = min(max((options.highlighted or 0) + by, 0), len(self._rows) - 1)

    # --- what ends the browsing -------------------------------------------------------------------------

    def action_continue_session(self) -> None:
        if row := self._row:
            self.dismiss(row.id)

    def action_begin_session(self) -> None:
        self.dismiss("")

    def action_close_sessions(self) -> None:
        self.dismiss(None)

    def action_fork_session(self) -> None:
        if row := self._row:
            self._fork(row, None)

    def _fork(self, row: SessionRow, seq: int | None) -> None:
        async def work() -> None:
            self.dismiss(await self._past.fork(row.id, seq))

        self._do(work())

    # --- reading ------------------------------------------------------------------------------------------

    def action_view_session(self) -> None:
        self._replay(at_end=True)

    def action_replay_session(self) -> None:
        self._replay(at_end=False)

    def _replay(self, *, at_end: bool) -> None:
        if row := self._row:
            self.run_worker(self._open(row, at_end), exclusive=True, group="replay", exit_on_error=False)

    async def _open(self, row: SessionRow, at_end: bool) -> None:
        from console.live import sentence
        from console.screens.replay import ReplayScreen
        from console.widgets.session_lines import title_of

        try:
            events = await self._past.read(row.id)
        except Exception as error:
            self.notify(sentence(error), severity="error", markup=False)
            return

        def left(seq: int | None) -> None:
            if seq is not None:
                self._fork(row, seq)

        replay = ReplayScreen(title_of(row), events, self._glyphs, at_end=at_end, forks=True)
        self.app.push_screen(replay, left)

    # --- what changes something ---------------------------------------------------------------------------

    def action_rename_session(self) -> None:
        row = self._row
        if row is None:
            return

        def named(title: str | None) -> None:
            if title and row.id == self._present:
                self._do(self._rename_present(title))
            elif title:
                self._do(self._past.rename(row.id, title))

        self.app.push_screen(AskScreen("New title", row.title), named)

    def action_pin_session(self) -> None:
        if row := self._row:
            words = (
                "is not pinned any more" if row.pinned else "is pinned: it stays on top and is never cleared"
            )
            self._do(self._past.pin(row.id, not row.pinned), f"“{row.title or row.id}” {words}.")

    def action_export_session(self) -> None:
        row = self._row
        if row is None:
            return

        def named(path: str | None) -> None:
            if path:
                self._do(self._export(row, Path(path).expanduser()))

        words = "Write to which file? .md, .html, .jsonl or .json says in which form."
        self.app.push_screen(AskScreen(words, f"{row.id}.html"), named)

    async def _export(self, row: SessionRow, path: Path) -> None:
        from console.exporting import exported, form_of, write_private

        form = form_of(path)
        if form is None:
            self.notify(f"{path} ends in no form: .md, .html, .jsonl, .json.", severity="warning")
            return
        document = await self._past.export(row.id)

        def write() -> None:
            write_private(path, exported(document, form))

        await asyncio.to_thread(write)
        self.notify(f"Wrote {len(document.events)} events to {path}.")

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
                self._do(self._past.delete(row.id), f"Deleted “{row.title or row.id}”.")

        words = f"Its {row.events} events are removed from the disk; they cannot be brought back."
        self.app.push_screen(ConfirmScreen(f"Delete “{row.title or row.id}”?", words, yes="delete"), answered)

    # --- details --------------------------------------------------------------------------------------------

    @property
    def _row(self) -> SessionRow | None:
        index = self.query_one(OptionList).highlighted
        return self._rows[index] if index is not None and index < len(self._rows) else None

    def _do(self, work: Awaitable[object], words: str = "") -> None:
        async def done() -> None:
            from console.live import sentence

            try:
                await work
            except Exception as error:
                self.notify(sentence(error), severity="error", markup=False)
            else:
                if words:
                    self.notify(words, markup=False)
            if self.is_current or self.is_attached:
                self._search()

        self.run_worker(done(), exit_on_error=False, group="sessions")

    def _search(self) -> None:
        self.run_worker(self._load(self.field.value), exclusive=True, group="search", exit_on_error=False)

    async def _load(self, line: str) -> None:
        from console.live import sentence

        try:
            found = await self._past.find(line, MOST)
        except Exception as error:  # a filter that is not finished yet, or a journal that cannot be read
            self.query_one("#session-note", Static).update(sentence(error))
            return
        self._show(found, searched=bool(line.strip()))

    def _show(self, found: Found, *, searched: bool) -> None:
        from console.widgets.session_lines import session_line

        options = self.query_one(OptionList)
        chosen, kept = self._row, options.highlighted or 0
        self._rows = found.rows
        ids = [row.id for row in found.rows]
        # Not the list's own: when this comes first, the screen is not laid out yet.
        inner = self.size.width - 4
        width = max((inner if self.has_class("-narrow") else inner * 3 // 5) - 3, 20)
        pin = self._glyphs.marked
        options.clear_options()
        options.add_options(
            Option(session_line(row, found.hits.get(row.id), width, self._present, pin)) for row in found.rows
        )
        if ids:
            # The cursor follows the session, not the line.
            same = ids.index(chosen.id) if chosen is not None and chosen.id in ids else kept
            options.highlighted = min(same, len(ids) - 1)
        note = f"{len(ids)} session{'s' if len(ids) > 1 else ''}"
        if not found.complete:
            note = f"the latest {note}; more words or filters find older ones"
        if not ids:
            note = "No session has these words." if searched else "No session yet."
        self.query_one("#session-note", Static).update(note)
        self._preview()

    def _preview(self) -> None:
        if self.is_current:
            self.run_worker(self._look(self._row), exclusive=True, group="preview", exit_on_error=False)

    async def _look(self, row: SessionRow | None) -> None:
        from textual.content import Content

        from console.live import sentence
        from console.widgets.session_lines import preview

        shown = Content("")
        if row is not None:
            try:
                shown = preview(await self._past.glance(row.id))
            except Exception as error:
                shown = Content(sentence(error))
        self.query_one("#session-glance", Static).update(shown)
        self.query_one("#session-preview", VerticalScroll).scroll_home(animate=False)
