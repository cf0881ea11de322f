"""Runs commands in forks of a process that has imported everything, as a real start would each time.

What a command costs to import is measured and tested elsewhere; here it would only make the tests slow.
Requests and answers are lines of JSON on stdin and stdout.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

HEAVY = (
    "agent.agent", "agent.models.messages_api", "anthropic", "console.cli.parser", "keyring.backends.fail",
    "memory.knowledge", "tools.kubernetes.connection.cluster",
)  # fmt: skip

LONGEST = 45
"""Seconds after which a command is ended from outside."""


class Forks:
    """The process that forks. One command at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, words: Sequence[str], environ: dict[str, str], folder: Path) -> int:
        """Run `pilothouse` with `stdin`, `stdout` and `stderr` in files of `folder`; returns its code."""
        request = {"words": list(words), "environ": environ, "folder": str(folder)}
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def serve() -> None:
    """Fork for every line on stdin, and answer with the exit code."""
    for name in HEAVY:
        import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request["words"], request["environ"], Path(request["folder"]))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(words: list[str], environ: dict[str, str], folder: Path) -> NoReturn:
    os.environ.clear()
    os.environ.update(environ)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = (folder / name).open(mode, encoding="utf-8")
        os.dup2(stream.fileno(), number)
        setattr(sys, name, stream)
    from console.cli import main

    signal.alarm(LONGEST)
    code = 1
    try:
        code = main(words)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
