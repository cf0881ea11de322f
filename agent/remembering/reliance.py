"""Plans that rest on memories, and what their outcome says of these."""

from __future__ import annotations

from collections.abc import Sequence

from agent import events as e
from agent.logbook import Logbook
from agent.origins import Origins
from agent.plan import StepState
from agent.resting import Resting, Told
from agent.state import PlanProgress
from memory.errors import KnowledgeUnknown
from memory.knowledge import Kind, Knowledge, Remembered
from tools.tool import Scope


def told(memory: Remembered, *, stale: bool) -> Told:
    """The memory as plans are held against it. `stale` is how it was when it was told."""
    preference = memory.kind is Kind.PREFERENCE
    return Told(memory.id, preference, memory.subject, memory.body, stale, memory.verified)


async def note(log: Logbook, knowledge: Knowledge, turn: int, memories: Sequence[Told]) -> None:
    """Journal what the plan of this turn rests on. A stale fact that a tool has shown again is verified."""
    events = [recorded.event for recorded in log.history]
    offered = next((one for one in events if isinstance(one, e.PlanOffered) and one.turn == turn), None)
    if offered is None or not memories or not offered.plan.origin.startswith("model:"):
        return
    origins = Origins.of(log.history, offered.plan.scope)
    found = {
        step.id: Resting(tuple(memories)).found(step.args, Scope(), origins)
        for step in offered.plan.writes
        if not step.undoes
    }
    relied = tuple(
        e.MemoryRelied(memory=one.memory.id, step=step, argument=one.argument, read=one.read)
        for step, rests in found.items()
        for one in rests
    )
    if not relied:
        return
    await log.record(e.MemoriesRelied(plan_id=offered.plan.id, on=relied))
    for memory in {one.memory for one in relied if one.read}:
        await knowledge.verified(memory, log.now())


async def fared(log: Logbook, knowledge: Knowledge, progress: PlanProgress) -> None:
    """Count how each step of an approved plan ended for the memories it rested on."""
    ends = {StepState.SUCCEEDED: True, StepState.FAILED: False}
    events = [recorded.event for recorded in log.history]
    relied = {
        (one.memory, ends[state])
        for event in events
        if isinstance(event, e.MemoriesRelied) and event.plan_id == progress.plan.id
        for one in event.on
        if (state := progress.of(one.step).state) in ends
    }
    for memory, well in sorted(relied):
        try:
            await knowledge.fared(memory, log.now(), well=well)
        except KnowledgeUnknown:
            continue  # forgotten meanwhile
