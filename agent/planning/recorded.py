"""What earlier sessions recorded of the world: how things were before a plan stopped them."""

from __future__ import annotations

from agent import events as e
from agent.logbook import open_envelope
from agent.plan import Step
from memory.journal import Journal
from memory.sessions import Sessions
from tools.tool import Preview

_HITS = 40


async def before_stop(journal: Journal, sessions: Sessions, target: str) -> Preview | None:
    """What was recorded of an object before a plan last stopped it, where that was observed.

    Args:
        target: the object in the preview's words, such as `deployment/checkout in shop-dev`.
    """
    hits = [hit for hit in await sessions.search(target, limit=_HITS) if hit.kind == "plan_offered"]
    for hit in sorted(hits, key=lambda hit: hit.at, reverse=True):
        rest = [open_envelope(item).event for item in await journal.read(hit.session, after=hit.seq - 1)]
        offered = rest[0] if rest else None
        if not isinstance(offered, e.PlanOffered):
            continue
        done = {
            event.step_id
            for event in rest
            if isinstance(event, e.StepSucceeded) and event.plan_id == offered.plan.id
        }
        for step in offered.plan.steps:
            if step.id in done and step.preview and step.preview.target == target:
                # The newest thing that was done to it counts: once started again, it is not stopped.
                return step.preview if _stops(step) else None
    return None


def _stops(step: Step) -> bool:
    return step.args.get("replicas") == 0 or step.tool.startswith("aws_ec2_stop@")
