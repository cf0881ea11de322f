"""Writes that two people have to approve: who has, whether that is enough, and who may not.

An approval of one of them is an event like any other. It counts for the exact hash, from two different
accounts, and it is counted again by execution just before a step leaves.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent import events as e
from agent.decisions import CommandRefused, Why
from agent.person import Person
from agent.plan import Step
from agent.state import PlanProgress
from tools.errors import GateRefused


def wanted(steps: Iterable[Step]) -> int:
    """How many people have to approve these steps."""
    return max((step.ruling.approvals for step in steps), default=1)


def signers(progress: PlanProgress, step_id: str) -> tuple[e.ApprovalGiven, ...]:
    """The approvals of a step by different people, for the plan as it is."""
    found: list[e.ApprovalGiven] = []
    for given in progress.given:
        fits = given.hash == progress.plan.hash and step_id in given.steps and given.login
        if fits and all(given.by != one.by and given.login != one.login for one in found):
            found.append(given)
    return tuple(found)


def enough(progress: PlanProgress, steps: Iterable[Step]) -> bool:
    """Whether as many people as policy wants have approved each of these steps."""
    return all(
        step.ruling.approvals == 1 or len(signers(progress, step.id)) >= step.ruling.approvals
        for step in steps
    )


def signed_by(progress: PlanProgress, person: Person, steps: Iterable[Step]) -> bool:
    """Whether this person has approved all of these steps already."""
    mine = [given for given in progress.given if (given.by, given.login) == (person.name, person.login)]
    return all(
        any(given.hash == progress.plan.hash and step.id in given.steps for given in mine) for step in steps
    )


def refuse_same_person(progress: PlanProgress, person: Person) -> None:
    """Raise `CommandRefused` for somebody who cannot be told from one who has approved before."""
    if not person.login:
        raise CommandRefused(
            Why.POLICY, "Two people have to approve this, and it is not known here who you are."
        )
    for given in progress.given:
        if (given.by == person.name) is not (given.login == person.login):
            raise CommandRefused(
                Why.POLICY,
                f"{given.by} of the account {given.login} approved this already, and you are {person.name}"
                f" of the account {person.login}: that is one person.",
                "The second approval has to come from another account.",
            )


def refuse_undecided(progress: PlanProgress, step: Step) -> None:
    """Raise `GateRefused` if a step is about to leave that not enough people approved."""
    if not enough(progress, (step,)):
        raise GateRefused(
            f"{step.title} needs the approval of {step.ruling.approvals} people"
            f" (rule {step.ruling.rule}), and has {len(signers(progress, step.id))}."
        )


def waiting_words(progress: PlanProgress) -> str:
    """What the operator is told while a plan waits for somebody else; empty if it does not."""
    names = list(dict.fromkeys(given.by for given in progress.given if given.hash == progress.plan.hash))
    if not names or enough(progress, progress.plan.writes):
        return ""
    return f"Approved by {' and '.join(names)}; waits for a second person."
