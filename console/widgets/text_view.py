"""A long text to read: wrapped to the width, only the lines in view are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from console.widgets.line_view import LineView
from console.widgets.safe_text import safe_lines


class TextView(LineView):
    """Shows lines; text from outside is made harmless first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "slide(1)", "Down", show=False),
        Binding("k,up", "slide(-1)", "Up", show=False),
        Binding("g,home", "edge(False)", "Top", show=False),
        Binding("G,end", "edge(True)", "End", show=False),
        Binding("ctrl+d,pagedown,space", "half(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half(-1)", "Half a page up", show=False),
    ]

    _content: tuple[Content, ...] = ()
    _wrapped: tuple[Content, ...] = ()

    def show_text(self, text: str) -> None:
        """Show text as it came from somewhere else."""
        self.show([Content(line) for line in safe_lines(text)])

    def show(self, lines: Sequence[Content]) -> None:
        """Show these lines. The place is kept if the same text only grew."""
        self._content = tuple(lines)
        if self.is_mounted:
            self._wrap()

    @property
    def text(self) -> str:
        """What is shown, unwrapped."""
        return "\n".join(line.plain for line in self._content)

    @property
    def line_count(self) -> int:
        return len(self._wrapped)

    def line_strip(self, line: int) -> Strip | None:
        return self.paint(self._wrapped[line]) if 0 <= line < len(self._wrapped) else None

    def on_mount(self) -> None:
        self._wrap()

    def on_resize(self) -> None:
        self._wrap()

    def action_slide(self, by: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, immediate=True)

    def action_edge(self, end: bool) -> None:
        self.scroll_to(y=self.max_scroll_y if end else 0, animate=False, immediate=True)

    def action_half(self, by: int) -> None:
        self.action_slide(by * max(self.size.height // 2, 1))

    def _wrap(self) -> None:
        width = self.line_width
        self._wrapped = tuple(
            part
            for line in self._content
            for part in ([line] if line.cell_length <= width else line.wrap(width))
        )
        self.virtual_size = Size(width, len(self._wrapped))
        self.refresh()
