"""Requests of several clauses: one thing after another, a wait for the operator, a way back.

    restart cart in staging, wait for me, then restart cart in production
    scale checkout in staging to 5 and watch it for five minutes; if it fails, roll back and tell me

Each clause is a known request by itself; what stands between them becomes the plan's structure:
dependencies, gates, checks, and steps that put back what was changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.plan import Draft, DraftStep
from agent.planning.checks import Check
from agent.runbooks.triggers import NUMBERS, number
from tools.tool import Call

_WORD = "|".join(NUMBERS)
_BACK = re.compile(
    r"[,;.]?\s*(?:and\s+)?if\s+(?:it|that|this|anything|something|one of them|any of (?:it|them|these))\s+"
    r"(?:fails|goes wrong|breaks|does not (?:work|come up))\s*,?\s*(?:then\s+)?"
    r"(?:roll (?:it |them |everything )?back|take (?:it|them|everything) back|put (?:it|them|everything) back"
    r"|undo(?: it| them| everything)?|revert(?: it| them| everything)?)"
    r"(?:\s+and\s+(?:tell|notify) me)?\s*$",
    re.IGNORECASE,
)
_WATCH = re.compile(
    rf"[,;]?\s*(?:and\s+)?(?:then\s+)?watch\s+(?:it|them|that)?\s*(?:for\s+)?"
    rf"(?P<count>\d{{1,4}}|{_WORD})\s+(?P<unit>seconds?|minutes?|hours?)\s*$",
    re.IGNORECASE,
)
_WAIT = re.compile(r"^(?:and\s+)?(?:then\s+)?(?:wait for (?:me|my ok|my approval)|ask me)$", re.IGNORECASE)
_BEFORE = re.compile(r"^(?:and\s+)?(?:wait for me|ask me)\s+before\s+", re.IGNORECASE)
_BETWEEN = re.compile(
    r"\s*[;,]\s*(?:and\s+)?then\s+|\s+(?:and\s+)?then\s+|\s*[;,]\s*(?:and\s+)?", re.IGNORECASE
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Clause:
    """One known request. `gate` is asked before it begins; it is watched for `watch` seconds after."""

    text: str
    gate: str = ""
    watch: float = 0.0


@dataclass(frozen=True, slots=True)
class Clauses:
    parts: tuple[Clause, ...]
    take_back: bool
    """Whether everything is put back when anything fails."""

    @property
    def plain(self) -> bool:
        """Whether the request is just one thing, without conditions."""
        return len(self.parts) == 1 and not self.take_back and not self.parts[0].watch


def split(request: str) -> Clauses:
    """A request's clauses. What is no clause word stays in the text of its clause."""
    text = " ".join(request.split()).rstrip(" .!")
    back = _BACK.search(text)
    if back:
        text = text[: back.start()]
    parts: list[Clause] = []
    gate = False
    for piece in filter(None, (piece.strip() for piece in _BETWEEN.split(text))):
        if _WAIT.match(piece):
            gate = True
            continue
        if watched := _WATCH.fullmatch(piece):
            if parts:
                parts[-1] = Clause(parts[-1].text, parts[-1].gate, _seconds(watched))
            continue
        asks = _BEFORE.match(piece)
        piece = piece[asks.end() :] if asks else piece
        watch = 0.0
        if watched := _WATCH.search(piece):
            piece, watch = piece[: watched.start()], _seconds(watched)
        question = f"Go on with: {piece}?" if (gate or asks) and parts else ""
        parts.append(Clause(piece, question, watch))
        gate = False
    return Clauses(tuple(parts), take_back=back is not None)


def combine(drafts: Sequence[Draft], clauses: Clauses, lasting: Callable[[DraftStep], bool]) -> Draft:
    """One plan from the plans of the clauses.

    Args:
        drafts: one for each clause, in order.
        lasting: whether a step changes something that can be put back; it is asked of writes and reads.
    """
    steps: list[DraftStep] = []
    before: tuple[str, ...] = ()
    for count, (clause, draft) in enumerate(zip(clauses.parts, drafts, strict=True), start=1):
        own = [_placed(step, count, len(drafts) > 1, before) for step in draft.steps]
        roots = [step for step in own if step.depends_on == before]
        if clause.gate and roots:
            first = roots[0].id
            own = [
                step.model_copy(update={"gate": clause.gate})
                if step.id == first
                else step.model_copy(update={"depends_on": (*step.depends_on, first)})
                if step in roots
                else step
                for step in own
            ]
        if clause.watch:
            own = [step.model_copy(update={"checks": _watched(step, clause.watch)}) for step in own]
        steps += own
        before = tuple(step.id for step in own) or before
    if clauses.take_back:
        steps += _ways_back([step for step in steps if lasting(step)], tuple(step.id for step in steps))
    return Draft(goal=", then ".join(draft.goal for draft in drafts), steps=tuple(steps))


def _placed(step: DraftStep, count: int, several: bool, before: tuple[str, ...]) -> DraftStep:
    if not several:
        return step
    inner = tuple(f"{count}-{one}" for one in step.depends_on)
    return step.model_copy(update={"id": f"{count}-{step.id}", "depends_on": inner or before})


def _watched(step: DraftStep, seconds: float) -> tuple[Check, ...]:
    """The object a step changes stays free of trouble for so long."""
    args = {key: step.args[key] for key in ("kind", "name", "namespace") if step.args.get(key)}
    if "name" not in args or not step.tool.startswith("kubernetes_"):
        return ()
    call = Call(tool="kubernetes_diagnose", args=args)
    words = f"{args['name']} has no trouble for {seconds:.0f} s"
    return (Check(says=words, call=call, path="findings", must="<=", than=0, lasts=seconds),)


def _ways_back(changed: Sequence[DraftStep], all_steps: tuple[str, ...]) -> list[DraftStep]:
    """Steps that put everything back, the newest first, when anything failed."""
    back: list[DraftStep] = []
    for step in reversed(changed):
        after = (back[-1].id,) if back else ()
        back.append(DraftStep(id=f"back-{step.id}", undoes=step.id, if_failed=all_steps, depends_on=after))
    return back


def _seconds(watched: re.Match[str]) -> float:
    return float(number(watched["count"]) * _SECONDS[watched["unit"][0].lower()])
