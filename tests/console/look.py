"""The console with a scripted session, to be looked at: `python -m tests.console.look [--ascii] [THEME]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from console.app import run
from console.live import Agent
from console.options import Options
from tests.console.scripted import ScriptedAgent

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    with tempfile.TemporaryDirectory() as folder:

        async def connect() -> Agent:
            return await ScriptedAgent.start(Path(folder))

        home = Path(folder)
        sys.exit(run(connect, Options(home=home, ascii="--ascii" in sys.argv, theme="".join(words[:1]))))
