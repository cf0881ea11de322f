"""The trouble a call can meet, what is to be expected of it, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.scenarios.faults.jobs import NEVER_READY, READS, WRITES, Job
from tools.sandbox.faults import Fault, Match

ANSWER_IN = 1.0
"""Seconds a tool may take where it is to run out of time."""

_TOO_LONG = 3.0
"""Seconds that is too long for `ANSWER_IN`."""

_LATE = 15.0
"""Seconds of the cluster's after which a late effect comes."""

_MUCH_LATER = 90.0
"""Seconds of the cluster's after which nobody waits any more for what was answered with an error."""

_PAGE = "<html><body>Please sign in to the guest network.</body></html>"


class Hope(StrEnum):
    """How a case can end well."""

    RECOVERS = "recovers"
    REPORTS = "reports"
    """There is nothing to be recovered: it must end in an honest report."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failure class.

    Attributes:
        faults: what happens to our requests, in order; on a write, to those that change something.
        everywhere: faults that hit our reading requests too.
        meddled: somebody else changes the object between approval and call.
        hurried: the tool has to answer within `ANSWER_IN`.
        partly: the job's own fault, which lets only a part through.
    """

    name: str
    hope: Hope
    faults: tuple[Fault, ...] = ()
    everywhere: tuple[Fault, ...] = ()
    meddled: bool = False
    hurried: bool = False
    partly: bool = False

    def strikes(self, job: Job) -> list[Fault]:
        """What to inject for this job."""
        if self.partly:
            return [job.partly] if job.partly is not None else []
        if not job.writes:
            return [fault.model_copy(deep=True) for fault in (*self.faults, *self.everywhere)]
        match = Match(verb=job.verb, dry_run=False)
        aimed = [fault.model_copy(update={"match": match}, deep=True) for fault in self.faults]
        return [*aimed, *(fault.model_copy(deep=True) for fault in self.everywhere)]


def _flapping() -> tuple[Fault, ...]:
    """Down for three requests, up for some, down again, three times."""
    return tuple(Fault(disconnect="before", times=3, skip=skip) for skip in (0, 8, 8))


_OFTEN = (
    Trouble("error 500", Hope.RECOVERS, (Fault(status=500, times=2),)),
    Trouble("error 503", Hope.RECOVERS, (Fault(status=503, times=2),)),
    Trouble("throttled", Hope.RECOVERS, (Fault(status=429, retry_after=2, times=2),)),
    Trouble("timeout", Hope.RECOVERS, (Fault(delay=_TOO_LONG, times=1),), hurried=True),
    Trouble("cut before", Hope.RECOVERS, (Fault(disconnect="before", times=1),)),
    Trouble("cut after", Hope.RECOVERS, (Fault(disconnect="after", times=1),)),
    Trouble("garbled", Hope.RECOVERS, (Fault(body=_PAGE, times=1),)),
    Trouble("flapping", Hope.RECOVERS, everywhere=_flapping()),
    Trouble("forbidden", Hope.REPORTS, (Fault(status=403),)),
    Trouble("not found", Hope.REPORTS, (Fault(status=404),)),
    Trouble("invalid", Hope.REPORTS, (Fault(status=422),)),
    Trouble("outage", Hope.REPORTS, (Fault(status=503),)),
)

READ_TROUBLES: tuple[Trouble, ...] = (
    *_OFTEN,
    Trouble("conflict", Hope.REPORTS, (Fault(status=409),)),
)

WRITE_TROUBLES: tuple[Trouble, ...] = (
    *_OFTEN,
    Trouble("conflict", Hope.RECOVERS, (Fault(status=409, times=1),)),
    Trouble("timeout, done", Hope.RECOVERS, (Fault(hold=_TOO_LONG, times=1),), hurried=True),
    Trouble("late", Hope.RECOVERS, (Fault(late=_LATE, times=1),)),
    Trouble("late after 503", Hope.RECOVERS, (Fault(late=_LATE, status=503, times=1),)),
    Trouble("much later after 503", Hope.RECOVERS, (Fault(late=_MUCH_LATER, status=503, times=1),)),
    Trouble("meddled", Hope.RECOVERS, meddled=True),
    Trouble("lie", Hope.REPORTS, (Fault(lie=True),)),
    Trouble("partly", Hope.REPORTS, partly=True),
    Trouble("cut after, then blind", Hope.REPORTS, (Fault(disconnect="after", then=(Fault(status=503),)),)),
)


@dataclass(frozen=True, slots=True)
class Case:
    job: Job
    trouble: Trouble

    @property
    def name(self) -> str:
        return f"{self.job.tool.removeprefix('kubernetes_')}: {self.trouble.name}"


def cases() -> list[Case]:
    """Every tool under every trouble that can happen to it."""
    found = [Case(job, trouble) for job in WRITES for trouble in WRITE_TROUBLES if _possible(job, trouble)]
    halfway = next(trouble for trouble in WRITE_TROUBLES if trouble.partly)
    found.append(Case(NEVER_READY, halfway))
    return [*found, *(Case(job, trouble) for job in READS for trouble in READ_TROUBLES)]


def _possible(job: Job, trouble: Trouble) -> bool:
    if trouble.partly:
        return job.partly is not None
    return job.meddle is not None or not trouble.meddled
