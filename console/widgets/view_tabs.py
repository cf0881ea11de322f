"""One line of view names over the resources; the one in view is marked in brackets and colour."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from console.views import View


class ViewTabs(Widget):
    """Which views there are and which is in view."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, views: Sequence[View], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._views = tuple(views)
        self._index = 0
        self._first = 0

    def show(self, views: Sequence[View], index: int) -> None:
        self._views, self._index = tuple(views), index
        self.refresh()

    def on_click(self, event: Click) -> None:
        place = 0
        for index in range(self._first, len(self._views)):
            place += self._tab(index).cell_length
            if event.x < place:
                self.post_message(self.Chosen(index))
                return

    def render(self) -> Content:
        width = max(self.size.width, 1)
        first = 0
        while first < self._index and self._length(first, self._index + 1) > width:
            first += 1
        self._first = first
        tabs = [self._tab(index) for index in range(first, len(self._views))]
        return Content("").join(tabs).truncate(width, ellipsis=True)

    def _length(self, start: int, end: int) -> int:
        return sum(self._tab(index).cell_length for index in range(start, end))

    def _tab(self, index: int) -> Content:
        title = self._views[index].title
        if index == self._index:
            return Content.styled(f"[{title}]", "bold $text-primary")
        return Content.styled(f" {title} ", "$text-muted")
