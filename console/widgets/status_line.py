"""Where the operator stands: scope, production or not, what is allowed, model, cost, age of the data.

Everything that matters is said in words, the colour only repeats it. What does not fit is left out
from the least important end; scope, PRODUCTION and the mode never are.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from textual.content import Content
from textual.widget import Widget

ROOM = 16
"""Lines of terminal from which a second line can be spared."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the status line says. Empty fields are not known yet.

    Attributes:
        waiting: what the console still waits for ("connecting…"); empty once connected.
        writable: places in which writes are allowed.
        tokens: sent and received in this session.
        cost: US dollars, None where no price is known.
        age: how fresh the resources in view are, in words.
        at_work: what the agent is doing, in a word or two.
    """

    waiting: str = "connecting…"
    context: str = ""
    namespace: str = ""
    profile: str = ""
    region: str = ""
    production: bool = False
    sandbox: bool = False
    writable: tuple[str, ...] = ()
    pinned: bool = False
    model: str = ""
    tokens: int = 0
    cost: Decimal | None = None
    age: str = ""
    at_work: str = ""
    driving: bool = True


class StatusLine(Widget):
    """The first line or two of the console."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.standing = Standing()
        self._lines = 1

    def show(self, standing: Standing) -> None:
        """Say this from now on."""
        if standing != self.standing:
            self.standing = standing
            self._settle()

    def on_resize(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Take a second line where one is not enough for everything."""
        parts = left_side(self.standing) + right_side(self.standing)
        needed = sum(part.cell_length + 2 for part in parts)
        lines = 2 if needed > self.app.size.width and self.app.size.height >= ROOM else 1
        if lines != self._lines:
            self._lines = lines
            self.styles.height = lines
        self.refresh()

    def render(self) -> Content:
        width = max(self.size.width, 1)
        left, right = left_side(self.standing), right_side(self.standing)
        if self.size.height > 1:
            return Content("\n").join([_fit(left, [], width), _fit([], right, width)])
        return _fit(left, right, width)


def left_side(standing: Standing) -> list[Content]:
    """Scope and mode, the most important first."""
    if standing.waiting:
        return [Content.styled("pilothouse", "bold $text-primary"), Content(standing.waiting)]
    parts = []
    if standing.sandbox:
        parts.append(Content.styled("sandbox", "bold $text-primary"))
    if standing.production:
        parts.append(_chip("PRODUCTION", "$error"))
    place = Content.styled(standing.context or "no context", "bold")
    if standing.namespace:
        place = Content.assemble(place, (" / ", "$text-muted"), standing.namespace)
    parts.append(place)
    if standing.writable:
        parts.append(_chip("WRITES ALLOWED in " + ", ".join(standing.writable), "$warning"))
    else:
        parts.append(_chip("READ-ONLY" + (" (pinned)" if standing.pinned else ""), "$success"))
    if standing.profile or standing.region:
        cloud = "/".join(part for part in (standing.profile, standing.region) if part)
        parts.append(Content.assemble(("aws ", "$text-muted"), cloud))
    return parts


def right_side(standing: Standing) -> list[Content]:
    """The agent and its data, the least important first."""
    if standing.waiting:
        return []
    parts = []
    if standing.tokens:
        parts.append(Content.styled(f"{thousands(standing.tokens)} tokens", "$text-muted"))
    if standing.cost is not None:
        parts.append(Content.styled(f"${standing.cost:.2f}", "$text-muted"))
    parts.append(Content(standing.model or "no model: known intents only"))
    if standing.age:
        parts.append(Content.styled(standing.age, "$text-muted"))
    if not standing.driving:
        parts.append(_chip("FOLLOWING", "$accent"))
    else:
        parts.append(Content.styled("driving", "$text-muted"))
    if standing.at_work:
        parts.append(Content.styled(standing.at_work, "bold $text-accent"))
    return parts


def thousands(count: int) -> str:
    """`950`, `12.3k`, `4.1M`."""
    if count < 1_000:
        return str(count)
    return f"{count / 1_000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def _chip(words: str, colour: str) -> Content:
    return Content.styled(f" {words} ", f"bold auto on {colour}")


def _fit(left: list[Content], right: list[Content], width: int) -> Content:
    """Both sides in `width` cells: first the right side loses parts, then the left side is cut."""
    gap = Content("  ")
    shown = Content(" ") + gap.join(left)
    while right and shown.cell_length + 2 + gap.join(right).cell_length + 1 > width and left:
        right = right[1:]
    tail = gap.join(right)
    room = max(width - shown.cell_length - tail.cell_length - 1, 0) if left else 0
    return Content.assemble(shown, " " * room, tail).truncate(width, ellipsis=True)
