"""What stands in a transcript: entries, each a few lines that may grow, unfold or be replaced."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import JsonValue
from textual.content import Content

from console.widgets.glyphs import Glyphs
from console.widgets.markdown.lines import PROSE_WIDTH, code_lines, piece_lines
from console.widgets.markdown.stream import MarkdownStream, Piece
from console.widgets.safe_text import safe_line, safe_lines
from console.widgets.wrapping import cut, hanging

Part = Callable[[int, Glyphs], list[Content]]
"""Draws lines of at most the given width in cells."""

Sign = Callable[[Glyphs], str]
"""Picks one sign of whatever set is in use."""

MOST_OUTPUT_LINES = 400
"""Lines of one tool's output that unfold; the rest is counted."""


class Entry:
    """One thing in the transcript.

    `revision` changes when what was already drawn is no longer right; growing at the end is not such a
    change. `seq` is the event it came from, None while it is only being shown.
    """

    def __init__(self, seq: int | None, *, compact: bool = False) -> None:
        self.seq = seq
        self.compact = compact
        self.gap = False
        self.revision = 0
        self.unfolded = False

    @property
    def foldable(self) -> bool:
        return False

    def toggle(self) -> None:
        """Fold or unfold."""
        self.unfolded = not self.unfolded
        self.revision += 1

    def parts(self) -> Sequence[Part]:
        """What is finished. Only ever longer, unless `revision` changes."""
        raise NotImplementedError

    def loose(self) -> Sequence[Part]:
        """What is still being written and must be drawn again each time."""
        return ()

    def text(self) -> str:
        """What copying this entry gives."""
        raise NotImplementedError


class Answer(Entry):
    """Markdown, streamed or at once."""

    def __init__(self, seq: int | None) -> None:
        super().__init__(seq)
        self._stream: MarkdownStream | None = None
        self._unread = False
        self._source: list[str] = []
        self._pieces: list[Piece] = []
        self._after: list[Part] = []
        self.finished = False

    def grow(self, text: str) -> None:
        self._source.append(text)
        self._stream = self._stream or MarkdownStream()
        self._take(self._stream.append(text))

    def finish(self, text: str | None = None, after: Sequence[Part] = ()) -> None:
        """The answer is complete. `text` is the truth, should the stream have shown something else;
        `after` is drawn below it."""
        if text is not None and text != self.text():
            self.revision += 1
            # Parsed when it comes into view: a long session has thousands of answers nobody looks at.
            self._source, self._pieces, self._unread = [text], [], True
        elif self._stream is not None:
            self._take(self._stream.finish())
        self._stream = None
        self._after = list(after)
        self.finished = True

    def parts(self) -> Sequence[Part]:
        if self._unread:
            self._unread = False
            stream = MarkdownStream()
            self._take(stream.append(self.text()))
            self._take(stream.finish())
        return [*(_drawn(piece) for piece in self._pieces), *self._after]

    def loose(self) -> Sequence[Part]:
        if self.finished or self._stream is None:
            return ()
        tail = self._stream.tail()
        if tail and not self._pieces:
            tail[0] = replace(tail[0], gap=False)
        return [_drawn(piece) for piece in tail]

    def text(self) -> str:
        return "".join(self._source)

    def _take(self, pieces: list[Piece]) -> None:
        if pieces and not self._pieces:
            pieces[0] = replace(pieces[0], gap=False)
        self._pieces += pieces


class Thought(Entry):
    """The model's reasoning: one line until it is unfolded."""

    def __init__(self, seq: int | None) -> None:
        super().__init__(seq, compact=True)
        self._words: list[str] = []
        self.finished = False

    @property
    def foldable(self) -> bool:
        return True

    def grow(self, text: str) -> None:
        self._words.append(text)
        self.revision += 1

    def finish(self, text: str | None = None) -> None:
        if text is not None:
            self._words = [text]
        self.finished = True
        self.revision += 1

    def parts(self) -> Sequence[Part]:
        return (self._head, self._body) if self.unfolded else (self._head,)

    def text(self) -> str:
        return "".join(self._words)

    def _head(self, width: int, glyphs: Glyphs) -> list[Content]:
        lines = [line for line in safe_lines(self.text().strip()) if line.strip()]
        count = len(self.text().split())
        mark = glyphs.unfolded if self.unfolded else glyphs.folded
        if self.finished:
            words = f"thought, {count} word{'' if count == 1 else 's'}"
        else:
            words = f"thinking{glyphs.ellipsis} {lines[-1] if lines and not self.unfolded else ''}"
        line = Content.styled(f"{mark} {glyphs.thought} {words.rstrip()}", "italic $foreground-muted")
        return [cut(line, width, glyphs)]

    def _body(self, width: int, glyphs: Glyphs) -> list[Content]:
        return [
            Content("    ") + part
            for line in safe_lines(self.text().strip())
            for part in Content.styled(line, "italic $foreground-muted").wrap(
                max(min(width, PROSE_WIDTH) - 4, 8)
            )
        ]


