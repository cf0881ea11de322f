"""A plan, and how it ended, as plain text."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from pydantic import JsonValue

from console.cli.documents import ApplyDocument, PlanDocument, StepDocument
from console.cli.output import Output, Style, plain
from console.cli.parser import Choices
from tools.tool import Change, Scope

_STATES: dict[str, tuple[str, Style]] = {
    "succeeded": ("ok", "green"),
    "failed": ("failed", "red"),
    "in doubt": ("in doubt", "yellow"),
    "skipped": ("skipped", "dim"),
    "stopped": ("stopped", "yellow"),
}


def plan_lines(plan: PlanDocument, out: Output, choices: Choices) -> Iterator[str]:
    """The plan with its diffs, and how to decide for it."""
    yield out.paint("bold", plain(plan.goal))
    yield plain(f"plan {plan.plan_id}, {_count(len(plan.steps), 'step')}, {_count(plan.objects, 'object')}")
    if place := scope_words(plan.scope):
        yield plain(f"in   {place}")
    for step in plan.steps:
        yield ""
        yield from _step(step, out)
    yield ""
    yield f"hash {plan.hash}"
    if plan.status != "offered":
        yield f"This plan is {plan.status}."
        return
    yield "Nothing was changed. To carry out exactly this:"
    yield f"  {apply_command(plan, choices)}"
    # The names are not filled in: typing one is the second look that policy asks for.
    named = dict.fromkeys(step.target for step in plan.steps if step.confirm)
    if named:
        yield plain(f"and --confirm NAME, for each of: {'; '.join(named)}")


def apply_command(plan: PlanDocument, choices: Choices) -> str:
    """The command that approves the plan as it was printed."""
    return command(["pilothouse", "apply", plan.plan_id, "--approve", plan.hash], choices)


def command(words: list[str], choices: Choices) -> str:
    """A command line to copy, with the options that have to be the same again."""
    again = [*words, "--sandbox"] if choices.sandbox else words
    if choices.home is not None:
        again = [*again, "--home", str(choices.home)]
    return plain(shlex.join(again))


def apply_lines(done: ApplyDocument, out: Output) -> Iterator[str]:
    """How every step ended, then the plan."""
    for step in done.steps:
        word, style = _STATES.get(step.state, (step.state, "dim"))
        tries = f" after {step.attempts} attempts" if step.attempts > 1 else ""
        yield f"{out.paint(style, f'{word:<9}')} {plain(step.id)}  {plain(step.title)}{tries}"
        for line in (step.observed, step.cause, step.hint):
            if line:
                yield out.paint("dim", f"          {plain(line)}")
    yield plain(f"Plan {done.plan_id} {done.status}. {done.summary}".rstrip())


def scope_words(scope: Scope) -> str:
    """Where a plan or a session works, in words; empty when nothing is chosen."""
    return ", ".join(f"{name} {value}" for name, value in scope.model_dump().items() if value)


def value_words(value: JsonValue) -> str:
    """A value as an operator reads it: absent, a bare word, or JSON."""
    if value is None:
        return "(absent)"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _step(step: StepDocument, out: Output) -> Iterator[str]:
    effect = step.effect.replace("_", " ")
    shown = out.paint("yellow" if step.effect in ("write", "destructive") else "dim", effect)
    yield f"{plain(step.id)}  {out.paint('bold', plain(step.title))}  {plain(step.tool)}  {shown}"
    if step.target:
        yield plain(f"    on      {step.target}")
    if step.depends_on:
        yield plain(f"    after   {', '.join(step.depends_on)}")
    if step.if_failed:
        yield plain(f"    only if {' or '.join(step.if_failed)} fails")
    if step.gate:
        yield out.paint("yellow", plain(f"    asks    {step.gate}"))
    for words in step.checks:
        yield plain(f"    check   {words}")
    if not step.target and step.args:
        yield plain(f"    with    {json.dumps(step.args, ensure_ascii=False)}")
    for change in step.diff:
        yield from _change(change, out)
    if step.target and not step.diff:
        yield out.paint("dim", "    changes nothing: it is so already")
    for warning in step.warnings:
        yield out.paint("yellow", plain(f"    warning {warning}"))
    if step.undo is not None:
        yield plain(f"    undo    {step.undo.tool} {json.dumps(step.undo.args, ensure_ascii=False)}")
    elif step.target and not step.undoes:
        yield out.paint("yellow", "    undo    not possible")
    reason = f" {step.policy.reason}" if step.policy.reason else ""
    yield plain(f"    policy  {step.policy.verdict.value} ({step.policy.rule}){reason}")
    if step.policy.approvals > 1:
        yield out.paint("yellow", f"    needs   the approval of {step.policy.approvals} people")


def _change(change: Change, out: Output) -> Iterator[str]:
    before, after = plain(value_words(change.before)), plain(value_words(change.after))
    path = plain(change.path)
    if "\n" not in before + after:
        yield f"    {path}: {out.paint('red', before)} → {out.paint('green', after)}"
        return
    yield f"    {path}:"
    yield from (out.paint("red", f"      - {line}") for line in before.splitlines())
    yield from (out.paint("green", f"      + {line}") for line in after.splitlines())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
