"""One line of view names over the resources; the one in view is marked in brackets and colour."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
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

    def show(self, views: Sequence[View], index: int) -> None:
        self._views, self._index = tuple(views), index
        self.refresh()

    def action_choose(self, index: int) -> None:
        self.post_message(self.Chosen(index))

    def render(self) -> Content:
        tabs = [_tab(view.title, index, index == self._index) for index, view in enumerate(self._views)]
        first = 0
        width = max(self.size.width, 1)
        while first < self._index and sum(tab.cell_length for tab in tabs[first : self._index + 1]) > width:
            first += 1
        return Content("").join(tabs[first:]).truncate(width, ellipsis=True)


def _tab(title: str, index: int, chosen: bool) -> Content:
    words = f"[{title}]" if chosen else f" {title} "
    tab = Content.styled(words, "bold $text-primary" if chosen else "$text-muted")
    return tab.stylize(f"@click=choose({index})")
