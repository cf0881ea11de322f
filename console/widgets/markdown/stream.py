"""Finds the blocks of Markdown while it is still being written.

A block is closed as soon as the next one has begun: nothing written later can change it (CommonMark
closes blocks line by line, https://spec.commonmark.org/0.31.2/#appendix-a-parsing-strategy). Closed
blocks are handed out once and forgotten; only the open one is parsed again. Items of a top-level list
and stretches of a long code block count as blocks of their own, so an endless list stays cheap.

Decisions are taken per complete line, never per chunk: the same text gives the same blocks however it
was cut. A link definition counts for the blocks that are still open when it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.utils import EnvType

from console.widgets.safe_text import safe_line

CODE_STRETCH = 40
"""Lines of a code block that are closed together."""

_CAN_OPEN = re.compile(r" {0,3}(?:[#>*+_~`<-]|\d{1,9}[.)])|\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([^`]*)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """One block. `gap` asks for an empty line above it.

    `tokens` are markdown-it's for `block` and `item`; `lines` and `language` belong to `code`.
    `number` is the item's own in an ordered list, None in a bulleted one.
    """

    kind: Literal["block", "item", "code"]
    gap: bool
    tokens: tuple[Token, ...] = ()
    number: int | None = None
    lines: tuple[str, ...] = ()
    language: str = ""


class MarkdownStream:
    """Text goes in with `append`, closed pieces come out; `tail` is what is still open."""

    def __init__(self) -> None:
        self._parser = _parser()
        self._env: EnvType = {}
        self._rest = ""
        self._open: list[str] = []
        self._number: int | None = None
        self._continues = False
        self._fence: _Fence | None = None

    def append(self, text: str) -> list[Piece]:
        """Take more text; returns the pieces it closed, in order."""
        *complete, self._rest = (self._rest + text).split("\n")
        closed: list[Piece] = []
        for line in complete:
            closed += self._line(safe_line(line.removesuffix("\r")))
        return closed

    def tail(self) -> list[Piece]:
        """What the open part looks like now. Costs a parse of that part alone."""
        rest = safe_line(self._rest.removesuffix("\r"))
        if self._fence is not None:
            lines = [*self._open, *([rest] if self._rest and not self._fence.ends(rest) else [])]
            return [self._code(self._fence, lines)] if lines or not self._continues else []
        lines = [*self._open, rest] if rest else self._open
        # Half a definition must not be remembered: the parser writes into what it is given.
        env = {"references": dict(self._env.get("references", {}))}
        return list(self._pieces(_groups(self._parse(lines, env))))

    def finish(self) -> list[Piece]:
        """The text is complete: close what is open. The stream is spent afterwards."""
        closed = self.append("\n") if self._rest else []
        return closed + self.tail()

    def _line(self, line: str) -> list[Piece]:
        if self._fence is not None:
            return self._code_line(self._fence, line)
        after_blank = bool(self._open) and not self._open[-1].strip()
        self._open.append(line)
        if not (after_blank or _CAN_OPEN.match(line)):
            return []
        groups = _groups(self._parse(self._open, self._env))
        if not groups:
            return []
        closed = list(self._close(groups))
        opening = _FENCE.match(line)
        # The last line opens a top-level code block: from here on its lines need no parser.
        if opening and len(self._open) == 1 and groups[-1][0].type == "fence":
            indent = len(line) - len(line.lstrip(" "))
            self._fence = _Fence(opening[1][0], len(opening[1]), opening[2].strip().split(" ")[0], indent)
            self._open = []
            self._continues = False
        return closed

    def _close(self, groups: list[list[Token]]) -> Iterator[Piece]:
        """Hand out all groups but the last, and of a list at the end all items but the last."""
        last = groups[-1]
        yield from self._pieces(groups[:-1])
        if len(groups) > 1:
            self._number, self._continues = None, False
        start = _first_line(last[0])
        items = _items(last) if last[0].type.endswith("list_open") else []
        if len(items) > 1:
            yield from list(self._pieces([last]))[:-1]
            first = self._number if self._number is not None else _start(last[0])
            self._number = None if first is None else first + len(items) - 1
            self._continues = True
            start = _first_line(items[-1][0])
        self._open = self._open[start:]

    def _pieces(self, groups: list[list[Token]]) -> Iterator[Piece]:
        for index, group in enumerate(groups):
            continues = self._continues and index == 0
            token = group[0]
            if token.type.endswith("list_open"):
                start = self._number if continues and self._number is not None else _start(token)
                for nth, item in enumerate(_items(group)):
                    gap = nth == 0 and not continues
                    yield Piece("item", gap, tuple(item), None if start is None else start + nth)
            elif token.type in ("fence", "code_block"):
                lines = token.content.removesuffix("\n").split("\n")
                language = token.info.strip().split(" ")[0]
                yield Piece("code", not continues, lines=tuple(lines), language=language)
            else:
                yield Piece("block", not continues, tuple(group))

    def _code_line(self, fence: _Fence, line: str) -> list[Piece]:
        if fence.ends(line):
            closed = [self._code(fence, self._open)] if self._open or not self._continues else []
            self._fence, self._open, self._continues = None, [], False
            return closed
        self._open.append(fence.dedent(line))
        if len(self._open) < CODE_STRETCH:
            return []
        closed = [self._code(fence, self._open)]
        self._open, self._continues = [], True
        return closed

    def _code(self, fence: _Fence, lines: list[str]) -> Piece:
        return Piece("code", not self._continues, lines=tuple(lines), language=fence.language)

    def _parse(self, lines: list[str], env: EnvType) -> list[Token]:
        return self._parser.parse("\n".join(lines), env)


@dataclass(frozen=True, slots=True)
class _Fence:
    character: str
    length: int
    language: str
    indent: int

    def ends(self, line: str) -> bool:
        text = line.strip()
        few_spaces = len(line) - len(line.lstrip(" ")) <= 3
        return few_spaces and len(text) >= self.length and text == self.character * len(text)

    def dedent(self, line: str) -> str:
        spaces = len(line) - len(line.lstrip(" "))
        return line[min(spaces, self.indent) :]


def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like", {"html": False})
    if parser.linkify is not None:
        # Without a scheme, file and host names such as checkout.dev would turn into links.
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    return parser


def _groups(tokens: list[Token]) -> list[list[Token]]:
    """The tokens of each top-level block."""
    groups: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            groups.append([])
        groups[-1].append(token)
        depth += token.nesting
    return groups


def _items(tokens: list[Token]) -> list[list[Token]]:
    return _groups(tokens[1:-1])


def _first_line(token: Token) -> int:
    return token.map[0] if token.map else 0


def _start(token: Token) -> int | None:
    if token.type != "ordered_list_open":
        return None
    return int(token.attrs.get("start", 1))
