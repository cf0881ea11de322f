"""Procedures: plans that worked, kept as runbooks with parameters.

What the operator's own words name becomes a parameter; everything else stays as it was in the plan. A
procedure is a runbook like any other: matched, looked up, checked, previewed and approved again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml
from pydantic import JsonValue, ValidationError

from agent.mentions import in_words
from agent.plan import Plan, Step
from agent.runbooks.resolution import SCALABLE, say
from agent.runbooks.runbook import Parameter, Runbook, RunbookStep
from agent.runbooks.triggers import NUMBERS, SLOTS, number, tidy
from memory.knowledge.ranking import telling

LONGEST = 24
"""Words of a request that can become a trigger."""

_ORDINALS = ("", "_two", "_three", "_four")
_REVERSING = frozenset(("not", "don't", "never", "except", "but", "without", "unless"))


def learn(request: str, plan: Plan, taken: Iterable[str] = ()) -> Runbook | None:
    """The procedure that a plan which worked comes to; None where it cannot be said in general.

    Args:
        request: the operator's words that led to the plan.
        taken: names that other procedures have.
    """
    words = [word.rstrip(",;:.!?") for word in tidy(in_words(request)).split()]
    if not plan.writes or not 2 <= len(words) <= LONGEST or any(set(word) & set("{}[]()|") for word in words):
        return None
    slots = _Slots(words)
    steps = [slots.step(step, plan) for step in plan.steps]
    if any(step is None for step in steps):
        return None
    phrase = " ".join(slots.words)
    plain = [word for word in slots.words if not word.startswith("{")]
    if len(telling(" ".join(plain))) < 1:
        return None
    try:
        return Runbook(
            name=_name(plain, set(taken)),
            summary=f"{plan.goal} (learned)"[:120].replace("{", "(").replace("}", ")"),
            triggers=(phrase,),
            phrase=phrase,
            parameters=slots.parameters,
            goal=" ".join(slots.in_goal(word) for word in slots.words).capitalize(),
            steps=tuple(step for step in steps if step is not None),
        )
    except ValidationError:
        return None


def precondition(plan: Plan) -> str:
    """How things stood when it worked, in words."""
    found = [
        f"{step.preview.target}: {change.path} was {change.before}"
        for step in plan.writes
        if step.preview
        for change in step.preview.changes[:2]
    ]
    return "; ".join(found[:4])


def as_yaml(runbook: Runbook) -> str:
    """The runbook as a file for the runbooks folder."""
    body = runbook.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(
        {"name": runbook.name, "version": runbook.version, **body}, sort_keys=False, width=100
    )


def resembling(request: str, runbook: Runbook) -> str:
    """The procedure's own phrase with what the request names filled in; empty if the request is another one."""
    words = [word.rstrip(",;:.!?") for word in tidy(in_words(request)).split()]
    if _REVERSING & {word.lower() for word in words}:
        return ""
    plain = " ".join(word for word in runbook.phrase.split() if not word.startswith("{"))
    wanted, has = set(telling(plain)), set(telling(" ".join(words)))
    shared = wanted & has
    if not wanted or len(shared) < max(min(2, len(wanted)), 0.6 * len(wanted)):
        return ""
    filled = _filled(words, shared, runbook.parameters)
    return say(runbook.phrase, filled) if filled is not None else ""


# --- details -------------------------------------------------------------------------------------------


