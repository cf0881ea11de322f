"""What is remembered across sessions: browse, search, see why, confirm, reject, edit, forget, export."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agent.commands import ConfirmMemory, EditMemory, ForgetMemory, ForgetPlace, MemoryCommand, RejectMemory
from console.actions import Where, bindings
from console.screens.confirm import AskScreen, ConfirmScreen
from console.widgets.footer import KeyFooter
from console.widgets.memory_words import memory_line, why

if TYPE_CHECKING:
    from console.widgets.glyphs import Glyphs
    from memory.knowledge import Knowledge, Remembered
    from memory.sessions import Sessions

MOST = 300
"""Memories listed at once; a search finds the others."""
PAUSE = 0.12
"""Seconds after the last key before a search begins."""


Order = Callable[[MemoryCommand], Awaitable[None]]


class MemoriesScreen(ModalScreen[None]):
    """What waits to be confirmed stands first; `y` and `n` decide one after the other.

    Args:
        knowledge: the open file.
        order: carries out what is decided here; the session journals it.
        sessions: where the event behind a memory is read.
        glyphs: signs for the replay of that session.
    """

    AUTO_FOCUS = "#memory-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.MEMORIES),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, knowledge: Knowledge, order: Order, sessions: Sessions, glyphs: Glyphs) -> None:
        super().__init__()
        self._knowledge, self._sessions, self._glyphs = knowledge, sessions, glyphs
        self._order = order
        self._rows: list[Remembered] = []
        self._closed_too = False
        self._timer: Timer | None = None
        self.field = Input(placeholder="/ searches what is remembered", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static("Memory", classes="dialog-title", markup=False)
            yield self.field
            yield OptionList(compact=True, id="memory-list")
            yield Static("", id="memory-why", markup=False)
            yield Static("reading…", id="memory-note", markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        self._search()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are keys only while nothing is being written."""
        if self.field.has_focus and action != "close_memories":
            return False
        row = self._row
        match action:
            case "confirm_memory":
                return row is not None and row.status.value == "proposed"
            case "reject_memory" | "edit_memory":
                return row is not None and row.status.value in ("proposed", "active")
            case "why_memory":
                return row is not None and bool(row.reference.session)
            case "forget_place":
                return row is not None and not row.where.anywhere
            case "forget_memory" | "export_memories":
                return row is not None
        return super().check_action(action, parameters)

    def on_input_changed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._search)

    def on_input_submitted(self) -> None:
        self.query_one(OptionList).focus()

    async def on_option_list_option_highlighted(self) -> None:
        await self._show_why()

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if self._rows:
            options.highlighted = min(max((options.highlighted or 0) + by, 0), len(self._rows) - 1)

    def action_close_memories(self) -> None:
        if self.field.has_focus:
            self.query_one(OptionList).focus()
        elif self.field.value:
            self.field.value = ""
        else:
            self.dismiss()

    def action_search_memories(self) -> None:
        self.field.focus()

    def action_closed_too(self) -> None:
        self._closed_too = not self._closed_too
        self._search()

    # --- what changes something ---------------------------------------------------------------------

    def action_confirm_memory(self) -> None:
        if row := self._row:
            self._do(self._order(ConfirmMemory(memory=row.id, how="key")), f"Memory {row.id} is active.")

    def action_reject_memory(self) -> None:
        if row := self._row:
            self._do(self._order(RejectMemory(memory=row.id, how="key")), f"Memory {row.id} is rejected.")

    def action_edit_memory(self) -> None:
        row = self._row
        if row is None:
            return

        def written(words: str | None) -> None:
            if words and words != row.body:
                self._edit(row, words)

        self.app.push_screen(AskScreen(f"Memory {row.id} in other words", row.body, whole=False), written)

    def action_forget_memory(self) -> None:
        row = self._row
        if row is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(
                    self._order(ForgetMemory(memory=row.id, how="key")), f"Memory {row.id} is forgotten."
                )

        words = f"{row.body}\n\nIts bytes, and those of what it replaced, are removed from the disk."
        self.app.push_screen(ConfirmScreen(f"Forget memory {row.id}?", words, yes="forget"), answered)

    def action_forget_place(self) -> None:
        row = self._row
        if row is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                command = ForgetPlace(place=str(row.where), how="key")
                self._do(self._order(command), f"All of {row.where} is forgotten.")

        words = "Everything remembered of this place and its parts is removed from the disk."
        self.app.push_screen(ConfirmScreen(f"Forget all of {row.where}?", words, yes="forget all"), answered)

    def action_export_memories(self) -> None:
        row = self._row
        if row is None:
            return
        name = f"{row.subject}.yaml" if row.kind.value == "procedure" else "memories.json"

        def named(path: str | None) -> None:
            if path:
                self._export(row, Path(path).expanduser())

        runbook = " A .yaml file takes this procedure as a runbook, any other"
        words = f"Write to which file?{runbook if row.kind.value == 'procedure' else ' It'} takes all of the list."
        self.app.push_screen(AskScreen(words, name), named)

    def action_why_memory(self) -> None:
        if (row := self._row) and row.reference.session:
            self.run_worker(self._replay(row), exclusive=True, group="replay", exit_on_error=False)

    # --- details ------------------------------------------------------------------------------------

    @property
    def _row(self) -> Remembered | None:
        if not self.is_mounted:
            return None
        index = self.query_one(OptionList).highlighted
        return self._rows[index] if index is not None and index < len(self._rows) else None

    def _search(self) -> None:
        self.run_worker(self._load(self.field.value), exclusive=True, group="search", exit_on_error=False)

    async def _load(self, text: str) -> None:
        from memory.errors import KeptError
        from memory.knowledge import Status

        statuses = None if self._closed_too else (Status.PROPOSED, Status.ACTIVE)
        try:
            if text.strip():
                found = await self._knowledge.search(text, MOST, statuses=statuses)
            else:
                found = await self._knowledge.list(statuses=statuses, limit=MOST)
        except KeptError as error:
            self.query_one("#memory-note", Static).update(str(error))
            return
        self._rows = found
        options = self.query_one(OptionList)
        kept = options.highlighted or 0
        options.clear_options()
        options.add_options(Option(memory_line(row, self.size.width - 6)) for row in found)
        options.highlighted = min(kept, len(found) - 1) if found else None
        waiting = sum(row.status is Status.PROPOSED for row in found)
        note = f"{len(found)} remembered" if found else "Nothing is remembered here."
        if waiting:
            note = f"{note}, {waiting} waiting for you: y confirms, n rejects"
        self.query_one("#memory-note", Static).update(note)
        await self._show_why()

    async def _show_why(self) -> None:
        row = self._row
        before = await self._knowledge.history(row.id) if row else []
        self.query_one("#memory-why", Static).update(why(row, before) if row else Content(""))
        self.refresh_bindings()

    def _do(self, work: Awaitable[object], words: str) -> None:
        self.run_worker(self._done(work, words), exit_on_error=False, group="memory")

    async def _done(self, work: Awaitable[object], words: str) -> None:
        from console.live import sentence

        try:
            await work
        except Exception as error:
            self.notify(sentence(error), severity="error", markup=False)
        else:
            self.notify(words, markup=False)
        self._search()

    def _edit(self, row: Remembered, words: str) -> None:
        command = EditMemory(memory=row.id, how="key", body=words)
        self._do(self._order(command), f"Memory {row.id} says something else now.")

    def _export(self, row: Remembered, path: Path) -> None:
        from agent.remembering.lessons import runbook_of
        from agent.remembering.procedures import as_yaml
        from memory.knowledge.portable import export

        runbook = runbook_of(row) if path.suffix in (".yaml", ".yml") else None
        text = as_yaml(runbook) if runbook else export(self._rows).model_dump_json(indent=2)

        def write() -> None:
            path.touch(mode=0o600)
            path.write_text(text, "utf-8")

        self._do(asyncio.to_thread(write), f"Wrote {path}.")

    async def _replay(self, row: Remembered) -> None:
        from agent.logbook import open_envelope
        from console.live import sentence
        from console.screens.replay import ReplayScreen

        try:
            document = await self._sessions.export(row.reference.session)
        except Exception as error:
            self.notify(sentence(error), severity="error", markup=False)
            return
        events = [open_envelope(envelope) for envelope in document.events]
        title = f"where memory {row.id} comes from"
        self.app.push_screen(ReplayScreen(title, events, self._glyphs, at_end=True))
