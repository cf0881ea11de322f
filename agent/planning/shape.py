"""Whether a draft hangs together, before anything is asked of the world.

Arguments fit their tools, references and checks lead somewhere, what puts something back has
something to put back. Each problem is a sentence for whoever wrote the draft.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent.plan import DraftStep
from agent.planning.checks import Check
from agent.planning.references import Reference, ReferenceProblem, check_path, references
from tools.errors import Invalid
from tools.tool import Effect, Registry


def linked(steps: Iterable[DraftStep]) -> list[DraftStep]:
    """The steps with what their parts imply: a reference is a dependency, and what puts a step back
    runs when that step failed, unless it says otherwise."""
    made = []
    for step in steps:
        sources = tuple(ref.step for value in step.args.values() for ref in references(value))
        rests = tuple(dict.fromkeys(step.depends_on + sources))
        reasons = step.if_failed
        if step.undoes and step.undoes not in rests + reasons:
            reasons = (*reasons, step.undoes)
        made.append(step.model_copy(update={"depends_on": rests, "if_failed": reasons}))
    return made


def shape_problems(step: DraftStep, steps: Mapping[str, DraftStep], registry: Registry) -> Iterator[str]:
    """What is wrong with one step of a linked draft, by itself and beside the others."""
    if step.undoes:
        yield from _undo_problems(step, steps, registry)
    else:
        yield from _argument_problems(step, steps, registry)
    for check in step.checks:
        yield from _check_problems(step, check, registry)


def _undo_problems(step: DraftStep, steps: Mapping[str, DraftStep], registry: Registry) -> Iterator[str]:
    undone = steps.get(step.undoes)
    if step.args:
        yield f"Step {step.id} puts {step.undoes} back; it takes no arguments of its own."
    if undone is None:
        yield f"Step {step.id} puts back {step.undoes}, which is not in the plan."
    elif undone.undoes or not registry.get(undone.tool).effect.writes:
        yield f"Step {step.id} puts back {step.undoes}, which changes nothing by itself."


def _argument_problems(step: DraftStep, steps: Mapping[str, DraftStep], registry: Registry) -> Iterator[str]:
    tool = registry.get(step.tool)
    found: list[Reference] = [ref for value in step.args.values() for ref in references(value)]
    for reference in found:
        undone = steps[reference.step].undoes
        source = registry.get(steps[undone].tool if undone in steps else steps[reference.step].tool)
        try:
            check_path(reference, source.spec.output_schema)
        except ReferenceProblem as error:
            yield f"Step {step.id}: {error}"
        if source.effect.writes:
            yield (
                f"Step {step.id} takes a value from {reference.step}, which is a write: its outcome cannot"
                " be shown before it is approved. Plan the second half after the first is done."
            )
    if not found:
        try:
            tool.parse(step.args)
        except Invalid as error:
            yield f"Step {step.id}: {error}"


def _check_problems(step: DraftStep, check: Check, registry: Registry) -> Iterator[str]:
    where = f"Step {step.id}, check “{check.says}”"
    name = check.call.tool if check.call else step.tool
    if step.undoes and check.call is None:
        yield f"{where}: it needs a read that shows it."
        return
    try:
        tool = registry.get(name)
        if tool.effect is not Effect.READ:
            yield f"{where}: {tool.id} is not a plain read; a check only looks."
            return
        if check.call:
            tool.parse(check.call.args)
        check_path(Reference(step="output", path=check.path), tool.spec.output_schema)
    except (Invalid, ReferenceProblem) as error:
        yield f"{where}: {error}"
