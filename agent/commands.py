"""What an operator can tell the agent: the only words that go down the road from the console.

A command that decides something (`Approve`, `AllowWrites`, `Undo`, `Resume`) carries `how`: the key
that was pressed or the flag that was typed. No model output, tool output or memory can become one,
because nothing outside the console constructs commands.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agent.waivers import Waiver
from tools.tool import Frozen, Scope

How = Literal["key", "flag"]


class Say(Frozen):
    """Ask or order something in words; answers a pending question too."""

    text: str


class Approve(Frozen):
    """Decide for a plan. `hash` is that of the plan as shown; `steps` None means all of it.

    `confirmed` holds the names the operator typed for steps that demand it.
    """

    plan_id: str
    hash: str
    how: How
    steps: tuple[str, ...] | None = None
    confirmed: tuple[str, ...] = ()
    allow_writes: bool = False
    """The approval is also the visible act that leaves read-only, for this plan alone (headless)."""
    waive: bool = False
    """Also decide beforehand about the same kinds of writes, for this session (see `agent.waivers`)."""


class Countersign(Frozen):
    """Approve a plan as the second person, without carrying it out. The fields are those of `Approve`.

    It counts where another console drives the session, too.
    """

    plan_id: str
    hash: str
    how: How
    steps: tuple[str, ...] | None = None
    confirmed: tuple[str, ...] = ()


class AskAgain(Frozen):
    """Take a waiver back; None takes all of them back."""

    waiver: Waiver | None = None


class Reject(Frozen):
    plan_id: str
    comment: str = ""


class EditStep(Frozen):
    """Change a step's arguments; the plan is checked, previewed and offered anew."""

    plan_id: str
    step_id: str
    args: dict[str, JsonValue]


class StrikeStep(Frozen):
    """Take a step, and what rests on it, out of an offered plan."""

    plan_id: str
    step_id: str


class Stop(Frozen):
    """Stop what is going on: the model's turn or the running plan."""


class Resume(Frozen):
    """Go on with a plan that was interrupted, under the approval it has.

    A new sitting is read-only again, so whatever is left to write needs writes allowed first.
    """

    plan_id: str
    how: How
    allow_writes: bool = False
    """As in `Approve`: typing the plan's hash is the visible act that leaves read-only (headless)."""


class PassGate(Frozen):
    """Let a plan go on that waits for the operator before a step."""

    plan_id: str
    step_id: str
    how: How


Became = Literal["there", "not there", "unknown"]
"""What the operator says of a write that nobody could look up."""


class SettleDoubt(Frozen):
    """Say what became of a step that stays in doubt: the operator looked, or gives it up as unknown.

    What is not there may be sent again when the plan is resumed; what is unknown has failed.
    """

    plan_id: str
    step_id: str
    became: Became
    how: How


class PlanAgain(Frozen):
    """Draw up what is left of a failed or stopped plan anew, from what is there now."""

    plan_id: str
    how: How


class Undo(Frozen):
    """Draw up the plan that takes a finished plan back; it is offered like any other."""

    plan_id: str
    how: How


class AllowWrites(Frozen):
    """Leave, or return to, read-only for one place: a context, or `profile/region`."""

    place: str
    writes: bool
    how: How


class Reveal(Frozen):
    """Show something secret to the operator, and to nobody else: a Secret's values, a ServiceAccount's token, what
    a command prints in a pod.

    The answer is a `Revealed` event with the same `request`.
    """

    request: str
    what: str
    name: str
    scope: Scope
    how: How
    why: str = ""
    key: str = ""
    """Of a Secret; empty for all its values."""
    command: tuple[str, ...] = ()
    container: str = ""
    confirmed: str = ""
    """The name the operator typed, where that is demanded."""


class SetScope(Frozen):
    scope: Scope


class UseModel(Frozen):
    """Switch to another model by name; empty means none."""

    model: str


class Rename(Frozen):
    title: str


class Watch(Frozen):
    """Feed a view of the sidebar. `what` is a kind (`pods`) or a cloud view (`aws:ec2`).

    `contexts` and `namespaces` are those to look into at once; none of them means the scope's own.
    """

    view: str
    what: str
    scope: Scope
    all_namespaces: bool = False
    labels: str = ""
    """A label selector for the server to choose by."""
    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


class Unwatch(Frozen):
    view: str


class Inspect(Frozen):
    """Look at one object closely, and go on looking until `LookAway`.

    The answers are `Inspected` events with the same `request`, one for each side of the object, and again
    whenever it changes.
    """

    request: str
    what: str
    name: str
    scope: Scope


class FollowLogs(Frozen):
    """Follow what an object's containers write, until `LookAway`; the answers are `LogGrew` events."""

    request: str
    what: str
    name: str
    scope: Scope
    previous: bool = False
    """The instances before the last restarts instead."""
    tail: Annotated[int, Field(ge=1, le=5000)] = 500
    """Lines of each container to begin with."""


class LookAway(Frozen):
    """End an `Inspect` or a `FollowLogs`."""

    request: str


Look = Watch | Unwatch | Inspect | FollowLogs | LookAway
"""What only looks: it is carried out even where another console drives the session."""

LOOKS = (Watch, Unwatch, Inspect, FollowLogs, LookAway)


class ConfirmMemory(Frozen):
    """Make a proposed memory active."""

    memory: int
    how: How


class RejectMemory(Frozen):
    """Say that a memory is wrong; it is kept, with the reason, and never used."""

    memory: int
    how: How
    reason: str = ""


class EditMemory(Frozen):
    """Put a new version in place of a memory; what is None stays as it is."""

    memory: int
    how: How
    body: str | None = None
    subject: str | None = None
    where: str | None = None
    """Where it holds, as `memory.knowledge.Where` is written."""


class ForgetMemory(Frozen):
    """Remove the bytes of a memory, and of what it replaced."""

    memory: int
    how: How


class ForgetPlace(Frozen):
    """Remove the bytes of everything remembered of a place and its parts."""

    place: str
    """As `memory.knowledge.Where` is written."""
    how: How


MemoryCommand = ConfirmMemory | RejectMemory | EditMemory | ForgetMemory | ForgetPlace
"""What the operator decides about memories."""

MEMORIES = (ConfirmMemory, RejectMemory, EditMemory, ForgetMemory, ForgetPlace)

Command = (
    Say | Approve | Countersign | Reject | EditStep | StrikeStep | Stop | Resume | PassGate | SettleDoubt
    | PlanAgain | Undo | AllowWrites | AskAgain | Reveal | SetScope | UseModel | Rename | Watch | Unwatch
    | Inspect | FollowLogs | LookAway | MemoryCommand
)  # fmt: skip
