"""What the console does with the terminal around it: clipboard, editor, bell, signals, and a tidy end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App
from textual.notifications import SeverityLevel
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.worker import Worker, WorkerState

from console import clipboard

if TYPE_CHECKING:
    from console.widgets.prompt import Prompt

PATIENCE = 8.0
"""Seconds between the system's request to end and the end, however it comes."""
KEPT = 100
"""Notices that can be read again."""


class PlainScrollBar(ScrollBarRender):
    """A scroll bar of whole cells, for fonts without block elements."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class Terminal(App[int]):
    """The app's ties to the terminal.

    Args:
        home: the one folder that holds everything, None for the platform's own places.
        environment: the process's variables.
    """

    def __init__(self, home: Path | None, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self.home = home
        self.environment = environment
        self.notices: deque[str] = deque(maxlen=KEPT)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a notice for a while and keep it; text is taken as it is, never as markup."""
        self.notices.append(message)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def write(self, sequence: str) -> None:
        """Send a control sequence to the terminal, if there is one."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def draw_plainly(self) -> None:
        """Use nothing but ASCII from now on."""
        self.add_class("-ascii")
        ScrollBar.renderer = PlainScrollBar

    def heed_signals(self) -> None:
        """End in order when the system asks for it: the terminal is given back as it was."""
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._end, 128 + number)

    def _end(self, code: int) -> None:
        """Leave in order; whatever hangs then (a thread that waits for a dead server) is left behind.

        What had to be kept is in the journal by then, and the kernel lets go of the session's lock.
        """
        self.exit(code)
        last = threading.Timer(PATIENCE, os._exit, (code,))
        last.daemon = True
        last.start()

    def copy_to_clipboard(self, text: str) -> None:
        """Put text on the operator's clipboard and say which way it went."""
        self._clipboard = text
        tool = clipboard.native_tool(self.environment, shutil.which)
        if len(text.encode()) <= clipboard.LIMIT:
            self.write(clipboard.osc52(text, tmux=bool(self.environment.get("TMUX"))))
        if tool:
            self.run_worker(clipboard.feed(tool, text), group="clipboard", exit_on_error=False)
        self.notify(clipboard.destination(text, self.environment, tool), markup=False)

    def on_prompt_editor_asked(self, event: Prompt.EditorAsked) -> None:
        event.stop()
        self.run_worker(self._edit(event.prompt), group="editor", exclusive=True, exit_on_error=False)

    async def _edit(self, prompt: Prompt) -> None:
        from console.editor import edit

        # The session goes on meanwhile; nothing is painted over the editor.
        with self.suspend(), self.batch_update():
            text = await asyncio.to_thread(edit, prompt.text, self.environment)
        self.refresh()
        prompt.write(text)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            from console.live import sentence

            self.notify(sentence(event.worker.error), severity="error", markup=False)

    def _fatal_error(self) -> None:
        from console.crash import keep

        if self._exception is not None:
            self.panic(Text(keep(self._exception, self.home, self.environment)))
