"""`pilothouse approve`: the second person's approval of a plan that somebody else carries out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.commands import Countersign
from agent.decisions import CommandRefused, Why
from agent.second_person import waiting_words
from console.cli.apply import recorded_plan, refuse_elsewhere
from console.cli.documents import PlanDocument
from console.cli.exits import Exit, Problem
from console.cli.opening import agent_at_work
from console.cli.output import Output, plain
from console.cli.parser import Choices
from console.cli.plan_text import apply_command, plan_lines


async def run(
    choices: Choices, out: Output, *, plan_id: str, approve: str = "", confirmed: Sequence[str] = ()
) -> int:
    """Print the plan; with its hash, approve it beside whoever drives it. Nothing is sent from here."""
    session_id, state = await recorded_plan(choices, plan_id)
    planned = state.plans[plan_id]
    shown = PlanDocument.of(planned, session_id)
    if not approve:
        again = replace(choices, sandbox=state.sandbox)
        out.result(shown, lambda: plan_lines(shown, out, again))
        return Exit.DECISION
    refuse_elsewhere(choices, state, planned)
    async with agent_at_work(choices) as agent:
        session = await agent.open_session(session_id)
        try:
            await session.order(
                Countersign(plan_id=plan_id, hash=approve, how="flag", confirmed=tuple(confirmed))
            )
        except CommandRefused as refusal:
            if refusal.why is not Why.DECISION:
                raise
            raise Problem(Exit.DECISION, refusal.sentence, "Add --confirm with that name.") from refusal
        progress = session.state.plans[plan_id]
    waits = waiting_words(progress)
    words = waits or "It has all the approvals it needs."

    def lines() -> Sequence[str]:
        return [plain(words), f"It runs where it waits, or by: {apply_command(shown, choices)}"]

    given = [one.model_dump(mode="json") for one in progress.given]
    out.result({"plan_id": plan_id, "hash": shown.hash, "approvals": given, "waits": words}, lines)
    return Exit.DECISION if waits else Exit.DONE
