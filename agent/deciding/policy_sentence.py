"""An action as one sentence, for examples in the policy file and for `pilothouse policy test`.

    kubernetes_scale deployment/checkout in shop-production on prod-eu
    kubernetes_delete pod/web-1 in payments as anna at 23:30 touching 4
    kubernetes_apply in shop with team=shop environment=production
    kubernetes_set_image deployment/web in shop tainted

The tool comes first; the rest stands in any order. What is left out is unknown to the rules.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta

from agent.deciding.policy import Question
from tools.gate import Permit
from tools.tool import Effect, Preview, Scope

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS = ("in", "on", "as", "at", "touching", "with", "day")


class SentenceError(ValueError):
    """The sentence cannot be read; the message says from where on."""


def question(sentence: str, effects: Mapping[str, Effect]) -> Question:
    """The action that a sentence describes.

    Args:
        sentence: as in the module's own words above.
        effects: what each tool may do, by name.

    Raises:
        SentenceError: it cannot be read, or names a tool that does not exist.
    """
    try:
        words = shlex.split(sentence)
    except ValueError as error:
        raise SentenceError(f"{error}.") from error
    if not words:
        raise SentenceError("it names no tool.")
    tool, found, labels, target = words[0], dict[str, str](), dict[str, str](), ""
    tainted = False
    if tool.partition("@")[0] not in effects:
        raise SentenceError(f"there is no tool called {tool}.")
    rest = iter(words[1:])
    for word in rest:
        if word in _WORDS and word != "with":
            found[word] = next(rest, "")
            if not found[word]:
                raise SentenceError(f"nothing follows “{word}”.")
        elif word == "tainted":
            tainted = True
        elif "=" in word:
            key, _, value = word.partition("=")
            labels[key] = value
        elif word != "with":
            target = word
    kind, _, name = target.rpartition("/")
    place = found.get("on", "")
    effect = effects[tool.partition("@")[0]]
    permit = Permit(
        system="aws" if tool.startswith("aws_") else "kubernetes",
        place=place,
        verb=effect.value,
        resource=kind,
        namespace=found.get("in", ""),
        name=name,
    )
    return Question(
        tool=tool,
        effect=effect,
        scope=Scope(context=place, namespace=found.get("in", "")),
        preview=Preview(
            target=target or tool,
            name=name or tool,
            objects=_count(found.get("touching", "1")),
            labels=labels,
            permits=(permit,),
        ),
        undoable=effect is not Effect.DESTRUCTIVE,
        operator=found.get("as", ""),
        at=_moment(found.get("at", ""), found.get("day", "")),
        tainted=tainted,
    )


def _count(word: str) -> int:
    if not word.isdigit():
        raise SentenceError(f"“touching {word}” is no number of objects.")
    return int(word)


def _moment(clock: str, day: str) -> datetime | None:
    """The next such time in the local zone; None when neither was said."""
    if not clock and not day:
        return None
    try:
        hour, minute = map(int, (clock or "12:00").split(":"))
        moment = datetime.now().astimezone().replace(hour=hour, minute=minute, second=0, microsecond=0)
        if day:
            moment += timedelta(days=(_DAYS.index(day.lower()[:3]) - moment.weekday()) % 7)
    except ValueError as error:
        raise SentenceError(f"“{clock} {day}” is no time like 23:30 and no day like fri.") from error
    return moment
