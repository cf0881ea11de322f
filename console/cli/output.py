"""Where words go: one JSON document or plain text on stdout, everything beside the point on stderr."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TextIO

from console.cli.exits import Problem

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel, JsonValue

    from tools.redaction.redactor import Redactor

Style = Literal["bold", "dim", "red", "green", "yellow"]

_CODES: Mapping[Style, str] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Output:
    """What one command prints.

    Args:
        stdout, stderr: the process's own.
        environ: for NO_COLOR and TERM.
        as_json: exactly one document goes to stdout, whatever happens.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str], *, as_json: bool) -> None:
        self.as_json = as_json
        self._environ = environ
        self._stdout = stdout
        self._stderr = stderr
        self._coloured = (
            not as_json
            and stdout.isatty()
            and not environ.get("NO_COLOR")
            and environ.get("TERM", "dumb") != "dumb"
        )
        self._answered = False
        self._home: Path | None = None
        self._redacts = False
        self._redactor: Redactor | None = None

    def redact(self, home: Path | None) -> None:
        """From now on, hide secrets in what did not come out of the journal, which holds none.

        Args:
            home: what `--home` says.
        """
        self._home, self._redacts = home, True

    @property
    def live(self) -> bool:
        """Whether somebody watches the words arrive: text, on a terminal."""
        return not self.as_json and self._stdout.isatty()

    def result(self, document: BaseModel | Mapping[str, object], lines: Callable[[], Iterable[str]]) -> None:
        """Print what the command was asked for; `lines` are its plain text."""
        if not self.as_json:
            for line in lines():
                self.write(line + "\n")
        elif not self._answered:
            self._answered = True
            self.write(_json(document) + "\n")

    def write(self, text: str) -> None:
        """Put text on stdout. A reader that went away is no failure: the command's own end counts."""
        try:
            self._stdout.write(text)
            self._stdout.flush()
        except UnicodeEncodeError:
            encoding = self._stdout.encoding or "ascii"
            self.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except BrokenPipeError:
            _silence(self._stdout)

    def notice(self, text: str) -> None:
        """A line beside the point: progress, a warning."""
        text = self.hidden(text)
        try:
            self._stderr.write(plain(text) + "\n")
            self._stderr.flush()
        except UnicodeEncodeError:
            encoding = self._stderr.encoding or "ascii"
            self._stderr.write(plain(text).encode(encoding, "backslashreplace").decode(encoding) + "\n")
        except BrokenPipeError:
            _silence(self._stderr)

    def fail(self, problem: Problem) -> None:
        """Say why the command cannot go on."""
        document = {**problem.details, "error": error_fields(problem)}
        redactor = self._hiding() if self.as_json else None
        self.result(redactor.mapping(document) if redactor else document, list)
        self.notice(problem.sentence)
        if problem.hint:
            self.notice(problem.hint)

    def hidden(self, text: str) -> str:
        """Words of a server or an error with their secrets hidden."""
        redactor = self._hiding()
        return redactor.text(text) if redactor else text

    def finish(self) -> None:
        """Push out what is left; a reader or a terminal that is gone stays unmentioned."""
        for stream in (self._stdout, self._stderr):
            try:
                stream.flush()
            except OSError:
                _silence(stream)

    def paint(self, style: Style, text: str) -> str:
        """The text in a colour where colours are wanted. Cluster text goes through `plain` first."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._coloured else text

    def _hiding(self) -> Redactor | None:
        if self._redacts and self._redactor is None:
            from agent.home_redactor import any_redactor
            from memory.home import Home

            self._redactor = any_redactor(Home.find(self._environ, self._home))
        return self._redactor


def plain(text: str) -> str:
    """Text that cannot steer a terminal: control and direction characters are shown by their code."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def error_fields(problem: Problem) -> dict[str, JsonValue]:
    """The `error` field of a document."""
    return {"sentence": problem.sentence, "hint": problem.hint, "exit": int(problem.exit)}


def _json(document: BaseModel | Mapping[str, object]) -> str:
    if isinstance(document, Mapping):
        return json.dumps(document, indent=2, ensure_ascii=False)
    return document.model_dump_json(indent=2)


def _silence(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
