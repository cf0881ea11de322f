"""The operator's own editor, for a prompt that grew long."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


class EditorProblem(Exception):
    """The editor could not be used; the message says why."""


def edit(text: str, environment: Mapping[str, str]) -> str:
    """Let the operator edit `text` in `$VISUAL` or `$EDITOR`; blocks until the editor ends.

    Raises:
        EditorProblem: there is no editor, or it ended with an error. The text is then as before.
    """
    command = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="pilothouse-") as folder:
        path = Path(folder, "prompt.md")
        path.write_text(text, "utf-8")
        try:
            ended = subprocess.run([*shlex.split(command), str(path)], check=False)
        except (OSError, ValueError) as error:
            raise EditorProblem(f"The editor {command} cannot be started: {error}. Set EDITOR.") from error
        if ended.returncode:
            raise EditorProblem(f"The editor {command} ended with {ended.returncode}; nothing was taken.")
        return path.read_text("utf-8").rstrip("\n")
