"""The resources: tabs of views, a filter, and the live table of the one in view."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from console.actions import Where, bindings
from console.reach import Reach
from console.screens.detail.thing import reveals
from console.views import MORE, TABS, View
from console.widgets.completions import Candidate
from console.widgets.view_tabs import ViewTabs

if TYPE_CHECKING:
    from agent.remembering.preferences import Wishes
    from console.widgets.glyphs import Glyphs
    from console.widgets.resources import ResourceTable
    from tools.rows import Row, RowsChanged

SEEN = 20_000
"""Names remembered for mentions."""
OFFERED = 50
"""Candidates offered for one mention."""


class ResourcePane(Vertical):
    """Shows one view at a time and says when another one has to be watched."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.RESOURCES)]

    class ViewWanted(Message):
        """Another view, or the same one elsewhere, has to be watched now."""

    class NameCopied(Message):
        """The operator wants this name in the clipboard."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class RevealWanted(Message):
        """The operator wants to see what is secret about this object."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self) -> None:
        super().__init__(id="resources", classes="pane")
        self.views: list[View] = list(TABS)
        self.index = 0
        self.everywhere = False
        self.reach = Reach()
        self.labels = ""
        """The label selector that the server is to choose by."""
        self.age = ""
        self.table: ResourceTable | None = None
        self._tabs = ViewTabs(self.views, id="views")
        self._filter = Input(
            placeholder="filter; !word inverts, -f fuzzy, -e env, -l k=v then enter",
            id="filter",
            compact=True,
        )
        self._seen: dict[str, Candidate] = {}
        self._names: dict[str, str] = {}
        self._before: View | None = None
        self._wishes: Wishes | None = None

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield self._filter
        yield Static("connecting…", classes="skeleton", markup=False)

    def on_mount(self) -> None:
        self._filter.display = False

    async def furnish(self, glyphs: Glyphs) -> None:
        """Put the table where the skeleton was."""
        from console.widgets.resources import ResourceTable

        self.table = ResourceTable(glyphs=glyphs, id="table")
        await self.mount(self.table)
        await self.query(".skeleton").remove()

    @property
    def view(self) -> View:
        return self.views[self.index]

    def apply(self, change: RowsChanged) -> None:
        """Show a batch of changes of the view that is watched."""
        from tools.rows import FeedState

        assert self.table is not None
        if change.state is FeedState.FAILED and not change.columns and self._give_up(change.detail):
            return
        self.table.apply(change)
        for row in change.upserts:
            if row.namespace:
                self._names[row.namespace] = row.scope
            if len(self._seen) < SEEN:
                mention = f"{row.kind.lower()}/{row.name}"
                if self.reach.contexts:  # the same name may stand for one in each
                    where = f"{row.namespace}/" if row.namespace else ""
                    mention = f"{row.kind.lower()}/{where}{row.name}@{row.scope}"
                if mention not in self._seen:
                    self._seen[mention] = Candidate(mention, row.namespace or row.scope)
        when = f" {change.at.astimezone():%H:%M:%S}" if change.at is not None else ""
        self.age = f"{self.view.title} {change.state.value}{when}"

    def _give_up(self, why: str) -> bool:
        """Take back a tab that was made for a word nobody knows. Returns whether the view in view was one."""
        view = self.view
        if view in TABS or view in MORE or self._before is None:
            return False
        self.views.remove(view)
        back, self._before = self._before, None
        self.app.notify(
            f":{view.what} opens nothing. {why}{_near(view.what)}", severity="warning", markup=False
        )
        self._choose(self.views.index(back) if back in self.views else 0)
        return True

    def wish(self, wishes: Wishes) -> None:
        """Show views as the operator prefers them: an order and a choice of columns, nothing else."""
        self._wishes = wishes
        self._grant()

    def _grant(self) -> None:
        if self.table is not None and self._wishes is not None:
            self.table.wish(self._wishes.first, self._wishes.columns_of(self.view.what))

    def clear(self, where: str = "") -> None:
        """Forget the rows: another view follows, of what is `where`."""
        from tools.rows import FeedState, RowsChanged

        self.age = f"{self.view.title} connecting…"
        self._tabs.show(self.views, self.index)
        self.border_subtitle = where
        if self.table is not None:
            self.table.apply(RowsChanged(columns=(), reset=True, state=FeedState.CONNECTING))
            self._grant()

    def mentions(self, begun: str) -> Sequence[Candidate]:
        """Objects whose name holds what was begun; those that start with it first."""
        word = begun.lower()
        hits = [item for mention, item in self._seen.items() if word in mention]
        hits.sort(key=lambda item: (word not in item.text.partition("/")[2][: len(word)], item.text))
        return hits[:OFFERED]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that rows were seen in."""
        return tuple(sorted(self._names))

    def go_to(self, view: View) -> None:
        """Bring a view into view; one that has no tab gets one."""
        if view not in self.views:
            self._before = self.view
            self.views.append(view)
        self._choose(self.views.index(view))

    def action_next_view(self) -> None:
        self._choose((self.index + 1) % len(self.views))

    def action_previous_view(self) -> None:
        self._choose((self.index - 1) % len(self.views))

    def action_all_namespaces(self) -> None:
        self.everywhere = not self.everywhere
        self._choose(self.index)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash within the filter is a slash."""
        if action == "filter":
            return self.screen.focused is not self._filter
        if action == "reveal_row":
            row = self.table.cursor_row if self.table is not None else None
            return row is not None and not self.view.cloud and bool(reveals(row.kind))
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        self._filter.display = True
        # At once: the letters that follow are the filter's, not keys.
        self.screen.set_focus(self._filter)

    def action_copy_name(self) -> None:
        row = self.table.cursor_row if self.table is not None else None
        if row is not None:
            self.post_message(self.NameCopied(row.name))

    def action_reveal_row(self) -> None:
        row = self.table.cursor_row if self.table is not None else None
        if row is not None:
            self.post_message(self.RevealWanted(row))

    def on_view_tabs_chosen(self, event: ViewTabs.Chosen) -> None:
        event.stop()
        self._choose(event.index)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.table is not None:
            self.table.filter_by(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave_filter()
        self._select()

    def leave_filter(self) -> bool:
        """One step back out of the filter. Returns whether there was one."""
        if not self._filter.display:
            return False
        self._filter.value = ""
        self._leave_filter()
        self._select()
        return True

    def _select(self) -> None:
        """Have the server choose by the labels that the filter asks for."""
        from console.widgets.resource_filter import ResourceFilter

        labels = ResourceFilter(self._filter.value).selector
        if labels != self.labels:
            self.labels = labels
            self._choose(self.index)

    def _leave_filter(self) -> None:
        self._filter.display = bool(self._filter.value)
        if self.table is not None:
            self.table.focus()

    def _choose(self, index: int) -> None:
        if index != self.index:  # what was looked for there is not what is looked for here
            self._filter.value, self.labels = "", ""
            self._filter.display = False
        self.index = index
        self._tabs.show(self.views, self.index)
        self.post_message(self.ViewWanted())


def _near(word: str) -> str:
    """Views of our own whose names resemble a word."""
    titles = [title for view in (*TABS, *MORE) for title in (view.title, *view.words)]
    near = get_close_matches(word, titles, n=2)
    return f" Views: {', '.join(near)}." if near else ""
