"""What a session teaches: the operator's statements, plans that worked, and what they mended."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from agent import events as e
from agent.known import Known
from agent.logbook import Logbook
from agent.plan import PlanStatus, Step
from agent.remembering import incidents, procedures
from agent.remembering.statements import Statement, heard
from agent.runbooks.runbook import Runbook, parse
from memory.knowledge import Fresh, Kind, Knowledge, Reference, Remembered, Source, Status, Where

MOST_PROCEDURES = 200
"""Procedures that are looked through for one request."""

FACT_LASTS = 90 * 86_400
"""Seconds after which a fact that was stated is stale until it is found true again."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Draws memories up; writes none. Fields as in `Remembering`."""

    known: Known
    log: Logbook
    operator: str

    def said(self, statement: Statement, turn: int) -> Fresh:
        """What the operator stated. A fact holds in the cluster at hand, a preference for its operator."""
        scope = self.log.state.scope
        if statement.everywhere:
            where = Where()
        elif statement.kind is Kind.PREFERENCE:
            where = Where(user=self.operator)
        else:
            where = Where(cluster=scope.context, account="" if scope.context else scope.profile)
        return Fresh(
            kind=statement.kind,
            subject=statement.subject,
            topic=statement.topic,
            body=statement.body,
            where=where,
            source=Source.SAID,
            reference=self._said_in(turn),
            by=self.operator,
            ttl=FACT_LASTS if statement.kind is Kind.FACT else None,
        )

    async def learned(self, knowledge: Knowledge, plan_id: str) -> Fresh | None:
        """The procedure that a plan of the model's teaches, if every step of it was approved and succeeded."""
        plans = self.log.state.plans
        progress = plans[plan_id]
        before = plans.get(progress.replaces)
        if not progress.plan.origin.startswith("model:") or (
            before is not None and before.status is not PlanStatus.SUPERSEDED
        ):
            return None
        if progress.approved != {step.id for step in progress.plan.steps}:
            return None
        if any(
            isinstance(r.event, e.MemoriesRelied) and r.event.plan_id == plan_id for r in self.log.history
        ):
            return None  # what was remembered of one thing would be done to every other
        said = next(
            (
                r.event
                for r in self.log.history
                if isinstance(r.event, e.Said) and r.event.turn == progress.turn
            ),
            None,
        )
        if said is None:
            return None
        there = await knowledge.list(kinds=[Kind.PROCEDURE], limit=MOST_PROCEDURES)
        runbook = procedures.learn(heard(said.text).rest, progress.plan)
        if runbook is None or self.log.redactor.model(runbook) != runbook:
            return None  # what must not be kept cannot be done again from memory
        same = [one for one in there if (kept := runbook_of(one)) and kept.triggers == runbook.triggers]
        if any(one.status is Status.ACTIVE for one in same):
            return None
        if not same:
            taken = {one.subject for one in there} | {one.name for one in self.known.library}
            runbook = procedures.learn(heard(said.text).rest, progress.plan, taken) or runbook
        else:
            runbook = runbook.model_copy(update={"name": same[0].subject})
        return Fresh(
            kind=Kind.PROCEDURE,
            subject=runbook.name,
            topic=_topic(runbook),
            body=_summary(runbook),
            content={
                "runbook": runbook.model_dump(mode="json", exclude_defaults=True),
                "precondition": procedures.precondition(progress.plan),
            },
            where=self._where(progress.plan.steps),
            source=Source.DERIVED,
            reference=self._said_in(progress.turn),
            by=progress.plan.origin,
            confidence=0.8,
        )

    def incident(self, plan_id: str) -> Fresh | None:
        """What a succeeded plan mended, if a diagnosis before it had found what was wrong."""
        progress = self.log.state.plans[plan_id]
        if progress.plan.origin.startswith("undo:"):
            return None
        found = incidents.incident(self.log.history, progress)
        if found is None:
            return None
        past, diagnosis = found
        return Fresh(
            kind=Kind.INCIDENT,
            subject=diagnosis.subject,
            body=past.words,
            content=past.model_dump(mode="json"),
            where=self._where(progress.plan.steps).model_copy(update={"account": ""}),
            source=Source.DERIVED,
            reference=Reference(session=self.log.session, seq=diagnosis.seq),
            by=progress.plan.origin,
            confidence=0.9,
        )

    def _said_in(self, turn: int) -> Reference:
        seq = next(
            (r.seq for r in self.log.history if isinstance(r.event, e.Said) and r.event.turn == turn), None
        )
        return Reference(session=self.log.session, seq=seq)

    @staticmethod
    def _where(steps: tuple[Step, ...]) -> Where:
        """Where a plan's teaching holds: its cluster, its account, or both."""
        clusters = {step.scope.context for step in steps if step.tool.startswith("kubernetes_")}
        accounts = {step.scope.profile for step in steps if step.tool.startswith("aws_")}
        return Where(
            cluster=clusters.pop() if len(clusters) == 1 else "",
            account=accounts.pop() if len(accounts) == 1 else "",
        )


def imported(text: str, source: str) -> Fresh:
    """The procedure in a runbook file; like everything imported it is proposed, and holds wherever it is used.

    Raises:
        RunbookError: it is no runbook; the sentence names the field.
    """
    runbook = parse(text, source)
    return Fresh(
        kind=Kind.PROCEDURE,
        subject=runbook.name,
        topic=_topic(runbook),
        body=_summary(runbook),
        content={"runbook": runbook.model_dump(mode="json", exclude_defaults=True)},
        source=Source.IMPORTED,
        by=source,
    )


def _topic(runbook: Runbook) -> str:
    """A procedure replaces the one of its name."""
    return f"procedure {runbook.name}"


def _summary(runbook: Runbook) -> str:
    return f"{runbook.phrase}: {', then '.join(step.tool for step in runbook.steps if step.tool)}"


def runbook_of(memory: Remembered) -> Runbook | None:
    """The runbook in a procedure's memory; None where it holds none that can be used."""
    try:
        return Runbook.model_validate(memory.content.get("runbook"))
    except ValidationError:
        return None
