"""How text reaches the operator's clipboard, through tmux and ssh too.

OSC 52 (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html, "Operating System Commands") asks the
terminal itself, which works across ssh. Inside tmux it is wrapped for passthrough
(https://github.com/tmux/tmux/wiki/FAQ). Terminals may ignore it, so a native tool is used as well
where there is one.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping

LIMIT = 74_000
"""Bytes of text that terminals accept in one OSC 52; xterm's own limit is a little above."""

PATIENCE = 2.0
"""Seconds a native tool gets to take the text."""

_TOOLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
    ("WSL_DISTRO_NAME", ("clip.exe",)),
)


def osc52(text: str, *, tmux: bool) -> str:
    """The control sequence that puts `text` on the terminal's clipboard."""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    return passthrough(sequence) if tmux else sequence


def passthrough(sequence: str) -> str:
    """A control sequence wrapped so that tmux hands it to the terminal around it."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def native_tool(environment: Mapping[str, str], which: Callable[[str], str | None]) -> tuple[str, ...]:
    """The command that reads the clipboard's new text from its input; empty if there is none.

    Over ssh there is none: it would fill the clipboard of the wrong machine.
    """
    if environment.get("SSH_CONNECTION"):
        return ()
    for variable, command in _TOOLS:
        if (not variable or environment.get(variable)) and which(command[0]):
            return command
    return ()


async def feed(command: tuple[str, ...], text: str) -> None:
    """Give text to a native tool. Raises OSError or TimeoutError if it does not take it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.wait_for(process.communicate(text.encode()), PATIENCE)


def destination(text: str, environment: Mapping[str, str], tool: tuple[str, ...]) -> str:
    """A sentence that says where the text went."""
    lines = text.count("\n") + 1
    amount = f"{lines} lines" if lines > 1 else f"{len(text)} characters"
    if tool:
        return f"Copied {amount} with {tool[0]}."
    if len(text.encode()) > LIMIT:
        return f"Copied {amount} inside Pilothouse only: too long for the terminal's clipboard."
    through = " through tmux" if environment.get("TMUX") else ""
    return f"Copied {amount} to the terminal's clipboard{through} (OSC 52)."
