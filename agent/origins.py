"""Where the values in a write's arguments come from: the operator's words, an object's name, or text that
anybody may have written.

Log lines, annotations, event messages, tags: whoever can write one of these can put a value before the
model and hope to find it in a plan. Such a value is *tainted* unless the operator said it, or it is the
own name of an object that a tool returned. Taint is carried by the step, is part of what an approval
covers, is shown with its source, and policy may refuse it (`tainted: true`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from agent import events as e
from agent.conversation.outputs import OUTPUT_TOOLS
from agent.plan import Tainted, canonical
from agent.references import as_reference
from tools.tool import Preview, Scope

LONGEST = 120
"""Characters of a value that are shown."""

_NAMES = frozenset(
    {
        "name", "names", "namespace", "namespaces", "object", "objects", "kind", "resource", "id", "ids",
        "instance_id", "instance_ids", "cluster", "service", "context", "profile", "region", "place",
        "node", "pod", "container", "workload", "target", "owner",
    }
)  # fmt: skip
"""Fields, and columns of tables, that hold the own names of things."""

_OWN_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,251}[A-Za-z0-9])?")
_CHOICES = frozenset({"kind", "apiVersion", "propagation", "effect", "until"})
"""Arguments that choose among what the server knows anyway."""

_WORD = re.compile(r"[^\s\"'`,;()<>{}\[\]=]{4,}")
_SHORTEST = 4


@dataclass
class Origins:
    """What has been said and read in a session, as far as it can be the origin of a value."""

    said: str = ""
    names: set[str] = field(default_factory=set)
    texts: list[tuple[str, str]] = field(default_factory=list)
    """Source and text of whatever is neither a name nor the operator's."""
    looks: list[tuple[str, JsonValue]] = field(default_factory=list)
    """Each tool that was asked, with what it returned."""

    @classmethod
    def of(cls, history: Iterable[e.Recorded], scope: Scope) -> Origins:
        """Args: history: the session's durable events. scope: its places are the operator's."""
        found, about = cls(), dict[str, str]()
        found.hear(*scope.model_dump().values())
        for recorded in history:
            match recorded.event:
                case e.Said(text=text):
                    found.hear(text)
                case e.ToolCalled(call_id=call_id, call=call):
                    named = call.args.get("name") or call.args.get("id") or call.args.get("kind") or ""
                    about[call_id] = f"{call.tool.partition('@')[0]} {named}".strip()
                case e.ToolReturned(tool=tool) if tool in OUTPUT_TOOLS:
                    continue  # it only repeats what was read already, and is no look of its own
                case e.ToolReturned(call_id=call_id, output=output, tool=tool, cause=cause):
                    found.read(about.get(call_id, tool), output)
                    found.read(about.get(call_id, tool), cause)
                case e.PlanOffered(plan=plan):
                    # Whatever was tainted stays so in a plan that is drawn up again.
                    for step in plan.steps:
                        found.texts += [(each.source, each.value) for each in step.tainted]
                case e.StepSucceeded(output=output, step_id=step_id) if output is not None:
                    found.read(f"step {step_id}", output)
        return found

    def hear(self, *words: str) -> None:
        """The operator said this."""
        self.said += "\n" + "\n".join(words).lower()

    def read(self, source: str, output: JsonValue) -> None:
        """A tool returned this. `source` begins with the tool's name, or says which step of a plan it was."""
        self.looks.append((source.partition(" ")[0], output))
        for text, is_name in _parts(output):
            if is_name and _OWN_NAME.fullmatch(text):
                self.names.update((text, *text.split("/")))
            elif text:
                self.texts.append((source, text))

    def has_said(self, word: str) -> bool:
        """Whether the operator spoke of it."""
        return holds(self.said, word.lower())

    def source(self, value: str) -> str:
        """Where a value was read that nobody vouches for; empty when somebody does, or nobody wrote it."""
        if len(value) < _SHORTEST or self._vouched(value):
            return ""
        if _distinctive(value):
            for source, text in self.texts:
                if holds(text, value):
                    return source
        for word in _WORD.findall(value):
            if word != value and _distinctive(word) and not self._vouched(word):
                for source, text in self.texts:
                    if holds(text, word):
                        return source
        return ""

    def traced(
        self,
        written: Mapping[str, JsonValue],
        resolved: Mapping[str, JsonValue],
    ) -> tuple[Tainted, ...]:
        """The tainted values among a write's arguments, each once.

        Args:
            written: the arguments as the plan's author wrote them, with references.
            resolved: the same with plain values.
        """
        found: dict[tuple[str, str], Tainted] = {}
        for path, value, source in self._values(written, resolved, ""):
            taint = Tainted(argument=path, value=value[:LONGEST], source=source)
            found.setdefault((path, value), taint)
        return tuple(found.values())

    def _values(
        self, written: JsonValue | Mapping[str, JsonValue], resolved: JsonValue | Mapping[str, JsonValue],
        path: str,
    ) -> Iterator[tuple[str, str, str]]:  # fmt: skip
        reference = as_reference(written) if isinstance(written, dict) else None
        if reference is not None:
            named = next((part for part in reversed(reference.path.split(".")) if not part.isdigit()), "")
            for value in _leaves(resolved):
                is_name = is_name_field(named) and _OWN_NAME.fullmatch(value)
                if not is_name and not self._vouched(value):
                    yield path, value, f"step {reference.step}, {reference.path}"
        elif isinstance(written, Mapping) and isinstance(resolved, Mapping):
            for key, item in written.items():
                inner = f"{path}.{key}" if path else key
                if source := self.source(key):
                    yield inner, key, source
                if key not in _CHOICES and key in resolved:
                    yield from self._values(item, resolved[key], inner)
        elif isinstance(written, list) and isinstance(resolved, list):
            for number, (item, plain) in enumerate(zip(written, resolved, strict=True)):
                yield from self._values(item, plain, f"{path}.{number}")
        elif isinstance(resolved, str) and (read := self.source(resolved)):
            yield path, resolved, read

    def _vouched(self, value: str) -> bool:
        return value in self.names or self.has_said(value)


