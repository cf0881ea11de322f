"""Incidents: what was wrong, why, what mended it, and whether that held.

An incident is drawn from a diagnosis of this session and a plan that succeeded after it, on the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from agent import events as e
from agent.state import PlanProgress
from memory.knowledge import Remembered
from memory.knowledge.ranking import telling
from tools.tool import Frozen

LIKENESS = 0.5
"""Share of a cause's telling words that two symptoms must have in common."""

_LONGEST_QUOTE = 240


class Proof(Frozen):
    """One piece of evidence; what else a tool may say of it is left away."""

    model_config = ConfigDict(extra="ignore")

    what: str = ""
    object: str = ""
    quote: str = ""


class Finding(Frozen):
    """What a diagnosis found; fields as in its output, what is not needed here is left away."""

    model_config = ConfigDict(extra="ignore")

    cause: str
    object: str = ""
    also: tuple[str, ...] = ()
    evidence: tuple[Proof, ...] = ()


class Incident(BaseModel):
    """The structured part of an incident's memory."""

    symptom: str
    cause: str
    evidence: tuple[Proof, ...] = ()
    fix: str
    outcome: str

    @property
    def words(self) -> str:
        return f"{self.symptom}: {self.cause} Fix: {self.fix}. Outcome: {self.outcome}"


class Diagnosis(Frozen):
    """A diagnosis of this session: the event it stands in, its subject and its findings."""

    seq: int
    turn: int
    subject: str
    findings: tuple[Finding, ...]


def diagnoses(history: Iterable[e.Recorded]) -> list[Diagnosis]:
    """Every diagnosis that found something, oldest first."""
    found = []
    for recorded in history:
        event = recorded.event
        if isinstance(event, e.ToolReturned) and isinstance(event.output, dict) and recorded.seq is not None:
            findings = _findings(event.output.get("findings"))
            subject = event.output.get("subject")
            if findings and isinstance(subject, str):
                found.append(Diagnosis(seq=recorded.seq, turn=event.turn, subject=subject, findings=findings))
    return found


def incident(history: Sequence[e.Recorded], mended: PlanProgress) -> tuple[Incident, Diagnosis] | None:
    """The incident that a succeeded plan ended, if a diagnosis before it was about what the plan changed."""
    plan = mended.plan
    targets = [step.preview.name for step in plan.writes if step.preview and step.preview.name]
    offered = next(
        (r.seq for r in history if isinstance(r.event, e.PlanOffered) and r.event.plan.id == plan.id), None
    )
    for diagnosis in reversed(diagnoses(history)):
        if offered is None or diagnosis.seq > offered:
            continue
        for finding in diagnosis.findings:
            about = " ".join((diagnosis.subject, finding.object, *finding.also))
            if not any(_names(about, target) for target in targets):
                continue
            fix = "; ".join(step.title for step in plan.writes)
            outcome = "; ".join(filter(None, (mended.of(step.id).observed for step in plan.writes)))
            evidence = tuple(
                proof.model_copy(update={"quote": proof.quote[:_LONGEST_QUOTE]})
                for proof in finding.evidence[:3]
            )
            made = Incident(
                symptom=diagnosis.subject,
                cause=finding.cause,
                evidence=evidence,
                fix=fix,
                outcome=outcome or "succeeded",
            )
            return made, diagnosis
    return None


def alike(cause: str, past: Remembered) -> bool:
    """Whether a past incident had a cause like this one."""
    told = read(past)
    if told is None:
        return False
    one, other = set(telling(cause)), set(telling(told.cause))
    return bool(one and other) and len(one & other) / min(len(one), len(other)) >= LIKENESS


def read(memory: Remembered) -> Incident | None:
    """The incident in a memory; None where it holds only words."""
    try:
        return Incident.model_validate(memory.content)
    except ValidationError:
        return None


def _findings(value: JsonValue) -> tuple[Finding, ...]:
    found = []
    for item in value if isinstance(value, list) else []:
        try:
            found.append(Finding.model_validate(item))
        except ValidationError:
            continue
    return tuple(found)


def _names(text: str, name: str) -> bool:
    """Whether a text names an object, or one that it made (`pod/checkout-7d9f-x2` of `checkout`)."""
    words = text.replace("/", " ").split()
    return any(word == name or word.startswith(f"{name}-") for word in words)
