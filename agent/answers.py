"""Answers made by rule from tool outputs: tables, findings with their evidence, plain text.

No model is involved: the same outputs give the same Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.events import Evidence
from agent.log_text import log_lines
from agent.remembering.preferences import Wishes
from agent.reporting import report

LONGEST_TABLE = 60
"""Rows shown in one answer; the sidebar and `tools` give the rest."""

SHORT_TABLE = 10
"""The same, for who wants short answers."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A finished read: its call's id, what it was for, and its output. `age` is in seconds, 0 for just now."""

    call_id: str
    title: str
    output: dict[str, JsonValue]
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    markdown: str
    evidence: tuple[Evidence, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


def answer(kind: str, seen: Sequence[Seen], wishes: Wishes | None = None) -> Answer:
    """The answer of that kind (`rows`, `diagnosis`, `report` or `text`) from what was read.

    Args:
        wishes: how the operator wants things shown.
    """
    wishes = wishes or Wishes()
    if kind == "rows":
        return Answer("\n\n".join(_table(item, wishes) for item in seen))
    if kind == "report":
        return Answer("\n\n".join(report(item.title, item.output) for item in seen))
    if kind == "diagnosis":
        return _diagnosis(seen, brief=wishes.brief)
    return Answer("\n\n".join(_text(item) for item in seen))


def _table(item: Seen, wishes: Wishes) -> str:
    columns, rows = _strings(item.output.get("columns")), item.output.get("rows")
    lines = [_strings(row) for row in rows] if isinstance(rows, list) else []
    if not lines:
        return f"**{item.title}**: none."
    columns, lines = wished(columns, lines, str(item.output.get("resource") or "").partition(".")[0], wishes)
    longest = SHORT_TABLE if wishes.brief else LONGEST_TABLE
    head = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    body = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines[:longest]]
    remaining = item.output.get("remaining")
    more = len(lines) - longest + (remaining if isinstance(remaining, int) else 0)
    tail = f"\n\n… and {more} more." if more > 0 else ""
    return f"**{item.title}** ({len(lines)})\n\n" + "\n".join(head + body) + tail


def wished(
    columns: list[str], lines: list[list[str]], kind: str, wishes: Wishes
) -> tuple[list[str], list[list[str]]]:
    """The table as the operator wants it: namespaces that come first, and the columns that were named.

    What is asked for and is not there is left out; if nothing is left, the table stays whole.
    """
    names = [column.lower() for column in columns]
    if wishes.first and "namespace" in names:
        at = names.index("namespace")
        order = {namespace: place for place, namespace in enumerate(wishes.first)}
        lines = sorted(lines, key=lambda line: order.get(line[at] if at < len(line) else "", len(order)))
    kept = [names.index(name) for name in wishes.columns_of(kind) if name in names]
    if kept:
        columns = [columns[at] for at in kept]
        lines = [[line[at] if at < len(line) else "" for at in kept] for line in lines]
    return columns, lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or " "


def _text(item: Seen) -> str:
    words = log_lines(item.output)
    fence = "````" if "```" in words else "```"
    return f"**{item.title}**\n\n{fence}\n{words}\n{fence}"


def _strings(value: JsonValue) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _diagnosis(seen: Sequence[Seen], *, brief: bool) -> Answer:
    parts, evidence = [], []
    checked, not_checked = [], []
    for item in seen:
        findings = item.output.get("findings")
        checked += _strings(item.output.get("checked"))
        not_checked += _strings(item.output.get("not_checked"))
        for finding in findings if isinstance(findings, list) else []:
            if isinstance(finding, dict):
                found = _evidence(item.call_id, finding)
                evidence += found
                parts.append(_finding(finding, found[:1] if brief else found))
    if not parts:
        parts.append("**No problem found.**")
    if checked and not brief:
        parts.append("Checked: " + "; ".join(dict.fromkeys(checked)) + ".")
    if not_checked:
        parts.append("Not checked: " + "; ".join(dict.fromkeys(not_checked)) + ".")
    return Answer(
        "\n\n".join(parts), tuple(evidence), tuple(dict.fromkeys(checked)), tuple(dict.fromkeys(not_checked))
    )


def _finding(finding: dict[str, JsonValue], evidence: Sequence[Evidence]) -> str:
    lines = [f"**{finding.get('object') or 'Finding'}**: {finding.get('cause', '')}{_sure(finding)}", ""]
    lines += [f"- {item.source}: `{_inline(item.quote)}`" for item in evidence]
    if also := _strings(finding.get("also")):
        lines.append(f"- The same: {', '.join(also)}")
    if finding.get("advice"):
        lines.append(f"- What may help: {finding['advice']}")
    return "\n".join(lines)


def _sure(finding: dict[str, JsonValue]) -> str:
    """How sure the finding is, in words. One signal alone is never certain, whatever it says itself."""
    confidence, signals = finding.get("confidence"), _signals(finding)
    if not confidence:
        return ""
    if len(signals) >= 2:
        return f" ({confidence} confidence)"
    lower = "medium" if confidence == "high" else confidence
    return f" ({lower} confidence: it rests on one signal alone)"


_SOURCES = {
    "event": "events",
    "latest": "events",
    "log": "logs",
    "spec": "configuration",
    "metadata": "configuration",
    "ports": "configuration",
    "backend": "configuration",
    "network": "configuration",
}
"""Where a fact was read, by the first word of what it is; all else is the state the cluster reports."""


def _signals(finding: dict[str, JsonValue]) -> frozenset[tuple[str, str]]:
    """The independent sources it rests on, for each object: two lines of one log are one signal."""
    found = finding.get("evidence")
    facts = [item for item in (found if isinstance(found, list) else []) if isinstance(item, dict)]
    return frozenset(
        (_SOURCES.get(str(fact.get("what", "")).partition(" ")[0], "state"), str(fact.get("object", "")))
        for fact in facts
    )


def _inline(quote: str) -> str:
    return " ".join(quote.replace("`", "'").split())[:300]


def _evidence(call_id: str, finding: dict[str, JsonValue]) -> list[Evidence]:
    found = finding.get("evidence")
    return [
        Evidence(
            call_id=call_id,
            source=" ".join(str(item[key]) for key in ("what", "object") if item.get(key)),
            quote=str(item.get("quote", "")),
        )
        for item in (found if isinstance(found, list) else [])
        if isinstance(item, dict)
    ]