@dataclass
class _Slots:
    """The words of a request, some of which become parameters while the steps are gone through."""

    words: list[str]
    parameters: dict[str, Parameter] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    """What stands in a step's arguments for a value: by `kind of value|value`."""
    goals: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """What stands in titles for a word of the request."""

    def step(self, step: Step, plan: Plan) -> RunbookStep | None:
        """The step with parameters in place of what was named; None if it holds elsewhere than the plan."""
        if step.scope.model_copy(update={"namespace": ""}) != plan.scope.model_copy(update={"namespace": ""}):
            return None
        if step.undoes:
            return RunbookStep(
                id=step.id,
                undoes=step.undoes,
                depends_on=step.depends_on,
                if_failed=step.if_failed,
                gate=step.gate,
            )
        namespace = str(step.args.get("namespace") or step.scope.namespace)
        if namespace != plan.scope.namespace and "namespace" not in step.args:
            return None
        args = dict(step.args)
        if owner := self._workload(args, namespace):
            args |= {
                "kind": f"{{{owner}.kind}}",
                "name": f"{{{owner}.name}}",
                "namespace": f"{{{owner}.namespace}}",
            }
        filled: dict[str, JsonValue] = {}
        for key, value in args.items():
            filled[key] = value if owner and key in ("kind", "name", "namespace") else self._value(key, value)
        checks = [
            self._value("", check.model_dump(mode="json", exclude_defaults=True)) for check in step.checks
        ]
        constants = list(_strings([*step.args.values(), step.gate]))
        if any("{" in text for text in constants):
            return None
        return RunbookStep(
            id=step.id,
            title=self._title(step.title),
            tool=step.tool.partition("@")[0],
            args=filled,
            depends_on=step.depends_on,
            gate=step.gate,
            checks=tuple(check for check in checks if isinstance(check, dict)),
            if_failed=step.if_failed,
        )

    def in_goal(self, word: str) -> str:
        return self.goals.get(word, word)

    def _title(self, title: str) -> str:
        """The title in general; empty, so that it is made from the preview, where it would be true only once."""
        words = title.split()
        if any(word not in self.said and re.search(r"[\d{}]", word) for word in words):
            return ""
        return " ".join(self.said.get(word, word) for word in words)

    def _workload(self, args: Mapping[str, JsonValue], namespace: str) -> str:
        """The parameter that stands for the workload of these arguments, or nothing."""
        kind, name = args.get("kind"), args.get("name")
        if not isinstance(kind, str) or not isinstance(name, str) or kind.lower() not in SCALABLE:
            return ""
        known = self.values.get(f"workload|{kind.lower()}/{namespace}/{name}")
        if known:
            return known
        at = self._at(name) if self._at(name) is not None else self._at(f"{kind.lower()}/{name}")
        if at is None:
            return ""
        place = self._place(namespace)
        slot = self._take(at, "workload", "workload", within=place)
        if slot:
            self.goals[f"{{{slot}}}"] = f"{{{slot}.name}}"
            self.values[f"workload|{kind.lower()}/{namespace}/{name}"] = slot
            self.said |= {name: f"{{{slot}.name}}", namespace: f"{{{slot}.namespace}}"}
        return slot

    def _place(self, namespace: str) -> str:
        """The parameter that stands for where: the request named the namespace, or its environment."""
        known = self.values.get(f"place|{namespace}")
        if known:
            return known
        for at, word in enumerate(self.words):
            named = word.lower() == namespace or word.lower() in namespace.split("-")
            if named and _in_or_on(self.words, at):
                slot = self._take(at, "place", "place")
                self.goals[f"{{{slot}}}"] = f"{{{slot}.name}}"
                self.values[f"place|{namespace}"] = slot
                self.said[word] = f"{{{slot}.name}}"
                return slot
        return ""

    def _value(self, key: str, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {inner: self._value(inner, item) for inner, item in value.items()}
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        if isinstance(value, bool) or value is None or isinstance(value, float):
            return value
        if known := self.values.get(f"{type(value).__name__}|{value}"):
            return f"{{{known}}}"
        slot = ""
        if isinstance(value, int):
            at = next((at for at, word in enumerate(self.words) if _number(word) == value), None)
            slot = self._take(at, key or "count", "count") if at is not None else ""
        elif value and (at := self._at(value)) is not None:
            kind = "image" if ":" in value or "/" in value else "name"
            slot = self._take(at, key or "name", kind) if re.fullmatch(SLOTS[kind], value) else ""
        if not slot:
            return value
        self.values[f"{type(value).__name__}|{value}"] = slot
        self.said[str(value)] = f"{{{slot}}}"
        return f"{{{slot}}}"

    def _at(self, word: str) -> int | None:
        found = [at for at, one in enumerate(self.words) if one == word or one.lower() == word]
        return found[0] if len(found) == 1 else None

    def _take(self, at: int, name: str, kind: str, within: str = "") -> str:
        clean = re.sub(r"[^a-z_]", "", name.lower()) or kind
        slot = next((clean + more for more in _ORDINALS if clean + more not in self.parameters), "")
        if slot:
            self.parameters[slot] = Parameter.model_validate({"type": kind, "within": within})
            self.words[at] = f"{{{slot}}}"
        return slot


def _filled(words: list[str], shared: set[str], parameters: Mapping[str, Parameter]) -> dict[str, str] | None:
    """Words for every parameter, taken from a request that only resembles the trigger; None if one is unclear."""
    left = [(at, word) for at, word in enumerate(words) if telling(word) and not set(telling(word)) <= shared]
    filled: dict[str, str] = {}
    order = {"count": 0, "revision": 0, "image": 1, "place": 2, "environment": 2}
    for slot, parameter in sorted(parameters.items(), key=lambda item: order.get(item[1].type, 3)):
        fits = [(at, word) for at, word in left if re.fullmatch(SLOTS[parameter.type], word, re.IGNORECASE)]
        if parameter.type == "image":
            fits = [(at, word) for at, word in fits if ":" in word]
        elif parameter.type in ("place", "environment"):
            fits = [(at, word) for at, word in fits if _in_or_on(words, at)]
        if len(fits) != 1:
            return None
        left.remove(fits[0])
        filled[slot] = fits[0][1]
    return filled if not left else None


def _in_or_on(words: list[str], at: int) -> bool:
    """Whether the word at this place is where something is: `in dev`, `on the dev`."""
    before = [word.lower() for word in words[max(at - 2, 0) : at]]
    return before[-1:] in (["in"], ["on"]) or before in (["in", "the"], ["on", "the"])


def _number(word: str) -> int | None:
    return number(word) if word.isdigit() or word.lower() in NUMBERS else None


def _name(plain: list[str], taken: set[str]) -> str:
    words = [re.sub(r"[^a-z0-9]", "", word) for word in telling(" ".join(plain))][:5]
    name = "-".join(word for word in words if word) or "procedure"
    name = name if name[0].isalpha() else f"do-{name}"
    return next(n for n in (name, *(f"{name}-{count}" for count in range(2, 1000))) if n not in taken)


def _strings(values: Iterable[JsonValue]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _strings(value)
        elif isinstance(value, dict):
            yield from _strings(value.values())
