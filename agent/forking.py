"""A new session that goes on from any point of an old one."""

from __future__ import annotations

from agent import events as e
from agent.decisions import CommandRefused, Why
from agent.events.recorded import open_envelope
from agent.folding import fold_all
from agent.lineage import inherited
from agent.logbook import draft
from agent.state import SessionState
from memory.journal import Journal
from memory.sessions import Sessions


async def fork(
    journal: Journal,
    sessions: Sessions,
    origin: str,
    seq: int | None,
    *,
    name: str,
    operator: str,
    program: str,
) -> None:
    """Begin session `name` with a reference to an event of `origin`.

    The conversation up to there is its own from then on; approvals, allowed writes and unfinished plans are not.

    Args:
        seq: the last event that the fork knows; None means all there are.

    Raises:
        SessionUnknown: there is no such origin.
        CommandRefused: it has no such event.
    """
    row = await sessions.get(origin)
    if seq is not None and not 1 <= seq <= row.events:
        raise CommandRefused(Why.UNKNOWN, f"Session {origin} has events 1 to {row.events}, not {seq}.")
    envelopes = await journal.read(origin, limit=seq)
    if not envelopes:
        raise CommandRefused(Why.UNKNOWN, f"Session {origin} has no event to fork from.")
    last = envelopes[-1]
    title = row.title or origin
    forked = e.SessionForked(session=origin, seq=last.seq, hash=last.hash, title=title, by=operator)
    known = [open_envelope(envelope) for envelope in envelopes]
    if isinstance(first := known[0].event, e.SessionForked):
        known = [*await inherited(journal, first), *known]
    state = fold_all(SessionState(), known)
    started = e.SessionStarted(
        operator=operator, scope=state.scope, model=state.model, sandbox=state.sandbox, program=program
    )
    named = e.TitleChanged(title=f"{title} (fork)", by="rule")
    await sessions.create(name, named.title, state.scope.model_dump_json())
    await journal.append(name, draft(forked), draft(started), draft(named))
