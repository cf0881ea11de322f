"""What earlier sessions recorded of the world: replica counts from before something was stopped."""

from __future__ import annotations

from agent import events as e
from agent.logbook import open_envelope
from memory.journal import Journal
from memory.sessions import Sessions

_HITS = 40


async def replicas_before_stop(journal: Journal, sessions: Sessions, target: str) -> int | None:
    """How many replicas a workload had before a plan last scaled it to zero, and that was observed.

    Args:
        target: the object in the preview's words, such as `deployment/checkout in shop-dev`.
    """
    hits = [hit for hit in await sessions.search(target, limit=_HITS) if hit.kind == "plan_offered"]
    for hit in sorted(hits, key=lambda hit: hit.at, reverse=True):
        rest = [open_envelope(item).event for item in await journal.read(hit.session, after=hit.seq - 1)]
        offered = rest[0]
        if not isinstance(offered, e.PlanOffered):
            continue
        done = {
            event.step_id
            for event in rest
            if isinstance(event, e.StepSucceeded) and event.plan_id == offered.plan.id
        }
        for step in offered.plan.steps:
            before = step.preview.before.get("replicas") if step.preview else None
            stopped = step.id in done and step.args.get("replicas") == 0
            if (
                stopped
                and step.preview
                and step.preview.target == target
                and isinstance(before, int)
                and before
            ):
                return before
    return None
