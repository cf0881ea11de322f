"""Lines that do not fit: cut with an ellipsis, or wrapped under themselves."""

from __future__ import annotations

from textual.content import Content

from console.widgets.glyphs import Glyphs


def cut(line: Content, width: int, glyphs: Glyphs) -> Content:
    """`line` within `width` cells, an ellipsis where something is missing."""
    if line.cell_length <= width:
        return line
    kept = line.truncate(max(width - len(glyphs.ellipsis), 0))
    return kept + Content.styled(glyphs.ellipsis, "$foreground-muted")


def hanging(line: Content, width: int, indent: int) -> list[Content]:
    """`line` wrapped at `width` cells, its continuation `indent` cells further in."""
    if line.cell_length <= width:
        return [line]
    first, *_ = line.wrap(max(width, indent + 4))
    rest = line[len(first.plain) :]
    spaces = len(rest.plain) - len(rest.plain.lstrip(" "))
    more = rest[spaces:].wrap(max(width - indent, 4)) if rest.plain.strip(" ") else []
    return [first.rstrip(), *(Content(" " * indent) + part.rstrip() for part in more)]
