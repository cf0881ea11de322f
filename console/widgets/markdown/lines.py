"""Draws a piece of Markdown as lines of a given width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from markdown_it.tree import SyntaxTreeNode
from textual.content import Content, Span
from textual.style import Style

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.markdown.stream import Piece
from console.widgets.markdown.table import table_lines
from console.widgets.safe_text import safe_line

PROSE_WIDTH = 110
"""Cells after which running text wraps even on a very wide screen; code and tables may be wider."""

_HEADINGS = {"h1": "bold underline $text-primary", "h2": "bold $text-primary", "h3": "bold $text-secondary"}
_MARKS = {"strong": "bold", "em": "italic", "s": "strike"}
_CODE = "$text-accent"


def piece_lines(piece: Piece, width: int, glyphs: Glyphs = UNICODE) -> list[Content]:
    """The lines of `piece`, none wider than `width` cells; an empty one first where it asks for a gap."""
    width = max(width, 8)
    if piece.kind == "code":
        lines = code_lines(piece.lines, piece.language, width)
    else:
        root = SyntaxTreeNode(list(piece.tokens))
        painter = _Painter(glyphs)
        if piece.kind == "item":
            lines = painter.item(root.children[0], width, piece.number, depth=0)
        else:
            lines = painter.blocks(root.children, width)
    # Nesting deeper than the width allows is cut rather than let out of its column.
    lines = [line if line.cell_length <= width else line.truncate(width) for line in lines]
    return [Content(""), *lines] if piece.gap else lines


def code_lines(source: Sequence[str], language: str, width: int) -> list[Content]:
    """Source code, highlighted where the language is known, on a band of its own."""
    if not source:
        return []
    # Pygments is loaded when the first code block is drawn, not at start-up.
    from console.widgets.markdown.code_colours import coloured

    lines = coloured([safe_line(line) for line in source], language)
    inner = max(width - 4, 4)
    folded = [part for line in lines for part in (line.fold(inner) or [line])]
    longest = max(line.cell_length for line in folded)
    band = min(width - 2, max(longest + 2, PROSE_WIDTH - 2))
    return [Content("  ") + _padded(line, band) for line in folded]


def _padded(line: Content, width: int) -> Content:
    line = line.pad_left(1)
    return line.pad_right(max(width - line.cell_length, 0)).stylize_before("on $foreground 7%")


class _Painter:
    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs

    def blocks(self, nodes: Iterable[SyntaxTreeNode], width: int, depth: int = 0) -> list[Content]:
        """Blocks one under the other; list items close together, other blocks an empty line apart."""
        lines: list[Content] = []
        previous = ""
        for node in nodes:
            block = self._block(node, width, depth)
            tight = depth > 0 and (node.type.endswith("_list") or previous.endswith("_list"))
            if lines and block and not tight:
                lines.append(Content(""))
            lines += block
            previous = node.type
        return lines

    def item(self, node: SyntaxTreeNode, width: int, number: int | None, depth: int) -> list[Content]:
        mark = self._glyphs.bullet if depth % 2 == 0 else self._glyphs.inner_bullet
        label = f"{number}. " if number is not None else f"{mark} "
        first = Content.styled(label, "$text-primary")
        body = self.blocks(node.children, width - len(label), depth + 1) or [Content("")]
        indent = Content(" " * len(label))
        return [(first if index == 0 else indent) + line for index, line in enumerate(body)]

    def _block(self, node: SyntaxTreeNode, width: int, depth: int) -> list[Content]:
        width = max(width, 4)
        prose = min(width, PROSE_WIDTH)
        match node.type:
            case "paragraph":
                return _wrapped(self._inline(node), prose)
            case "heading":
                style = _HEADINGS.get(node.tag, "bold")
                return _wrapped(self._inline(node).stylize_before(style), prose)
            case "bullet_list":
                return [line for child in node.children for line in self.item(child, width, None, depth)]
            case "ordered_list":
                start = int(node.attrs.get("start", 1))
                return [
                    line
                    for nth, child in enumerate(node.children)
                    for line in self.item(child, width, start + nth, depth)
                ]
            case "blockquote":
                bar = Content.styled(f"{self._glyphs.quote} ", "$text-primary")
                inner = self.blocks(node.children, width - 2, depth)
                return [bar + line.stylize_before("$foreground-muted") for line in inner]
            case "fence" | "code_block":
                source = node.content.removesuffix("\n").split("\n")
                return code_lines(source, node.info.strip().split(" ")[0], width)
            case "hr":
                return [Content.styled(self._glyphs.rule * prose, "$foreground 40%")]
            case "table":
                return table_lines(*self._cells(node), width, self._glyphs)
            case _:
                return _wrapped(Content(safe_line(node.content)), prose)

    def _cells(self, table: SyntaxTreeNode) -> tuple[list[list[Content]], list[str]]:
        rows = [
            [self._inline(cell) for cell in row.children] for part in table.children for row in part.children
        ]
        header = table.children[0].children[0].children
        aligns = [str(cell.attrs.get("style", "")).removeprefix("text-align:") for cell in header]
        return rows, aligns

    def _inline(self, node: SyntaxTreeNode) -> Content:
        tokens = node.children[0].children if node.children else []
        text = _StyledText()
        for child in tokens:
            self._mark(child, text)
        return text.content()

    def _mark(self, node: SyntaxTreeNode, text: _StyledText) -> None:
        match node.type:
            case "strong" | "em" | "s":
                with_style = _MARKS[node.type]
                start = text.length
                for child in node.children:
                    self._mark(child, text)
                text.style(start, with_style)
            case "code_inline":
                text.add(safe_line(node.content), _CODE)
            case "softbreak":
                text.add(" ")
            case "hardbreak":
                text.add("\n")
            case "link":
                start = text.length
                for child in node.children:
                    self._mark(child, text)
                _link(text, start, str(node.attrs.get("href", "")))
            case "image":
                text.add(f"[picture: {safe_line(node.content)}]", "italic")
                _link(text, text.length, str(node.attrs.get("src", "")))
            case _:
                text.add(safe_line(node.content))


class _StyledText:
    """Text that collects its styles while it grows."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self.length = 0

    def add(self, text: str, style: str = "") -> None:
        start = self.length
        self._parts.append(text)
        self.length += len(text)
        if style:
            self.style(start, style)

    def style(self, start: int, style: str | Style) -> None:
        if self.length > start:
            # Outer marks come after inner ones but must lie under them.
            self._spans.insert(0, Span(start, self.length, style))

    def since(self, start: int) -> str:
        return "".join(self._parts)[start:]

    def content(self) -> Content:
        return Content("".join(self._parts), spans=self._spans)


def _link(text: _StyledText, start: int, target: str) -> None:
    """Underline the words since `start` and say where they lead, since words can lie about it."""
    target = safe_line(target)
    words = text.since(start)
    if urlsplit(target).scheme in ("http", "https", "mailto"):
        text.style(start, Style(link=target))
    text.style(start, "underline $text-primary")
    if target and words not in (target, target.removeprefix("mailto:")):
        text.add(f" ({target})" if words else target, "$foreground-muted")


def _wrapped(content: Content, width: int) -> list[Content]:
    return [line.rstrip() for part in content.split("\n", allow_blank=True) for line in part.wrap(width)]