def warned(
    preview: Preview | None, tainted: Iterable[Tainted], origins: Origins, more: Iterable[str] = ()
) -> Preview | None:
    """The preview with what the operator should know about where the step's values and its target come from.

    Args:
        more: further doubts, a sentence each.
    """
    if preview is None:
        return None
    doubts = [*(told(taint) for taint in tainted), *more]
    if origins.looks and (lone := lone_signal(preview.name, origins)):
        doubts.append(lone)
    if not doubts:
        return preview
    return preview.model_copy(update={"warnings": (*doubts, *preview.warnings)})


def told(taint: Tainted) -> str:
    """The warning at the approval."""
    return (
        f"{taint.argument} “{' '.join(taint.value.split())}” is not from you: it was read in {taint.source},"
        " where others can write."
    )


def lone_signal(target: str, origins: Origins) -> str:
    """A warning when what a model plans for an object rests on fewer than two independent looks at it.

    What the operator has named needs no signal at all: then it is an order, not a finding.
    """
    if not target or origins.has_said(target):
        return ""
    looks = sorted({tool for tool, output in origins.looks if target in canonical(output)})
    if len(looks) >= 2:
        return ""
    seen = f"one signal alone ({looks[0]})" if looks else "no look at it at all"
    return f"Not certain: that {target} is the place to act rests on {seen}; nothing independent confirms it."


def _parts(value: JsonValue, key: str = "") -> Iterator[tuple[str, bool]]:
    """Every text in an output, and whether it stands where names stand. Tables know by their columns."""
    if isinstance(value, str):
        yield value, is_name_field(key)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item, key)
    elif isinstance(value, dict):
        columns, rows = value.get("columns"), value.get("rows")
        table = isinstance(columns, list) and isinstance(rows, list)
        if isinstance(columns, list) and isinstance(rows, list):
            for row in rows:
                for column, cell in zip(columns, row if isinstance(row, list) else [], strict=False):
                    yield from _parts(cell, str(column).lower())
        for name, item in value.items():
            if not (table and name in ("columns", "rows")):
                yield name, True
                yield from _parts(item, name)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def is_name_field(key: str) -> bool:
    """Whether a field of this name holds the own name of a thing."""
    return key in _NAMES or key.endswith(("_name", "_names"))


def _distinctive(value: str) -> bool:
    """Whether meeting the value twice is no accident; single plain words stand everywhere."""
    return len(value) >= _SHORTEST and not value.isalpha() and not value.isdigit()


def holds(text: str, value: str) -> bool:
    """Whether the text holds the value as a whole, not as part of a longer word."""
    start = text.find(value)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(value) : start + len(value) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        start = text.find(value, start + 1)
    return False
