"""What may happen at all, and how loudly the operator is asked.

Every rule looks at one step and gives a verdict or nothing; the strictest verdict wins, and its
rule is named wherever the verdict is shown. Whether the gate then lets the bytes out is another
matter: policy decides what is *offered*, the gate what is *possible*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from agent.plan import Ruling, Step, Verdict
from agent.settings import Settings
from tools.tool import Effect, Preview, Scope

PRODUCTION = frozenset({"production", "prod", "prd", "live"})
"""Words that mark an environment as production."""

REVEALS = dict.fromkeys(("reveal_secret", "reveal_token", "reveal_output"), Effect.SENSITIVE_READ)
"""What an operator can reveal, in the words of policy; they stand beside the names of tools."""

SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True, slots=True)
class Question:
    """One step as policy sees it."""

    tool: str
    effect: Effect
    scope: Scope
    preview: Preview | None = None
    undoable: bool = False
    operator: str = ""
    at: datetime | None = None
    """When it is asked; None where no time is known, and then no rule of hours speaks."""
    tainted: bool = False
    """Whether its arguments hold values read where others can write (`agent.origins`)."""

    @classmethod
    def of(cls, step: Step, operator: str, at: datetime, *, lasting: bool = True) -> Question:
        """A checked step, asked about again."""
        undoable = step.undo is not None or bool(step.undoes) or not lasting
        tainted = bool(step.tainted)
        return cls(step.tool, step.effect, step.scope, step.preview, undoable, operator, at, tainted)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces its permits name, else the scope's."""
        permits = self.preview.permits if self.preview else ()
        named = dict.fromkeys(permit.namespace for permit in permits if permit.namespace)
        return tuple(named) or ((self.scope.namespace,) if self.scope.namespace else ())

    @property
    def places(self) -> tuple[str, ...]:
        """Where the step writes: the contexts and `profile/region`s its permits name."""
        permits = self.preview.permits if self.preview else ()
        return tuple(dict.fromkeys(permit.place for permit in permits))

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments it touches, by labels; none where nothing says so."""
        if self.preview is None:
            return ()
        keys = ("environment", "env", "Environment", "Env")
        own = next((self.preview.labels[key] for key in keys if key in self.preview.labels), "")
        return tuple(dict.fromkeys(filter(None, (own, *self.preview.environments))))


Rule = Callable[[Question, Settings], Ruling | None]


class Policy:
    """The rules in force: the built-in ones, and the operator's own."""

    def __init__(self, settings: Settings, own: Iterable[Rule] = ()) -> None:
        self.settings = settings
        self._rules = (*DEFAULT_RULES, *own)

    def rule(self, question: Question) -> Ruling:
        """The strictest ruling of all rules, and as many approvals as any of them wants."""
        rulings = self.rulings(question)
        approvals = max(ruling.approvals for ruling in rulings)
        return rulings[0].model_copy(update={"approvals": approvals})

    def rulings(self, question: Question) -> list[Ruling]:
        """Every rule's word on the step, the strictest first."""
        found = [ruling for rule in self._rules if (ruling := rule(question, self.settings)) is not None]
        if not found:
            return [Ruling(verdict=Verdict.ASK, rule="default", reason="No rule speaks of it.")]
        strictness = list(Verdict)
        return sorted(
            found, key=lambda ruling: (strictness.index(ruling.verdict), ruling.approvals), reverse=True
        )


def is_production(environment: str) -> bool:
    return environment.lower() in PRODUCTION


def reads_are_free(question: Question, _: Settings) -> Ruling | None:
    """Reads ask nothing."""
    if question.effect is Effect.READ:
        return Ruling(verdict=Verdict.ALLOW, rule="reads-are-free")
    return None


def secrets_are_asked_for(question: Question, _: Settings) -> Ruling | None:
    """What reveals a secret is asked about."""
    if question.effect is Effect.SENSITIVE_READ:
        return Ruling(verdict=Verdict.ASK, rule="secrets-are-asked-for", reason="It reveals a secret.")
    return None


def writes_ask(question: Question, _: Settings) -> Ruling | None:
    """Every write is asked about."""
    if question.effect.writes:
        return Ruling(verdict=Verdict.ASK, rule="writes-ask")
    return None


def irreversible_needs_name(question: Question, _: Settings) -> Ruling | None:
    """What cannot be undone needs its name typed."""
    if question.effect.writes and (question.effect is Effect.DESTRUCTIVE or not question.undoable):
        return Ruling(
            verdict=Verdict.CONFIRM, rule="irreversible-needs-name", reason="It cannot simply be undone."
        )
    return None


def production_needs_name(question: Question, settings: Settings) -> Ruling | None:
    """Production needs the name typed, for reveals too."""
    environments = [*question.environments]
    environments += [
        settings.contexts[place].environment for place in question.places if place in settings.contexts
    ]
    if question.effect is not Effect.READ and any(is_production(name) for name in environments):
        return Ruling(verdict=Verdict.CONFIRM, rule="production-needs-name", reason="This is production.")
    return None


def system_namespaces_are_denied(question: Question, _: Settings) -> Ruling | None:
    """The cluster's own namespaces are never written to, but for evictions: draining a node needs them."""
    permits = [
        permit
        for permit in (question.preview.permits if question.preview else ())
        if permit.resource != "pods/eviction"
    ]
    touched = {permit.namespace for permit in permits} | {
        permit.name for permit in permits if permit.resource == "namespaces"
    }
    if question.effect.writes and touched & SYSTEM_NAMESPACES:
        names = ", ".join(sorted(touched & SYSTEM_NAMESPACES))
        return Ruling(
            verdict=Verdict.DENY,
            rule="system-namespaces-are-denied",
            reason=f"{names} belongs to the cluster itself.",
        )
    return None


def pinned_places_are_denied(question: Question, settings: Settings) -> Ruling | None:
    """Places pinned read-only in config.toml are never written to."""
    pinned = [place for place in question.places if settings.pinned(place)]
    if question.effect.writes and pinned:
        return Ruling(
            verdict=Verdict.DENY,
            rule="pinned-places-are-denied",
            reason=f"{', '.join(pinned)} is pinned read-only in config.toml.",
        )
    return None


DEFAULT_RULES: tuple[Rule, ...] = (
    reads_are_free,
    secrets_are_asked_for,
    writes_ask,
    irreversible_needs_name,
    production_needs_name,
    system_namespaces_are_denied,
    pinned_places_are_denied,
)
