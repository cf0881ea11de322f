"""The trouble a model can make: streams that break, calls that are none, and a mind of its own.

What is asked for is always the same: a ConfigMap's mode set to fast. Whatever the model does, nothing
is changed that nobody decided on, and nothing is called done that is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.scenarios.faults.troubles import Hope
from tests.standins.script import Break, Failure, Json, Line, Page, Tool, Turn, text, tool, verbatim
from tools.sandbox.faults import Fault, Match

REQUEST = "make the settings of this shop as quick as they can be"
"""No runbook knows these words."""

_ARGS: Json = {"kind": "configmap", "name": "conf"}
_FAST: Json = {**_ARGS, "patch": {"data": {"mode": "fast"}}}
_FASTER: Json = {**_ARGS, "patch": {"data": {"mode": "fast", "size": "2"}}}
_REFUSED = Fault(match=Match(verb="patch", dry_run=False), status=422, times=1)


@dataclass(frozen=True, slots=True)
class ModelTrouble:
    """One script of a model.

    Attributes:
        says: its turns, in order.
        faults: what happens to the writes meanwhile.
        idle: seconds of silence after which its stream is given up.
    """

    name: str
    hope: Hope
    says: tuple[Line, ...]
    faults: tuple[Fault, ...] = ()
    idle: float | None = None


def _propose(args: Json, tool_name: str = "kubernetes_patch", **fields: object) -> Tool:
    step: Json = {"id": "it", "title": "Set the mode", "tool": tool_name, "args": args}
    return tool("propose_plan", {"goal": "Make it fast", "steps": [step]}, **fields)


def _look(name: str = "conf", **fields: object) -> Turn:
    return Turn(tool("kubernetes_get", {"kind": "configmap", "name": name}), **fields)


def _plan(args: Json | None = None, **fields: object) -> Turn:
    return Turn(text("I would set the mode."), _propose(args or _FAST), **fields)


_HALF = '{"goal": "Make it fast", "steps": [{"id": "it", "tool": "kuber'
_NOWHERE: Json = {**_FAST, "name": "no-such-thing"}

MODEL_TROUBLES: tuple[ModelTrouble, ...] = (
    ModelTrouble("no trouble", Hope.RECOVERS, (_look(), _plan())),
    ModelTrouble("overloaded", Hope.RECOVERS, (Failure(529), _look(), Failure(529), _plan())),
    ModelTrouble("throttled", Hope.RECOVERS, (Failure(429, headers={"retry-after": "2"}), _look(), _plan())),
    ModelTrouble("down", Hope.REPORTS, (Failure(529, again=True),)),
    ModelTrouble("a stranger answers", Hope.REPORTS, (Page(page="<html>Sign in</html>", again=True),)),
    ModelTrouble(
        "error before the first word", Hope.RECOVERS,
        (_look(breaks=Break(how="error", after=2, kind="overloaded_error")), _look(), _plan()),
    ),
    ModelTrouble("truncated", Hope.REPORTS, (_look(), _plan(breaks=Break(how="eof", after=9)))),
    ModelTrouble("cut", Hope.REPORTS, (_look(), _plan(breaks=Break(how="reset", after=9)))),
    ModelTrouble(
        "stalled", Hope.REPORTS, (_look(), _plan(breaks=Break(how="stall", after=9))), idle=0.3
    ),
    ModelTrouble("malformed stream", Hope.REPORTS, (Turn(text("I will"), verbatim(raw="data: {nonsense\n\n")),)),
    ModelTrouble("half a call", Hope.RECOVERS, (_look(), Turn(_propose(_FAST, json_text=_HALF)), _plan())),
    ModelTrouble(
        "half a call again and again", Hope.REPORTS, (Turn(_propose(_FAST, json_text=_HALF), again=True),)
    ),
    ModelTrouble(
        "cut by its limit", Hope.RECOVERS,
        (Turn(_propose(_FAST, json_text=_HALF), stop_reason="max_tokens"), _plan()),
    ),
    ModelTrouble("repeats itself", Hope.REPORTS, (_look(again=True),)),
    ModelTrouble("repeats what failed", Hope.REPORTS, (_look("no-such-thing", again=True),)),
    ModelTrouble("invents a tool", Hope.RECOVERS, (Turn(tool("kubernetes_make_it_fast", {})), _plan())),
    ModelTrouble("invents tools for ever", Hope.REPORTS, (Turn(tool("kubernetes_make_it_fast", {}), again=True),)),
    ModelTrouble(
        "invents a tool in its plan", Hope.RECOVERS,
        (Turn(_propose({}, "kubernetes_make_it_fast")), _plan()),
    ),
    ModelTrouble(
        "invents an argument", Hope.RECOVERS, (Turn(_propose({**_FAST, "force": True})), _plan()),
    ),
    ModelTrouble("calls a write itself", Hope.RECOVERS, (Turn(tool("kubernetes_patch", _FAST)), _plan())),
    ModelTrouble("ignores errors", Hope.REPORTS, (Turn(_propose(_NOWHERE), again=True),)),
    ModelTrouble("claims to have done it", Hope.REPORTS, (Turn(text("Done: the mode is fast now.")),)),
    ModelTrouble(
        "mends its plan", Hope.RECOVERS, (_plan(), _plan(_FASTER)), (_REFUSED,),
    ),
    ModelTrouble(
        "repeats its plan, then mends it", Hope.RECOVERS, (_plan(), _plan(), _plan(_FASTER)), (_REFUSED,),
    ),
    ModelTrouble(
        "repeats its plan for ever", Hope.REPORTS, (_plan(again=True),),
        (_REFUSED.model_copy(update={"times": None}),),
    ),
)  # fmt: skip