class Line(Entry):
    """Something said in one line, with more below it that can be unfolded."""

    def __init__(
        self,
        seq: int | None,
        head: Callable[[Glyphs], Content],
        details: Sequence[Part] = (),
        *,
        copy: str = "",
        compact: bool = True,
        wraps: bool = False,
    ) -> None:
        super().__init__(seq, compact=compact)
        self._head = head
        self._details = list(details)
        self._copy = copy
        self._wraps = wraps

    @property
    def foldable(self) -> bool:
        return bool(self._details)

    def become(self, head: Callable[[Glyphs], Content], details: Sequence[Part], copy: str) -> None:
        """Say something else instead: a call that was running has returned."""
        self._head, self._details, self._copy = head, list(details), copy
        self.revision += 1

    def parts(self) -> Sequence[Part]:
        return (self._line, *self._details) if self.unfolded else (self._line,)

    def text(self) -> str:
        return self._copy

    def _line(self, width: int, glyphs: Glyphs) -> list[Content]:
        mark = ""
        if self._details:
            mark = f"{glyphs.unfolded if self.unfolded else glyphs.folded} "
        line = Content.styled(mark, "$foreground-muted") + self._head(glyphs)
        return hanging(line, width, 2) if self._wraps or self.unfolded else [cut(line, width, glyphs)]


class Passage(Entry):
    """Lines that stand as they are: the operator's words, a question, a failure."""

    def __init__(self, seq: int | None, parts: Sequence[Part], copy: str) -> None:
        super().__init__(seq)
        self._parts = tuple(parts)
        self._copy = copy

    def parts(self) -> Sequence[Part]:
        return self._parts

    def text(self) -> str:
        return self._copy


def paragraph(
    text: str, style: str = "", *, sign: Sign | str = "", sign_style: str = "", indent: int = 0
) -> Part:
    """Text from outside, wrapped. `sign` stands before its first line and shifts the others."""

    def draw(width: int, glyphs: Glyphs) -> list[Content]:
        lead = sign if isinstance(sign, str) else f"{sign(glyphs)} "
        inner = max(min(width, PROSE_WIDTH) - len(lead) - indent, 8)
        lines = [part for line in safe_lines(text) for part in Content.styled(line, style).wrap(inner)]
        first = Content.styled(" " * indent + lead, sign_style or style)
        rest = Content(" " * (indent + len(lead)))
        return [(rest if number else first) + line.rstrip() for number, line in enumerate(lines)]

    return draw


def json_block(title: str, value: JsonValue) -> Part:
    """A value as indented, highlighted JSON under a small title."""

    def draw(width: int, glyphs: Glyphs) -> list[Content]:
        lines = json.dumps(value, indent=2, ensure_ascii=False, default=str).split("\n")
        more = len(lines) - MOST_OUTPUT_LINES
        heading = Content.styled(f"  {title}", "$foreground-muted")
        drawn = [heading, *code_lines(lines[:MOST_OUTPUT_LINES], "json", width)]
        if more > 0:
            drawn.append(Content.styled(f"  {more:,} more lines", "$foreground-muted"))
        return drawn

    return draw


def arguments(args: dict[str, JsonValue]) -> str:
    """Arguments as one line reads them: `kind=pods namespace=shop`."""
    shown = []
    for key, value in args.items():
        if value in (None, "", [], {}):
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        shown.append(f"{key}={text}")
    return safe_line(" ".join(shown), 300)


def _drawn(piece: Piece) -> Part:
    return lambda width, glyphs: piece_lines(piece, width, glyphs)
