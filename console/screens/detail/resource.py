"""An object from all sides, live: summary, YAML, events, logs, what belongs to it, who touched it before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from console.actions import Where, bindings, of
from console.screens.detail.keys import SideKeys
from console.screens.detail.pages import (
    event_colours,
    events_lines,
    related_entries,
    session_entries,
    summary_lines,
)
from console.screens.detail.thing import reveals
from console.views import View
from console.widgets.footer import KeyFooter
from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.log_view import LogView
from console.widgets.object_list import ObjectList
from console.widgets.reading_view import PageView, ReadingView
from console.widgets.safe_text import safe_line
from console.widgets.text_view import TextView
from console.widgets.view_tabs import ViewTabs
from console.widgets.yaml_view import YamlView, harmless

if TYPE_CHECKING:
    from agent.events import Inspected, LogGrew
    from agent.looking.pages import EventsPage, RelatedPage, SessionsPage, SummaryPage, TextPage
    from console.screens.detail.thing import Desk, Thing

SIDES = ("summary", "yaml", "events", "logs", "related", "sessions")
_LETTERS = {action.id.removeprefix("see_"): action.keys for action in of(Where.OBJECT)}
WITH_LOGS = frozenset(
    {"pod", "deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob", "service",
     "replicationcontroller"}
)  # fmt: skip
"""Kinds that have containers behind them."""

AGES_SECONDS = 10.0
"""Between two times that ages are counted anew."""
_INLINE = 2_000
"""Lines that are made harmless at once; more of them beside everything else."""


class ResourceScreen(SideKeys):
    """Shows an object until it is closed; what changes is drawn where it stands.

    Args:
        thing: the object.
        desk: where wishes go.
        context: where the object is, for the title.
        side: the side to begin with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.OBJECT)]

    def __init__(
        self,
        thing: Thing,
        desk: Desk[ResourceScreen],
        *,
        context: str,
        glyphs: Glyphs | None = None,
        side: str = "summary",
    ) -> None:
        super().__init__()
        self.thing = thing
        self._desk = desk
        signs = glyphs or UNICODE
        has_logs = not thing.cloud and thing.kind.partition(".")[0].removesuffix("s") in WITH_LOGS
        self.sides = ("summary",) if thing.cloud else tuple(s for s in SIDES if has_logs or s != "logs")
        self.side = side if side in self.sides else "summary"
        self._title = f"{thing}  {context}" if not thing.cloud else str(thing)
        self._mention = ""
        self._banner = ""
        self._said = Content("")
        self._failures: dict[str, str] = {}
        self._arrived: set[str] = set()
        self._summary: SummaryPage | None = None
        self._events: EventsPage | None = None
        self._related: RelatedPage | None = None
        self._sessions: SessionsPage | None = None
        self._following = self._previous = self._log_over = False
        self._tabs = ViewTabs((), id="object-sides")
        self._words = Static("", id="object-words", markup=False)
        self._seek = Input(placeholder="search", id="object-search", compact=True)
        self.views: dict[str, Widget] = {
            "summary": YamlView(glyphs=signs) if thing.cloud else TextView(glyphs=signs),
            "yaml": YamlView(glyphs=signs),
            "events": PageView(event_colours, glyphs=signs),
            "logs": LogView(thing.name, glyphs=signs),
            "related": ObjectList(glyphs=signs),
            "sessions": ObjectList(glyphs=signs),
        }

    # --- the screen -----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(safe_line(self._title), id="object-title", markup=False)
            yield self._tabs
            yield self._words
            for name in self.sides:
                view = self.views[name]
                view.display = False
                view.add_class("object-side")
                yield view
            yield self._seek
            yield KeyFooter()

    def on_mount(self) -> None:
        self._seek.display = False
        self.turn_to(self.side)
        self.set_interval(AGES_SECONDS, self._lay_ages)

    def on_unmount(self) -> None:
        self._desk.leave(self)

    def on_resize(self) -> None:
        self.call_after_refresh(self._lay_ages)

    # --- what comes in ---------------------------------------------------------------------------------

    def take_side(self, event: Inspected) -> None:
        """A side came, or the sentence why it does not."""
        if event.gone:
            self._banner = event.failure
        if event.failure:
            if event.side not in self._arrived:
                self._failures[event.side] = event.failure
                if event.side == "summary":
                    self._failures = dict.fromkeys(self.sides, event.failure) | self._failures
        else:
            self._failures.pop(event.side, None)
            self._arrived.add(event.side)
            self._show(event)
        self._tell()

    def take_log(self, event: LogGrew) -> None:
        """Lines came, or the sentence why there are none."""
        if event.batch is not None:
            self._arrived.add("logs")
            self.logs.take(event.batch)
        if event.over:
            self._log_over = True
        if event.failure:
            self._failures["logs"] = event.failure
        self._tell()

    def _show(self, event: Inspected) -> None:
        match event.side:
            case "summary" if self.thing.cloud:
                self._fill(cast(YamlView, self.views["summary"]), cast("TextPage", event.page))
            case "summary":
                self._summary = cast("SummaryPage", event.page)
                self._mention = self._summary.mention
                self._lay_ages()
            case "yaml":
                self._fill(cast(YamlView, self.views["yaml"]), cast("TextPage", event.page))
            case "events":
                self._events = cast("EventsPage", event.page)
                self._lay_ages()
            case "related":
                self._related = cast("RelatedPage", event.page)
                cast(ObjectList, self.views["related"]).show(related_entries(self._related))
            case "sessions":
                self._sessions = cast("SessionsPage", event.page)
                cast(ObjectList, self.views["sessions"]).show(session_entries(self._sessions))

    def _fill(self, view: YamlView, page: TextPage) -> None:
        async def beside() -> None:
            view.show(page, await asyncio.to_thread(harmless, page.lines))
            self._tell()

        if len(page.lines) <= _INLINE:
            view.show(page, harmless(page.lines))
        else:
            self.run_worker(beside(), group="yaml", exclusive=True, exit_on_error=False)

    def _lay_ages(self) -> None:
        """Write out what holds ages, or is laid out for a width."""
        now = datetime.now(UTC)
        if self._summary is not None:
            view = cast(TextView, self.views["summary"])
            view.show(summary_lines(self._summary, self._events, max(self.size.width - 6, 20), now))
        if self._events is not None:
            cast(PageView, self.views["events"]).show(events_lines(self._events, now))

    # --- words about the side in view --------------------------------------------------------------------

    def _tell(self) -> None:
        """The line under the tabs: how the side stands, and what went wrong."""
        self._say()
        self.refresh_bindings()

    def _say(self) -> None:
        words = self._standing()
        if words == self._said:
            return
        # Laid out anew only if it takes another number of lines: this changes with every batch of a log.
        room = max(self._words.size.width, 1)
        rows, before = (-(-part.cell_length // room) for part in (words, self._said))
        self._said = words
        self._words.update(words, layout=rows != before)
        self._words.display = bool(words.plain)

    def _standing(self) -> Content:
        if self._banner:
            return Content.styled(safe_line(self._banner), "$text-error")
        failure = self._failures.get(self.side, "")
        if failure:
            return Content.styled(safe_line(failure), "$text-error")
        if self.side not in self._arrived:
            return Content.styled("looking…", "$text-muted")
        words = ""
        match self.side:
            case "logs":
                words = self._log_standing()
            case "yaml":
                view = cast(YamlView, self.views["yaml"])
                folded = f"{view.folded} folded away (x shows all)" if view.folded else ""
                lines = f"{view.line_count:,} lines"
                wrapped = "" if view.wrapping else "not wrapped"
                words = "  ".join(part for part in (lines, folded, wrapped, view.found) if part)
            case "events":
                found = len(self._events.events) if self._events is not None else 0
                latest = f"{found} event{'s' if found > 1 else ''}, the latest first"
                sought = cast(PageView, self.views["events"]).found
                words = "  ".join((latest if found else "No events are kept of it.", sought)).rstrip()
            case "related" if self._related is not None and not self._related.related:
                words = "Nothing was found that belongs to it."
            case "sessions" if self._sessions is not None and not self._sessions.sessions:
                words = "No session on this machine has touched it yet."
        return Content.styled(safe_line(words), "$text-muted")

    def _log_standing(self) -> str:
        logs = self.logs
        before = "the instance before the last restart:  " if self._previous else ""
        if not logs.sources:
            return f"{before}No pod runs for it at the moment; new ones will be followed."
        over = "  over" if self._log_over else ""
        troubles = [source.words for source in logs.sources if source.words]
        why = f"  {troubles[0]}" if len(logs.sources) == 1 and troubles else ""
        return f"{before}{logs.standing}{over}{why}"

    def on_reading_view_moved(self, event: ReadingView.Moved) -> None:
        event.stop()
        self._say()

    # --- sides -----------------------------------------------------------------------------------------

    @property
    def logs(self) -> LogView:
        return cast(LogView, self.views["logs"])

    @property
    def reading(self) -> ReadingView | None:
        """The side in view, if it is one to be searched and wrapped."""
        view = self.views[self.side]
        return view if isinstance(view, ReadingView) else None

    def turn_to(self, side: str) -> None:
        if side not in self.sides:
            return
        self._close_search()
        self.views[self.side].display = False
        self.side = side
        view = self.views[side]
        view.display = True
        view.focus()
        self._tabs.show([View(name, self._tab(name)) for name in self.sides], self.sides.index(side))
        if side == "logs" and not self._following:
            self._follow(previous=False)
        self._tell()

    def _tab(self, side: str) -> str:
        """A side's name with the letter that leads there, where there is a choice."""
        return f"{_LETTERS[side]} {side}" if len(self.sides) > 1 else side

    def _follow(self, *, previous: bool) -> None:
        self._following, self._previous, self._log_over = True, previous, False
        self._failures.pop("logs", None)
        self._arrived.discard("logs")
        self.logs.begin_anew()
        self._desk.follow(self, previous=previous)

    def on_view_tabs_chosen(self, event: ViewTabs.Chosen) -> None:
        event.stop()
        self.turn_to(self.sides[event.index])

    def on_object_list_opened(self, event: ObjectList.Opened) -> None:
        event.stop()
        if event.source is self.views["related"] and self._related is not None:
            self._desk.open_related(self, self._related.related[event.index])
        elif self._sessions is not None:
            past = self._sessions.sessions[event.index]
            reading = self._desk.read_session(self, past.session, past.title)
            self.run_worker(reading, group="session", exclusive=True, exit_on_error=False)

    # --- keys --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        reading, logs = self.reading, self.side == "logs"
        match action:
            case "see_summary" | "see_yaml" | "see_events" | "see_logs" | "see_related" | "see_sessions":
                side = action.removeprefix("see_")
                return side in self.sides and side != self.side
            case "next_side" | "previous_side":
                return len(self.sides) > 1
            case "search" | "wrap":
                return reading is not None
            case "next_match" | "previous_match":
                return reading is not None and bool(reading.sought)
            case "folds":
                return isinstance(reading, YamlView) and reading.has_folds
            case "follow" | "pause" | "previous_log" | "stamps":
                return logs
            case "container":
                return logs and len(self.logs.sources) > 1
            case "reveal_object":
                return not self.thing.cloud and bool(reveals(self.thing.kind))
            case "ask_object":
                return bool(self._mention)
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        self._seek.display = True
        self._seek.focus()

    def action_previous_log(self) -> None:
        self._follow(previous=not self._previous)
        self._tell()

    def action_container(self) -> None:
        self.logs.next_source()
        self._tell()

    def action_copy_side(self) -> None:
        view = self.views[self.side]
        if isinstance(view, TextView | YamlView | PageView | LogView | ObjectList):
            self.app.copy_to_clipboard(view.text)

    def action_look_again(self) -> None:
        self._banner = ""
        self._failures.clear()
        self._desk.look(self)
        if self.side == "logs":
            self._follow(previous=self._previous)
        self._tell()

    def action_reveal_object(self) -> None:
        self._desk.reveal_of(self)

    def action_ask_object(self) -> None:
        self._desk.ask(self, self._mention)

    def action_close_object(self) -> None:
        """One step back: out of the search, then out of here."""
        reading = self.reading
        if self._seek.display:
            self._close_search()
            self.views[self.side].focus()
        elif reading is not None and reading.sought:
            reading.search("")
            self.refresh_bindings()
        else:
            self.dismiss(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.reading is not None:
            self.reading.search(event.value)
            self.refresh_bindings()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close_search()
        self.views[self.side].focus()
        self.refresh_bindings()

    def _close_search(self) -> None:
        self._seek.display = False
