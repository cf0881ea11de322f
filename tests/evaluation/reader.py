"""A stand-in for a model that answers only from what it is given, and always in the same way.

It believes every sentence wherever it stands, in tool output as well: what must not be believed must not
reach it. It does tell days and places apart where they are written beside a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from tests.evaluation.cases import UNTOLD
from tests.evaluation.sentences import BEFORE, BOTH, LISTED, NAME, RELATIONS, STYLES, VALUE, Relation
from tests.standins.script import Json, Turn, text, tool, tool_results

TOKENS_PER_SECOND = 70.0
WAIT = 0.25
"""Seconds before the first token of a plan: the pace at which planning is timed. Answers come at once."""

_MEMORY = re.compile(r'<memory id="\d+" (?P<facts>[^>]*)>(?P<words>.*?)</memory>', re.DOTALL)
_HISTORY = re.compile(
    r"^\[(?P<day>\d{4}-\d\d-\d\d) (?P<place>\S+) (?P<operator>\S+)\] (?P<words>.*)$", re.MULTILINE
)
_ASKED_BY = re.compile(r"\[asked by (\S+)\]")
_SCOPE = re.compile(r"\[scope: context ([\w-]+)")
_PLAN = re.compile(rf"^(?P<how>[a-z]+) (?P<name>(?:lamp|torch)\d+) (?P<manner>[a-z]+) to (?P<value>{VALUE})$")
_LOOK = re.compile(r"^look at (?P<name>log\d+)$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of what was given, with what is written beside it. Empty means not said."""

    words: str
    since: str = ""
    until: str = ""
    place: str = ""
    operator: str = ""


def turn(request: Json) -> Turn:
    """What the stand-in says to a request."""
    given, asked = _given(request), _asked(request)
    if (look := _LOOK.match(asked)) and not tool_results(request):
        return Turn(tool("shelf_look", {"name": look["name"]}))
    if planned := _PLAN.match(asked):
        return _planned(planned, given, request)
    return Turn(text(read(asked, given)))


def read(asked: str, given: str) -> str:
    """The answer to a question from this text alone."""
    place = next(iter(_SCOPE.findall(given)[-1:]), "")
    passages = [one for one in _passages(given) if one.place in ("", "-", place)]
    answer = _answer(asked, passages)
    me = next(iter(_ASKED_BY.findall(given)[-1:]), "")
    mine = [one.words for one in passages if one.operator in ("", me)]
    styles = [
        style.format(v=found[-1]) for style, way in STYLES if (found := re.findall(way, "\n".join(mine)))
    ]
    return f"{answer} [{'; '.join(styles)}]" if styles and answer != UNTOLD else answer


def _answer(asked: str, passages: list[Passage]) -> str:
    if both := _asks(BOTH, asked):
        owner = RELATIONS["owner"]
        found = [_latest(owner, both[name], passages) for name in "st"]
        return ", ".join(found) if all(found) else UNTOLD
    if listed := _asks(LISTED, asked):
        owner = RELATIONS["owner"]
        services = {name for one in passages for name in owner.services(listed["v"], one.words)}
        return ", ".join(sorted(services)) or UNTOLD
    if before := _asks(BEFORE, asked):
        values = _in_order(RELATIONS["owner"], before["s"], passages)
        last = max((at for at, value in enumerate(values) if value == before["v"]), default=0)
        return next((value for value in reversed(values[:last]) if value != before["v"]), UNTOLD)
    for relation in RELATIONS.values():
        if then := _asks(relation.then, asked, day=r"(?P<day>\d+ \w+ \d{4})"):
            day = f"{datetime.strptime(then['day'], '%d %B %Y'):%Y-%m-%d}"
            return (
                _latest(relation, then["s"], [one for one in passages if one.since and one.since <= day])
                or UNTOLD
            )
        for question in relation.asked:
            if now := _asks(question, asked):
                current = [one for one in passages if not one.until]
                return _latest(relation, now["s"], current) or UNTOLD
    return UNTOLD


def _in_order(relation: Relation, service: str, passages: list[Passage]) -> list[str]:
    ordered = sorted(passages, key=lambda one: one.since)  # stable: what bears no day comes first
    return [value for one in ordered for _, value in relation.values(service, one.words)]


def _latest(relation: Relation, service: str, passages: list[Passage]) -> str:
    return next(iter(_in_order(relation, service, passages)[-1:]), "")


def _asks(question: str, asked: str, day: str = "") -> re.Match[str] | None:
    pattern = re.escape(question).replace(r"\{", "{").replace(r"\}", "}")
    filled = pattern.format(
        s=rf"(?P<s>{NAME})", t=rf"(?P<t>{NAME})", v=rf"(?P<v>{VALUE})", day=day or r"(?P<day>\b)"
    )
    return re.fullmatch(filled, asked)


def _planned(planned: re.Match[str], given: str, request: Json) -> Turn:
    """A plan at the pace of a real model; one that never saw how it is done looks at the thing first."""
    done_before = re.search(rf"\b{planned['how']} lamp\d+ {planned['manner']} to \w+", given)
    if not done_before and not tool_results(request):
        return Turn(
            tool("shelf_look", {"name": planned["name"]}), tokens_per_second=TOKENS_PER_SECOND, delay=WAIT
        )
    args: dict[str, JsonValue] = {"name": planned["name"], "value": planned["value"]}
    step: dict[str, JsonValue] = {
        "id": "s1",
        "title": f"Put {planned['name']} right",
        "tool": "shelf_put",
        "args": args,
    }
    goal = f"Bring {planned['name']} to {planned['value']}"
    return Turn(
        tool("propose_plan", {"goal": goal, "steps": [step]}), tokens_per_second=TOKENS_PER_SECOND, delay=WAIT
    )


def _passages(given: str) -> Iterator[Passage]:
    for found in _MEMORY.finditer(given):
        facts = dict(re.findall(r'(\w+)="([^"]*)"', found["facts"]))
        holds = facts.get("holds", "")
        place = "" if ":" in holds.partition(" ")[0] else holds.partition(" ")[0].partition("/")[0]
        yield Passage(found["words"], facts.get("since", ""), facts.get("until", ""), place)
    for found in _HISTORY.finditer(given):
        yield Passage(found["words"], found["day"], "", found["place"], found["operator"])


def words_of(request: Json) -> list[str]:
    """Every text in the messages of a request, in order."""
    found: list[str] = []
    messages = request.get("messages")
    for message in messages if isinstance(messages, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        for block in [content] if isinstance(content, str) else content if isinstance(content, list) else []:
            part = block.get("text") or block.get("content") or "" if isinstance(block, dict) else block
            found.append(str(part))
    return found


def _given(request: Json) -> str:
    return "\n".join(words_of(request))


def _asked(request: Json) -> str:
    """The operator's last words: what follows the last line that says where we are."""
    return next(
        (
            part.partition("]\n")[2].strip()
            for part in reversed(words_of(request))
            if part.startswith("[scope:")
        ),
        "",
    )
