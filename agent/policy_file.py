"""The operator's own policy: `policy.yaml` in the config home.

    rules:
      - name: payments-rests-at-night
        verdict: deny                     # allow, ask, confirm (by typed name), deny
        reason: Nobody is there to look.
        tools: ["kubernetes_*"]           # patterns; what is left out matches everything
        effects: [write, destructive]
        namespaces: [payments]
        hours: 22:00-06:00                # local time, may cross midnight
        tainted: true                     # only steps with values read in logs, events and the like
        match: [kubernetes_scale in payments at 23:30 tainted]
        not_match: [kubernetes_scale in payments at 12:00 tainted, kubernetes_scale in payments at 23:30]

Every rule carries examples, written as `pilothouse policy test` takes them, and is tested against
them when the file is loaded. Of all rules that match, the strictest counts, the built-in ones
included: a file can make Pilothouse stricter, never laxer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.plan import Ruling, Verdict
from agent.policy import Question, Rule
from agent.policy_sentence import SentenceError, question
from agent.settings import Settings, SettingsError
from tools.tool import Effect

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_VERDICTS = {
    "allow": Verdict.ALLOW,
    "ask": Verdict.ASK,
    "confirm": Verdict.CONFIRM,
    "deny": Verdict.DENY,
}
Patterns = tuple[str, ...]


class FileRule(BaseModel):
    """One rule. Lists hold shell patterns; an empty one matches everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    verdict: Literal["allow", "ask", "confirm", "deny"]
    reason: str = ""
    approvals: int = Field(1, ge=1, le=2)
    """How many people have to approve; 2 stands for the operator and somebody else."""
    tools: Patterns = ()
    effects: tuple[Effect, ...] = ()
    contexts: Patterns = ()
    """Kubeconfig contexts and `profile/region`s."""
    namespaces: Patterns = ()
    environments: Patterns = ()
    labels: dict[str, str] = {}
    users: Patterns = ()
    hours: str = ""
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    objects_over: int | None = Field(None, ge=0)
    tainted: bool | None = None
    """True for steps with values read in logs, events, annotations and the like; false for all others."""
    match: Annotated[tuple[str, ...], Field(min_length=1)]
    not_match: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("effects", mode="before")
    @classmethod
    def _sensitive_is_a_word(cls, value: object) -> object:
        """`sensitive` is how operators say `sensitive_read`."""
        if not isinstance(value, list):
            return value
        return ["sensitive_read" if entry == "sensitive" else entry for entry in value]

    @field_validator("hours")
    @classmethod
    def _hours_are_a_span(cls, value: str) -> str:
        if value and not _HOURS.fullmatch(value):
            raise ValueError("hours are written like 22:00-06:00")
        return value

    def __call__(self, asked: Question, settings: Settings) -> Ruling | None:
        """The rule's verdict on a step it speaks of, else None."""
        if not self.speaks_of(asked):
            return None
        return Ruling(
            verdict=_VERDICTS[self.verdict], rule=self.name, reason=self.reason, approvals=self.approvals
        )

    def speaks_of(self, asked: Question) -> bool:
        """Whether every condition of the rule holds."""
        tool = asked.tool.partition("@")[0]
        objects = asked.preview.objects if asked.preview else 0
        labels = asked.preview.labels if asked.preview else {}
        return (
            _any((tool, asked.tool), self.tools)
            and (not self.effects or asked.effect in self.effects)
            and _any(asked.places or (asked.scope.context,), self.contexts)
            and _any(asked.namespaces, self.namespaces)
            and _any(asked.environments, self.environments)
            and _any((asked.operator,), self.users)
            and all(fnmatchcase(labels.get(key, ""), wanted) for key, wanted in self.labels.items())
            and (self.objects_over is None or objects > self.objects_over)
            and self.tainted in (None, asked.tainted)
            and self._now(asked.at)
        )

    def _now(self, at: datetime | None) -> bool:
        if not self.hours and not self.days:
            return True
        if at is None:
            return False
        here = at.astimezone()
        if self.days and DAYS[here.weekday()] not in self.days:
            return False
        span = _HOURS.fullmatch(self.hours)
        if span is None:
            return True
        first, last = time(int(span[1]), int(span[2])), time(int(span[3]), int(span[4]))
        clock = here.time()
        return first <= clock < last if first <= last else clock >= first or clock < last


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[FileRule, ...] = ()


def load(path: Path, effects: Mapping[str, Effect]) -> tuple[Rule, ...]:
    """The rules of the file; none if there is no file.

    Args:
        effects: what each tool may do, by name; examples name tools.

    Raises:
        SettingsError: the file is not valid, or a rule does not do what its examples say.
    """
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsError(f"Cannot read {path}: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {where}: {first['msg']}.") from error
    names = [rule.name for rule in found.rules]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise SettingsError(f"{path}: two rules are called {twice}.")
    for rule in found.rules:
        if problem := next(problems(rule, effects), ""):
            raise SettingsError(f"{path}: rule {rule.name}: {problem}")
    return found.rules


def problems(rule: FileRule, effects: Mapping[str, Effect]) -> Iterator[str]:
    """A sentence for every example the rule gets wrong."""
    for wanted, examples in ((True, rule.match), (False, rule.not_match)):
        for example in examples:
            try:
                speaks = rule.speaks_of(question(example, effects))
            except SentenceError as error:
                yield f"the example “{example}”: {error}"
                continue
            if speaks is not wanted:
                does = "does not match" if wanted else "matches"
                yield f"the example “{example}” {does}, but it is listed under {'match' if wanted else 'not_match'}."


def _any(values: Iterable[str], patterns: Patterns) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for value in values for pattern in patterns)
