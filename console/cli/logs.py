"""The program's own log: warnings and defects go into a file of the home, never onto the screen.

What libraries and tracebacks say passes the home's redactor first, like everything that is kept.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from logging import Handler, LogRecord
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.redaction.redactor import Redactor


def to_file(home: Path | None, environ: Mapping[str, str]) -> None:
    """Send everything that is logged into the home's log file. Nothing is made before the first line.

    Args:
        home: the one folder that holds everything; None for what `environ` or the platform says.
    """
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _LateFile)]:
        root.removeHandler(old)
    root.addHandler(_LateFile(home, environ))
    logging.captureWarnings(True)


def written_to() -> Path | None:
    """The log file, if something was written to it."""
    return next((h.path for h in logging.getLogger().handlers if isinstance(h, _LateFile)), None)


class _LateFile(Handler):
    """Opens its file at the first line, because finding the home imports what most commands never need."""

    def __init__(self, home: Path | None, environ: Mapping[str, str]) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        self.path: Path | None = None
        self._redactor: Redactor | None = None
        self._home = home
        self._environ = environ

    def emit(self, record: LogRecord) -> None:
        try:
            self._append(self.format(record) + "\n")
        except Exception:
            # The disk may be full, the home may belong to somebody else: the command goes on without a log.
            self.path = None

    def _append(self, text: str) -> None:
        from agent.secrets.home_redactor import any_redactor
        from memory.home import Home, make_private

        home = Home.find(self._environ, self._home)
        self._redactor = self._redactor or any_redactor(home)
        text = self._redactor.text(text)
        if self.path is None:
            folder = home.logs
            make_private(folder)
            self.path = folder / "pilothouse.log"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
