"""What the keys of an object's detail do to the side in view."""

from __future__ import annotations

from textual.screen import Screen

from console.widgets.log_view import LogView
from console.widgets.reading_view import ReadingView
from console.widgets.yaml_view import YamlView


class SideKeys(Screen[None]):
    """The part of the screen that turns to its sides, and moves within them.

    An opaque screen and no modal one: what lies below a modal screen is drawn again with every frame.
    """

    sides: tuple[str, ...] = ()
    side: str = ""

    @property
    def logs(self) -> LogView:
        raise NotImplementedError

    @property
    def reading(self) -> ReadingView | None:
        """The side in view, if it is one to be searched and wrapped."""
        raise NotImplementedError

    def turn_to(self, side: str) -> None:
        """Bring a side into view."""
        raise NotImplementedError

    def action_see_summary(self) -> None:
        self.turn_to("summary")

    def action_see_yaml(self) -> None:
        self.turn_to("yaml")

    def action_see_events(self) -> None:
        self.turn_to("events")

    def action_see_logs(self) -> None:
        self.turn_to("logs")

    def action_see_related(self) -> None:
        self.turn_to("related")

    def action_see_sessions(self) -> None:
        self.turn_to("sessions")

    def action_next_side(self) -> None:
        self.turn_to(self.sides[(self.sides.index(self.side) + 1) % len(self.sides)])

    def action_previous_side(self) -> None:
        self.turn_to(self.sides[self.sides.index(self.side) - 1])

    def action_next_match(self) -> None:
        if self.reading is not None:
            self.reading.next_match(1)

    def action_previous_match(self) -> None:
        if self.reading is not None:
            self.reading.next_match(-1)

    def action_wrap(self) -> None:
        if self.reading is not None:
            self.reading.toggle_wrap()

    def action_folds(self) -> None:
        if isinstance(self.reading, YamlView):
            self.reading.toggle_folds()

    def action_follow(self) -> None:
        self.logs.follow()

    def action_pause(self) -> None:
        self.logs.pause()

    def action_stamps(self) -> None:
        self.logs.toggle_stamps()
