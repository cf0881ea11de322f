"""Runs `pilothouse` the way an operator does: in a process and a home of its own, with no cluster around."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.console.cli.forking import Forks

PROGRAM = (sys.executable, "-m", "console")
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; anything else there is an error."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return self.document["error"]


@dataclass(frozen=True, slots=True)
class Pilothouse:
    """The command line over one home."""

    home: Path
    forks: Forks

    def environ(self, **more: str) -> dict[str, str]:
        """Nothing of the developer's own clusters, accounts, keyring or colours."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home.parent),
            "USER": "ada",
            "PILOTHOUSE_HOME": str(self.home),
            "PILOTHOUSE_NO_REAL_MODEL": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }

    def __call__(self, *words: str, stdin: str = "", **environ: str) -> Finished:
        """The command from its start to its end."""
        with TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "stdin").write_text(stdin, "utf-8")
            code = self.forks.run(words, self.environ(**environ), folder)
            out, err = ((folder / stream).read_text("utf-8") for stream in ("stdout", "stderr"))
        return Finished(code, out, err)

    @contextmanager
    def started(self, *words: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """The command in a fresh interpreter, while it runs; what is left of it at the end is killed."""
        process = subprocess.Popen(
            [*PROGRAM, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ(**environ),
            preexec_fn=_hear_interrupts,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def _hear_interrupts() -> None:
    # A shell's background jobs ignore ctrl+c, and so would everything they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def read_document(process: subprocess.Popen[str]) -> Any:
    """The JSON document that a command prints while it goes on running."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            return json.loads(text)
    raise AssertionError(f"no document: {text!r}")


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read stderr up to the line with these words."""
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if words in line:
            return
    raise AssertionError(f"never said {words!r}: {seen}")


def interrupt(process: subprocess.Popen[str]) -> Finished:
    """Press ctrl+c and wait for the end."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    return Finished(process.returncode, out, err)
