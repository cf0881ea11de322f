"""Calls the operator back when something waits and the terminal is not looked at.

The bell is understood everywhere; OSC 9 (iTerm2, kitty, WezTerm, Windows Terminal, Ghostty) shows a
notification and is ignored by terminals that do not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.clipboard import passthrough


class Caller:
    """Rings once per reason until the operator has looked again.

    Args:
        write: sends control sequences to the terminal.
        environment: tells whether tmux is in between.
    """

    def __init__(self, write: Callable[[str], None], environment: Mapping[str, str]) -> None:
        self._write = write
        self._tmux = bool(environment.get("TMUX"))
        self._called = ""

    def call(self, reason: str, *, focused: bool) -> bool:
        """Ring for `reason` unless the operator is looking or was called for it already."""
        if focused or reason == self._called:
            return False
        self._called = reason
        words = "".join(sign for sign in reason if sign.isprintable())[:120]
        notice = f"\x1b]9;{words}\x07"
        self._write("\x07" + (passthrough(notice) if self._tmux else notice))
        return True

    def looked(self) -> None:
        """The operator is back: the next reason rings again."""
        self._called = ""
