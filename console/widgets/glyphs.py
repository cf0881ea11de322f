"""The signs the console draws with, and what each state looks like.

A state is always a glyph *and* a word *and* a theme colour, so it survives a missing font, a missing
colour and a colour-blind reader.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.plan import PlanStatus, StepState
from tools.rows import Health
from tools.tool import Effect


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs. Every sign is one cell wide, but for the arrows and guides that say otherwise."""

    name: str
    prompt: str
    bullet: str
    inner_bullet: str
    quote: str
    rule: str
    column: str
    crossing: str
    cursor: str
    folded: str
    unfolded: str
    ellipsis: str
    dot: str
    to: str
    down: str
    up: str
    branch: str
    last: str
    pipe: str
    marked: str
    unmarked: str
    warning: str
    done: str
    failed: str
    waiting: str
    thought: str
    question: str
    plan: str
    note: str
    drafted: str
    proposed: str
    approved: str
    running: str
    checking: str
    retrying: str
    in_doubt: str
    skipped: str
    stopped: str
    gate: str
    healthy: str
    progressing: str
    degraded: str
    unhealthy: str
    idle: str
    unknown: str


UNICODE = Glyphs(
    name="unicode",
    prompt="❯",
    bullet="•",
    inner_bullet="◦",
    quote="▎",
    rule="─",
    column="│",
    crossing="┼",
    cursor="▌",
    folded="▸",
    unfolded="▾",
    ellipsis="…",
    dot="·",
    to="→",
    down="↓",
    up="↑",
    branch="├─",
    last="└─",
    pipe="│ ",
    marked="■",
    unmarked="□",
    warning="▲",
    done="✓",
    failed="✗",
    waiting="◌",
    thought="∴",
    question="?",
    plan="◆",
    note="∙",
    drafted="∙",
    proposed="○",
    approved="◇",
    running="►",
    checking="◐",
    retrying="↻",
    in_doubt="?",
    skipped="–",
    stopped="■",
    gate="◆",
    healthy="●",
    progressing="◐",
    degraded="▲",
    unhealthy="✗",
    idle="○",
    unknown="·",
)

ASCII = Glyphs(
    name="ascii",
    prompt=">",
    bullet="*",
    inner_bullet="-",
    quote="|",
    rule="-",
    column="|",
    crossing="+",
    cursor="|",
    folded="+",
    unfolded="-",
    ellipsis="~",
    dot="-",
    to="->",
    down="v",
    up="^",
    branch="|-",
    last="`-",
    pipe="| ",
    marked="x",
    unmarked=" ",
    warning="!",
    done="v",
    failed="x",
    waiting=".",
    thought=":",
    question="?",
    plan="#",
    note="-",
    drafted=".",
    proposed="o",
    approved="+",
    running=">",
    checking="~",
    retrying="@",
    in_doubt="?",
    skipped="-",
    stopped="#",
    gate="=",
    healthy="o",
    progressing="~",
    degraded="!",
    unhealthy="x",
    idle=".",
    unknown="?",
)


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn. `style` is a Textual style made of theme variables."""

    glyph: str
    word: str
    style: str


_STEPS = {
    StepState.PROPOSED: ("proposed", "proposed", "$foreground-muted"),
    StepState.APPROVED: ("approved", "waiting", "$text-primary"),
    StepState.WAITING: ("gate", "waits for you", "bold $text-warning"),
    StepState.RUNNING: ("running", "running", "bold $text-accent"),
    StepState.CHECKING: ("checking", "checking", "$text-accent"),
    StepState.RETRYING: ("retrying", "retrying", "$text-warning"),
    StepState.SUCCEEDED: ("done", "done", "$text-success"),
    StepState.FAILED: ("failed", "failed", "bold $text-error"),
    StepState.IN_DOUBT: ("in_doubt", "in doubt", "bold $text-warning"),
    StepState.SKIPPED: ("skipped", "skipped", "$foreground-muted"),
    StepState.STOPPED: ("stopped", "stopped", "$text-warning"),
}

_PLANS = {
    PlanStatus.OFFERED: ("question", "waits for your decision", "bold $text-warning"),
    PlanStatus.REJECTED: ("skipped", "rejected", "$foreground-muted"),
    PlanStatus.SUPERSEDED: ("skipped", "superseded", "$foreground-muted"),
    PlanStatus.RUNNING: ("running", "running", "bold $text-accent"),
    PlanStatus.INTERRUPTED: ("in_doubt", "interrupted", "bold $text-warning"),
    PlanStatus.SUCCEEDED: ("done", "done", "$text-success"),
    PlanStatus.FAILED: ("failed", "failed", "bold $text-error"),
    PlanStatus.STOPPED: ("stopped", "stopped", "$text-warning"),
}

_HEALTH = {
    Health.OK: ("healthy", "ok", "$text-success"),
    Health.WARN: ("degraded", "warning", "$text-warning"),
    Health.BAD: ("unhealthy", "bad", "bold $text-error"),
    Health.IDLE: ("idle", "idle", "$foreground-muted"),
    Health.UNKNOWN: ("unknown", "unknown", "$foreground-muted"),
}

_EFFECTS = {
    Effect.READ: ("R", "read", "$foreground-muted"),
    Effect.SENSITIVE_READ: ("S", "sensitive read", "$text-warning"),
    Effect.WRITE: ("W", "write", "bold $text-warning"),
    Effect.DESTRUCTIVE: ("D", "destructive", "bold $text-error"),
}


def step_look(state: StepState, glyphs: Glyphs = UNICODE) -> Look:
    """The look of a step in this state."""
    glyph, word, style = _STEPS[state]
    return Look(getattr(glyphs, glyph), word, style)


def plan_look(status: PlanStatus, glyphs: Glyphs = UNICODE) -> Look:
    """The look of a plan in this status."""
    glyph, word, style = _PLANS[status]
    return Look(getattr(glyphs, glyph), word, style)


def effect_look(effect: Effect) -> Look:
    """The mark of what a step may do: a letter, a word, a colour."""
    return Look(*_EFFECTS[effect])


def health_look(health: Health, glyphs: Glyphs = UNICODE) -> Look:
    """The look of an object that is doing like this."""
    glyph, word, style = _HEALTH[health]
    return Look(getattr(glyphs, glyph), word, style)
