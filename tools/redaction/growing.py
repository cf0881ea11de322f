"""Text that arrives in pieces: a secret is found although no single piece holds it."""

from __future__ import annotations

from tools.redaction.redactor import Redactor

_LONGEST_WAIT = 8_192
"""Characters held back at most while no word ends."""


class GrowingText:
    """Hands on a text as it grows, a word behind, with its secrets replaced."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._line = ""
        """The current line as it came, up to the last word that has ended."""
        self._shown = ""
        """What of the redacted line was handed on."""
        self._word = ""
        self._armour = False

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        self._word += piece
        cut = max(self._word.rfind(" "), self._word.rfind("\n"), self._word.rfind("\t")) + 1
        if len(self._word) - cut > _LONGEST_WAIT:
            cut = len(self._word)
        ready, self._word = self._word[:cut], self._word[cut:]
        return self._take(ready) if ready else ""

    def rest(self) -> str:
        """What was held back; the text is over."""
        ready, self._word = self._word, ""
        shown = self._take(ready) if ready else ""
        self._line = self._shown = ""
        return shown

    def _take(self, ready: str) -> str:
        out = []
        for part in ready.splitlines(keepends=True):
            self._line += part
            out.append(self._grown())
            if part.endswith("\n") and not self._in_armour():
                self._line = self._shown = ""
        return "".join(out)

    def _grown(self) -> str:
        if self._in_armour():
            return ""
        clean = self._redactor.text(self._line)
        if not clean.startswith(self._shown):
            # A later word told that an earlier one was secret: the whole reply, which follows, has it right.
            self._shown = clean
            return ""
        new, self._shown = clean[len(self._shown) :], clean
        return new

    def _in_armour(self) -> bool:
        begin = self._line.rfind("-----BEGIN ")
        return begin >= 0 and "PRIVATE KEY" in self._line[begin:] and "-----END " not in self._line[begin:]
